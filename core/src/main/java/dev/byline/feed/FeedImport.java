package dev.byline.feed;

import dev.byline.BylineException;
import dev.byline.feed.FeedStore.Written;
import dev.byline.feed.Fetched.Validators;
import dev.byline.feed.ImportOutcome.FailedItem;
import dev.byline.feed.ImportSql.KnownFeed;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One feed on its way. Whatever happens is its outcome.
 *
 * @param fetches a place for each that may be fetched, and kept in memory, at a time
 * @param workers a place for each that may be read and written at a time; asked for after the other, never before
 * @param userId whose posts
 * @param url as it was asked for
 * @param feed the same, understood
 * @param known what is known of it, null the first time
 * @param deadline after which nothing is begun
 */
record FeedImport(
        FeedStore store,
        FeedFetcher fetcher,
        Semaphore fetches,
        Semaphore workers,
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
            return withPlace(fetches, this::fetch);
        } catch (FeedException e) {
            var late = e.reason() == ImportFailure.TIMEOUT && deadline.isOver();
            return late ? busy().outcome(url) : e.outcome(url);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return busy().outcome(url);
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

    /** Something to do in a place. */
    private interface Step {
        ImportOutcome run() throws FeedException, InterruptedException;
    }

    private ImportOutcome withPlace(Semaphore places, Step step) throws FeedException, InterruptedException {
        if (!places.tryAcquire(deadline.left(), TimeUnit.NANOSECONDS)) {
            throw busy();
        }
        try {
            return step.run();
        } finally {
            places.release();
        }
    }

    private static FeedException busy() {
        return new FeedException(ImportFailure.BUSY, "there was no time left; import it again");
    }

    private ImportOutcome fetch() throws FeedException, InterruptedException {
        return switch (fetcher.fetch(feed, validators(), deadline)) {
            case Fetched.NotModified ignored -> new ImportOutcome.Unchanged(url);
            case Fetched.Document document -> withPlace(workers, () -> take(document));
        };
    }

    private Validators validators() {
        return known == null ? Validators.NONE : known.validators();
    }

    private ImportOutcome take(Fetched.Document document) throws FeedException {
        var now = clock.instant();
        var posts = new LinkedHashMap<Sha256, FeedPost>();
        var failed = new ArrayList<FailedItem>();
        for (var entry : FeedParser.parse(document)) {
            if (deadline.isOver()) {
                throw busy();
            }
            try {
                var post = FeedPost.of(entry, document.from(), now);
                posts.putIfAbsent(post.guid(), post);
            } catch (BylineException.Invalid e) {
                failed.add(FeedPost.failed(entry, e));
            }
        }
        var missing = store.missing(known, List.copyOf(posts.values()));
        var chosen = newest(missing);
        var written = write(chosen);
        var left = missing.size() - chosen.size();
        if (left == 0 && failed.isEmpty() && !document.validators().equals(validators())) {
            store.remember(userId, feed.toString(), document.validators()); // only who has everything may skip it
        }
        if (missing.isEmpty() && failed.isEmpty()) {
            return new ImportOutcome.Unchanged(url);
        }
        return new ImportOutcome.Imported(
                url,
                written.imported(),
                written.updated(),
                left,
                failed.size(),
                failed.subList(0, Math.min(Imports.MAX_SHOWN, failed.size())));
    }

    /** As many as one time brings; the oldest first, so that ids go up with time. What has no time is new. */
    private static List<FeedPost> newest(List<FeedPost> posts) {
        Comparator<FeedPost> byTime = Comparator.comparing(
                post -> Objects.requireNonNullElse(post.post().publishedAt(), Instant.MAX));
        return posts.stream()
                .sorted(byTime.reversed())
                .limit(Imports.MAX_ITEMS)
                .toList()
                .reversed();
    }

    private Written write(List<FeedPost> posts) throws FeedException {
        var written = Written.NOTHING;
        for (var batch : FeedStore.batches(posts)) {
            if (deadline.isOver()) {
                throw busy();
            }
            written = written.plus(store.write(userId, feed.toString(), batch));
        }
        return written;
    }
}
