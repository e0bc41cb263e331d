package dev.byline.http;

import io.javalin.http.Context;
import io.javalin.http.HttpStatus;

/** What is there beside the data. */
final class SystemRoutes {
    private final Readiness readiness;
    private final String version;

    SystemRoutes(Readiness readiness, String version) {
        this.readiness = readiness;
        this.version = version;
    }

    void index(Context ctx) {
        Requests.query(ctx);
        Responses.json(ctx, HttpStatus.OK, json -> {
            json.writeStartObject();
            json.writeStringField("name", "byline");
            json.writeStringField("version", version);
            json.writeStringField("users", "/users");
            json.writeStringField("posts", "/posts");
            json.writeEndObject();
        });
    }

    /** The process answers; nothing else is asked. */
    void livez(Context ctx) {
        status(ctx, "alive");
    }

    void readyz(Context ctx) {
        readiness.obstacle().ifPresent(obstacle -> {
            throw Problems.unavailable(obstacle);
        });
        status(ctx, "ready");
    }

    private static void status(Context ctx, String status) {
        Requests.query(ctx);
        Responses.json(ctx, HttpStatus.OK, json -> {
            json.writeStartObject();
            json.writeStringField("status", status);
            json.writeEndObject();
        });
    }
}
