package dev.byline.bench;

import dev.byline.bench.side.BarChart;
import dev.byline.bench.side.Comparison;
import dev.byline.bench.side.Options;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Byline beside other servers that answer the same from the same database ({@code dev.byline.bench.peer}, {@code
 * bench/fastapi}), beside what only writes the same bytes, and beside the database alone: requests per second, times, and what
 * a request costs server and database. By wrk and pgbench, which must be installed.
 */
final class SideBySide {
    private SideBySide() {}

    public static void main(String[] args) throws Exception {
        if (args.length == 3 && args[0].equals("--chart")) {
            Files.writeString(Path.of(args[2]), BarChart.svg(Files.readAllLines(Path.of(args[1]))));
            return;
        }
        Options options;
        try {
            options = Options.parse(args);
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage() + "\n" + Options.USAGE);
            System.exit(2);
            return;
        }
        Comparison.run(options).forEach(System.out::println);
        System.err.println("CSV, Markdown and chart are in " + options.out());
    }
}
