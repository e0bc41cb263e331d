package dev.byline.http;

import dev.byline.user.Principal;
import io.javalin.http.Context;
import java.net.InetAddress;
import java.net.InetSocketAddress;
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
            Pattern.compile("(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?");

    private final HttpFields.Mutable answer;
    private final long start = System.nanoTime();
    private final String requestId;
    private final @Nullable String traceId;
    private final InetAddress peer;
    private String endpoint = PrometheusMetrics.UNMATCHED;
    private Principal principal = new Principal.Anonymous();
    private byte @Nullable [] body;
    private @Nullable HttpProblem bodyProblem;
    private @Nullable String rejection;
    private Runnable whenWorked = () -> {};
    private Runnable refund = () -> {};

    private Exchange(Request request, Response response) {
        this.answer = response.getHeaders();
        var headers = request.getHeaders();
        this.requestId = RequestId.choose(headers.get(RequestId.HEADER));
        var traceparent = headers.get("traceparent");
        var matcher = traceparent == null ? null : TRACEPARENT.matcher(traceparent);
        this.peer = request.getConnectionMetaData().getRemoteSocketAddress() instanceof InetSocketAddress remote
                ? remote.getAddress()
                : InetAddress.getLoopbackAddress();
        this.traceId = matcher != null && matcher.matches() ? matcher.group(1) : null;
    }

    /** Takes note of a request, and sets the headers that all answers have. */
    static Exchange begin(Request request, Response response) {
        var exchange = new Exchange(request, response);
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

    /** It was refused before any work, for a reason that is a label of a metric. */
    void rejected(String reason) {
        rejection = reason;
    }

    @Nullable
    String rejection() {
        return rejection;
    }

    /** Says what to do when the work is done and only a small answer remains to be sent; may be done twice. */
    void whenWorked(Runnable action) {
        whenWorked = action;
    }

    /** The work is done: whoever waits for its place may have it. */
    void worked() {
        whenWorked.run();
    }
}
