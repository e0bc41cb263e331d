package dev.byline.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.byline.Byline;
import dev.byline.internal.cache.TestRedis;
import dev.byline.migrations.TestDatabase;
import dev.byline.model.BylineConfig;
import dev.byline.model.Metadata;
import dev.byline.model.NewUser;
import dev.byline.model.Principal;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A Prometheus (which must be installed) watches two nodes under load by deploy/prometheus: has each query of the dashboard an
 * answer, and does no alert sound? Ends with status 1 otherwise.
 */
final class Observe {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final String prometheus;

    private Observe(String prometheus) {
        this.prometheus = prometheus;
    }

    public static void main(String[] args) throws Exception {
        if (!observe(Path.of(args[0]))) {
            System.exit(1);
        }
    }

    private static boolean observe(Path jar) throws Exception {
        try (var database = TestDatabase.migrated();
                var redis = new TestRedis()) {
            var token = token(database);
            var settings = Map.of(
                    "DATABASE_URL", database.url(), "REDIS_URL", redis.uri().toString(), "BYLINE_REPLICAS", "2");
            try (var one = Jar.start(jar, settings);
                    var two = Jar.start(jar, settings)) {
                var port = TestRedis.freePort();
                var process = prometheus(port, one, two);
                try {
                    for (var node : List.of(one, two, one, two)) {
                        load(node, token);
                    }
                    return new Observe("http://127.0.0.1:" + port + "/api/v1/").report();
                } finally {
                    process.destroy();
                }
            }
        }
    }

    private static String token(TestDatabase database) {
        try (var byline = Byline.open(BylineConfig.of(database.url()))) {
            var operator = new Principal.Operator();
            var user = byline.users().create(operator, new NewUser("u@example.com", "U", Metadata.EMPTY));
            return byline.tokens().issue(operator, user.id(), null).secret();
        }
    }

    /** As deploy/prometheus/prometheus.yml, watching these. */
    private static Process prometheus(int port, Jar one, Jar two) throws Exception {
        var folder = Files.createTempDirectory("byline-prometheus");
        var config = Files.readString(Path.of("deploy/prometheus/prometheus.yml"))
                .replace("byline1:9000", "127.0.0.1:" + one.managementPort())
                .replace("byline2:9000", "127.0.0.1:" + two.managementPort());
        Files.copy(Path.of("deploy/prometheus/alerts.yml"), folder.resolve("alerts.yml"));
        return new ProcessBuilder(
                        "prometheus",
                        "--config.file=" + Files.writeString(folder.resolve("prometheus.yml"), config),
                        "--storage.tsdb.path=" + folder.resolve("data"),
                        "--web.listen-address=127.0.0.1:" + port)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start();
    }

    private static void load(Jar node, String token) throws Exception {
        var unused = Load.open(node.port(), 50, 16, Duration.ofSeconds(20), (wire, number) -> switch ((int)
                (number % 8)) {
            case 0 -> wire.send("POST", "/posts", "{\"title\":\"t\",\"body\":\"b\"}", "Authorization: Bearer " + token);
            case 1 -> wire.get("/posts?q=t");
            case 2 -> wire.get("/nothing");
            default -> wire.get("/users/1");
        });
    }

    private boolean report() throws Exception {
        TimeUnit.SECONDS.sleep(10); // two more looks of Prometheus'
        var empty = new ArrayList<String>();
        var asked = 0;
        for (var panel :
                JSON.readTree(Path.of("deploy/grafana/byline.json").toFile()).get("panels")) {
            for (var target : panel.path("targets")) {
                var query = target.get("expr").asText();
                var found = series(query.replace("$__rate_interval", "1m").replace("$instance", ".*"));
                asked++;
                System.out.printf(
                        "%3d series  %s: %s%n", found, panel.get("title").asText(), query);
                if (found == 0) {
                    empty.add(query);
                }
            }
        }
        var alerts = ask("alerts").get("data").get("alerts");
        System.out.println(asked + " queries, without an answer: " + empty + "; alerts: " + alerts);
        return empty.isEmpty() && alerts.isEmpty();
    }

    /** How many series have a number now. */
    private long series(String query) throws IOException {
        var found = 0;
        for (var series : ask("query?query=" + URLEncoder.encode(query, StandardCharsets.UTF_8))
                .get("data")
                .get("result")) {
            found += series.get("value").get(1).asText().equals("NaN") ? 0 : 1;
        }
        return found;
    }

    private JsonNode ask(String path) throws IOException {
        try (var answer = URI.create(prometheus + path).toURL().openStream()) {
            return JSON.readTree(answer);
        }
    }
}
