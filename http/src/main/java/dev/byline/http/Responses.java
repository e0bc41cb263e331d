package dev.byline.http;

import dev.byline.model.Page;
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

    private Responses() {}

    /** For what has no ETag: the answer to a write, or what must not be kept. */
    static void json(Context ctx, HttpStatus status, Json.Writer body) {
        ctx.status(status);
        send(ctx, JSON, Json.bytes(body));
    }

    /** For something created: with its address and its ETag. */
    static void created(Context ctx, String location, String tag, boolean replayed, Json.Writer body) {
        ctx.header("Location", location);
        ctx.header("ETag", tag);
        created(ctx, replayed, body);
    }

    /** For several things created at once. */
    static void created(Context ctx, boolean replayed, Json.Writer body) {
        if (replayed) {
            ctx.header("Idempotency-Replayed", "true");
        }
        json(ctx, HttpStatus.CREATED, body);
    }

    /**
     * Writes past Javalin's own buffering, which copies each answer once more. The request leaves its place in admission first:
     * what it still takes is memory, of which there is a budget, and a client that reads slowly keeps nobody else out.
     *
     * @throws HttpProblem when the budget is used up: 503
     */
    static void send(Context ctx, String contentType, byte[] body) {
        Exchange.of(ctx).reserve(body.length);
        write(ctx, contentType, body);
    }

    /** The same for a body that takes no memory of its own, or has its memory already. */
    static void write(Context ctx, String contentType, byte[] body) {
        type(ctx, contentType);
        ctx.res().setContentLength(body.length);
        var exchange = Exchange.of(ctx);
        exchange.worked();
        try {
            exchange.startWrite().write(body, ctx.res().getOutputStream());
        } catch (IOException e) {
            throw new UncheckedIOException(e); // the client is gone
        }
    }

    private static void type(Context ctx, String contentType) {
        if (!contentType.equals(JSON)) {
            ctx.res().setCharacterEncoding(null); // JSON types have no charset parameter
            ctx.contentType(contentType);
        }
    }

    /** The headers of an answer to GET, in answer to HEAD. */
    static void head(Context ctx, String contentType, long length) {
        type(ctx, contentType);
        ctx.res().setContentLengthLong(length);
    }

    static boolean isHead(Context ctx) {
        return ctx.req().getMethod().equals("HEAD");
    }

    /**
     * Renders a body; a large one only if there is room for it.
     *
     * @param bytes about how many it takes
     * @throws HttpProblem when the budget is used up: 503
     */
    static byte[] render(Context ctx, long bytes, Json.Writer body) {
        if (bytes > ResponseBudget.SMALL) {
            Exchange.of(ctx).reserve(bytes);
        }
        return Json.bytes(body);
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
