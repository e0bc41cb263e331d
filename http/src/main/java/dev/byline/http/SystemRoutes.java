package dev.byline.http;

import dev.byline.http.exchange.ConditionalRequests;
import dev.byline.http.exchange.Problems;
import dev.byline.http.exchange.Requests;
import dev.byline.http.exchange.Responses;
import dev.byline.http.message.ProblemReason;
import io.javalin.http.Context;
import io.javalin.http.HttpStatus;

/** {@code /}, {@code /livez} and {@code /readyz}. */
final class SystemRoutes {
    private final Readiness readiness;
    private final HttpConfig config;
    private final Liveness liveness = Liveness.ofVirtualThreads();

    SystemRoutes(Readiness readiness, HttpConfig config) {
        this.readiness = readiness;
        this.config = config;
    }

    void index(Context ctx) {
        Responses.vary(ctx, "Accept");
        if (config.docs() && Requests.isHtmlWanted(ctx)) {
            ctx.header("Location", config.basePath() + "/docs");
            ctx.status(HttpStatus.SEE_OTHER);
            ctx.res().setContentType(null);
            return;
        }
        Requests.requireJsonWanted(ctx);
        ConditionalRequests.json(ctx, 0, json -> {
            json.writeStartObject();
            json.writeStringField("name", "byline");
            json.writeStringField("version", config.version());
            json.writeStringField("users", config.basePath() + "/users");
            json.writeStringField("posts", config.basePath() + "/posts");
            json.writeStringField("openapi", config.basePath() + "/openapi.json");
            if (config.docs()) {
                json.writeStringField("docs", config.basePath() + "/docs");
            }
            json.writeEndObject();
        });
    }

    void livez(Context ctx) {
        livez(ctx, liveness);
    }

    /**
     * Reports whether the process responds and processes requests. Checks neither the database nor anything else
     * outside.
     */
    static void livez(Context ctx, Liveness liveness) {
        liveness.stuckFor().ifPresent(stuck -> {
            throw Problems.unavailable(
                    "no request has been processed for " + stuck.toSeconds() + " s", ProblemReason.BUSY);
        });
        status(ctx, "alive");
    }

    void readyz(Context ctx) {
        readyz(ctx, readiness);
    }

    static void readyz(Context ctx, Readiness readiness) {
        readiness.obstacle().ifPresent(obstacle -> {
            throw Problems.unavailable(
                    obstacle, readiness.isStarted() ? ProblemReason.DATABASE_AWAY : ProblemReason.STARTING);
        });
        status(ctx, readiness.isReadOnly() ? "read-only" : "ready");
    }

    private static void status(Context ctx, String status) {
        Responses.json(ctx, HttpStatus.OK, json -> {
            json.writeStartObject();
            json.writeStringField("status", status);
            json.writeEndObject();
        });
    }
}
