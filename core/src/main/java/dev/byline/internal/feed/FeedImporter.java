package dev.byline.internal.feed;

import dev.byline.internal.OptionalLibrary;
import dev.byline.internal.store.Store;
import dev.byline.model.BylineConfig;
import dev.byline.model.BylineException;
import dev.byline.model.ImportOutcome;
import dev.byline.model.Metrics;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Imports feeds: fetches 8 at a time, shared fairly among users, and parses and writes two of these at a time on
 * platform threads. Holds no database connection while it fetches or parses. Safe for use by several threads.
 */
public final class FeedImporter implements AutoCloseable {
    /** The maximum length of a URL. */
    public static final int MAX_URL = FeedUrl.MAX_LENGTH;

    /** The maximum number of posts that one call adds or changes for a feed. */
    public static final int MAX_ITEMS = 500;

    /** The maximum number of failed items in an outcome. */
    public static final int MAX_SHOWN = 20;

    /** The timeout of one fetch with its redirects. */
    static final Duration FETCH_LIMIT = Duration.ofSeconds(10);

    /** No step starts after this time. Writes in progress then end within 30 s of the call. */
    public static final Duration TIME_LIMIT = Duration.ofSeconds(25);

    private static final int FETCHES = 8;
    private static final int WORKERS = 2;

    private final FeedStore store;
    private final Metrics metrics;
    private final BylineConfig.Imports config;
    private final Duration timeLimit;
    private final InstantSource clock;
    private final FairPermits fetches = new FairPermits(FETCHES);
    private final FeedWorkers workers = new FeedWorkers(WORKERS);
    private final ExecutorService threads = Executors.newThreadPerTaskExecutor(
            Thread.ofVirtual().name("byline-import-", 0).factory());
    private final ReentrantLock opening = new ReentrantLock();
    private @Nullable FeedFetcher fetcher;

    /** Imports into a store. The first import loads Apache HttpClient 5 and jsoup. */
    public FeedImporter(Store store, InstantSource clock, Metrics metrics, BylineConfig.Imports config) {
        this(store, clock, metrics, config, TIME_LIMIT);
    }

    /** Imports with another time limit. */
    public FeedImporter(
            Store store, InstantSource clock, Metrics metrics, BylineConfig.Imports config, Duration timeLimit) {
        this.store = new FeedStore(store);
        this.clock = clock;
        this.metrics = metrics;
        this.config = config;
        this.timeLimit = timeLimit;
    }

    /**
     * Imports feeds as a user's posts. Blocks, at most for 30 seconds.
     *
     * @param urls distinct URLs
     * @param progress receives each outcome at once, on the caller's thread
     * @return the outcomes in the order of the URLs
     * @throws BylineException.Invalid when the user was deleted
     * @throws BylineException.Unavailable when the database fails at the start, or the thread is interrupted
     */
    public List<ImportOutcome> run(long userId, List<String> urls, Consumer<ImportOutcome> progress) {
        var deadline = Deadline.in(timeLimit);
        var outcomes = new LinkedHashMap<String, ImportOutcome>();
        var feeds = new LinkedHashMap<String, FeedUrl>();
        for (var url : urls) {
            try {
                feeds.put(url, FeedUrl.parse(url, config.allowPrivate()));
            } catch (FeedException e) {
                done(e.outcome(url), outcomes, progress);
            }
        }
        var known = feeds.isEmpty()
                ? Map.<String, ImportSql.KnownFeed>of()
                : store.known(
                        userId, feeds.values().stream().map(FeedUrl::toString).toList());
        var tasks = new ArrayList<Callable<ImportOutcome>>();
        feeds.forEach((url, feed) -> {
            var fetcher = fetcher();
            var knownFeed = known.get(feed.toString());
            tasks.add(() -> new FeedImport(
                            store, fetcher, fetches, workers, clock, userId, url, feed, knownFeed, deadline)
                    .run());
        });
        await(tasks, outcome -> done(outcome, outcomes, progress));
        return urls.stream().map(outcomes::get).toList();
    }

    private void done(ImportOutcome outcome, Map<String, ImportOutcome> outcomes, Consumer<ImportOutcome> progress) {
        outcomes.put(outcome.url(), outcome);
        metrics.feedImported(
                switch (outcome) {
                    case ImportOutcome.Imported ignored -> Metrics.Feed.IMPORTED;
                    case ImportOutcome.Unchanged ignored -> Metrics.Feed.UNCHANGED;
                    case ImportOutcome.Failed ignored -> Metrics.Feed.FAILED;
                });
        progress.accept(outcome);
    }

    /**
     * Waits for all tasks, which end by their deadlines. Cancels them when one throws or this thread is interrupted.
     */
    private void await(List<Callable<ImportOutcome>> tasks, Consumer<ImportOutcome> done) {
        var completion = new ExecutorCompletionService<ImportOutcome>(threads);
        var futures = new ArrayList<Future<ImportOutcome>>();
        try {
            tasks.forEach(task -> futures.add(completion.submit(task)));
            for (int i = 0; i < tasks.size(); i++) {
                done.accept(completion.take().get());
            }
        } catch (ExecutionException e) {
            throw e.getCause() instanceof BylineException refused ? refused : new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BylineException.Unavailable("the import was interrupted");
        } finally {
            futures.forEach(future -> future.cancel(true));
        }
    }

    /** Creates the fetcher at the first import: its libraries are optional. */
    private FeedFetcher fetcher() {
        opening.lock();
        try {
            if (fetcher == null) {
                OptionalLibrary.HTTPCLIENT.require("imports of feeds");
                OptionalLibrary.JSOUP.require("imports of feeds");
                fetcher = new FeedFetcher(config.allowPrivate(), FETCH_LIMIT);
            }
            return fetcher;
        } finally {
            opening.unlock();
        }
    }

    /** Cancels the imports in flight. Committed posts stay. */
    @Override
    public void close() {
        threads.shutdownNow();
        workers.close();
        opening.lock();
        try {
            if (fetcher != null) {
                fetcher.close();
            }
        } finally {
            opening.unlock();
        }
    }
}
