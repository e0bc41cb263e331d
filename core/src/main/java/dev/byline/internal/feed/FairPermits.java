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
 * Permits to fetch, shared fairly among users. A user holds at most half of them, and the last quarter goes to users who hold none;
 * a free permit goes to the waiting user who holds the fewest, of several to the one who got none for the longest time. So a user who
 * comes while others wait for slow servers gets the next permit at the latest, and mostly one at once. Safe for use by several
 * threads.
 */
final class FairPermits {
    private final int perUser;
    private final int reserved;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Long, Integer> held = new HashMap<>();

    /** By user, who was served last stands last. */
    private final LinkedHashMap<Long, Queue<Permit>> waiting = new LinkedHashMap<>();

    private int free;

    /** One that is waited for. */
    private static final class Permit {
        final CountDownLatch granted = new CountDownLatch(1);
    }

    /** @param permits how many there are */
    FairPermits(int permits) {
        this.free = permits;
        this.perUser = Math.max(1, permits / 2);
        this.reserved = permits / 4;
    }

    /**
     * Acquires a permit. Blocks until the deadline.
     *
     * @return false when there was none in time
     */
    boolean acquire(long user, Deadline deadline) throws InterruptedException {
        var permit = new Permit();
        locked(() -> {
            waiting.computeIfAbsent(user, id -> new ArrayDeque<>()).add(permit);
            grant();
        });
        try {
            return permit.granted.await(deadline.left(), TimeUnit.NANOSECONDS) || !withdraw(user, permit);
        } catch (InterruptedException e) {
            if (!withdraw(user, permit)) {
                release(user);
            }
            throw e;
        }
    }

    /** Whether the permit was not granted, and won't be. */
    private boolean withdraw(long user, Permit permit) {
        lock.lock();
        try {
            var own = waiting.getOrDefault(user, new ArrayDeque<>());
            var withdrawn = own.remove(permit);
            if (own.isEmpty()) {
                waiting.remove(user);
            }
            return withdrawn;
        } finally {
            lock.unlock();
        }
    }

    /** Gives a permit back. */
    void release(long user) {
        locked(() -> {
            free++;
            held.computeIfPresent(user, (id, count) -> count == 1 ? null : count - 1);
            grant();
        });
    }

    /** How many wait now. */
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
        for (var next = next(); next.isPresent(); next = next()) {
            var user = next.get();
            var own = Objects.requireNonNull(waiting.remove(user));
            free--;
            held.merge(user, 1, Integer::sum);
            var permit = own.remove();
            if (!own.isEmpty()) {
                waiting.put(user, own);
            }
            permit.granted.countDown();
        }
    }

    private Optional<Long> next() {
        return waiting.keySet().stream()
                .min(Comparator.comparingInt(this::held))
                .filter(user -> free > (held(user) == 0 ? 0 : reserved) && held(user) < perUser);
    }

    private int held(long user) {
        return held.getOrDefault(user, 0);
    }
}
