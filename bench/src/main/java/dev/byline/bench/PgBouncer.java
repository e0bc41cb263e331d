package dev.byline.bench;

import dev.byline.internal.cache.TestRedis;
import dev.byline.migrations.TestDatabase;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * Two nodes of five connections each behind a PgBouncer (which must be installed) in transaction mode that has three: does
 * everything work, and is each write there once? Whatever a session kept, a statement of another would soon meet.
 */
final class PgBouncer {
    private static final Duration TIME = Duration.ofSeconds(15);

    private PgBouncer() {}

    public static void main(String[] args) throws Exception {
        var jar = Path.of(args[0]);
        try (var database = TestDatabase.empty()) {
            var direct = URI.create(database.url());
            var port = TestRedis.freePort();
            var bouncer = start(direct, port);
            var settings = Map.of(
                    "DATABASE_URL", database.url().replace(":" + direct.getPort() + "/", ":" + port + "/"),
                    "BYLINE_MIGRATE_URL", database.url(),
                    "BYLINE_PGBOUNCER", "true",
                    "BYLINE_POOL_SIZE", "5",
                    "BYLINE_REPLICAS", "2",
                    "BYLINE_CACHE", "off",
                    "BYLINE_RATE_LIMIT_LOGIN", "0");
            try (var one = Jar.start(jar, settings);
                    var two = Jar.start(jar, settings)) {
                var token = token(one.port());
                for (var node : new Jar[] {one, two}) {
                    var outcomes = Load.closed(node.port(), 16, TIME, (wire, number) -> request(wire, number, token));
                    var statuses = outcomes.stream()
                            .collect(Collectors.groupingBy(Load.Outcome::status, TreeMap::new, Collectors.counting()));
                    System.out.printf(
                            Locale.ROOT,
                            "%d requests, statuses %s, p50 %.1f ms, p99 %.1f ms%n",
                            outcomes.size(),
                            statuses,
                            Load.percentile(outcomes, 0.5, outcome -> true),
                            Load.percentile(outcomes, 0.99, outcome -> true));
                }
                System.out.println("posts in the database: " + database.value("SELECT count(*) FROM posts")
                        + ", titles that are there twice: "
                        + database.value("SELECT count(*) - count(DISTINCT title) FROM posts"));
                blocked(database, two.port(), token);
            } finally {
                bouncer.destroy();
            }
        }
    }

    private static int request(Wire wire, long number, String token) throws IOException {
        var authorization = "Authorization: Bearer " + token;
        return switch ((int) (number % 8)) {
            case 0 ->
                wire.send(
                        "POST",
                        "/posts",
                        "{\"title\":\"" + System.nanoTime() + "-" + number + "\",\"body\":\"words\"}",
                        authorization,
                        "Idempotency-Key: " + System.nanoTime() + "-" + number);
            case 1 -> wire.get("/posts?q=words", authorization);
            case 2 -> wire.get("/users/1?include=posts");
            case 3 -> wire.get("/posts?metadata=%7B%7D&limit=5");
            case 4 -> wire.send("PATCH", "/users/1", "{\"name\":\"N" + number + "\"}", authorization);
            default -> wire.get("/posts?limit=5");
        };
    }

    /** A statement that takes too long is ended by the driver, as no option of the connection could. */
    private static void blocked(TestDatabase database, int port, String token) throws Exception {
        try (var held = database.dataSource().getConnection();
                var wire = new Wire(port)) {
            held.setAutoCommit(false);
            try (var statement = held.createStatement()) {
                statement.execute("SELECT 1 FROM users WHERE id = 1 FOR UPDATE");
            }
            var start = System.nanoTime();
            var status = wire.send("PATCH", "/users/1", "{\"name\":\"x\"}", "Authorization: Bearer " + token);
            System.out.printf(Locale.ROOT, "a locked row: %d after %.1f s", status, (System.nanoTime() - start) / 1e9);
            held.rollback();
            System.out.printf(
                    Locale.ROOT,
                    ", then %d%n",
                    wire.send("PATCH", "/users/1", "{\"name\":\"x\"}", "Authorization: Bearer " + token));
        }
    }

    private static String token(int port) throws IOException {
        try (var wire = new Wire(port)) {
            var password = "\"password\":\"correct horse battery\"";
            var signedUp = wire.send("POST", "/users", "{\"email\":\"u@example.com\",\"name\":\"U\"," + password + "}");
            var loggedIn = wire.send("POST", "/tokens", "{\"email\":\"u@example.com\"," + password + "}");
            System.out.println("sign-up " + signedUp + ", login " + loggedIn);
            return wire.body().replaceFirst(".*\"token\":\"([^\"]+)\".*", "$1");
        }
    }

    /** As docs/operations.md says, but for ports. */
    private static Process start(URI direct, int port) throws Exception {
        var folder = Files.createTempDirectory("byline-pgbouncer");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        var user = direct.getUserInfo().split(":", 2);
        Files.writeString(folder.resolve("users.txt"), "\"" + user[0] + "\" \"" + user[1] + "\"\n");
        var config = Files.writeString(
                folder.resolve("pgbouncer.ini"), """
                [databases]
                * = host=127.0.0.1 port=%d
                [pgbouncer]
                listen_addr = 127.0.0.1
                listen_port = %d
                unix_socket_dir =
                auth_type = plain
                auth_file = %s
                pool_mode = transaction
                default_pool_size = 3
                max_client_conn = 1000
                ignore_startup_parameters = extra_float_digits
                """.formatted(direct.getPort(), port, folder.resolve("users.txt")));
        var command = System.getProperty("user.name").equals("root")
                ? new String[] {"pgbouncer", "-q", "-u", "nobody", config.toString()}
                : new String[] {"pgbouncer", "-q", config.toString()};
        var process = new ProcessBuilder(command).inheritIO().start();
        TimeUnit.SECONDS.sleep(1);
        return process;
    }
}
