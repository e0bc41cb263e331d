package dev.byline.http;

import dev.byline.page.Page;
import io.javalin.http.Context;
import io.javalin.http.HttpStatus;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.PreEncodedHttpField;

/** Sends answers. */
final class Responses {
    /** What every answer has, unless a handler knows better: what browsers must not do with answers that are data. */
    static final List<HttpField> HEADERS = List.of(
            new PreEncodedHttpField(HttpHeader.CACHE_CONTROL, "no-store"),
            new PreEncodedHttpField("X-Content-Type-Options", "nosniff"),
            new PreEncodedHttpField("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
            new PreEncodedHttpField("Referrer-Policy", "no-referrer"),
            new PreEncodedHttpField(HttpHeader.VARY, "Authorization"));

    /** What all servers of ours say if nobody says otherwise. */
    static final String JSON = "application/json";

    /** What the operating system takes over at once, however slowly the client reads. */
    private static final int SMALL = 64 * 1024;

    private Responses() {}

    /** For what has no ETag: the answer to a write, or what must not be kept. */
    static void json(Context ctx, HttpStatus status, Json.Writer body) {
        ctx.status(status);
        send(ctx, JSON, Json.bytes(body));
    }

    /** Writes past Javalin's own buffering, which copies each answer once more. */
    static void send(Context ctx, String contentType, byte[] body) {
        if (!contentType.equals(JSON)) {
            ctx.res().setCharacterEncoding(null); // JSON types have no charset parameter
            ctx.contentType(contentType);
        }
        ctx.res().setContentLength(body.length);
        if (body.length <= SMALL) {
            Exchange.of(ctx).worked();
        }
        try {
            ctx.res().getOutputStream().write(body);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // the client is gone
        }
    }

    static void noContent(Context ctx) {
        ctx.status(HttpStatus.NO_CONTENT);
        ctx.res().setContentType(null);
    }

    static void options(Context ctx, String allowed, boolean patches) {
        ctx.header("Allow", allowed);
        if (patches) {
            ctx.header("Accept-Patch", Requests.PATCH_TYPES);
        }
        noContent(ctx);
    }

    /** Notes that the answer depends on a header of the request. */
    static void vary(Context ctx, String header) {
        var before = ctx.res().getHeader("Vary");
        ctx.header("Vary", before == null ? header : before + ", " + header);
    }

    static void flush(Context ctx) {
        try {
            ctx.res().flushBuffer();
        } catch (IOException e) {
            throw new UncheckedIOException(e); // the client is gone
        }
    }

    /** Says where the next page is, with the same filters as this one. */
    static void linkNext(Context ctx, QueryParameters query, Page<?> page) {
        if (page.nextCursor() != null) {
            Exchange.of(ctx)
                    .answer()
                    .put("Link", "<" + ctx.path() + query.with("cursor", page.nextCursor()) + ">; rel=\"next\"");
        }
    }
}
