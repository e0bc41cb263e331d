package dev.byline.internal.cache;

import dev.byline.model.Metrics;
import dev.byline.model.Metrics.Result;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Invalidates in Redis, then in L1, so that L1 isn't filled with the old value in between. An invalidation that Redis
 * missed is pending: it is retried, and meanwhile this process doesn't use the value in Redis. The keys of a
 * transaction of unknown outcome are invalidated repeatedly. Runs one thread. Safe for use by several threads.
 */
final class Invalidations implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Invalidations.class);

    private static final Duration RETRY_INTERVAL = Duration.ofMillis(200);

    /** The most keys of one message to Redis, which must answer within its timeout. */
    private static final int BATCH = 500;

    /** How long a commit of unknown outcome may still happen: longer than the database timeouts. */
    private static final Duration UNCERTAIN = Duration.ofSeconds(10);

    private final RemoteCache remote;
    private final Suspects suspects;
    private final Consumer<String> dropLocally;
    private final Metrics metrics;

    /** An invalidation is older than any value in Redis after this time, and is dropped. */
    private final Duration maxAge;

    /** When each pending invalidation began. */
    private final Map<String, Long> pending = new ConcurrentHashMap<>();

    /** Until when the keys of transactions that may still commit are invalidated. */
    private final Map<String, Long> uncertain = new ConcurrentHashMap<>();

    private final ScheduledExecutorService retries;

    /**
     * Starts the retries.
     *
     * @param l2Ttl the longest time to live of a value in Redis
     * @param suspects gets all keys when too many invalidations are pending
     * @param dropLocally removes a value from L1
     */
    Invalidations(
            RemoteCache remote, Duration l2Ttl, Suspects suspects, Consumer<String> dropLocally, Metrics metrics) {
        this.remote = remote;
        this.maxAge = l2Ttl.plus(UNCERTAIN);
        this.suspects = suspects;
        this.dropLocally = dropLocally;
        this.metrics = metrics;
        this.retries = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name("byline-cache-retries").factory());
        var millis = RETRY_INTERVAL.toMillis();
        var unused = retries.scheduleWithFixedDelay(this::retry, millis, millis, TimeUnit.MILLISECONDS);
    }

    /** Invalidates everywhere; retries what Redis misses. */
    void run(List<String> names) {
        try {
            for (int from = 0; from < names.size(); from += BATCH) {
                var batch = names.subList(from, Math.min(from + BATCH, names.size()));
                var done = remote.invalidate(batch);
                if (!done) {
                    addPending(batch);
                }
                metrics.invalidated(done ? Result.HIT : Result.ERROR);
            }
        } finally {
            names.forEach(dropLocally);
        }
    }

    /** Adds keys of a transaction that may still commit: they are invalidated repeatedly for 10 s from now. */
    void addUncertain(Collection<String> names) {
        var until = System.nanoTime() + UNCERTAIN.toNanos();
        names.forEach(name -> uncertain.put(name, until));
    }

    /** Returns whether Redis missed an invalidation of the key. */
    boolean isPending(String name) {
        return pending.containsKey(name);
    }

    /** Returns the keys with a pending invalidation, for tests. */
    List<String> pending() {
        return List.copyOf(pending.keySet());
    }

    private void addPending(Collection<String> names) {
        var now = System.nanoTime();
        names.forEach(name -> pending.put(name, now));
        if (pending.size() > Suspects.MAX_KEYS) {
            pending.clear();
            suspects.addAll();
        }
    }

    private void retry() {
        try {
            repeatUncertain();
            retryPending();
        } catch (RuntimeException | Error e) { // without this, the executor would cancel the task
            LOG.error("could not repeat invalidations", e);
        }
    }

    private void repeatUncertain() {
        var now = System.nanoTime();
        uncertain.values().removeIf(until -> until - now < 0);
        if (!uncertain.isEmpty()) {
            run(List.copyOf(uncertain.keySet()));
        }
    }

    private void retryPending() {
        var now = System.nanoTime();
        pending.values().removeIf(since -> now - since > maxAge.toNanos());
        while (!pending.isEmpty()) {
            var batch = pending.entrySet().stream()
                    .limit(BATCH)
                    .map(Map.Entry::copyOf)
                    .toList();
            if (!remote.invalidate(batch.stream().map(Map.Entry::getKey).toList())) {
                return;
            }
            batch.forEach(entry -> pending.remove(entry.getKey(), entry.getValue()));
        }
    }

    /** Stops the retries after a last attempt. */
    @Override
    public void close() {
        retries.shutdownNow();
        retry();
    }
}
