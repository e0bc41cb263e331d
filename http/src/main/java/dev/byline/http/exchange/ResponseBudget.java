package dev.byline.http.exchange;

import java.util.Collection;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * Bounds the memory of all responses while they are rendered and written. Responses up to {@link #SMALL} have their own
 * share, so that large ones never block them, and one client address may hold at most a quarter of each share. When a
 * share is full, connections of clients that read too slowly are closed first; if that frees too little, the request
 * gets 503. Thread-safe.
 */
public final class ResponseBudget {
    /** The maximum size of a small response, in bytes. */
    static final int SMALL = 64 * 1024;

    /**
     * The minimum budget. A quarter of its large share holds any response: the largest, a page or batch, is below 3
     * MiB.
     */
    private static final long MIN_BYTES = 16L << 20;

    private final Share small;
    private final Share large;
    private final Collection<Exchange> inFlight;
    private final LongSupplier clock;

    /**
     * Creates the two shares.
     *
     * @param bytes the budget of all responses together, in bytes; at least 16 MiB are used
     * @param inFlight the requests in flight
     * @param clock the time in nanoseconds, as {@link System#nanoTime}
     */
    public ResponseBudget(long bytes, Collection<Exchange> inFlight, LongSupplier clock) {
        var all = Math.max(MIN_BYTES, bytes);
        this.small = new Share(all / 4);
        this.large = new Share(all - all / 4);
        this.inFlight = inFlight;
        this.clock = clock;
    }

    /** One of the two shares of the budget: small and large responses. */
    public static final class Share {
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

    /** Returns the reserved memory, in bytes. */
    public long bytes() {
        return small.used.get() + large.used.get();
    }

    public Share share(long bytes) {
        return bytes <= SMALL ? small : large;
    }

    /** Reserves memory for a response. Returns false, reserving nothing, if it does not fit. */
    boolean tryReserve(Exchange exchange, long bytes) {
        var share = share(bytes);
        return tryReserve(share, exchange, bytes) || (closeSlowReaders() && tryReserve(share, exchange, bytes));
    }

    private boolean tryReserve(Share share, Exchange exchange, long bytes) {
        if (!share.tryAdd(bytes)) {
            return false;
        }
        // While the whole share is below the limit of one address, no sum per address is needed.
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
