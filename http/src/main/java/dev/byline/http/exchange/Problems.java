package dev.byline.http.exchange;

import dev.byline.http.message.HttpProblem;
import dev.byline.http.message.Json;
import dev.byline.http.message.Problem;
import dev.byline.http.message.ProblemReason;
import dev.byline.http.message.RequestId;
import dev.byline.model.BylineException;
import dev.byline.model.ConflictReason;
import dev.byline.model.FieldError;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import io.javalin.http.HttpResponseException;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.apache.commons.lang3.exception.ExceptionUtils;
import org.eclipse.jetty.http.HttpException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Maps exceptions to {@code application/problem+json} responses (RFC 9457). */
public final class Problems {
    public static final String CONTENT_TYPE = "application/problem+json";

    private static final Logger LOG = LoggerFactory.getLogger(Problems.class);

    private Problems() {}

    /**
     * Registers the handlers of all exceptions.
     *
     * @param allowed returns the methods of a path, for the header Allow
     */
    public static void install(RoutesConfig routes, UnaryOperator<String> allowed) {
        routes.exception(BylineException.class, (e, ctx) -> send(ctx, of(ctx, e)));
        routes.exception(HttpProblem.class, (e, ctx) -> send(ctx, e));
        routes.exception(HttpResponseException.class, (e, ctx) -> ofJavalin(ctx, e, allowed));
        routes.exception(UncheckedIOException.class, (e, ctx) -> gone(ctx, e));
        routes.exception(Exception.class, (e, ctx) -> send(ctx, other(ctx, e)));
    }

    private static HttpProblem of(Context ctx, BylineException e) {
        var detail = String.valueOf(e.getMessage());
        return switch (e) {
            case BylineException.Invalid invalid ->
                new HttpProblem(Problem.INVALID, detail, invalid.errors(), Map.of());
            case BylineException.BadCursor ignored ->
                new HttpProblem(
                        Problem.BAD_CURSOR,
                        detail,
                        List.of(new FieldError("cursor", "is not a cursor of this list with these filters")),
                        Map.of());
            case BylineException.Unauthenticated ignored -> unauthenticated(detail);
            case BylineException.NotFound ignored -> new HttpProblem(Problem.NOT_FOUND, detail);
            case BylineException.Forbidden ignored -> new HttpProblem(Problem.FORBIDDEN, detail);
            case BylineException.Conflict conflict -> conflict(conflict, detail);
            case BylineException.Stale ignored -> new HttpProblem(Problem.STALE, detail);
            case BylineException.InProgress ignored ->
                new HttpProblem(Problem.IN_PROGRESS, detail, List.of(), Map.of("Retry-After", "1"));
            case BylineException.TooMany ignored ->
                new HttpProblem(Problem.TOO_MANY_REQUESTS, detail, List.of(), Map.of("Retry-After", "5"));
            case BylineException.KeyReused ignored -> new HttpProblem(Problem.KEY_REUSED, detail);
            case BylineException.Unavailable unavailable -> {
                if (unavailable.getCause() != null) {
                    LOG.warn(
                            "{}, request id {}: {}",
                            detail,
                            Exchange.of(ctx).requestId(),
                            ExceptionUtils.getRootCauseMessage(unavailable));
                }
                yield unavailable(detail, ProblemReason.of(unavailable.reason()))
                        .mayHaveHappened(unavailable.mayHaveHappened());
            }
        };
    }

    public static HttpProblem unauthenticated(String detail) {
        return new HttpProblem(
                Problem.UNAUTHENTICATED, detail, List.of(), Map.of("WWW-Authenticate", "Bearer realm=\"byline\""));
    }

    private static HttpProblem conflict(BylineException.Conflict e, String detail) {
        var errors = e.reason() == ConflictReason.EMAIL_TAKEN
                ? List.of(new FieldError("email", "is taken"))
                : List.<FieldError>of();
        return new HttpProblem(Problem.CONFLICT, detail, errors, Map.of()).because(ProblemReason.of(e.reason()));
    }

    public static HttpProblem unavailable(String detail, ProblemReason reason) {
        return new HttpProblem(Problem.UNAVAILABLE, detail, List.of(), Map.of("Retry-After", "1")).because(reason);
    }

    /** Handles an unknown path or an unsupported method. */
    private static void ofJavalin(Context ctx, HttpResponseException e, UnaryOperator<String> allowed) {
        var problem = Problem.of(e.getStatus());
        if (problem != Problem.METHOD_NOT_ALLOWED) {
            var detail = problem == Problem.NOT_FOUND ? "no resource at this path" : problem.title;
            send(ctx, new HttpProblem(problem, detail));
            return;
        }
        send(ctx, HttpProblem.methodNotAllowed(allowed.apply(ctx.path())));
    }

    private static HttpProblem other(Context ctx, Exception e) {
        if (e instanceof HttpException refused) { // thrown by Jetty while the body was read
            var problem = Problem.of(refused.getCode());
            return new HttpProblem(problem, problem.title);
        }
        LOG.error(
                "{} {} failed, request id {}",
                ctx.req().getMethod(),
                ctx.path(),
                Exchange.of(ctx).requestId(),
                e);
        return new HttpProblem(Problem.INTERNAL, "the server failed; report it with this request_id");
    }

    /** Handles an I/O error: the body is incomplete, or the client closed the connection. */
    private static void gone(Context ctx, UncheckedIOException e) {
        LOG.debug("the client closed the connection", e);
        send(ctx, new HttpProblem(Problem.MALFORMED, "the body is incomplete"));
    }

    /** Sends a 500 after an {@code Error} (out of memory, stack overflow) with as little work as possible. */
    public static void fatal(HttpServletResponse response, Error error) {
        LOG.error("request failed", error);
        if (response.isCommitted()) {
            return;
        }
        var problem = new HttpProblem(Problem.INTERNAL, Problem.INTERNAL.title);
        var body = bytes(problem, String.valueOf(response.getHeader(RequestId.HEADER)));
        response.resetBuffer();
        response.setStatus(problem.problem.status);
        response.setContentType(CONTENT_TYPE);
        response.setContentLength(body.length);
        try {
            response.getOutputStream().write(body);
        } catch (IOException e) {
            LOG.debug("the client closed the connection", e);
        }
    }

    private static void send(Context ctx, HttpProblem e) {
        if (ctx.res().isCommitted()) {
            return;
        }
        ctx.res().resetBuffer();
        e.headers.forEach(ctx::header);
        ctx.status(e.problem.status);
        if (Exchange.of(ctx).bodyProblem() != null) { // its end was not read
            ctx.header("Connection", "close");
        }
        if (e.problem.status == 404) {
            Exchange.of(ctx).markStale(); // what a replica doesn't have yet
        }
        var body = bytes(e, Exchange.of(ctx).requestId());
        Exchange.of(ctx).reserveAnyway(body.length);
        try {
            Responses.write(ctx, CONTENT_TYPE, body);
        } catch (UncheckedIOException gone) {
            LOG.debug("the client closed the connection", gone);
            Exchange.of(ctx).clientGone();
        }
    }

    public static byte[] bytes(HttpProblem e, String requestId) {
        return Json.bytes(json -> Json.problem(json, e, requestId));
    }
}
