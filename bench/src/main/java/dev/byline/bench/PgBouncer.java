package dev.byline.bench;

import dev.byline.bench.harness.BylineProcess;
import dev.byline.bench.harness.ChildProcess;
import dev.byline.bench.harness.HttpConnection;
import dev.byline.bench.harness.TcpProxy;
import dev.byline.bench.harness.Verdict;
import dev.byline.internal.cache.TestRedis;
import dev.byline.migrations.TestDatabase;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Runs two nodes of five connections each behind a PgBouncer (which must be installed) in transaction mode with three
 * connections. State that one of Byline's statements left in a session would soon make another fail.
 */
final class PgBouncer {
    private static final Duration TIME = Duration.ofSeconds(15);
    private static final String RENAME = "{\"name\":\"x\"}";

    private PgBouncer() {}

    public static void main(String[] args) throws Exception {
        var jar = Path.of(args[0]);
        var verdict = new Verdict();
        var port = TestRedis.freePort();
        try (var database = TestDatabase.empty();
                var pgBouncer = startPgBouncer(URI.create(database.url()), port)) {
            pgBouncer.awaitPort(port);
            var settings = Map.of(
                    "DATABASE_URL", TcpProxy.withPort(database.url(), port),
                    "BYLINE_MIGRATE_URL", database.url(),
                    "BYLINE_PGBOUNCER", "true",
                    "BYLINE_POOL_SIZE", "5",
                    "BYLINE_REPLICAS", "2",
                    "BYLINE_CACHE", "off");
            try (var first = BylineProcess.start(jar, settings);
                    var second = BylineProcess.start(jar, settings)) {
                var authorization = "Authorization: Bearer " + logIn(first.port());
                for (var node : List.of(first, second)) {
                    var results = node.load(16).closedLoop(TIME, (http, n) -> request(http, n, authorization));
                    System.out.println(results);
                    verdict.expect(results.allSucceeded(), "no failed request");
                }
                var duplicates = database.value("SELECT count(*) - count(DISTINCT title) FROM posts");
                System.out.println("posts in the database: " + database.value("SELECT count(*) FROM posts")
                        + ", duplicates: " + duplicates);
                verdict.expect(duplicates.equals("0"), "each post once");
                changeLockedRow(database, second.port(), authorization);
            }
        }
        verdict.exit();
    }

    private static int request(HttpConnection http, long number, String authorization) throws IOException {
        var unique = System.nanoTime() + "-" + number;
        var post = "{\"title\":\"" + unique + "\",\"body\":\"words\"}";
        return switch ((int) (number % 8)) {
            case 0 -> http.send("POST", "/posts", post, authorization, "Idempotency-Key: " + unique);
            case 1 -> http.get("/posts?q=words", authorization);
            case 2 -> http.get("/users/1?include=posts");
            case 3 -> http.get("/posts?metadata=%7B%7D&limit=5");
            case 4 -> http.send("PATCH", "/users/1", "{\"name\":\"N" + number + "\"}", authorization);
            default -> http.get("/posts?limit=5");
        };
    }

    /** The driver cancels a statement that takes too long, because PgBouncer accepts no statement_timeout. */
    private static void changeLockedRow(TestDatabase database, int port, String authorization) throws Exception {
        try (var connection = database.dataSource().getConnection();
                var statement = connection.createStatement();
                var http = new HttpConnection(port)) {
            connection.setAutoCommit(false);
            statement.execute("SELECT 1 FROM users WHERE id = 1 FOR UPDATE");
            var start = System.nanoTime();
            var status = http.send("PATCH", "/users/1", RENAME, authorization);
            System.out.printf(Locale.ROOT, "a locked row: %d after %.1f s", status, (System.nanoTime() - start) / 1e9);
            connection.rollback();
            System.out.println(", then " + http.send("PATCH", "/users/1", RENAME, authorization));
        }
    }

    private static String logIn(int port) throws IOException {
        try (var http = new HttpConnection(port)) {
            var credentials = "\"email\":\"u@example.com\",\"password\":\"correct horse battery\"";
            var signUp = http.send("POST", "/users", "{\"name\":\"U\"," + credentials + "}");
            var logIn = http.send("POST", "/tokens", "{" + credentials + "}");
            System.out.println("sign-up " + signUp + ", login " + logIn);
            return http.last().text().replaceFirst(".*\"token\":\"([^\"]+)\".*", "$1");
        }
    }

    /** With the settings of docs/operations.md. */
    private static ChildProcess startPgBouncer(URI database, int port) throws Exception {
        var folder = Files.createTempDirectory("byline-pgbouncer");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        var user = database.getUserInfo().split(":", 2);
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
                """.formatted(database.getPort(), port, folder.resolve("users.txt")));
        var isRoot = System.getProperty("user.name").equals("root"); // as which PgBouncer refuses to run
        var command = isRoot
                ? List.of("pgbouncer", "-q", "-u", "nobody", config.toString())
                : List.of("pgbouncer", "-q", config.toString());
        return ChildProcess.start(ChildProcess.TEMP.resolve("byline-pgbouncer.log"), Map.of(), command);
    }
}
