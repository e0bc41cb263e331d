package dev.byline.http.exchange;

import dev.byline.http.metrics.PrometheusMetrics;
import dev.byline.model.Principal;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.component.Graceful;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The outermost handler: counts every request when it ends, and writes the access log, except for requests rejected for
 * lack of capacity. On shutdown it rejects new requests and waits for those in flight. Jetty's GracefulHandler does the
 * same, but allocates several more objects per request.
 */
public final class RequestMetrics extends Handler.Wrapper implements Graceful {
    private static final Logger LOG = LoggerFactory.getLogger(AccessLogEntry.LOGGER);

    private static final String METHOD_OVERRIDE = "X-HTTP-Method-Override";

    private final PrometheusMetrics metrics;
    private final AtomicLong refused = new AtomicLong();
    private final Set<Exchange> inFlight = ConcurrentHashMap.newKeySet();
    private final ResponseBudget budget;
    private final Graceful.Shutdown shutdown = new Graceful.Shutdown(this) {
        @Override
        public boolean isShutdownDone() {
            return inFlight.isEmpty();
        }
    };

    /**
     * Creates the handler and registers its gauges.
     *
     * @param metrics counts each request
     * @param responseBytes the maximum memory of all responses in flight, in bytes
     */
    public RequestMetrics(PrometheusMetrics metrics, long responseBytes) {
        this.metrics = metrics;
        this.budget = new ResponseBudget(responseBytes, inFlight, System::nanoTime);
        metrics.gauge("http_requests_in_flight", "Requests in flight.", inFlight::size);
        metrics.gauge("http_response_bytes", "Memory reserved for responses in flight, in bytes.", budget::bytes);
    }

    /** Returns the requests in flight: a live view. */
    public Set<Exchange> inFlight() {
        return inFlight;
    }

    @Override
    public CompletableFuture<Void> shutdown() {
        return shutdown.shutdown();
    }

    @Override
    public boolean isShutdown() {
        return shutdown.isShutdown();
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
        var exchange = Exchange.begin(request, response, budget);
        inFlight.add(exchange); // before isShutdown(): shutdown waits for what is in this set
        Request.addCompletionListener(request, failure -> ended(request, response, exchange, failure));
        if (isShutdown()) {
            Response.writeError(request, response, callback, HttpStatus.SERVICE_UNAVAILABLE_503);
            return true;
        }
        var overridden = request.getHeaders().contains(METHOD_OVERRIDE);
        return super.handle(overridden ? new OwnMethod(request) : request, response, callback);
    }

    /** Hides X-HTTP-Method-Override from Javalin, which would handle a GET as a DELETE. */
    private static final class OwnMethod extends Request.Wrapper {
        private final HttpFields headers;

        OwnMethod(Request request) {
            super(request);
            this.headers = HttpFields.build(request.getHeaders())
                    .remove(METHOD_OVERRIDE)
                    .asImmutable();
        }

        @Override
        public HttpFields getHeaders() {
            return headers;
        }
    }

    private void ended(Request request, Response response, Exchange exchange, @Nullable Throwable failure) {
        var nanos = exchange.nanos();
        // The client closed the connection before the response: 499, as nginx logs it.
        var gone = exchange.isClientGone() || (failure != null && !response.isCommitted());
        var status = gone ? 499 : response.getStatus();
        metrics.ended(request.getMethod(), exchange.endpoint(), status, nanos, exchange.rejection());
        if (exchange.isClosed()) {
            metrics.responseCut();
        }
        if (exchange.rejection() != null) {
            refused(request);
        } else if (LOG.isInfoEnabled() && !(status == 200 && Exchange.isProbe(exchange.endpoint()))) {
            log(request.getMethod(), exchange, status, nanos);
        }
        exchange.release();
        inFlight.remove(exchange);
        if (isShutdown()) {
            shutdown.check();
        }
    }

    /**
     * Counts rejected requests and logs their number once a second: a line for each would cost too much under overload.
     */
    private void refused(Request request) {
        if (refused.getAndIncrement() == 0) {
            request.getComponents()
                    .getScheduler()
                    .schedule(
                            () -> LOG.warn("{} requests rejected within one second", refused.getAndSet(0)),
                            1,
                            TimeUnit.SECONDS);
        }
    }

    private static void log(String method, Exchange exchange, int status, long nanos) {
        var userId = exchange.principal() instanceof Principal.Member member ? member.userId() : null;
        var known = PrometheusMetrics.method(method);
        LOG.info(
                "request {}",
                new AccessLogEntry(
                        exchange.requestId(), known, exchange.endpoint(), status, nanos, exchange.traceId(), userId));
    }
}
