package dev.byline.http;

import dev.byline.http.exchange.Responses;
import io.javalin.http.Context;
import java.util.Set;

/**
 * CORS: allows web pages of the listed origins to read responses. Without listed origins CORS is off.
 *
 * @param origins the allowed origins, such as {@code https://app.example.com}
 */
record Cors(Set<String> origins) {
    void apply(Context ctx) {
        var origin = ctx.req().getHeader("Origin");
        if (origins.isEmpty()) {
            return;
        }
        Responses.vary(ctx, "Origin");
        if (origin == null || !origins.contains(origin)) {
            return;
        }
        ctx.header("Access-Control-Allow-Origin", origin);
        ctx.header(
                "Access-Control-Expose-Headers",
                "Link, Location, ETag, Idempotency-Replayed, Accept-Patch, Retry-After, RateLimit, RateLimit-Policy,"
                        + " X-Request-Id");
        if (ctx.req().getMethod().equals("OPTIONS") && ctx.req().getHeader("Access-Control-Request-Method") != null) {
            ctx.header("Access-Control-Allow-Methods", "GET, HEAD, POST, PATCH, DELETE");
            ctx.header(
                    "Access-Control-Allow-Headers",
                    "Authorization, Content-Type, If-Match, If-None-Match, Idempotency-Key, X-Request-Id,"
                            + " traceparent, tracestate");
            ctx.header("Access-Control-Max-Age", "600");
        }
    }
}
