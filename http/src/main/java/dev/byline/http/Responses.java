package dev.byline.http;

import dev.byline.page.Page;
import io.javalin.http.Context;
import io.javalin.http.HttpStatus;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.regex.Pattern;

/** Sends answers. */
final class Responses {
    private static final Pattern CURSOR = Pattern.compile("(^|&)cursor=[^&]*");

    private Responses() {}

    static void json(Context ctx, HttpStatus status, Json.Writer body) {
        ctx.status(status);
        send(ctx, "application/json", Json.bytes(body));
    }

    /** Writes past Javalin's own buffering, which copies each answer once more. */
    static void send(Context ctx, String contentType, byte[] body) {
        ctx.res().setCharacterEncoding(null); // JSON types have no charset parameter
        ctx.contentType(contentType);
        ctx.res().setContentLength(body.length);
        try {
            ctx.res().getOutputStream().write(body);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // the client is gone
        }
    }

    /** Says where the next page is, with the same filters as this one. */
    static void linkNext(Context ctx, Page<?> page) {
        if (page.nextCursor() == null) {
            return;
        }
        var query = ctx.req().getQueryString();
        var kept = query == null ? "" : CURSOR.matcher(query).replaceFirst("");
        kept = kept.startsWith("&") ? kept.substring(1) : kept;
        var next = ctx.path() + "?" + (kept.isEmpty() ? "" : kept + "&") + "cursor=" + page.nextCursor();
        ctx.header("Link", "<" + next + ">; rel=\"next\"");
    }
}
