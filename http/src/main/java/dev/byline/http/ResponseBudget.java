package dev.byline.http;

import java.util.Collection;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * The memory that answers may take while they are rendered and written, of all requests together. Answers up to {@link #SMALL} have
 * a share of their own, so that large ones never keep them out, and one client address holds at most a quarter of either share. When a
 * share is full, connections of clients that read too slowly are closed first; if that frees too little, the answer is 503. Safe for
 * use by several threads.
 */
final class ResponseBudget {
    /** The most bytes of an answer that counts as small. */
    static final int SMALL = 64 * 1024;

    /** One answer of any kind fits into a quarter of the share of large ones: the largest are a page and a batch, below 3 MiB. */
    private static final long MIN_BYTES = 16L << 20;

    private final Share small;
    private final Share large;
    private final Collection<Exchange> inFlight;
    private final LongSupplier clock;

    /**
     * Sets the bound.
     *
     * @param bytes for all answers together, raised to 16 MiB
     * @param inFlight the requests that are not answered yet
     * @param clock as {@link System#nanoTime}
     */
    ResponseBudget(long bytes, Collection<Exchange> inFlight, LongSupplier clock) {
        var all = Math.max(MIN_BYTES, bytes);
        this.small = new Share(all / 4);
        this.large = new Share(all - all / 4);
        this.inFlight = inFlight;
        this.clock = clock;
    }

    /** One of the two parts of the budget. */
    static final class Share {
        private final long max;
        private final AtomicLong used = new AtomicLong();

        private Share(long max) {
            this.max = max;
        }

        private boolean tryAdd(long bytes) {
            if (used.addAndGet(bytes) <= max) {
                return true;
            }
            release(bytes);
            return false;
        }

        void add(long bytes) {
            used.addAndGet(bytes);
        }

        void release(long bytes) {
            used.addAndGet(-bytes);
        }

        private long perAddress() {
            return max / 4;
        }
    }

    /** Bytes that answers take now. */
    long bytes() {
        return small.used.get() + large.used.get();
    }

    Share share(long bytes) {
        return bytes <= SMALL ? small : large;
    }

    /** Whether there is room for an answer; takes it if so. */
    boolean tryReserve(Exchange exchange, long bytes) {
        var share = share(bytes);
        return tryReserve(share, exchange, bytes) || (closeSlowReaders() && tryReserve(share, exchange, bytes));
    }

    private boolean tryReserve(Share share, Exchange exchange, long bytes) {
        if (!share.tryAdd(bytes)) {
            return false;
        }
        // As long as all answers together take no more, there is no need to add up who has how much.
        if (share.used.get() <= share.perAddress() || heldBy(exchange, share) + bytes <= share.perAddress()) {
            return true;
        }
        share.release(bytes);
        return false;
    }

    private long heldBy(Exchange exchange, Share share) {
        var sum = 0L;
        for (var other : inFlight) {
            if (other.clientAddress().equals(exchange.clientAddress())) {
                sum += other.reservedFrom(share);
            }
        }
        return sum;
    }

    private boolean closeSlowReaders() {
        var now = clock.getAsLong();
        var closed = false;
        for (var exchange : inFlight) {
            closed |= exchange.closeIfSlow(now, ResponseWrite.GRACE_WHEN_FULL);
        }
        return closed;
    }
}
