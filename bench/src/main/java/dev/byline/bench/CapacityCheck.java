package dev.byline.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.byline.bench.harness.BylineProcess;
import dev.byline.bench.harness.LoadGenerator;
import dev.byline.bench.harness.SampleData;
import dev.byline.bench.harness.TcpProxy;
import dev.byline.migrations.TestDatabase;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * Compares what {@code /capacity} predicts at a quarter of the load with what the saturated server does: with small
 * pools and a database 5 ms away, where the pool is the limit, and with the computed pool size, where CPU is.
 */
final class CapacityCheck {
    private static final int USERS = 1000;
    private static final Duration TIME = Duration.ofSeconds(15);

    private CapacityCheck() {}

    public static void main(String[] args) throws Exception {
        var jar = Path.of(args[0]);
        try (var database = TestDatabase.migrated()) {
            try (var data = new SampleData(database.serverUrl())) {
                data.users(USERS);
            }
            for (var pool : new int[] {2, 4, 8}) {
                try (var distant = new TcpProxy(database.serverUrl(), Duration.ofMillis(5))) {
                    var settings = Map.of("DATABASE_URL", distant.url(), "BYLINE_POOL_SIZE", "" + pool);
                    check("pool of " + pool + ", database 5 ms away", jar, settings);
                }
            }
            check("computed pool size, database on this machine", jar, Map.of("DATABASE_URL", database.serverUrl()));
        }
    }

    private static void check(String name, Path jar, Map<String, String> settings) throws Exception {
        var all = new HashMap<>(settings);
        all.put("BYLINE_CACHE", "off");
        all.put("BYLINE_LOG_REQUESTS", "off");
        LoadGenerator.Request request = (http, n) -> http.get("/users/" + TypicalRequests.spread(n, USERS));
        try (var server = BylineProcess.start(jar, all)) {
            var unused = server.load(16).closedLoop(TIME, request); // warms up
            var load = server.load(32);
            unused = load.openLoop(50, TIME, request);
            var rough = capacity(server).get("predicted_requests_per_second").asDouble();
            unused = load.openLoop((int) (rough / 4), TIME, request);
            var quarter = capacity(server);
            var measured = load.closedLoop(TIME, request).withStatus(200).perSecond();
            System.out.printf(
                    Locale.ROOT,
                    "%s:%n  at a quarter: %.0f requests/s, hold %.2f ms, pool %.0f %%, processors %.0f %%; \"%s\"%n",
                    name,
                    quarter.get("requests_per_second").asDouble(),
                    quarter.get("hold_seconds").asDouble() * 1000,
                    quarter.get("pool_utilisation").asDouble() * 100,
                    quarter.get("cpu_utilisation").asDouble() * 100,
                    quarter.get("verdict").asText());
            var byPool = quarter.get("pool_requests_per_second").asDouble();
            var byCpu = quarter.get("cpu_requests_per_second").asDouble();
            System.out.printf(
                    Locale.ROOT,
                    "  predicted by the pool %.0f/s (%+.1f %%), by the processors %.0f/s (%+.1f %%)%n"
                            + "  saturated: measured %.0f/s; \"%s\"%n",
                    byPool,
                    (byPool / measured - 1) * 100,
                    byCpu,
                    (byCpu / measured - 1) * 100,
                    measured,
                    capacity(server).get("verdict").asText());
        }
    }

    private static JsonNode capacity(BylineProcess server) throws Exception {
        return new ObjectMapper().readTree(server.management("/capacity"));
    }
}
