package dev.byline.bench.micro;

import dev.byline.page.Cursor;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Cursors, which each page but the last writes and each page but the first reads. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class CursorBenchmark {
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
