package dev.byline.internal.pool;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A fair semaphore whose time limit is the same for all: {@link Watchdog} keeps it, and it may be a tenth of a second more. Safe for use by
 * several threads.
 */
final class FairSemaphore implements AutoCloseable {
    private final Watchdog watch;
    private final long patience;
    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayDeque<Waiter> waiting = new ArrayDeque<>(); // the oldest first
    private final Runnable look = this::releaseImpatient;
    private int free;

    /**
     * Makes all of them free.
     *
     * @param watch looks who waits too long
     * @param number how many may be taken at a time
     * @param patience how long one is waited for
     */
    FairSemaphore(Watchdog watch, int number, Duration patience) {
        this.watch = watch;
        this.free = number;
        this.patience = patience.toNanos();
        watch.add(look);
    }

    /** One that waits: told true with its turn, false when it took too long. */
    private record Waiter(long start, CompletableFuture<Boolean> turn) {}

    /** Waits for a turn; whether it came in time. */
    boolean take() throws InterruptedException {
        Waiter waiter;
        lock.lock();
        try {
            if (free > 0) { // then nobody waits
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

    private void releaseImpatient() {
        var impatient = new ArrayList<Waiter>();
        lock.lock();
        try {
            var now = System.nanoTime();
            while (!waiting.isEmpty() && now - waiting.element().start >= patience) {
                impatient.add(waiting.remove());
            }
        } finally {
            lock.unlock();
        }
        impatient.forEach(waiter -> waiter.turn.complete(false));
    }

    int waiting() {
        lock.lock();
        try {
            return waiting.size();
        } finally {
            lock.unlock();
        }
    }

    /** Whoever waits still gets its turn, when somebody gives theirs back. */
    @Override
    public void close() {
        watch.remove(look);
    }
}
