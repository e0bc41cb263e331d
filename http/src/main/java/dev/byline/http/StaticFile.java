package dev.byline.http;

import dev.byline.http.exchange.ConditionalRequests;
import io.javalin.http.Context;
import java.io.IOException;
import java.io.UncheckedIOException;

/** A file of the jar, with an ETag. */
@SuppressWarnings("ArrayRecordComponent") // never compared
record StaticFile(String type, byte[] body, String tag) {
    static final String HTML = "text/html";
    static final String CSS = "text/css";
    static final String SCRIPT = "text/javascript";

    /** Content Security Policy of pages: scripts, styles and requests only from and to this origin; no framing. */
    private static final String POLICY =
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
                    + " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    StaticFile(String type, byte[] body) {
        this(type, body, ConditionalRequests.tag(body));
    }

    /**
     * Reads a file.
     *
     * @param name relative to this package, or absolute
     * @param type its content type
     */
    static StaticFile read(String name, String type) {
        try (var in = StaticFile.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("no " + name + " in the jar");
            }
            return new StaticFile(type, in.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void send(Context ctx) {
        if (type.equals(HTML)) {
            ctx.header("Content-Security-Policy", POLICY);
        }
        ConditionalRequests.constant(ctx, type, tag, body);
    }
}
