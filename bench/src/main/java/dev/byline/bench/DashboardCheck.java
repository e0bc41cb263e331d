package dev.byline.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.byline.bench.harness.BylineProcess;
import dev.byline.bench.harness.ChildProcess;
import dev.byline.bench.harness.SampleData;
import dev.byline.bench.harness.Sandbox;
import dev.byline.bench.harness.Verdict;
import dev.byline.internal.cache.TestRedis;
import dev.byline.migrations.TestPostgres;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Runs a Prometheus (which must be installed) with deploy/prometheus beside two nodes with a read replica under load:
 * every query of the dashboard must return data, and no alert may fire.
 */
final class DashboardCheck {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int SCRAPE_SECONDS = 10; // two scrapes

    private DashboardCheck() {}

    public static void main(String[] args) throws Exception {
        var jar = Path.of(args[0]);
        var verdict = new Verdict();
        try (var sandbox = new Sandbox("dashboard")) {
            var database = sandbox.keep(new TestPostgres(sandbox.folder("primary")));
            var standby = sandbox.keep(database.standby(sandbox.folder("standby")));
            var redis = sandbox.keep(new TestRedis());
            var token = SampleData.userWithToken(database.serverUrl());
            var settings = Map.of(
                    "DATABASE_URL", database.serverUrl(),
                    "BYLINE_READ_URL", standby.serverUrl(),
                    "REDIS_URL", redis.uri().toString(),
                    "BYLINE_REPLICAS", "2");
            var port = TestRedis.freePort();
            try (var first = BylineProcess.start(jar, settings);
                    var second = BylineProcess.start(jar, settings);
                    var prometheus = startPrometheus(port, first, second)) {
                prometheus.awaitPort(port);
                for (var node : List.of(first, second, first, second)) {
                    load(node, token);
                }
                TimeUnit.SECONDS.sleep(SCRAPE_SECONDS);
                checkQueries("http://127.0.0.1:" + port + "/api/v1/", verdict);
            }
        }
        verdict.exit();
    }

    /** Runs deploy/prometheus/prometheus.yml with these ports. */
    private static ChildProcess startPrometheus(int port, BylineProcess first, BylineProcess second) throws Exception {
        var folder = Files.createTempDirectory("byline-prometheus");
        var config = Files.readString(Path.of("deploy/prometheus/prometheus.yml"))
                .replace("byline1:9000", "127.0.0.1:" + first.managementPort())
                .replace("byline2:9000", "127.0.0.1:" + second.managementPort());
        Files.copy(Path.of("deploy/prometheus/alerts.yml"), folder.resolve("alerts.yml"));
        var command = List.of(
                "prometheus",
                "--config.file=" + Files.writeString(folder.resolve("prometheus.yml"), config),
                "--storage.tsdb.path=" + folder.resolve("data"),
                "--web.listen-address=127.0.0.1:" + port);
        return ChildProcess.start(folder.resolve("log"), Map.of(), command);
    }

    private static void load(BylineProcess node, String token) throws Exception {
        var post = "{\"title\":\"t\",\"body\":\"b\"}";
        var unused = node.load(16).openLoop(50, Duration.ofSeconds(20), (http, n) -> switch ((int) (n % 8)) {
            case 0 -> http.send("POST", "/posts", post, "Authorization: Bearer " + token);
            case 1 -> http.get("/posts?q=t");
            case 2 -> http.get("/nothing");
            default -> http.get("/users/1");
        });
    }

    private static void checkQueries(String prometheus, Verdict verdict) throws IOException {
        for (var panel :
                JSON.readTree(Path.of("deploy/grafana/byline.json").toFile()).get("panels")) {
            for (var target : panel.path("targets")) {
                var query = target.get("expr").asText();
                var series = countSeries(
                        prometheus, query.replace("$__rate_interval", "1m").replace("$instance", ".*"));
                System.out.printf(
                        "%3d series  %s: %s%n", series, panel.get("title").asText(), query);
                verdict.expect(series > 0, "data for " + query);
            }
        }
        var alerts = get(prometheus + "alerts").get("alerts");
        verdict.expect(alerts.isEmpty(), "no alerts, but found " + alerts);
    }

    /** How many series have a number now. */
    private static long countSeries(String prometheus, String query) throws IOException {
        var result = get(prometheus + "query?query=" + URLEncoder.encode(query, StandardCharsets.UTF_8))
                .get("result");
        return result.valueStream()
                .filter(series -> !series.get("value").get(1).asText().equals("NaN"))
                .count();
    }

    private static JsonNode get(String url) throws IOException {
        try (var body = URI.create(url).toURL().openStream()) {
            return JSON.readTree(body).get("data");
        }
    }
}
