package dev.byline.bench;

import dev.byline.bench.comparison.BarChart;
import dev.byline.bench.comparison.Comparison;
import dev.byline.bench.comparison.Options;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Compares Byline with other servers that return the same responses from the same database ({@code
 * dev.byline.bench.peer}, {@code bench/fastapi}), with servers that write constant bytes, and with the database alone:
 * requests per second, latency, and the CPU of server and database. Uses wrk and pgbench, which must be installed.
 */
final class SideBySide {
    private SideBySide() {}

    public static void main(String[] args) throws Exception {
        if (args.length == 3 && args[0].equals("--chart")) {
            Files.writeString(Path.of(args[2]), BarChart.svg(Files.readAllLines(Path.of(args[1]))));
            return;
        }
        var options = Options.parse(args);
        Comparison.run(options).forEach(System.out::println);
        System.err.println("CSV, Markdown and chart are in " + options.out());
    }
}
