package dev.byline.http;

import java.nio.ByteBuffer;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/** What Jetty refuses before Javalin sees it, in the same form as every other error. */
final class JettyProblems extends ErrorHandler {
    private final PrometheusMetrics metrics;

    JettyProblems(PrometheusMetrics metrics) {
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
        if (exchange == null) { // refused before any stage of ours
            metrics.refused(request.getMethod(), code);
        }
        var requestId =
                exchange == null ? RequestId.choose(request.getHeaders().get(RequestId.HEADER)) : exchange.requestId();
        response.setStatus(problem == Problem.INTERNAL || problem == Problem.MALFORMED ? problem.status : code);
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, Problems.CONTENT_TYPE);
        response.getHeaders().put(RequestId.HEADER, requestId);
        HttpServer.PROTECTION.forEach((name, value) -> response.getHeaders().put(name, value));
        if (problem == Problem.UNAVAILABLE) {
            response.getHeaders().put(HttpHeader.RETRY_AFTER, "1");
        }
        var body = Problems.bytes(new HttpProblem(problem, detail(problem)), requestId);
        response.getHeaders().put(HttpHeader.CONTENT_LENGTH, body.length);
        response.write(true, ByteBuffer.wrap(body), callback);
    }

    private static String detail(Problem problem) {
        return switch (problem) {
            case MALFORMED -> "the request line, a header or the framing of the body is malformed";
            case HEADERS_TOO_LARGE -> "all headers together may take 16 KiB";
            default -> problem.title;
        };
    }
}
