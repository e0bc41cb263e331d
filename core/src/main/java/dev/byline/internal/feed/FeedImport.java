package dev.byline.internal.feed;

import dev.byline.internal.feed.FeedStore.Written;
import dev.byline.internal.feed.FetchResult.Validators;
import dev.byline.internal.feed.ImportSql.KnownFeed;
import dev.byline.model.BylineException;
import dev.byline.model.ImportFailure;
import dev.byline.model.ImportOutcome;
import dev.byline.model.ImportOutcome.FailedItem;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The import of one feed. Failures become its outcome.
 *
 * @param fetches permits for feeds that are fetched or in memory
 * @param workers threads that parse and write; acquired only while a permit is held
 * @param userId the author of the posts
 * @param url the URL in the request
 * @param feed the same URL, parsed
 * @param known the feed of an earlier import, null the first time
 * @param deadline no step starts after it
 */
record FeedImport(
        FeedStore store,
        FeedFetcher fetcher,
        FairPermits fetches,
        FeedWorkers workers,
        InstantSource clock,
        long userId,
        String url,
        FeedUrl feed,
        @Nullable KnownFeed known,
        Deadline deadline) {
    private static final Logger LOG = LoggerFactory.getLogger(FeedImport.class);

    /**
     * Imports the feed.
     *
     * @throws BylineException.Invalid when the user was deleted
     */
    ImportOutcome run() {
        try {
            if (!fetches.acquire(userId, deadline)) {
                throw FeedException.busy();
            }
            try {
                return fetch();
            } finally {
                fetches.release(userId);
            }
        } catch (FeedException e) {
            var late = e.reason() == ImportFailure.TIMEOUT && deadline.hasPassed();
            return late ? FeedException.busy().outcome(url) : e.outcome(url);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return FeedException.busy().outcome(url);
        } catch (BylineException.Unavailable e) {
            LOG.warn("import from {}: a write to the database failed", feed.host(), e);
            return new ImportOutcome.Failed(
                    url, ImportFailure.UNAVAILABLE, "a write to the database failed; import it again");
        } catch (BylineException.Conflict e) { // a rule of the embedder's database, such as a trigger
            return new ImportOutcome.Failed(url, ImportFailure.UNAVAILABLE, String.valueOf(e.getMessage()));
        } catch (BylineException e) {
            throw e;
        } catch (RuntimeException | StackOverflowError e) {
            LOG.error("import from {} failed", feed.host(), e);
            return new ImportOutcome.Failed(url, ImportFailure.UNAVAILABLE, "internal error");
        }
    }

    private ImportOutcome fetch() throws FeedException, InterruptedException {
        return switch (fetcher.fetch(feed, validators(), deadline)) {
            case FetchResult.NotModified ignored -> new ImportOutcome.Unchanged(url);
            case FetchResult.Document document -> workers.run(() -> store(document), deadline);
        };
    }

    private Validators validators() {
        return known == null ? Validators.NONE : known.validators();
    }

    private ImportOutcome store(FetchResult.Document document) throws FeedException {
        var failed = new ArrayList<FailedItem>();
        var read = posts(document, failed);
        var posts = FeedPost.distinct(read);
        var changes = store.changes(known, posts);
        var chosen = newest(changes.posts());
        var written = write(chosen, changes.renamed());
        var left = changes.posts().size() - chosen.size();
        if (left == 0 && failed.isEmpty() && !document.validators().equals(validators())) {
            store.saveValidators(userId, feed.toString(), document.validators()); // nothing is left to import
        }
        if (chosen.isEmpty() && failed.isEmpty()) {
            return new ImportOutcome.Unchanged(url);
        }
        return new ImportOutcome.Imported(
                url,
                written.imported(),
                written.updated(),
                left,
                read.size() - posts.size(),
                failed.size(),
                failed.subList(0, Math.min(FeedImporter.MAX_SHOWN, failed.size())));
    }

    private List<FeedPost> posts(FetchResult.Document document, List<FailedItem> failed) throws FeedException {
        var now = clock.instant();
        var posts = new ArrayList<FeedPost>();
        for (var entry : FeedParser.parse(document, deadline)) {
            deadline.check();
            try {
                posts.add(FeedPost.of(entry, now));
            } catch (BylineException.Invalid e) {
                failed.add(FeedPost.failed(entry, e));
            }
        }
        return posts;
    }

    /**
     * Returns the newest posts up to the limit, oldest first, so that ids increase with time. Posts without a time are
     * new.
     */
    private static List<FeedPost> newest(List<FeedPost> posts) {
        Comparator<FeedPost> byTime = Comparator.comparing(
                post -> Objects.requireNonNullElse(post.post().publishedAt(), Instant.MAX));
        return posts.stream()
                .sorted(byTime.reversed())
                .limit(FeedImporter.MAX_ITEMS)
                .toList()
                .reversed();
    }

    private Written write(List<FeedPost> posts, Map<Sha256, Sha256> renamed) throws FeedException {
        var written = Written.NOTHING;
        var rest = renamed;
        for (var batch : FeedStore.batches(posts)) {
            deadline.check();
            written = written.plus(store.write(userId, feed.toString(), batch, rest));
            rest = Map.of();
        }
        return written;
    }
}
