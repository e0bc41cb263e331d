package dev.byline.http.exchange;

import io.javalin.http.Context;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.Collections;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;

/** Compresses responses to GET. Those to writes and logins, which may hold a token, are never compressed. */
final class Gzip {
    /** Smaller bodies fit into one packet as they are. */
    static final int MIN_BYTES = 1400;

    /** What the tag of a compressed representation ends with. Jetty's handler has the same. */
    static final String SUFFIX = "--gzip";

    private Gzip() {}

    /**
     * Returns whether a response is compressed.
     *
     * @param bytes the size of its body, the same estimate for GET and HEAD
     */
    static boolean isUsed(Context ctx, long bytes) {
        return bytes >= MIN_BYTES && Exchange.of(ctx).compression() && isAccepted(ctx);
    }

    private static boolean isAccepted(Context ctx) {
        var headers = ctx.req().getHeaders("Accept-Encoding");
        return headers.hasMoreElements() && isAccepted(String.join(",", Collections.list(headers)));
    }

    /**
     * Returns whether Accept-Encoding allows gzip (RFC 9110, 12.5.3). Takes linear time.
     *
     * @param header the value of all its lines
     */
    static boolean isAccepted(String header) {
        var any = false;
        for (var element : header.split(",", -1)) {
            var end = element.indexOf(';');
            var coding = (end < 0 ? element : element.substring(0, end)).strip();
            var allowed = end < 0 || !isZero(element.substring(end + 1).strip());
            if (coding.equalsIgnoreCase("gzip") || coding.equalsIgnoreCase("x-gzip")) {
                return allowed;
            }
            any |= coding.equals("*") && allowed;
        }
        return any;
    }

    /** Returns whether a weight is 0: {@code q=0}, {@code q=0.}, up to {@code q=0.000}. */
    private static boolean isZero(String weight) {
        return (weight.startsWith("q=0") || weight.startsWith("Q=0"))
                && weight.chars().skip(2).allMatch(c -> c == '0' || c == '.');
    }

    /** Compresses a body that is sent once. */
    static byte[] compressFast(byte[] body) {
        return compress(body, Deflater.BEST_SPEED);
    }

    /** Compresses a body that is sent many times. */
    static byte[] compressWell(byte[] body) {
        return compress(body, Deflater.DEFAULT_COMPRESSION);
    }

    private static byte[] compress(byte[] body, int level) {
        var compressed = new ByteArrayOutputStream(body.length / 3 + 64);
        try (var gzip = new Stream(compressed, level)) {
            gzip.write(body);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // never: it writes to memory
        }
        return compressed.toByteArray();
    }

    private static final class Stream extends GZIPOutputStream {
        Stream(OutputStream out, int level) throws IOException {
            super(out, 8192);
            def.setLevel(level);
        }
    }
}
