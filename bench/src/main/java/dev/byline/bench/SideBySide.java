package dev.byline.bench;

import dev.byline.bench.comparison.Comparison;
import dev.byline.bench.comparison.Options;

/**
 * Compares Byline with other servers that return the same responses from the same database ({@code
 * dev.byline.bench.peer}, {@code bench/fastapi}), with servers that write constant bytes, and with the database alone:
 * requests per second, latency, and the CPU of server and database. Uses wrk and pgbench, which must be installed.
 */
final class SideBySide {
    private SideBySide() {}

    public static void main(String[] args) throws Exception {
        Comparison.run(Options.parse(args)).forEach(System.out::println);
        System.err.println("Markdown and chart are in " + Comparison.OUT);
    }
}
