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
 * Look-ups by key that share statements: while one is on its way, those that arrive wait, and leave together when it is back.
 * Who arrives when none is on its way leaves at once: a quiet server adds no delay, and a busy one sends the fewer statements
 * the busier it is. It is group commit, for reads. A look-up only joins a statement that has not begun, so it sees whatever was
 * committed before it started.
 *
 * <p>Nobody waits longer than {@link #TIMEOUT} for the statement on its way: who has, asks alone. When a statement fails, those who
 * joined it ask alone, if they haven't waited as long. So a look-up takes at most this much longer than one statement may. Only
 * the oldest of those that wait keeps the time, for all: a timer for each took up to a quarter of what a look-up costs.
 *
 * <p>Safe for use by several threads.
 *
 * @param <K> keys, with {@code equals}
 * @param <V> what is found
 */
public final class BatchLoader<K, V> {
    /** Up to this age a look-up may begin a statement of its own. */
    static final Duration TIMEOUT = Duration.ofMillis(100);

    private final int maxKeys;
    private final Function<Set<K>, Map<K, V>> load;
    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayDeque<Lookup<K, V>> waiting = new ArrayDeque<>(); // empty while nothing is under way
    private boolean underWay;

    /**
     * Shares the statements of a loader.
     *
     * @param maxKeys the most keys of one statement, at least 1
     * @param load finds values by their keys, in one statement; leaves out what isn't there
     */
    public BatchLoader(int maxKeys, Function<Set<K>, Map<K, V>> load) {
        this.maxKeys = maxKeys;
        this.load = load;
    }

    /**
     * Finds a value. Blocks for the statement, and perhaps for the one before it.
     *
     * @param key names it
     * @throws BylineException what the loader throws; Unavailable when a statement that others shared failed or took too long
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

    /** Hands over before it tells the others: the next statement is what everybody waits for. */
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
            passTimeOn(); // here and not when this one was told to lead: most of the time nobody is left
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
                next.turn.complete(new Turn.Lead<>()); // before anybody can withdraw it
            }
        } finally {
            lock.unlock();
        }
    }

    /** Tells the oldest of those that still wait that it is that now. */
    private void passTimeOn() {
        var oldest = waiting.peek();
        if (oldest != null) {
            var before = oldest.turn;
            oldest.turn = new CompletableFuture<>();
            before.complete(new Turn.KeepTime<>());
        }
    }

    /** Ends when the statement on its way does, or for want of patience. */
    private Turn<K, V> await(Lookup<K, V> lookup) {
        try {
            while (true) {
                var turn = turn(lookup); // before the question: who becomes the oldest meanwhile is told by this one
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
                return lead; // the others wait for it; the statement will see to the interruption
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
            return turn.get(); // its own, or that of a statement that just took it along
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

    /** Whether it still waited. If not, it is on its way with others, or told to lead, which it can see by now. */
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

    /** How many wait now, for tests. */
    int waiting() {
        lock.lock();
        try {
            return waiting.size();
        } finally {
            lock.unlock();
        }
    }

    /** How a look-up that waited goes on. */
    private sealed interface Turn<K, V> {
        /** It begins the next statement, and takes the others along. */
        record Lead<K, V>() implements Turn<K, V> {}

        /** A statement had its key, too. */
        record Answer<K, V>(Map<K, V> found) implements Turn<K, V> {}

        /** A statement had its key, and failed. */
        record Failed<K, V>() implements Turn<K, V> {}

        /** It still waits, and keeps the time from now on. */
        record KeepTime<K, V>() implements Turn<K, V> {}

        /** It has waited long enough. */
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
