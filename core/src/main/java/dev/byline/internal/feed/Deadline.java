package dev.byline.internal.feed;

import java.time.Duration;

/**
 * The time at which work must end.
 *
 * @param at a value of {@code System.nanoTime}
 */
record Deadline(long at) {
    static Deadline in(Duration time) {
        return new Deadline(System.nanoTime() + time.toNanos());
    }

    /** Returns the earlier of this deadline and one after the given time. */
    Deadline atMost(Duration time) {
        var other = in(time);
        return other.at - at < 0 ? other : this;
    }

    /** Returns the nanoseconds left, 0 after the deadline. */
    long left() {
        return Math.max(0, at - System.nanoTime());
    }

    boolean hasPassed() {
        return left() == 0;
    }

    /**
     * Ends long computations, which no interrupt ends.
     *
     * @throws FeedException after the deadline, or when the thread was interrupted
     */
    void check() throws FeedException {
        if (hasPassed() || Thread.currentThread().isInterrupted()) {
            throw FeedException.busy();
        }
    }
}
