package dev.byline.internal.feed;

import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A semaphore that is fair among users. A user holds at most half of the permits; the last quarter is reserved for
 * users who hold none. A free permit goes to the waiting user with the fewest permits, among several to the one who has
 * waited longest since the last one. So a new user gets a permit at once or the next one, even if the fetches of others
 * are slow. Safe for use by several threads.
 */
final class FairPermits {
    private final int perUser;
    private final int reserved;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Long, Integer> held = new HashMap<>();

    /** Waiters by user; the user who got the last permit is last. */
    private final LinkedHashMap<Long, Queue<Waiter>> waiting = new LinkedHashMap<>();

    private int free;

    /** A call that waits for a permit. */
    private static final class Waiter {
        final CountDownLatch granted = new CountDownLatch(1);
    }

    /** @param permits the number of permits, all free */
    FairPermits(int permits) {
        this.free = permits;
        this.perUser = Math.max(1, permits / 2);
        this.reserved = permits / 4;
    }

    /**
     * Acquires a permit. Blocks until the deadline.
     *
     * @return false after the deadline
     */
    boolean acquire(long user, Deadline deadline) throws InterruptedException {
        var waiter = new Waiter();
        locked(() -> {
            waiting.computeIfAbsent(user, id -> new ArrayDeque<>()).add(waiter);
            grant();
        });
        try {
            return waiter.granted.await(deadline.left(), TimeUnit.NANOSECONDS) || !withdraw(user, waiter);
        } catch (InterruptedException e) {
            if (!withdraw(user, waiter)) {
                release(user);
            }
            throw e;
        }
    }

    /** Removes a waiter; returns false when it has a permit already. */
    private boolean withdraw(long user, Waiter waiter) {
        lock.lock();
        try {
            var own = waiting.getOrDefault(user, new ArrayDeque<>());
            var withdrawn = own.remove(waiter);
            if (own.isEmpty()) {
                waiting.remove(user);
            }
            return withdrawn;
        } finally {
            lock.unlock();
        }
    }

    /** Releases a permit of a user. */
    void release(long user) {
        locked(() -> {
            free++;
            held.computeIfPresent(user, (id, count) -> count == 1 ? null : count - 1);
            grant();
        });
    }

    /** Returns the number of waiters. */
    int waiting() {
        lock.lock();
        try {
            return waiting.values().stream().mapToInt(Queue::size).sum();
        } finally {
            lock.unlock();
        }
    }

    private void locked(Runnable change) {
        lock.lock();
        try {
            change.run();
        } finally {
            lock.unlock();
        }
    }

    private void grant() {
        for (var next = nextUser(); next.isPresent(); next = nextUser()) {
            var user = next.get();
            var own = Objects.requireNonNull(waiting.remove(user));
            free--;
            held.merge(user, 1, Integer::sum);
            var waiter = own.remove();
            if (!own.isEmpty()) {
                waiting.put(user, own);
            }
            waiter.granted.countDown();
        }
    }

    private Optional<Long> nextUser() {
        return waiting.keySet().stream()
                .min(Comparator.comparingInt(this::held))
                .filter(user -> free > (held(user) == 0 ? 0 : reserved) && held(user) < perUser);
    }

    private int held(long user) {
        return held.getOrDefault(user, 0);
    }
}
