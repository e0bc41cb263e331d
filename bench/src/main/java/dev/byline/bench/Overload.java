package dev.byline.bench;

import dev.byline.Byline;
import dev.byline.BylineConfig;
import dev.byline.Metadata;
import dev.byline.migrations.TestDatabase;
import dev.byline.user.NewUser;
import dev.byline.user.Principal;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;

/** Three times as much as the server can do, for a while: does it still do what it can, and refuse the rest quickly? */
final class Overload {
    private static final int USERS = 1000;
    private static final int CONNECTIONS = 400;
    private static final Duration TIME = Duration.ofSeconds(15);

    private Overload() {}

    public static void main(String[] args) throws Exception {
        var jar = Path.of(args[0]);
        try (var database = TestDatabase.migrated()) {
            try (var byline = Byline.open(BylineConfig.of(database.url()))) {
                for (int i = 0; i < USERS; i++) {
                    byline.users()
                            .create(
                                    new Principal.Anonymous(),
                                    new NewUser("u" + i + "@example.com", "U", Metadata.EMPTY));
                }
            }
            var direct = URI.create(database.url());
            try (var link = new Link(direct.getPort(), Duration.ofMillis(5))) {
                var far = database.url().replace(":" + direct.getPort() + "/", ":" + link.port() + "/");
                check("the pool is the limit (4 connections, database 5 ms away)", jar, far, "4");
            }
            check("CPU is the limit, shared with database and clients", jar, database.url(), "5");
        }
    }

    private static void check(String name, Path jar, String url, String pool) throws Exception {
        var settings = Map.of("DATABASE_URL", url, "BYLINE_CACHE", "off", "BYLINE_POOL_SIZE", pool);
        try (var server = Jar.start(jar, settings)) {
            Load.Request request = (wire, number) ->
                    number % 50 == 0 ? wire.get("/livez") : wire.get("/users/" + (1 + number * 7919 % USERS));
            var unused = Load.closed(server.port(), 32, TIME, request); // warms up
            var best = Load.closed(server.port(), 32, TIME, request);
            var peak = Load.perSecond(best, TIME, outcome -> outcome.number() % 50 != 0 && outcome.status() == 200);
            var rate = (int) (3 * peak);
            var over = Load.open(server.port(), rate, CONNECTIONS, TIME, request);
            var goodput = Load.perSecond(over, TIME, outcome -> outcome.number() % 50 != 0 && outcome.status() == 200);
            System.out.printf(
                    Locale.ROOT,
                    "%s:%n  peak %.0f/s; at %d/s: goodput %.0f/s (%.0f %%), refused %.0f/s, broken %d%n"
                            + "  served p50 %.1f ms, p99 %.1f ms; refused p50 %.2f ms, p99 %.2f ms;"
                            + " /livez: %d of %d, p99 %.1f ms%n  rejected busy %.0f, waited %.0f%n",
                    name,
                    peak,
                    rate,
                    goodput,
                    100 * goodput / peak,
                    Load.perSecond(over, TIME, outcome -> outcome.status() == 503),
                    over.stream().filter(outcome -> outcome.status() == 0).count(),
                    Load.percentile(over, 0.5, outcome -> outcome.status() == 200 && outcome.number() % 50 != 0),
                    Load.percentile(over, 0.99, outcome -> outcome.status() == 200 && outcome.number() % 50 != 0),
                    Load.percentile(over, 0.5, outcome -> outcome.status() == 503),
                    Load.percentile(over, 0.99, outcome -> outcome.status() == 503),
                    over.stream()
                            .filter(outcome -> outcome.number() % 50 == 0 && outcome.status() == 200)
                            .count(),
                    over.stream().filter(outcome -> outcome.number() % 50 == 0).count(),
                    Load.percentile(over, 0.99, outcome -> outcome.number() % 50 == 0),
                    server.metric("http_requests_rejected_total{reason=\"busy\",}"),
                    server.metric("http_requests_rejected_total{reason=\"waited\",}"));
        }
    }
}
