package dev.byline.internal.pool;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A fair semaphore with one timeout. Waiters park without a timer; {@link Watchdog} expires them, up to 100 ms late.
 * Safe for use by several threads.
 */
public final class FairSemaphore implements AutoCloseable {
    private final long timeout; // nanoseconds
    private final Watchdog watchdog;
    private final Runnable check = this::expireWaiters;
    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayDeque<Waiter> waiting = new ArrayDeque<>(); // oldest first
    private int free;

    /**
     * Creates a semaphore with all permits free.
     *
     * @param watchdog expires waiters
     * @param permits how many
     * @param timeout of a waiter
     */
    public FairSemaphore(Watchdog watchdog, int permits, Duration timeout) {
        this.free = permits;
        this.timeout = timeout.toNanos();
        this.watchdog = watchdog;
        watchdog.add(check);
    }

    /** A waiter: completed with true when it gets a permit, with false when it expires. */
    private record Waiter(long start, CompletableFuture<Boolean> granted) {}

    /** Acquires a permit; returns false after the timeout. */
    public boolean acquire() throws InterruptedException {
        Waiter waiter;
        lock.lock();
        try {
            if (free > 0) { // then there are no waiters
                free--;
                return true;
            }
            waiter = new Waiter(System.nanoTime(), new CompletableFuture<>());
            waiting.add(waiter);
        } finally {
            lock.unlock();
        }
        try {
            return waiter.granted.get();
        } catch (InterruptedException e) {
            if (!waiter.granted.complete(false) && waiter.granted.getNow(false)) {
                release();
            }
            throw e;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Releases a permit. */
    public void release() {
        lock.lock();
        try {
            while (!waiting.isEmpty()) {
                if (waiting.remove().granted.complete(true)) { // unless it was interrupted
                    return;
                }
            }
            free++;
        } finally {
            lock.unlock();
        }
    }

    /** Stops expiring waiters. */
    @Override
    public void close() {
        watchdog.remove(check);
    }

    private void expireWaiters() {
        var expired = new ArrayList<Waiter>();
        lock.lock();
        try {
            var now = System.nanoTime();
            while (!waiting.isEmpty() && now - waiting.element().start >= timeout) {
                expired.add(waiting.remove());
            }
        } finally {
            lock.unlock();
        }
        expired.forEach(waiter -> waiter.granted.complete(false));
    }

    int waiting() {
        lock.lock();
        try {
            return waiting.size();
        } finally {
            lock.unlock();
        }
    }
}
