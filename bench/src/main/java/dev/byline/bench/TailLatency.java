package dev.byline.bench;

import dev.byline.bench.harness.BylineProcess;
import dev.byline.bench.harness.ChildProcess;
import dev.byline.bench.harness.LoadGenerator;
import dev.byline.bench.harness.Results;
import dev.byline.internal.cache.TestRedis;
import dev.byline.migrations.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Measures the latency of the slowest requests at half of capacity: a closed loop of 32 clients finds the capacity, an
 * open loop sends half of it. With the cache, without it, and against a Javalin that writes constant bytes, which shows
 * how much of the tail comes from the machine. Clients, server and database share the cores.
 */
final class TailLatency {
    private static final int CONNECTIONS = 32;
    private static final Duration WARM_UP = Duration.ofSeconds(8);
    private static final Duration TIME = Duration.ofSeconds(12);

    private TailLatency() {}

    public static void main(String[] args) throws Exception {
        var jvmOptions = Arrays.copyOfRange(args, 1, args.length);
        try (var database = TestDatabase.migrated()) {
            var requests = TypicalRequests.create(database.serverUrl());
            for (var cache : List.of("on", "off")) {
                var settings = Map.of("DATABASE_URL", database.serverUrl(), "BYLINE_CACHE", cache);
                try (var server = BylineProcess.start(Path.of(args[0]), settings, jvmOptions)) {
                    System.out.println("cache " + cache);
                    for (var request : requests.entrySet()) {
                        measure(server.port(), request.getKey(), request.getValue());
                    }
                }
            }
        }
        constantBytes();
    }

    private static void constantBytes() throws Exception {
        var json = Files.writeString(Files.createTempFile("byline-tail", ".json"), "{\"id\":1}");
        var port = TestRedis.freePort();
        var server = "dev.byline.bench.peer.JavalinBytes";
        var command = List.of(
                ChildProcess.java(),
                "-cp",
                System.getProperty("java.class.path"),
                server,
                "" + port,
                "" + json,
                "" + json);
        try (var javalin = ChildProcess.start(ChildProcess.TEMP.resolve("byline-tail.log"), Map.of(), command)) {
            javalin.awaitPort(port);
            System.out.println("constant bytes");
            measure(port, "a user", (http, n) -> http.get("/users/1"));
        } finally {
            Files.delete(json);
        }
    }

    private static void measure(int port, String name, LoadGenerator.Request request) throws Exception {
        var load = new LoadGenerator(port, CONNECTIONS);
        var unused = load.closedLoop(WARM_UP, request);
        var capacity = load.closedLoop(WARM_UP, request).perSecond();
        var rate = (int) (capacity / 2);
        unused = load.openLoop(rate, WARM_UP, request); // warms up the client, too
        var results = load.openLoop(rate, TIME, request);
        System.out.printf(
                Locale.ROOT,
                "  %-17s %6d/s of %6.0f/s: p50 %6.2f ms, p90 %6.2f, p99 %6.2f (%4.1f x p50), p99.9 %6.2f;"
                        + " 39 to 45 ms: %.3f %%; not 2xx: %d%n",
                name,
                rate,
                capacity,
                results.percentile(0.5),
                results.percentile(0.9),
                results.percentile(0.99),
                results.percentile(0.99) / results.percentile(0.5),
                results.percentile(0.999),
                100.0 * results.where(TailLatency::isDelayedAck).count() / results.count(),
                results.where(outcome -> outcome.status() / 100 != 2).count());
    }

    /** Nagle's algorithm and delayed acknowledgements, waiting for each other, add 40 ms. */
    private static boolean isDelayedAck(Results.Outcome outcome) {
        return outcome.millis() >= 39 && outcome.millis() <= 45;
    }
}
