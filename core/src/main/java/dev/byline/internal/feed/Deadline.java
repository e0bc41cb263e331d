package dev.byline.internal.feed;

import java.time.Duration;

/**
 * A point in time by which something must be over.
 *
 * @param at as {@code System.nanoTime} counts
 */
record Deadline(long at) {
    static Deadline in(Duration time) {
        return new Deadline(System.nanoTime() + time.toNanos());
    }

    /** The earlier of this and another. */
    Deadline atMost(Duration time) {
        var other = in(time);
        return other.at - at < 0 ? other : this;
    }

    /** Nanoseconds left, zero when it is over. */
    long left() {
        return Math.max(0, at - System.nanoTime());
    }

    boolean isOver() {
        return left() == 0;
    }

    /**
     * For work that takes long without waiting.
     *
     * @throws FeedException when it is over, or the thread was interrupted
     */
    void check() throws FeedException {
        if (isOver() || Thread.currentThread().isInterrupted()) {
            throw FeedException.busy();
        }
    }
}
