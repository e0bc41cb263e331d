package dev.byline.bench.comparison;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * Sends load by wrk, which takes less CPU than a Java client: closed loop.
 *
 * @param addresses that requests come from by X-Forwarded-For, 0 for none
 * @param folder for its files
 * @param header of all requests; empty for none
 */
record Wrk(int connections, int addresses, Path folder, String header) {
    private static final Pattern RESULT =
            Pattern.compile("RESULT ([0-9]+) ([0-9]+) ([0-9]+) ([0-9]+) ([0-9]+) ([0-9]+)");

    /** Writes the requests for a target to a file. */
    void write(Target target, List<Dialect.Request> requests) throws IOException {
        var lines = IntStream.range(0, Math.max(requests.size(), addresses))
                .mapToObj(i -> line(requests.get(i % requests.size()), i))
                .toList();
        Files.write(file(target), lines);
    }

    private String line(Dialect.Request request, int number) {
        var address = addresses == 0 ? 0 : number % addresses;
        return String.join(
                "\t",
                request.method(),
                request.path(),
                request.json(),
                request.token(),
                addresses == 0 ? "" : "10.0." + address / 256 + "." + address % 256);
    }

    private Path file(Target target) {
        return folder.resolve(target + ".requests");
    }

    /**
     * Sends the target's requests in random order.
     *
     * @param tag for If-None-Match, or empty
     * @throws IllegalStateException if there was an error, or a response that isn't 2xx or 3xx
     */
    LoadResult run(Target target, int port, String tag, int seconds) throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of("wrk", "--threads=2", "--connections=" + connections));
        command.addAll(List.of("--duration=" + seconds + "s", "--script=" + script(), "http://127.0.0.1:" + port));
        if (!header.isEmpty()) {
            command.addAll(List.of("--header", header));
        }
        command.addAll(List.of("--", file(target).toString()));
        if (!tag.isEmpty()) {
            command.add(tag);
        }
        var output = output(command);
        var result = RESULT.matcher(output);
        if (!result.find() || Long.parseLong(result.group(4)) > 0) {
            throw new IllegalStateException("wrk had errors: " + output);
        }
        return new LoadResult(
                Long.parseLong(result.group(1)),
                Long.parseLong(result.group(2)) / 1e6,
                Long.parseLong(result.group(3)),
                Long.parseLong(result.group(5)) / 1e3,
                Long.parseLong(result.group(6)) / 1e3);
    }

    private Path script() throws IOException {
        var file = folder.resolve("requests.lua");
        try (var script = Wrk.class.getResourceAsStream("requests.lua")) {
            if (script == null) {
                throw new IllegalStateException("requests.lua is not on the class path");
            }
            return Files.write(file, script.readAllBytes());
        }
    }

    /** Runs a program and returns its output. */
    static String output(List<String> command) throws IOException, InterruptedException {
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try (var in = process.getInputStream()) {
            var output = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new IllegalStateException(command.getFirst() + ": " + output);
            }
            return output;
        }
    }
}
