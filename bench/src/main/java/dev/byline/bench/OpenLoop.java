package dev.byline.bench;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Begins an operation at each tick of a clock, whether the ones before are done or not, so that a slow system can't slow its
 * own load down (coordinated omission).
 *
 * @param perSecond how many to begin in a second
 * @param threads how many may be under way
 */
record OpenLoop(int perSecond, int threads) {
    /** An operation; due is the {@link System#nanoTime} of its tick, before which it doesn't begin. */
    interface Operation {
        void run(long number, long due) throws Exception;
    }

    /** How many were begun, and how many of these failed. */
    record Counts(long begun, long failed) {}

    Counts run(Duration duration, Operation operation) throws InterruptedException {
        var begun = 0L;
        var failed = new AtomicLong();
        try (var executor = Executors.newFixedThreadPool(threads)) {
            var start = System.nanoTime();
            var step = 1_000_000_000L / perSecond;
            for (long number = 0; number * step < duration.toNanos(); number++) {
                var due = start + number * step;
                while (System.nanoTime() < due) {
                    LockSupport.parkNanos(due - System.nanoTime());
                }
                var each = number;
                begun++;
                executor.execute(() -> {
                    try {
                        operation.run(each, due);
                    } catch (Exception e) {
                        failed.incrementAndGet();
                    }
                });
            }
        }
        return new Counts(begun, failed.get());
    }
}
