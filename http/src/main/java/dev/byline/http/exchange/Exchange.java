package dev.byline.http.exchange;

import dev.byline.http.admission.ClientAddress;
import dev.byline.http.message.HttpProblem;
import dev.byline.http.message.ProblemReason;
import dev.byline.http.message.QueryParameters;
import dev.byline.http.message.RejectionReason;
import dev.byline.http.message.RequestId;
import dev.byline.http.message.TraceParent;
import dev.byline.http.metrics.PrometheusMetrics;
import dev.byline.model.Principal;
import io.javalin.http.Context;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.jspecify.annotations.Nullable;

/** The state of one request, from its headers to its end. Metrics and the access log read it when the request ends. */
public final class Exchange {
    private static final String ATTRIBUTE = "byline.exchange";

    private final HttpFields.Mutable answer;
    private final long start = System.nanoTime();
    /** The last two are aliases of the first two, in this order. */
    private static final Set<String> PROBES = Set.of("/livez", "/readyz", "/healthz", "/health");

    private final String requestId;
    private final @Nullable String traceId;
    private final InetAddress peer;
    private final boolean probe;
    private String endpoint = PrometheusMetrics.UNMATCHED;
    private Principal principal = new Principal.Anonymous();
    private QueryParameters query = QueryParameters.NONE;
    private byte @Nullable [] body;
    private @Nullable HttpProblem bodyProblem;
    private @Nullable String rejection;
    private boolean clientGone;
    private Runnable whenWorked = () -> {};
    private Runnable refund = () -> {};
    private final Request request;
    private final ResponseBudget budget;
    private boolean compression;
    private @Nullable Function<Duration, Optional<Duration>> staleWithin;
    private String basePath = "";
    private volatile String clientAddress = "";
    private final AtomicReference<@Nullable Reservation> reservation = new AtomicReference<>();
    private volatile @Nullable ResponseWrite write;
    private final AtomicBoolean closed = new AtomicBoolean();
    private volatile @Nullable Thread worker;
    private final ComputingTime computingTime = new ComputingTime();

    private Exchange(Request request, Response response, ResponseBudget budget) {
        this.request = request;
        this.budget = budget;
        this.answer = response.getHeaders();
        var headers = request.getHeaders();
        this.requestId = RequestId.choose(headers.get(RequestId.HEADER));
        this.probe = isProbe(request.getHttpURI().getPath());
        this.peer = request.getConnectionMetaData().getRemoteSocketAddress() instanceof InetSocketAddress remote
                ? remote.getAddress()
                : InetAddress.getLoopbackAddress();
        this.traceId = TraceParent.traceId(headers.get("traceparent"));
    }

    /** Creates the exchange of a request, and sets the headers that all responses have. */
    public static Exchange begin(Request request, Response response, ResponseBudget budget) {
        var exchange = new Exchange(request, response, budget);
        request.setAttribute(ATTRIBUTE, exchange);
        Responses.HEADERS.forEach(exchange.answer::add);
        exchange.answer.add(RequestId.HEADER, exchange.requestId);
        return exchange;
    }

    public static Exchange of(Context ctx) {
        return (Exchange) ctx.req().getAttribute(ATTRIBUTE);
    }

    /** Returns null if Jetty rejected the request before the first handler. */
    public static @Nullable Exchange of(Request request) {
        return (Exchange) request.getAttribute(ATTRIBUTE);
    }

    /** Returns the nanoseconds since the end of the request headers. */
    public long nanos() {
        return System.nanoTime() - start;
    }

    /** Returns the response headers of Jetty: cheaper to set than through the servlet API. */
    public HttpFields.Mutable answer() {
        return answer;
    }

    public String requestId() {
        return requestId;
    }

    /** Returns the remote address of the connection, which may be a proxy's. */
    public InetAddress peer() {
        return peer;
    }

    /**
     * Returns whether a path is a probe: never authenticated, rate limited or rejected under load.
     *
     * @param path the path as sent: other spellings, such as {@code /%6civez} or {@code /livez;x}, are neither probes
     *     nor other routes
     */
    public static boolean isProbe(@Nullable String path) {
        return path != null && PROBES.contains(path);
    }

    /** Returns whether the request is a probe: see {@link Exchange#isProbe(String)}. */
    public boolean isProbe() {
        return probe;
    }

    /** Returns the W3C trace id, null if the client sent none. */
    @Nullable
    public String traceId() {
        return traceId;
    }

    /** Sets what precedes the paths in responses. */
    public Exchange basePath(String value) {
        basePath = value;
        return this;
    }

    String basePath() {
        return basePath;
    }

    /** Sets whether responses to GET may be compressed. */
    public Exchange compression(boolean value) {
        compression = value;
        return this;
    }

    /**
     * Sets how results are recognised that may be stale because there is no primary.
     *
     * @param value returns the age of such results within a time before now; null if none may be
     */
    public void staleness(@Nullable Function<Duration, Optional<Duration>> value) {
        staleWithin = value;
    }

    /** Adds the header Age, in seconds, if a replica may have returned the result although there is no primary. */
    void markStale() {
        if (staleWithin != null) {
            staleWithin
                    .apply(Duration.ofNanos(nanos()))
                    .ifPresent(age ->
                            answer.put(HttpHeader.AGE, age.plusMillis(999).toSeconds()));
        }
    }

    boolean compression() {
        return compression;
    }

    /** Sets the route's path, with parameters in braces. */
    public void endpoint(String value) {
        endpoint = value;
    }

    public String endpoint() {
        return endpoint;
    }

    public void query(QueryParameters value) {
        query = value;
    }

    public QueryParameters query() {
        return query;
    }

    public void principal(Principal value) {
        principal = value;
    }

    /** Returns the caller. */
    public Principal principal() {
        return principal;
    }

    /** Sets the action of {@link #refund}. */
    public void whenRefunded(Runnable action) {
        refund = action;
    }

    /** Refunds to the caller's rate limit what the request consumed. */
    public void refund() {
        refund.run();
    }

    /** Sets the body, once it was read completely. */
    public void body(byte[] value) {
        body = value;
    }

    public byte @Nullable [] body() {
        return body;
    }

    /** Sets why the body was not read. */
    public void bodyProblem(HttpProblem value) {
        bodyProblem = value;
    }

    @Nullable
    public HttpProblem bodyProblem() {
        return bodyProblem;
    }

    /** Notes that the client closed the connection before the response. */
    void clientGone() {
        clientGone = true;
    }

    boolean isClientGone() {
        return clientGone;
    }

    /** Notes that the request was rejected before any work; the reason is a metric label. */
    public void rejected(String reason) {
        rejection = reason;
    }

    @Nullable
    public String rejection() {
        return rejection;
    }

    /** Sets the idempotent action of {@link #worked}. */
    public void whenWorked(Runnable action) {
        whenWorked = action;
    }

    /** Releases the admission permit: the work is done, only the response remains to be sent. */
    public void worked() {
        whenWorked.run();
    }

    /** Memory reserved from the response budget. */
    private record Reservation(ResponseBudget.Share share, long bytes) {}

    /** Sets the client address as {@link ClientAddress#key} returns it; empty until then. */
    public void clientAddress(String key) {
        clientAddress = key;
    }

    public String clientAddress() {
        return clientAddress;
    }

    /**
     * Reserves memory for the response, in place of an earlier reservation.
     *
     * @param bytes the size of the response
     * @throws HttpProblem 503, when the budget is used up
     */
    void reserve(long bytes) {
        release();
        if (!budget.tryReserve(this, bytes)) {
            rejected(RejectionReason.RESPONSES.label());
            throw Problems.unavailable(RejectionReason.RESPONSES.detail(), ProblemReason.BUSY);
        }
        keep(new Reservation(budget.share(bytes), bytes));
    }

    /** Reserves memory even over the budget, for a small response that must be sent: a problem. */
    void reserveAnyway(long bytes) {
        release();
        budget.share(bytes).add(bytes);
        keep(new Reservation(budget.share(bytes), bytes));
    }

    private void keep(Reservation taken) {
        reservation.set(taken);
        if (closed.get()) {
            release();
        }
    }

    /** Releases the reserved memory; idempotent. */
    public void release() {
        var taken = reservation.getAndSet(null);
        if (taken != null) {
            taken.share.release(taken.bytes);
        }
    }

    long reservedFrom(ResponseBudget.Share share) {
        var taken = reservation.get();
        return taken != null && taken.share.equals(share) ? taken.bytes : 0;
    }

    /** Starts to measure the write of the response. */
    ResponseWrite startWrite() {
        var started = new ResponseWrite(System.nanoTime());
        write = started;
        return started;
    }

    /** Closes the connection if the client reads its response too slowly. Returns whether it did. */
    public boolean closeIfSlow(long now, Duration grace) {
        var started = write;
        if (started == null || !started.isSlow(now, grace) || !closed.compareAndSet(false, true)) {
            return false;
        }
        release();
        request.getConnectionMetaData().getConnection().getEndPoint().close(new TimeoutException("slow client"));
        return true;
    }

    boolean isClosed() {
        return closed.get();
    }

    /** Sets the thread that processes the request; null when it is done. */
    public void worker(@Nullable Thread thread) {
        worker = thread;
    }

    @Nullable
    public Thread worker() {
        return worker;
    }

    /** Returns how long the request has been computing. */
    public ComputingTime computingTime() {
        return computingTime;
    }
}
