package dev.byline.bench.micro;

import dev.byline.internal.sql.Cursor;
import java.time.Instant;
import org.openjdk.jmh.annotations.Benchmark;

/** Cursors, which each page but the last writes and each page but the first reads. */
public class CursorBenchmark extends Settings {
    private static final String LIST = "posts";

    private Cursor cursor = new Cursor(Instant.parse("2026-11-25T10:00:00.123456Z"), 1_000_000);
    private String text = cursor.encode(LIST);

    /** Writes one. */
    @Benchmark
    public String encode() {
        return cursor.encode(LIST);
    }

    /** Reads one. */
    @Benchmark
    public Cursor decode() {
        return Cursor.decode(text, LIST);
    }
}
