package dev.byline.http.admission;

import dev.byline.SharedLimits;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * One key's bucket that processes share. Tokens are consumed here and charged in batches, after the fact: a process may
 * exceed the quota by less than a batch per key, and the requests in between don't wait for Redis. While Redis is away,
 * everything is accepted: the bucket of the process decides alone. Safe for use by several threads.
 */
final class SharedBucket {
    private final SharedLimits limits;
    private final String name;
    private final long quota;
    private final Duration window;
    private final long batch;
    private final LongSupplier nanoTime;

    /** Tokens that were consumed and not charged yet; negative after refunds. */
    private final AtomicLong uncharged = new AtomicLong();

    /** The time at which the shared bucket will be empty if nothing is charged. */
    private volatile long emptyAt;

    /**
     * Creates a bucket.
     *
     * @param name of the limit and the key
     * @param batch tokens that are charged together, at least 1
     * @param nanoTime as of {@link System#nanoTime}
     */
    SharedBucket(SharedLimits limits, String name, long quota, Duration window, long batch, LongSupplier nanoTime) {
        this.limits = limits;
        this.name = name;
        this.quota = quota;
        this.window = window;
        this.batch = batch;
        this.nanoTime = nanoTime;
        this.emptyAt = nanoTime.getAsLong();
    }

    /**
     * Consumes tokens. Blocks for Redis once per batch.
     *
     * @return zero if they were accepted, otherwise the nanoseconds until they would be; then none was consumed
     */
    long consume(long amount) {
        var wait = nanosUntil(1);
        if (wait > 0) {
            return wait; // as Redis said before
        }
        var due = due(amount);
        if (due <= 0) {
            return 0;
        }
        var asked = Math.min(due, amount);
        var charged = limits.charge(name, cost(due - asked), cost(asked), window);
        if (charged.isEmpty()) {
            uncharged.addAndGet(Math.min(due, batch - 1)); // the next request tries again
            return 0;
        }
        emptyAt = nanoTime.getAsLong() + charged.get().untilEmpty().toNanos();
        return charged.get().accepted() ? 0 : Math.max(1, nanosUntil(asked));
    }

    /** Returns the tokens that this request must charge; zero or less if there is no full batch, or another thread has it. */
    private long due(long amount) {
        if (batch == 1) { // exact: a thread never charges another one's tokens
            var due = amount + uncharged.getAndSet(0); // less what was refunded
            uncharged.addAndGet(Math.min(0, due));
            return due;
        }
        return uncharged.addAndGet(amount) < batch ? 0 : uncharged.getAndSet(0);
    }

    /** Returns tokens that were consumed. */
    void refund(long amount) {
        uncharged.addAndGet(-amount);
    }

    /** Returns how many tokens are left, as far as this process knows. */
    long remaining() {
        var room = window.toNanos() - level();
        return Math.clamp((long) ((double) room / window.toNanos() * quota) - uncharged.get(), 0, quota);
    }

    /** Returns the nanoseconds until so many tokens are left: zero or less if they are. */
    long nanosUntil(long amount) {
        return level() + cost(amount).toNanos() - window.toNanos();
    }

    private long level() {
        return Math.max(0, emptyAt - nanoTime.getAsLong());
    }

    private Duration cost(long amount) {
        return Duration.ofNanos((long) Math.ceil((double) window.toNanos() / quota * amount));
    }
}
