package dev.byline.http.exchange;

import dev.byline.http.message.HttpProblem;
import dev.byline.http.message.Json;
import dev.byline.http.message.QueryParameters;
import dev.byline.model.Page;
import io.javalin.http.Context;
import io.javalin.http.HttpStatus;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.PreEncodedHttpField;

/** Sends responses. */
public final class Responses {
    /** The default headers of all responses: browsers must not cache, sniff, frame or execute them. */
    static final List<HttpField> HEADERS = List.of(
            new PreEncodedHttpField(HttpHeader.CACHE_CONTROL, "no-store"),
            new PreEncodedHttpField("X-Content-Type-Options", "nosniff"),
            new PreEncodedHttpField("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
            new PreEncodedHttpField("Referrer-Policy", "no-referrer"),
            new PreEncodedHttpField(HttpHeader.VARY, "Authorization"));

    /** The default content type of all servers. */
    public static final String JSON = "application/json";

    private Responses() {}

    /** Sends JSON without an ETag: the response to a write, or one that must not be cached. */
    public static void json(Context ctx, HttpStatus status, Json.Writer body) {
        ctx.status(status);
        send(ctx, JSON, Json.bytes(body));
    }

    /** Sends 201 with Location and ETag. */
    public static void created(Context ctx, String location, String tag, boolean replayed, Json.Writer body) {
        ctx.header("Location", Exchange.of(ctx).basePath() + location);
        ctx.header("ETag", tag);
        created(ctx, replayed, body);
    }

    /** Sends 201 for several resources. */
    public static void created(Context ctx, boolean replayed, Json.Writer body) {
        if (replayed) {
            ctx.header("Idempotency-Replayed", "true");
        }
        json(ctx, HttpStatus.CREATED, body);
    }

    /**
     * Sends a body directly to the servlet response: Javalin's buffering would copy it again. Releases the admission
     * permit first, so that a client that reads slowly blocks no other request. The body is charged to the
     * {@link ResponseBudget}.
     *
     * @throws HttpProblem 503, when the budget is used up
     */
    public static void send(Context ctx, String contentType, byte[] body) {
        Exchange.of(ctx).reserve(body.length);
        write(ctx, contentType, body);
    }

    /**
     * Sends a body like {@link #send}, but reserves no memory: the body is shared, or its memory is already reserved.
     */
    public static void write(Context ctx, String contentType, byte[] body) {
        type(ctx, contentType);
        ctx.res().setContentLength(body.length);
        var exchange = Exchange.of(ctx);
        exchange.worked();
        try {
            exchange.startWrite().write(body, ctx.res().getOutputStream());
        } catch (IOException e) {
            throw new UncheckedIOException(e); // the client closed the connection
        }
    }

    private static void type(Context ctx, String contentType) {
        if (!contentType.equals(JSON)) {
            ctx.res().setCharacterEncoding(null); // JSON types have no charset parameter
            ctx.contentType(contentType);
        }
    }

    /** Sends for HEAD the headers that GET would have. */
    public static void head(Context ctx, String contentType, long length) {
        type(ctx, contentType);
        ctx.res().setContentLengthLong(length);
    }

    static boolean isHead(Context ctx) {
        return ctx.req().getMethod().equals("HEAD");
    }

    /**
     * Renders a body. Reserves memory for a large one first.
     *
     * @param bytes the estimated size of the body
     * @throws HttpProblem 503, when the budget is used up
     */
    static byte[] render(Context ctx, long bytes, Json.Writer body) {
        if (bytes > ResponseBudget.SMALL) {
            Exchange.of(ctx).reserve(bytes);
        }
        return Json.bytes(body);
    }

    public static void noContent(Context ctx) {
        ctx.status(HttpStatus.NO_CONTENT);
        ctx.res().setContentType(null);
    }

    public static void options(Context ctx, String allowed, boolean patches) {
        ctx.header("Allow", allowed);
        if (patches) {
            ctx.header("Accept-Patch", Requests.PATCH_TYPES);
        }
        noContent(ctx);
    }

    /** Adds a request header that the response depends on to Vary. */
    public static void vary(Context ctx, String header) {
        var before = ctx.res().getHeader("Vary");
        ctx.header("Vary", before == null ? header : before + ", " + header);
    }

    public static void flush(Context ctx) {
        try {
            ctx.res().flushBuffer();
        } catch (IOException e) {
            throw new UncheckedIOException(e); // the client closed the connection
        }
    }

    /** Adds the header Link to the next page, with the same filters, if there is one. */
    public static void linkNext(Context ctx, QueryParameters query, Page<?> page) {
        if (page.nextCursor() != null) {
            Exchange.of(ctx)
                    .answer()
                    .put(
                            "Link",
                            "<" + Exchange.of(ctx).basePath() + ctx.path() + query.with("cursor", page.nextCursor())
                                    + ">; rel=\"next\"");
        }
    }
}
