package dev.byline.feed;

import dev.byline.BylineConfig;
import dev.byline.BylineException;
import dev.byline.FieldError;
import dev.byline.Metrics;
import dev.byline.Validation;
import dev.byline.cache.TieredCache;
import dev.byline.db.Database;
import dev.byline.user.Principal;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Brings in what users wrote, or write, elsewhere: the items of feeds become their posts, and importing again brings what is
 * new or changed since. Safe for use by several threads. Needs Apache HttpClient 5 and jsoup on the class path.
 *
 * <p>In a process, 8 feeds are fetched at a time, shared fairly among users; two of these are read and written at a time, on
 * threads of their own, so that processors and connections are left for everybody else. No connection is held while anything is
 * waited for.
 */
public final class Imports implements AutoCloseable {
    /** The most feeds of one call. */
    public static final int MAX_URLS = 20;

    /** The most items of a feed that become or change posts in one call; the next one brings the next. */
    public static final int MAX_ITEMS = 500;

    /** How many of the items that could not become posts are named. */
    public static final int MAX_SHOWN = 20;

    /** How long one feed may take to arrive, redirects and all. */
    static final Duration FETCH_LIMIT = Duration.ofSeconds(10);

    /** After so long nothing is begun any more: what is being written then ends within 30 s of the call. */
    static final Duration TIME_LIMIT = Duration.ofSeconds(25);

    private static final int FETCHES = 8;
    private static final int WORKERS = 2;

    private final FeedStore store;
    private final Metrics metrics;
    private final BylineConfig.Imports config;
    private final Duration timeLimit;
    private final InstantSource clock;
    private final Semaphore imports;
    private final FetchPlaces fetches = new FetchPlaces(FETCHES);
    private final FeedWorkers workers = new FeedWorkers(WORKERS);
    private final Set<Long> importing = ConcurrentHashMap.newKeySet();
    private final ExecutorService threads = Executors.newThreadPerTaskExecutor(
            Thread.ofVirtual().name("byline-import-", 0).factory());
    private final ReentrantLock opening = new ReentrantLock();
    private @Nullable FeedFetcher fetcher;

    /**
     * Use {@link dev.byline.Byline#imports()}.
     *
     * @param database where posts are kept
     * @param clock what the future begins after
     * @param cache what was read before
     * @param metrics is told what comes of each feed
     * @param config what may be fetched
     */
    public Imports(
            Database database, InstantSource clock, TieredCache cache, Metrics metrics, BylineConfig.Imports config) {
        this(database, clock, cache, metrics, config, null, TIME_LIMIT);
    }

    Imports(
            Database database,
            InstantSource clock,
            TieredCache cache,
            Metrics metrics,
            BylineConfig.Imports config,
            @Nullable FeedFetcher fetcher,
            Duration timeLimit) {
        this.store = new FeedStore(database, cache);
        this.clock = clock;
        this.metrics = metrics;
        this.config = config;
        this.imports = new Semaphore(config.maxConcurrent());
        this.fetcher = fetcher;
        this.timeLimit = timeLimit;
    }

    /**
     * Imports feeds, without looking on: {@link #run(Principal, List, Consumer)}.
     *
     * @param principal as there
     * @param urls as there
     */
    public List<ImportOutcome> run(Principal principal, List<String> urls) {
        return run(principal, urls, outcome -> {});
    }

    /**
     * Imports feeds as the principal's posts. Blocks, at most for 30 seconds; what is not done by then has failed as {@link
     * ImportFailure#BUSY}. Whatever happens to one feed, the others don't notice.
     *
     * @param principal a user
     * @param urls 1 to {@value #MAX_URLS} different addresses of feeds, each at most 2000 characters
     * @param progress is told of each feed as soon as it is done, on the caller's thread
     * @return what came of each, in the same order
     * @throws BylineException.Forbidden when the principal is nobody's user
     * @throws BylineException.Invalid when there are none or too many, or the user was deleted meanwhile
     * @throws BylineException.TooMany when another import of the same user is under way in this process
     * @throws BylineException.Unavailable when as many imports as may be are under way in this process, when the database is
     *     away at the beginning, or when the thread is interrupted; what was imported until then stays
     */
    public List<ImportOutcome> run(Principal principal, List<String> urls, Consumer<ImportOutcome> progress) {
        if (!(principal instanceof Principal.Member member)) {
            throw new BylineException.Forbidden("only users import: you are nobody's user");
        }
        check(urls);
        if (!importing.add(member.userId())) {
            throw new BylineException.TooMany("an import of yours is under way");
        }
        try {
            if (!imports.tryAcquire()) {
                throw new BylineException.Unavailable("as many imports as may be are under way");
            }
            try {
                return run(member.userId(), urls, progress);
            } finally {
                imports.release();
            }
        } finally {
            importing.remove(member.userId());
        }
    }

    private static void check(List<String> urls) {
        if (urls.isEmpty() || urls.size() > MAX_URLS) {
            throw new BylineException.Invalid("urls", "must hold 1 to " + MAX_URLS + " addresses");
        }
        var errors = new ArrayList<FieldError>();
        var seen = new HashSet<String>();
        for (int i = 0; i < urls.size(); i++) {
            var url = urls.get(i);
            if (url.length() > FeedUrl.MAX_LENGTH || !Validation.isText(url)) {
                errors.add(
                        new FieldError("/urls/" + i, "must be text of at most " + FeedUrl.MAX_LENGTH + " characters"));
            } else if (!seen.add(url)) {
                errors.add(new FieldError("/urls/" + i, "is there already"));
            }
        }
        if (!errors.isEmpty()) {
            throw new BylineException.Invalid(errors);
        }
    }

    private List<ImportOutcome> run(long userId, List<String> urls, Consumer<ImportOutcome> progress) {
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

    /** Gives up what is under way. What is written stays. */
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
