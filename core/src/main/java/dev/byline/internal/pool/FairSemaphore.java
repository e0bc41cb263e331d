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
final class FairSemaphore implements AutoCloseable {
    private final Watchdog watch;
    private final long timeout; // nanoseconds
    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayDeque<Waiter> waiting = new ArrayDeque<>(); // oldest first
    private final Runnable look = this::expireWaiters;
    private int free;

    /**
     * Creates a semaphore with all permits free.
     *
     * @param watch expires waiters
     * @param number of permits
     * @param timeout of a waiter
     */
    FairSemaphore(Watchdog watch, int number, Duration timeout) {
        this.watch = watch;
        this.free = number;
        this.timeout = timeout.toNanos();
        watch.add(look);
    }

    /** A waiter: completed with true when it gets a permit, with false when it expires. */
    private record Waiter(long start, CompletableFuture<Boolean> turn) {}

    /** Acquires a permit; returns false after the timeout. */
    boolean take() throws InterruptedException {
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
            return waiter.turn.get();
        } catch (InterruptedException e) {
            if (!waiter.turn.complete(false) && waiter.turn.getNow(false)) {
                giveBack();
            }
            throw e;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    void giveBack() {
        lock.lock();
        try {
            while (!waiting.isEmpty()) {
                if (waiting.remove().turn.complete(true)) { // unless it was interrupted
                    return;
                }
            }
            free++;
        } finally {
            lock.unlock();
        }
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
        expired.forEach(waiter -> waiter.turn.complete(false));
    }

    int waiting() {
        lock.lock();
        try {
            return waiting.size();
        } finally {
            lock.unlock();
        }
    }

    /** Stops expiring waiters; they still get permits as these are released. */
    @Override
    public void close() {
        watch.remove(look);
    }
}
