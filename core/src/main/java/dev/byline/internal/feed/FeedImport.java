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
 * One feed on its way. Whatever happens is its outcome.
 *
 * @param fetches a permit for each that may be fetched, and kept in memory, at a time
 * @param workers what reads and writes; waited for while a permit is held, never before
 * @param userId whose posts
 * @param url as it was asked for
 * @param feed the same, understood
 * @param known what is known of it, null the first time
 * @param deadline after which nothing is begun
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
     * Imports it.
     *
     * @throws BylineException.Invalid when the user is gone
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
            var late = e.reason() == ImportFailure.TIMEOUT && deadline.isOver();
            return late ? FeedException.busy().outcome(url) : e.outcome(url);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return FeedException.busy().outcome(url);
        } catch (BylineException.Unavailable e) {
            LOG.warn("could not write what {} says", feed.host(), e);
            return new ImportOutcome.Failed(
                    url, ImportFailure.UNAVAILABLE, "the database did not take all of it; import it again");
        } catch (BylineException.Conflict e) { // a host's rule
            return new ImportOutcome.Failed(url, ImportFailure.UNAVAILABLE, String.valueOf(e.getMessage()));
        } catch (BylineException e) {
            throw e;
        } catch (RuntimeException | StackOverflowError e) {
            LOG.error("could not import from {}", feed.host(), e);
            return new ImportOutcome.Failed(url, ImportFailure.UNAVAILABLE, "something went wrong on this side");
        }
    }

    private ImportOutcome fetch() throws FeedException, InterruptedException {
        return switch (fetcher.fetch(feed, validators(), deadline)) {
            case FetchResult.NotModified ignored -> new ImportOutcome.Unchanged(url);
            case FetchResult.Document document -> workers.run(() -> take(document), deadline);
        };
    }

    private Validators validators() {
        return known == null ? Validators.NONE : known.validators();
    }

    private ImportOutcome take(FetchResult.Document document) throws FeedException {
        var failed = new ArrayList<FailedItem>();
        var read = posts(document, failed);
        var posts = FeedPost.distinct(read);
        var missing = store.missing(known, posts);
        var chosen = newest(missing.posts());
        var written = write(chosen, missing.renamed());
        var left = missing.posts().size() - chosen.size();
        if (left == 0 && failed.isEmpty() && !document.validators().equals(validators())) {
            store.remember(userId, feed.toString(), document.validators()); // only who has everything may skip it
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

    /** As many as one time brings; the oldest first, so that ids go up with time. What has no time is new. */
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
