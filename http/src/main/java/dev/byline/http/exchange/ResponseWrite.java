package dev.byline.http.exchange;

import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;

/**
 * Measures how fast a client reads a response. After a grace period the client must have read {@value #LEAST_RATE}
 * bytes per second. This gives the whole response a timeout: the grace period plus one second per {@value #LEAST_RATE}
 * bytes. One thread writes; others may call {@link #isSlow}.
 */
public final class ResponseWrite {
    /** The minimum rate, in bytes per second. */
    static final int LEAST_RATE = 16 * 1024;

    /** The grace period before the rate counts. By then the socket buffers no longer distort it. */
    public static final Duration GRACE = Duration.ofSeconds(10);

    /** The grace period while other responses need the memory. */
    public static final Duration GRACE_WHEN_FULL = Duration.ofSeconds(1);

    /** The size of one write, in bytes. Progress is known only between two writes. */
    private static final int CHUNK = 32 * 1024;

    private final long start;
    private volatile int taken;

    /**
     * Starts to measure.
     *
     * @param now the time in nanoseconds, as {@link System#nanoTime}
     */
    public ResponseWrite(long now) {
        this.start = now;
    }

    /** Writes a body. Blocks until its last byte is in the socket buffer. */
    public void write(byte[] body, OutputStream out) throws IOException {
        for (var from = 0; from < body.length || from == 0; from += CHUNK) {
            var length = Math.min(CHUNK, body.length - from);
            taken = from + length; // counts the chunk as read: how much of it the client has read isn't known
            out.write(body, from, length);
        }
    }

    /** Returns whether the client reads too slowly. */
    public boolean isSlow(long now, Duration grace) {
        var counted = now - start - grace.toNanos();
        return counted > 0 && taken < counted / 1e9 * LEAST_RATE;
    }
}
