package dev.byline.http;

import dev.byline.model.Principal;
import io.javalin.http.Context;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.jspecify.annotations.Nullable;

/** What becomes known of one request on its way through the server: metrics and the log are told at its end. */
final class Exchange {
    private static final String ATTRIBUTE = "byline.exchange";

    /** W3C Trace Context, version 00: of later versions the first parts mean the same. */
    private static final Pattern TRACEPARENT =
            Pattern.compile("(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}");

    private static final int TRACEPARENT_LENGTH = 55;

    private final HttpFields.Mutable answer;
    private final long start = System.nanoTime();
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
    private volatile String clientAddress = "";
    private final AtomicReference<@Nullable Reservation> reservation = new AtomicReference<>();
    private volatile @Nullable ResponseWrite write;
    private final AtomicBoolean closed = new AtomicBoolean();
    private volatile @Nullable Thread worker;
    private long computingSince; // the watchdog's
    private boolean reported; // the watchdog's

    private Exchange(Request request, Response response, ResponseBudget budget) {
        this.request = request;
        this.budget = budget;
        this.answer = response.getHeaders();
        var headers = request.getHeaders();
        this.requestId = RequestId.choose(headers.get(RequestId.HEADER));
        this.probe = Route.isProbe(request.getHttpURI().getPath());
        this.peer = request.getConnectionMetaData().getRemoteSocketAddress() instanceof InetSocketAddress remote
                ? remote.getAddress()
                : InetAddress.getLoopbackAddress();
        this.traceId = traceId(headers.get("traceparent"));
    }

    /** What follows the parts that are known is left alone. */
    static @Nullable String traceId(@Nullable String traceparent) {
        if (traceparent == null
                || traceparent.length() < TRACEPARENT_LENGTH
                || (traceparent.length() > TRACEPARENT_LENGTH && traceparent.charAt(TRACEPARENT_LENGTH) != '-')) {
            return null;
        }
        var matcher = TRACEPARENT.matcher(traceparent).region(0, TRACEPARENT_LENGTH);
        return matcher.matches() ? matcher.group(1) : null;
    }

    /** Takes note of a request, and sets the headers that all answers have. */
    static Exchange begin(Request request, Response response, ResponseBudget budget) {
        var exchange = new Exchange(request, response, budget);
        request.setAttribute(ATTRIBUTE, exchange);
        Responses.HEADERS.forEach(exchange.answer::add);
        exchange.answer.add(RequestId.HEADER, exchange.requestId);
        return exchange;
    }

    static Exchange of(Context ctx) {
        return (Exchange) ctx.req().getAttribute(ATTRIBUTE);
    }

    /** Null for what Jetty refused before anybody looked at it. */
    static @Nullable Exchange of(Request request) {
        return (Exchange) request.getAttribute(ATTRIBUTE);
    }

    /** Nanoseconds since it came. */
    long nanos() {
        return System.nanoTime() - start;
    }

    /** The headers of the answer, where setting those of every answer costs least. */
    HttpFields.Mutable answer() {
        return answer;
    }

    String requestId() {
        return requestId;
    }

    /** Who is at the other end of the connection; a proxy, perhaps. */
    InetAddress peer() {
        return peer;
    }

    /** Whether it is a probe, for every stage: see {@link Route#isProbe}. */
    boolean isProbe() {
        return probe;
    }

    /** Of the caller's W3C trace, if it sent one. */
    @Nullable
    String traceId() {
        return traceId;
    }

    /** The route's path, with parameters in braces. */
    void endpoint(String value) {
        endpoint = value;
    }

    String endpoint() {
        return endpoint;
    }

    void query(QueryParameters value) {
        query = value;
    }

    QueryParameters query() {
        return query;
    }

    void principal(Principal value) {
        principal = value;
    }

    /** Who calls. */
    Principal principal() {
        return principal;
    }

    /** Says how the caller gets back what the request took of its budget. */
    void whenRefunded(Runnable action) {
        refund = action;
    }

    /** Gives the caller back what the request took of its budget. */
    void refund() {
        refund.run();
    }

    /** The whole body was read. */
    void body(byte[] value) {
        body = value;
    }

    byte @Nullable [] body() {
        return body;
    }

    /** The body can't be had. */
    void bodyProblem(HttpProblem value) {
        bodyProblem = value;
    }

    @Nullable
    HttpProblem bodyProblem() {
        return bodyProblem;
    }

    /** The client had gone before it could be answered. */
    void clientGone() {
        clientGone = true;
    }

    boolean isClientGone() {
        return clientGone;
    }

    /** It was refused before any work, for a reason that is a label of a metric. */
    void rejected(String reason) {
        rejection = reason;
    }

    @Nullable
    String rejection() {
        return rejection;
    }

    /** Says what to do when the work is done and only the answer remains to be sent; may be done twice. */
    void whenWorked(Runnable action) {
        whenWorked = action;
    }

    /** The work is done: whoever waits for its place may have it. */
    void worked() {
        whenWorked.run();
    }

    /** Memory of the response budget. */
    private record Reservation(ResponseBudget.Share share, long bytes) {}

    /** As in {@link ClientAddress#key}; empty before it is known. */
    void clientAddress(String key) {
        clientAddress = key;
    }

    String clientAddress() {
        return clientAddress;
    }

    /**
     * Takes memory for the answer, in place of what was taken before.
     *
     * @param bytes of the answer
     * @throws HttpProblem when there is none: 503
     */
    void reserve(long bytes) {
        release();
        if (!budget.tryReserve(this, bytes)) {
            rejected(AdmissionControl.Reason.RESPONSES.label);
            throw Problems.unavailable(AdmissionControl.Reason.RESPONSES.detail);
        }
        keep(new Reservation(budget.share(bytes), bytes));
    }

    /** The same for an answer that must be sent in any case, and is bounded. */
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

    /** Gives the memory back; may be done twice. */
    void release() {
        var taken = reservation.getAndSet(null);
        if (taken != null) {
            taken.share.release(taken.bytes);
        }
    }

    long reservedFrom(ResponseBudget.Share share) {
        var taken = reservation.get();
        return taken != null && taken.share.equals(share) ? taken.bytes : 0;
    }

    /** The answer is written from now on. */
    ResponseWrite startWrite() {
        var started = new ResponseWrite(System.nanoTime());
        write = started;
        return started;
    }

    /** Closes the connection of a client that reads its answer too slowly. */
    boolean closeIfSlow(long now, Duration grace) {
        var started = write;
        if (started == null || !started.isSlow(now, grace) || !closed.compareAndSet(false, true)) {
            return false;
        }
        release();
        request.getConnectionMetaData().getConnection().getEndPoint().close(new TimeoutException("reads too slowly"));
        return true;
    }

    boolean isClosed() {
        return closed.get();
    }

    /** The thread that works on the request; null when it is done. */
    void worker(@Nullable Thread thread) {
        worker = thread;
    }

    @Nullable
    Thread worker() {
        return worker;
    }

    /**
     * For the watchdog alone: notes whether the request is computing now.
     *
     * @return whether it has been computing for the time given, told once
     */
    boolean hasComputedFor(Duration time, boolean computing, long now) {
        if (!computing) {
            computingSince = 0;
            return false;
        }
        if (computingSince == 0) {
            computingSince = now | 1;
        }
        if (reported || now - computingSince < time.toNanos()) {
            return false;
        }
        reported = true;
        return true;
    }
}
