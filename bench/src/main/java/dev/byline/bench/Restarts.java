package dev.byline.bench;

import dev.byline.Byline;
import dev.byline.internal.cache.TestRedis;
import dev.byline.migrations.TestDatabase;
import dev.byline.model.BylineConfig;
import dev.byline.model.Metadata;
import dev.byline.model.NewUser;
import dev.byline.model.Principal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** Two nodes behind HAProxy (which must be installed), restarted in turn under load: how many requests fail? */
final class Restarts {
    private static final int RESTARTS = 12;
    private static final int PER_SECOND = 200;

    private Restarts() {}

    public static void main(String[] args) throws Exception {
        var jar = Path.of(args[0]);
        try (var database = TestDatabase.migrated()) {
            var token = token(database);
            var settings = Map.of("DATABASE_URL", database.url(), "BYLINE_REPLICAS", "2", "BYLINE_DRAIN_DELAY", "3s");
            var nodes = new Jar[] {Jar.start(jar, settings), Jar.start(jar, settings)};
            var front = TestRedis.freePort();
            var proxy = proxy(front, nodes);
            try {
                System.out.println("new servers: " + load(front, token, Duration.ofSeconds(20)));
                var time = Duration.ofSeconds(RESTARTS * 8L);
                var load = CompletableFuture.supplyAsync(() -> load(front, token, time));
                for (int i = 0; i < RESTARTS; i++) {
                    var old = nodes[i % 2];
                    old.close();
                    nodes[i % 2] = Jar.start(jar, old.port(), settings);
                    TimeUnit.SECONDS.sleep(2); // until the proxy has seen that it is back
                }
                System.out.println(RESTARTS + " restarts; " + load.join());
            } finally {
                proxy.destroy();
                for (var node : nodes) {
                    node.close();
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

    private static String load(int port, String token, Duration time) {
        var authorization = "Authorization: Bearer " + token;
        try {
            var outcomes = Load.open(
                    port,
                    PER_SECOND,
                    64,
                    time,
                    (wire, number) -> number % 5 == 0
                            ? wire.send("POST", "/posts", "{\"title\":\"t\",\"body\":\"b\"}", authorization)
                            : wire.get("/posts?limit=5"));
            var statuses = outcomes.stream()
                    .collect(Collectors.groupingBy(Load.Outcome::status, TreeMap::new, Collectors.counting()));
            return String.format(
                    Locale.ROOT,
                    "%d requests, statuses %s (0: the connection broke), slowest %.0f ms",
                    outcomes.size(),
                    statuses,
                    Load.percentile(outcomes, 1, outcome -> true));
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** As deploy/haproxy.cfg, on these ports. */
    private static Process proxy(int front, Jar[] nodes) throws Exception {
        var template = Files.readString(Path.of("deploy/haproxy.cfg"));
        var config = template.replaceFirst("bind \\S+", "bind 127.0.0.1:" + front)
                .replaceFirst("server byline1 \\S+", "server byline1 127.0.0.1:" + nodes[0].port())
                .replaceFirst("server byline2 \\S+", "server byline2 127.0.0.1:" + nodes[1].port());
        var file = Files.writeString(Files.createTempFile("byline", ".cfg"), config);
        var process = new ProcessBuilder("haproxy", "-db", "-f", file.toString())
                .inheritIO()
                .start();
        TimeUnit.SECONDS.sleep(1);
        return process;
    }
}
