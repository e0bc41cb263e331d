package dev.byline.http;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.slf4j.MDC;

/**
 * Admission before work: so many requests are worked on at a time, so many others wait a moment in their order, all others
 * are refused at once. A server that takes on more than it can do answers everybody too late; this one goes on at its best
 * rate. Probes pass: whether the process lives must not depend on how busy it is.
 */
final class Admission extends Handler.Wrapper {
    /** Why requests are refused. */
    enum Reason {
        /** As many inside and waiting as there may be. */
        BUSY("busy"),
        /** Waited long enough. */
        WAITED("waited"),
        /** All bodies on their way together take too much memory. */
        BODIES("bodies");

        final String label;

        Reason(String label) {
            this.label = label;
        }
    }

    /** How long a request may wait for its turn. */
    static final Duration PATIENCE = Duration.ofMillis(100);

    private final Semaphore places;
    private final int maxWaiting;

    /**
     * Sets the bounds.
     *
     * @param inside how many requests are worked on at a time
     */
    Admission(int inside) {
        this.places = new Semaphore(inside, true);
        this.maxWaiting = 2 * inside;
    }

    /** How many wait now. */
    int waiting() {
        return places.getQueueLength();
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
        var exchange = Objects.requireNonNull(Exchange.of(request));
        if (Route.isProbe(Request.getPathInContext(request))) {
            return super.handle(request, response, callback);
        }
        if (!places.tryAcquire()) {
            if (places.getQueueLength() >= maxWaiting) {
                return refuse(Reason.BUSY, exchange, request, response, callback);
            }
            if (!places.tryAcquire(PATIENCE.toNanos(), TimeUnit.NANOSECONDS)) {
                return refuse(Reason.WAITED, exchange, request, response, callback);
            }
        }
        var left = new AtomicBoolean();
        Runnable leave = () -> {
            if (left.compareAndSet(false, true)) {
                places.release();
            }
        };
        exchange.whenWorked(leave);
        Request.addCompletionListener(request, failure -> leave.run());
        return inside(exchange, request, response, callback);
    }

    /** Log lines that are written meanwhile say for which request. */
    private boolean inside(Exchange exchange, Request request, Response response, Callback callback) throws Exception {
        MDC.put("request_id", exchange.requestId());
        if (exchange.traceId() != null) {
            MDC.put("trace_id", exchange.traceId());
        }
        try {
            return super.handle(request, response, callback);
        } finally {
            MDC.clear();
        }
    }

    private static boolean refuse(
            Reason reason, Exchange exchange, Request request, Response response, Callback callback) {
        exchange.rejected(reason.label);
        Response.writeError(request, response, callback, HttpStatus.SERVICE_UNAVAILABLE_503);
        return true;
    }
}
