package dev.byline.bench.side;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Runs pgbench.
 *
 * @param connections that each send the next statement as soon as the last is answered
 * @param folder for its files
 */
record PgBench(int connections, Path folder) {
    private static final Pattern DONE = Pattern.compile("number of transactions actually processed: ([0-9]+)");
    private static final Pattern FAILED = Pattern.compile("number of failed transactions: ([0-9]+)");
    private static final Pattern RATE = Pattern.compile("tps = ([0-9.]+)");

    /** Of the times that are written to a file: writing all would take longer than what is measured. */
    private static final double SAMPLE = 0.02;

    /** Runs scripts, each as often as its weight says; bytes are not counted. */
    Wrk.Result run(Database database, Map<String, Integer> scripts, int seconds)
            throws IOException, InterruptedException {
        var logs = Files.createTempDirectory(folder, "pgbench");
        var command = new ArrayList<>(List.of("pgbench", "--no-vacuum", "--protocol=prepared", "--jobs=2"));
        command.add("--client=" + connections);
        command.add("--time=" + seconds);
        command.addAll(List.of("--log", "--sampling-rate=" + SAMPLE, "--log-prefix=" + logs.resolve("times")));
        var number = 0;
        for (var script : scripts.entrySet()) {
            var file = Files.writeString(logs.resolve("script" + number++), script.getKey());
            command.add("--file=" + file + "@" + script.getValue());
        }
        command.add(database.url("postgresql"));
        var output = Wrk.output(command);
        if (Long.parseLong(find(FAILED, output).group(1)) > 0) {
            throw new IllegalStateException("there were errors: " + output);
        }
        var done = Long.parseLong(find(DONE, output).group(1));
        var times = times(logs);
        return new Wrk.Result(
                done,
                done / Double.parseDouble(find(RATE, output).group(1)),
                0,
                percentile(times, 0.5),
                percentile(times, 0.99));
    }

    private static Matcher find(Pattern pattern, String output) {
        var found = pattern.matcher(output);
        if (!found.find()) {
            throw new IllegalStateException("pgbench: " + output);
        }
        return found;
    }

    /** The third field of each line, in microseconds. */
    private static double[] times(Path logs) throws IOException {
        var times = new ArrayList<Double>();
        try (var files = Files.newDirectoryStream(logs, "times*")) {
            for (var file : files) {
                for (var line : Files.readAllLines(file)) {
                    times.add(Double.parseDouble(line.split(" ", -1)[2]) / 1e3);
                }
            }
        }
        return times.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    }

    private static double percentile(double[] sorted, double share) {
        return sorted.length == 0
                ? 0
                : Arrays.stream(sorted)
                        .skip((long) (sorted.length * share))
                        .findFirst()
                        .orElse(0);
    }
}
