package dev.byline.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.byline.Byline;
import dev.byline.migrations.TestDatabase;
import dev.byline.model.BylineConfig;
import dev.byline.model.Metadata;
import dev.byline.model.NewUser;
import dev.byline.model.Principal;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * Does what {@code /capacity} predicts at a quarter of the load come true? Once with a small pool whose statements wait (the
 * database stands 5 ms away), once with as many connections as the formula gives on a database of the same machine.
 */
final class CapacityCheck {
    private static final int USERS = 1000;
    private static final Duration TIME = Duration.ofSeconds(15);

    private CapacityCheck() {}

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
            for (var pool : new int[] {2, 4, 8}) {
                try (var link = new Link(direct.getPort(), Duration.ofMillis(5))) {
                    var far = database.url().replace(":" + direct.getPort() + "/", ":" + link.port() + "/");
                    check("pool of " + pool + ", database 5 ms away", jar, far, Map.of("BYLINE_POOL_SIZE", "" + pool));
                }
            }
            check("pool by formula, database on this machine", jar, database.url(), Map.of());
        }
    }

    private static void check(String name, Path jar, String url, Map<String, String> settings) throws Exception {
        var all = new HashMap<>(settings);
        all.put("DATABASE_URL", url);
        all.put("BYLINE_CACHE", "off");
        all.put("BYLINE_LOG_REQUESTS", "off");
        try (var server = Jar.start(jar, all)) {
            Load.Request request = (wire, number) -> wire.get("/users/" + (1 + number * 7919 % USERS));
            var unused = Load.closed(server.port(), 16, TIME, request); // warms up
            unused = Load.open(server.port(), 50, 32, TIME, request);
            var rough = capacity(server).get("predicted_requests_per_second").asDouble();
            unused = Load.open(server.port(), (int) (rough / 4), 32, TIME, request);
            var quarter = capacity(server);
            var full = Load.closed(server.port(), 32, TIME, request);
            var saturated = capacity(server);
            var measured = Load.perSecond(full, TIME, outcome -> outcome.status() == 200);
            System.out.printf(
                    Locale.ROOT,
                    "%s:%n  at a quarter: %.0f requests/s, hold %.2f ms, pool %.0f %%, processors %.0f %%; \"%s\"%n"
                            + "  predicted by the pool %.0f/s (%+.1f %%), by the processors %.0f/s (%+.1f %%)%n"
                            + "  saturated: measured %.0f/s; \"%s\"%n",
                    name,
                    quarter.get("requests_per_second").asDouble(),
                    quarter.get("hold_seconds").asDouble() * 1000,
                    quarter.get("pool_utilisation").asDouble() * 100,
                    quarter.get("cpu_utilisation").asDouble() * 100,
                    quarter.get("verdict").asText(),
                    quarter.get("pool_requests_per_second").asDouble(),
                    (quarter.get("pool_requests_per_second").asDouble() / measured - 1) * 100,
                    quarter.get("cpu_requests_per_second").asDouble(),
                    (quarter.get("cpu_requests_per_second").asDouble() / measured - 1) * 100,
                    measured,
                    saturated.get("verdict").asText());
        }
    }

    private static JsonNode capacity(Jar server) throws Exception {
        return new ObjectMapper().readTree(server.management("/capacity"));
    }
}
