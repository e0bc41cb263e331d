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
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/**
 * Batches look-ups by key (group commit, for reads). If no batch is in flight, a look-up runs at once; otherwise it
 * joins the next batch, which starts when the current one ends. So an idle server adds no delay, and a busy one runs
 * fewer statements the busier it is. A look-up joins only a statement that hasn't started, so it sees everything that
 * was committed before the look-up started.
 *
 * <p>A look-up waits at most {@link #TIMEOUT} for the batch in flight, then runs its own statement. When a statement
 * fails, the look-ups that joined it run their own, unless they are older than {@link #TIMEOUT}. So a look-up takes at
 * most this much longer than the statement timeout. Only the oldest waiter has a timer, for all waiters: a timer for
 * each took up to a quarter of the time of a look-up.
 *
 * <p>Safe for use by several threads.
 *
 * @param <K> keys, with {@code equals}
 * @param <V> the values
 */
public final class BatchLoader<K, V> {
    /** The greatest age at which a look-up may run its own statement. */
    static final Duration TIMEOUT = Duration.ofMillis(100);

    private final int maxKeys;
    private final Function<Set<K>, Map<K, V>> load;
    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayDeque<Lookup<K, V>> waiting = new ArrayDeque<>(); // empty while no batch is in flight
    private boolean underWay;

    /**
     * Batches the calls of a loader.
     *
     * @param maxKeys the most keys of one statement, at least 1
     * @param load finds values by their keys, in one statement; omits keys without a value
     */
    public BatchLoader(int maxKeys, Function<Set<K>, Map<K, V>> load) {
        this.maxKeys = maxKeys;
        this.load = load;
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
        if (mayLeaveAtOnce(lookup)) {
            return lead(lookup, List.of());
        }
        return switch (await(lookup)) {
            case Turn.Lead<K, V> ignored -> lead(lookup, followers());
            case Turn.Answer<K, V> answer -> Optional.ofNullable(answer.found().get(key));
            case Turn.Alone<K, V> ignored -> alone(key);
            case Turn.KeepTime<K, V> ignored -> throw new IllegalStateException("await() goes on");
            case Turn.Failed<K, V> ignored -> {
                if (lookup.age() > TIMEOUT.toNanos()) {
                    throw new BylineException.Unavailable((Throwable) null);
                }
                yield alone(key);
            }
        };
    }

    private Optional<V> alone(K key) {
        return Optional.ofNullable(load.apply(Set.of(key)).get(key));
    }

    private boolean mayLeaveAtOnce(Lookup<K, V> lookup) {
        lock.lock();
        try {
            if (underWay) {
                waiting.add(lookup);
                return false;
            }
            underWay = true;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Runs a batch. Starts the next batch before it completes its followers: all waiters depend on the next one. */
    private Optional<V> lead(Lookup<K, V> lookup, List<Lookup<K, V>> followers) {
        Turn<K, V> outcome = new Turn.Failed<>();
        try {
            var keys = new LinkedHashSet<K>();
            keys.add(lookup.key);
            followers.forEach(follower -> keys.add(follower.key));
            var found = load.apply(keys);
            outcome = new Turn.Answer<>(found);
            return Optional.ofNullable(found.get(lookup.key));
        } finally {
            handOver();
            for (var follower : followers) {
                follower.turn.complete(outcome);
            }
        }
    }

    private List<Lookup<K, V>> followers() {
        lock.lock();
        try {
            var followers = new ArrayList<Lookup<K, V>>(Math.min(waiting.size(), maxKeys));
            while (followers.size() < maxKeys - 1 && !waiting.isEmpty()) {
                followers.add(waiting.remove());
            }
            passTimeOn(); // here and not on becoming leader: most of the time no waiter is left
            return followers;
        } finally {
            lock.unlock();
        }
    }

    private void handOver() {
        lock.lock();
        try {
            var next = waiting.poll();
            underWay = next != null;
            if (next != null) {
                next.turn.complete(new Turn.Lead<>()); // before the waiter can be withdrawn
            }
        } finally {
            lock.unlock();
        }
    }

    /** Makes the oldest waiter the timekeeper. */
    private void passTimeOn() {
        var oldest = waiting.peek();
        if (oldest != null) {
            var before = oldest.turn;
            oldest.turn = new CompletableFuture<>();
            before.complete(new Turn.KeepTime<>());
        }
    }

    /** Waits for the batch in flight, or for the timeout. */
    private Turn<K, V> await(Lookup<K, V> lookup) {
        try {
            while (true) {
                var turn = turn(
                        lookup); // read before the check: a waiter that becomes the oldest later is notified through
                // this future
                var outcome = isOldest(lookup) ? keepTime(lookup, turn) : turn.get();
                if (!(outcome instanceof Turn.KeepTime<K, V>)) {
                    return outcome;
                }
            }
        } catch (ExecutionException e) {
            throw new BylineException.Unavailable(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            if (!withdraw(lookup) && turn(lookup).getNow(new Turn.Failed<>()) instanceof Turn.Lead<K, V> lead) {
                return lead; // waiters depend on this leader; its statement will handle the interrupt
            }
            throw new BylineException.Unavailable(e);
        }
    }

    private Turn<K, V> keepTime(Lookup<K, V> lookup, CompletableFuture<Turn<K, V>> turn)
            throws InterruptedException, ExecutionException {
        try {
            return turn.get(TIMEOUT.toNanos() - lookup.age(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            releaseImpatient();
            return turn.get(); // its own result, or that of a batch that has just taken it
        }
    }

    private void releaseImpatient() {
        lock.lock();
        try {
            while (!waiting.isEmpty() && waiting.element().age() >= TIMEOUT.toNanos()) {
                waiting.remove().turn.complete(new Turn.Alone<>());
            }
            passTimeOn();
        } finally {
            lock.unlock();
        }
    }

    @SuppressWarnings("ReferenceEquality")
    private boolean isOldest(Lookup<K, V> lookup) {
        lock.lock();
        try {
            return waiting.peek() == lookup;
        } finally {
            lock.unlock();
        }
    }

    private CompletableFuture<Turn<K, V>> turn(Lookup<K, V> lookup) {
        lock.lock();
        try {
            return lookup.turn;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Removes a waiter; returns whether it still waited. If not, it is in a batch or is a leader, and its future shows
     * which.
     */
    private boolean withdraw(Lookup<K, V> lookup) {
        lock.lock();
        try {
            var waited = waiting.remove(lookup);
            passTimeOn();
            return waited;
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
    private sealed interface Turn<K, V> {
        /** It runs the next batch, with followers. */
        record Lead<K, V>() implements Turn<K, V> {}

        /** A batch had its key and succeeded. */
        record Answer<K, V>(Map<K, V> found) implements Turn<K, V> {}

        /** A batch had its key and failed. */
        record Failed<K, V>() implements Turn<K, V> {}

        /** It still waits, and is the timekeeper from now on. */
        record KeepTime<K, V>() implements Turn<K, V> {}

        /** It timed out and runs its own statement. */
        record Alone<K, V>() implements Turn<K, V> {}
    }

    private static final class Lookup<K, V> {
        private final K key;
        private final long start = System.nanoTime();
        private CompletableFuture<Turn<K, V>> turn = new CompletableFuture<>(); // guarded by the lock while it waits

        Lookup(K key) {
            this.key = key;
        }

        long age() {
            return System.nanoTime() - start;
        }
    }
}
