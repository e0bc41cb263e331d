package dev.byline.http;

import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;

/**
 * An answer on its way to a client, and how fast the client reads it: after a grace time it must have taken {@value #LEAST_RATE} bytes a
 * second. So the whole answer has a time limit, too: the grace time and a second for each {@value #LEAST_RATE} bytes. Written by one
 * thread, looked at by others.
 */
final class ResponseWrite {
    /** Bytes a second. */
    static final int LEAST_RATE = 16 * 1024;

    /** How long a client may take before its rate counts; what fits into the socket's buffers is gone by then. */
    static final Duration GRACE = Duration.ofSeconds(10);

    /** The same while other answers wait for the memory. */
    static final Duration GRACE_WHEN_FULL = Duration.ofSeconds(1);

    /** The progress of a write is known between two of these. */
    private static final int CHUNK = 32 * 1024;

    private final long start;
    private volatile int taken;

    /**
     * Begins.
     *
     * @param now as {@link System#nanoTime}
     */
    ResponseWrite(long now) {
        this.start = now;
    }

    /** Writes a body. Blocks until the last of it is in the socket's buffer. */
    void write(byte[] body, OutputStream out) throws IOException {
        for (var from = 0; from < body.length || from == 0; from += CHUNK) {
            var length = Math.min(CHUNK, body.length - from);
            taken = from + length; // the benefit of the doubt: how much of a chunk was taken isn't known
            out.write(body, from, length);
        }
    }

    /** Whether the client reads too slowly. */
    boolean isSlow(long now, Duration grace) {
        var counted = now - start - grace.toNanos();
        return counted > 0 && taken < counted / 1e9 * LEAST_RATE;
    }
}
