package dev.byline.http.exchange;

import dev.byline.http.message.HttpProblem;
import dev.byline.http.message.Problem;
import dev.byline.http.message.RequestId;
import dev.byline.http.metrics.PrometheusMetrics;
import java.nio.ByteBuffer;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.PreEncodedHttpField;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/** Sends problem+json for requests that Jetty rejects before Javalin. */
public final class JettyProblems extends ErrorHandler {
    private static final HttpField TYPE = new PreEncodedHttpField(HttpHeader.CONTENT_TYPE, Problems.CONTENT_TYPE);
    private static final HttpField RETRY_AFTER = new PreEncodedHttpField(HttpHeader.RETRY_AFTER, "1");

    private final PrometheusMetrics metrics;

    public JettyProblems(PrometheusMetrics metrics) {
        this.metrics = metrics;
    }

    @Override
    public boolean errorPageForMethod(String method) {
        return true;
    }

    @Override
    protected void generateResponse(
            Request request,
            Response response,
            int code,
            @Nullable String message,
            @Nullable Throwable cause,
            Callback callback) {
        var problem = Problem.of(code);
        var exchange = Exchange.of(request);
        if (exchange == null) { // rejected before the first handler
            metrics.refused(request.getMethod(), code);
        }
        var requestId =
                exchange == null ? RequestId.choose(request.getHeaders().get(RequestId.HEADER)) : exchange.requestId();
        Responses.HEADERS.forEach(response.getHeaders()::put); // Jetty has reset the response
        response.getHeaders().put(RequestId.HEADER, requestId);
        var status = problem == Problem.INTERNAL || problem == Problem.MALFORMED ? problem.status : code;
        send(new HttpProblem(problem, detail(problem)), status, response, requestId, callback);
    }

    /** Sends a problem without blocking, and cheaply: an overloaded server rejects many requests. */
    public static void send(HttpProblem problem, int status, Response response, String requestId, Callback callback) {
        var body = Problems.bytes(problem, requestId);
        response.setStatus(status);
        var headers = response.getHeaders();
        headers.put(TYPE);
        headers.put(HttpHeader.CONTENT_LENGTH, body.length);
        if (problem.problem == Problem.UNAVAILABLE) {
            headers.put(RETRY_AFTER);
        }
        response.write(true, ByteBuffer.wrap(body), callback);
    }

    private static String detail(Problem problem) {
        return switch (problem) {
            case MALFORMED -> "the request line, a header or the framing of the body is malformed";
            case UNAVAILABLE -> "the server is stopping";
            case HEADERS_TOO_LARGE -> "all headers together must have at most 16 KiB";
            default -> problem.title;
        };
    }
}
