package dev.byline.internal.pool;

import dev.byline.model.BylineException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/**
 * Batches look-ups by key (group commit, for reads). If no batch is in flight, a look-up runs at once; otherwise it
 * joins the next batch, which starts when the current one ends. So an idle server adds no delay, and a busy one runs
 * fewer statements the busier it is. A look-up joins only a statement that hasn't started, so it sees everything that
 * was committed before the look-up started.
 *
 * <p>A look-up waits for the batch in flight for {@link #TIMEOUT}, then runs its own statement. When a statement fails,
 * the look-ups that joined it run their own, unless they are older than {@link #TIMEOUT}. {@link Watchdog} expires
 * waiters, up to 100 ms late, so a look-up takes at most 0.2 seconds longer than the statement timeout.
 *
 * <p>Safe for use by several threads.
 *
 * @param <K> keys, with {@code equals}
 * @param <V> the values
 */
public final class BatchLoader<K, V> implements AutoCloseable {
    /** The greatest age at which a look-up that joined a failed statement runs its own. */
    static final Duration TIMEOUT = Duration.ofMillis(100);

    private final int maxKeys;
    private final Function<Set<K>, Map<K, V>> load;
    private final Watchdog watchdog;
    private final Runnable check = this::expireWaiters;
    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayDeque<Lookup<K, V>> waiting = new ArrayDeque<>(); // oldest first; empty while none is in flight
    private boolean inFlight;

    /**
     * Batches the calls of a loader.
     *
     * @param watchdog expires waiters
     * @param maxKeys the most keys of one statement, at least 1
     * @param load finds values by their keys, in one statement; omits keys without a value
     */
    public BatchLoader(Watchdog watchdog, int maxKeys, Function<Set<K>, Map<K, V>> load) {
        this.maxKeys = maxKeys;
        this.load = load;
        this.watchdog = watchdog;
        watchdog.add(check);
    }

    /**
     * Finds a value. Blocks for the statement, and for the batch in flight before it.
     *
     * @param key of the value
     * @throws BylineException from the loader; Unavailable when a statement shared with other look-ups failed or took
     *     too long
     */
    public Optional<V> get(K key) {
        var lookup = new Lookup<K, V>(key);
        if (startsBatch(lookup)) {
            return run(lookup, List.of());
        }
        return switch (await(lookup)) {
            case Outcome.Leader<K, V> ignored -> run(lookup, takeFollowers());
            case Outcome.Loaded<K, V> loaded ->
                Optional.ofNullable(loaded.values().get(key));
            case Outcome.Expired<K, V> ignored -> loadAlone(key);
            case Outcome.Failed<K, V> ignored -> {
                if (lookup.isOverdue()) {
                    throw new BylineException.Unavailable((Throwable) null);
                }
                yield loadAlone(key);
            }
        };
    }

    private Optional<V> loadAlone(K key) {
        return Optional.ofNullable(load.apply(Set.of(key)).get(key));
    }

    /** Returns true if no batch was in flight; otherwise queues the look-up. */
    private boolean startsBatch(Lookup<K, V> lookup) {
        lock.lock();
        try {
            if (inFlight) {
                waiting.add(lookup);
                return false;
            }
            inFlight = true;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Runs a batch. Starts the next batch before it completes its followers: all waiters depend on the next one. */
    private Optional<V> run(Lookup<K, V> leader, List<Lookup<K, V>> followers) {
        Outcome<K, V> outcome = new Outcome.Failed<>();
        try {
            var keys = new LinkedHashSet<K>();
            keys.add(leader.key);
            followers.forEach(follower -> keys.add(follower.key));
            var values = load.apply(keys);
            outcome = new Outcome.Loaded<>(values);
            return Optional.ofNullable(values.get(leader.key));
        } finally {
            startNextBatch();
            for (var follower : followers) {
                follower.outcome.complete(outcome);
            }
        }
    }

    private List<Lookup<K, V>> takeFollowers() {
        lock.lock();
        try {
            var followers = new ArrayList<Lookup<K, V>>(Math.min(waiting.size(), maxKeys));
            while (followers.size() < maxKeys - 1 && !waiting.isEmpty()) {
                followers.add(waiting.remove());
            }
            return followers;
        } finally {
            lock.unlock();
        }
    }

    /** Makes the oldest waiter the leader of the next batch. */
    private void startNextBatch() {
        lock.lock();
        try {
            while (!waiting.isEmpty()) {
                if (waiting.remove().outcome.complete(new Outcome.Leader<>())) { // unless it was interrupted
                    return;
                }
            }
            inFlight = false;
        } finally {
            lock.unlock();
        }
    }

    private Outcome<K, V> await(Lookup<K, V> lookup) {
        try {
            return lookup.outcome.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            if (!lookup.outcome.complete(new Outcome.Failed<>())
                    && lookup.outcome.getNow(new Outcome.Failed<>()) instanceof Outcome.Leader<K, V> leader) {
                return leader; // waiters depend on this leader; its statement will handle the interrupt
            }
            throw new BylineException.Unavailable(e);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e); // no outcome is an exception
        }
    }

    /** Stops expiring waiters. */
    @Override
    public void close() {
        watchdog.remove(check);
    }

    private void expireWaiters() {
        lock.lock();
        try {
            while (!waiting.isEmpty() && waiting.element().isOverdue()) {
                waiting.remove().outcome.complete(new Outcome.Expired<>());
            }
        } finally {
            lock.unlock();
        }
    }

    /** Returns the number of waiters, for tests. */
    int waiting() {
        lock.lock();
        try {
            return waiting.size();
        } finally {
            lock.unlock();
        }
    }

    /** How a waiting look-up continues. */
    private sealed interface Outcome<K, V> {
        /** It runs the next batch, with followers. */
        record Leader<K, V>() implements Outcome<K, V> {}

        /** A batch had its key and succeeded. */
        record Loaded<K, V>(Map<K, V> values) implements Outcome<K, V> {}

        /** A batch had its key and failed. */
        record Failed<K, V>() implements Outcome<K, V> {}

        /** It timed out and runs its own statement. */
        record Expired<K, V>() implements Outcome<K, V> {}
    }

    private static final class Lookup<K, V> {
        private final K key;
        private final long start = System.nanoTime();
        private final CompletableFuture<Outcome<K, V>> outcome = new CompletableFuture<>();

        Lookup(K key) {
            this.key = key;
        }

        boolean isOverdue() {
            return System.nanoTime() - start >= TIMEOUT.toNanos();
        }
    }
}
