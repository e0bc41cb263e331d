package dev.byline.bench.side;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Runs wrk.
 *
 * @param connections that each send the next request as soon as the last is answered
 * @param folder for its files
 */
record Wrk(int connections, Path folder) {
    private static final int THREADS = 2;
    private static final Pattern RESULT =
            Pattern.compile("RESULT ([0-9]+) ([0-9]+) ([0-9]+) ([0-9]+) ([0-9]+) ([0-9]+)");

    /**
     * What was seen.
     *
     * @param bytes of answers, with their headers
     */
    record Result(long requests, double seconds, long bytes, double p50Millis, double p99Millis) {}

    /** Writes the file that {@link #run} sends from. */
    Path write(String name, List<Workload.Request> requests) throws IOException {
        var lines = requests.stream()
                .map(each -> String.join("\t", each.method(), each.path(), each.body(), each.token()))
                .toList();
        return Files.write(folder.resolve(name + ".requests"), lines);
    }

    /**
     * Sends requests, chosen at random.
     *
     * @param tag for If-None-Match, or empty
     * @throws IllegalStateException when there was an error, or an answer that isn't 2xx or 3xx
     */
    Result run(int port, Path requests, String tag, int seconds) throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of(
                "wrk",
                "--threads",
                Integer.toString(THREADS),
                "--connections",
                Integer.toString(connections),
                "--duration",
                seconds + "s",
                "--script",
                script().toString(),
                "http://127.0.0.1:" + port,
                "--",
                requests.toString()));
        if (!tag.isEmpty()) {
            command.add(tag);
        }
        var output = output(command);
        var result = RESULT.matcher(output);
        if (!result.find()) {
            throw new IllegalStateException("wrk: " + output);
        }
        if (Long.parseLong(result.group(4)) > 0) {
            throw new IllegalStateException("there were errors: " + output);
        }
        return new Result(
                Long.parseLong(result.group(1)),
                Long.parseLong(result.group(2)) / 1e6,
                Long.parseLong(result.group(3)),
                Long.parseLong(result.group(5)) / 1e3,
                Long.parseLong(result.group(6)) / 1e3);
    }

    private Path script() throws IOException {
        var file = folder.resolve("requests.lua");
        if (!Files.exists(file)) {
            try (var script = Wrk.class.getResourceAsStream("requests.lua")) {
                if (script == null) {
                    throw new IllegalStateException("requests.lua is not on the class path");
                }
                Files.write(file, script.readAllBytes());
            }
        }
        return file;
    }

    /** What a program says; blocks until its end. */
    static String output(List<String> command) throws IOException, InterruptedException {
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output;
        try (var in = process.getInputStream()) {
            output = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        if (process.waitFor() != 0) {
            throw new IllegalStateException(command.getFirst() + ": " + output);
        }
        return output;
    }
}
