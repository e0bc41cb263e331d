package dev.byline.bench.comparison;

import dev.byline.bench.harness.Results;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Runs statements by pgbench: closed loop.
 *
 * @param folder for its files
 */
record PgBench(int connections, Path folder) {
    /** The share of latencies that are written to a file: writing all takes longer than the statements. */
    private static final double SAMPLE = 0.02;

    /** Runs scripts according to their weights. */
    LoadResult run(ComparisonDatabase database, Map<String, Integer> scripts, int seconds)
            throws IOException, InterruptedException {
        var logs = Files.createTempDirectory(folder, "pgbench");
        var command = new ArrayList<>(List.of("pgbench", "--no-vacuum", "--protocol=prepared", "--jobs=2"));
        command.addAll(List.of("--client=" + connections, "--time=" + seconds));
        command.addAll(List.of("--log", "--sampling-rate=" + SAMPLE, "--log-prefix=" + logs.resolve("times")));
        var number = 0;
        for (var script : scripts.entrySet()) {
            var file = Files.writeString(logs.resolve("script" + number++), script.getKey());
            command.add("--file=" + file + "@" + script.getValue());
        }
        command.add(database.url("postgresql"));
        var output = Wrk.output(command);
        if (find("number of failed transactions: ([0-9]+)", output) > 0) {
            throw new IllegalStateException("pgbench had errors: " + output);
        }
        var done = find("number of transactions actually processed: ([0-9]+)", output);
        var elapsed = done / find("tps = ([0-9.]+)", output);
        var millis = latencies(logs);
        return new LoadResult(
                (long) done, elapsed, 0, Results.percentile(millis, 0.5), Results.percentile(millis, 0.99));
    }

    private static double find(String pattern, String output) {
        var found = Pattern.compile(pattern).matcher(output);
        if (!found.find()) {
            throw new IllegalStateException("pgbench: " + output);
        }
        return Double.parseDouble(found.group(1));
    }

    /** Sorted latencies in milliseconds: the third field of each line, in microseconds. */
    private static double[] latencies(Path logs) throws IOException {
        var millis = new ArrayList<Double>();
        try (var files = Files.newDirectoryStream(logs, "times*")) {
            for (var file : files) {
                for (var line : Files.readAllLines(file)) {
                    millis.add(Double.parseDouble(line.split(" ", -1)[2]) / 1e3);
                }
            }
        }
        return millis.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    }
}
