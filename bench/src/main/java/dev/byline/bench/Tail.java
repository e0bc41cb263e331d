package dev.byline.bench;

import dev.byline.internal.cache.TestRedis;
import dev.byline.migrations.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * How long do the slowest requests take at half of what is possible? Clients share the processors with server and database, in
 * both parts: 32 that never pause show the capacity, then half of that is sent by a clock. With the cache and without; and a
 * Javalin that writes bytes it has, which shows what of it is the machine's.
 */
final class Tail {
    private static final int CONNECTIONS = 32;
    private static final Duration WARM_UP = Duration.ofSeconds(8);
    private static final Duration TIME = Duration.ofSeconds(12);

    private Tail() {}

    public static void main(String[] args) throws Exception {
        var options = Arrays.copyOfRange(args, 1, args.length);
        try (var database = TestDatabase.migrated()) {
            var site = Site.fill(database);
            for (var cache : List.of("on", "off")) {
                var settings = Map.of("DATABASE_URL", database.url(), "BYLINE_CACHE", cache);
                try (var server = Jar.start(Path.of(args[0]), settings, options)) {
                    System.out.println("cache " + cache);
                    for (var work : site.work().entrySet()) {
                        measure(server.port(), work.getKey(), work.getValue());
                    }
                }
            }
        }
        constantBytes();
    }

    private static void constantBytes() throws Exception {
        var bytes = Files.writeString(Files.createTempFile("byline-tail", ".json"), "{\"id\":1}");
        var port = TestRedis.freePort();
        var command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                "dev.byline.bench.peer.JavalinBytes",
                Integer.toString(port),
                bytes.toString(),
                bytes.toString());
        var process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            TimeUnit.SECONDS.sleep(3);
            System.out.println("constant bytes");
            measure(port, "a user", (wire, number) -> wire.get("/users/1"));
        } finally {
            process.destroy();
            Files.delete(bytes);
        }
    }

    private static void measure(int port, String name, Load.Request request) throws Exception {
        var unused = Load.closed(port, CONNECTIONS, WARM_UP, request);
        var capacity = Load.perSecond(Load.closed(port, CONNECTIONS, WARM_UP, request), WARM_UP, outcome -> true);
        var rate = (int) (capacity / 2);
        unused = Load.open(port, rate, CONNECTIONS, WARM_UP, request); // warms up the client, too
        var outcomes = Load.open(port, rate, CONNECTIONS, TIME, request);
        var p50 = Load.percentile(outcomes, 0.5, outcome -> true);
        var p99 = Load.percentile(outcomes, 0.99, outcome -> true);
        System.out.printf(
                Locale.ROOT,
                "  %-17s %6d/s of %6.0f/s: p50 %6.2f ms, p90 %6.2f, p99 %6.2f (%4.1f x p50), p99.9 %6.2f; 39 to 45 ms:"
                        + " %.3f %%; not 2xx: %d%n",
                name,
                rate,
                capacity,
                p50,
                Load.percentile(outcomes, 0.9, outcome -> true),
                p99,
                p99 / p50,
                Load.percentile(outcomes, 0.999, outcome -> true),
                100.0 * outcomes.stream().filter(Tail::isNagle).count() / outcomes.size(),
                outcomes.stream().filter(outcome -> outcome.status() / 100 != 2).count());
    }

    /** Where Nagle's algorithm and delayed acknowledgement, waiting for each other, put their requests: 40 ms later. */
    private static boolean isNagle(Load.Outcome outcome) {
        return outcome.millis() >= 39 && outcome.millis() <= 45;
    }
}
