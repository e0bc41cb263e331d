package dev.byline.internal.feed;

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
 * Imports feeds: 8 are fetched at a time, shared fairly among users; two of these are parsed and written at a time, on threads of their
 * own. No connection is held while a feed is fetched or parsed. Safe for use by several threads.
 */
public final class FeedImporter implements AutoCloseable {
    /** The most characters of an address. */
    public static final int MAX_URL = FeedUrl.MAX_LENGTH;

    /** The most items of a feed that become or change posts in one call. */
    public static final int MAX_ITEMS = 500;

    /** How many of the items that could not become posts are named. */
    public static final int MAX_SHOWN = 20;

    /** How long one feed may take to arrive, redirects and all. */
    static final Duration FETCH_LIMIT = Duration.ofSeconds(10);

    /** After so long nothing is begun any more: what is being written then ends within 30 s of the call. */
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

    /** Imports into a store. Needs Apache HttpClient 5 and jsoup once something is imported. */
    public FeedImporter(Store store, InstantSource clock, Metrics metrics, BylineConfig.Imports config) {
        this(store, clock, metrics, config, TIME_LIMIT);
    }

    /** With another time limit. */
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
     * @param urls different addresses
     * @param progress is called with each outcome as soon as it is there, on the caller's thread
     * @return the outcomes in the order of the addresses
     * @throws BylineException.Invalid when the user is gone
     * @throws BylineException.Unavailable when the database is away at the beginning, or the thread is interrupted
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
            var there = known.get(feed.toString());
            tasks.add(() ->
                    new FeedImport(store, fetcher, fetches, workers, clock, userId, url, feed, there, deadline).run());
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

    /** Each task ends by its own deadlines. When one of them throws, or this thread is interrupted, all are given up. */
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

    /** Made when it is first needed: who doesn't import need not have the libraries. */
    private FeedFetcher fetcher() {
        opening.lock();
        try {
            if (fetcher == null) {
                fetcher = new FeedFetcher(config.allowPrivate(), FETCH_LIMIT);
            }
            return fetcher;
        } finally {
            opening.unlock();
        }
    }

    /** Cancels what is in flight. What is written stays. */
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
