package dev.byline.bench;

import dev.byline.Byline;
import dev.byline.migrations.TestPostgres;
import dev.byline.model.BylineConfig;
import dev.byline.model.Metadata;
import dev.byline.model.NewUser;
import dev.byline.model.Principal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * What a database can do to its clients, each for 10 seconds under load: a third of the requests is answered from the cache,
 * a third reads, a third writes. Needs root for the full disk, which is a small file system of its own.
 */
final class Faults {
    private static final Duration BEFORE = Duration.ofSeconds(5);
    private static final Duration FAULT = Duration.ofSeconds(10);
    private static final Duration AFTER = Duration.ofSeconds(10);

    /** Something that happens to a database, or ends. */
    private interface Event {
        void happen() throws Exception;
    }

    private final Jar server;
    private final String token;
    private final int perSecond;

    private Faults(Jar server, String token, int perSecond) {
        this.server = server;
        this.token = token;
        this.perSecond = perSecond;
    }

    public static void main(String[] args) throws Exception {
        var jar = Path.of(args[0]);
        var folder = Files.createTempDirectory("byline-faults");
        Files.setPosixFilePermissions(folder, java.nio.file.attribute.PosixFilePermissions.fromString("rwxr-xr-x"));
        try (var postgres = new TestPostgres(folder);
                var link = new Link(postgres.port(), Duration.ZERO)) {
            var token = token(postgres);
            var far = postgres.url().replace(":" + postgres.port() + "/", ":" + link.port() + "/");
            var settings = Map.of(
                    "DATABASE_URL", far,
                    "BYLINE_CACHE_L1_TTL", "10m", // so that "cached" stays what it says for the time of a fault
                    "BYLINE_CACHE_L2_TTL", "1h");
            try (var server = Jar.start(jar, settings)) {
                for (var perSecond : new int[] {3, 300}) {
                    System.out.println(perSecond + " requests a second:");
                    var faults = new Faults(server, token, perSecond);
                    faults.run("frozen", postgres::freeze, postgres::thaw);
                    faults.run("killed, restarted", postgres::kill, postgres::restart);
                    faults.run("connections ended", () -> terminate(postgres), () -> {});
                    faults.run("network dropped", () -> link.pull(true), () -> link.pull(false));
                    faults.run("read-only", () -> readOnly(postgres, "on"), () -> readOnly(postgres, "off"));
                    var small = folder.resolve("small" + perSecond);
                    if (smallDisk(postgres, small)) {
                        faults.run("disk full", () -> fill(small), () -> Files.delete(small.resolve("filler")));
                        run(postgres, "ALTER TABLE posts SET TABLESPACE pg_default");
                        run(postgres, "DROP TABLESPACE small");
                        command("umount", small.toString());
                    } else {
                        System.out.println("  disk full: not run, no file system could be mounted");
                    }
                }
            }
        }
    }

    private static String token(TestPostgres postgres) {
        try (var byline = Byline.open(BylineConfig.of(postgres.url()))) {
            var operator = new Principal.Operator();
            var user = byline.users().create(operator, new NewUser("u@example.com", "U", Metadata.EMPTY));
            return byline.tokens().issue(operator, user.id(), null).secret();
        }
    }

    private static void run(TestPostgres postgres, String sql) throws SQLException {
        try (var connection = postgres.dataSource().getConnection();
                var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static void terminate(TestPostgres postgres) throws SQLException {
        run(postgres, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'byline'");
    }

    private static void readOnly(TestPostgres postgres, String value) throws SQLException {
        run(postgres, "ALTER SYSTEM SET default_transaction_read_only = " + value);
        run(postgres, "SELECT pg_reload_conf()");
    }

    /** Posts go to a file system of 40 MB. */
    private static boolean smallDisk(TestPostgres postgres, Path folder) throws Exception {
        Files.createDirectories(folder);
        if (command("mount", "-t", "tmpfs", "-o", "size=40m,mode=777", "none", folder.toString()) != 0) {
            return false;
        }
        var data = Files.createDirectory(folder.resolve("data"));
        var owner = Files.getOwner(folder.resolveSibling("postgres"));
        Files.setOwner(data, owner);
        run(postgres, "CREATE TABLESPACE small LOCATION '" + data + "'");
        run(postgres, "ALTER TABLE posts SET TABLESPACE small");
        return true;
    }

    private static void fill(Path folder) throws Exception {
        var unused = command("dd", "if=/dev/zero", "of=" + folder.resolve("filler"), "bs=4k");
    }

    private static int command(String... command) throws Exception {
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor();
    }

    private int request(Wire wire, long number) throws java.io.IOException {
        var authorization = "Authorization: Bearer " + token;
        return switch ((int) (number % 3)) {
            case 0 -> wire.get("/users/1");
            case 1 -> wire.get("/posts?limit=100", authorization);
            default ->
                wire.send("POST", "/posts", "{\"title\":\"t\",\"body\":\"" + "x".repeat(1000) + "\"}", authorization);
        };
    }

    private void run(String name, Event begin, Event end) throws Exception {
        var time = BEFORE.plus(FAULT).plus(AFTER);
        var unused = Load.open(server.port(), perSecond, 8, Duration.ofSeconds(2), this::request);
        var load = CompletableFuture.supplyAsync(() -> {
            try {
                return Load.open(server.port(), perSecond, 400, time, this::request);
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        TimeUnit.NANOSECONDS.sleep(BEFORE.toNanos());
        begin.happen();
        var began = System.nanoTime();
        TimeUnit.NANOSECONDS.sleep(FAULT.toNanos());
        end.happen();
        var ended = System.nanoTime();
        var outcomes = load.join();
        report(name, outcomes, began, ended);
    }

    private void report(String name, List<Load.Outcome> outcomes, long began, long ended) throws Exception {
        Predicate<Load.Outcome> during = outcome -> outcome.end() > began && outcome.at() < ended;
        var asked = outcomes.stream()
                .filter(during.and(outcome -> outcome.number() % 3 != 0))
                .toList();
        var statuses = asked.stream()
                .collect(Collectors.groupingBy(Load.Outcome::status, TreeMap::new, Collectors.counting()));
        var cached = outcomes.stream()
                .filter(during.and(outcome -> outcome.number() % 3 == 0))
                .toList();
        var lastFailure = outcomes.stream()
                .filter(outcome -> outcome.at() > ended && (outcome.status() == 503 || outcome.status() == 0))
                .mapToLong(Load.Outcome::end)
                .max();
        System.out.printf(
                Locale.ROOT,
                "  %-18s slowest answer %4.0f ms (503: %4.0f ms), statuses %s; cached: %d of %d 200, slowest %.0f ms;"
                        + " last failure %s after the end; then active %.0f, pending %.0f, threads %.0f%n",
                name,
                Load.percentile(asked, 1, outcome -> true),
                Load.percentile(asked, 1, outcome -> outcome.status() == 503),
                statuses,
                cached.stream().filter(outcome -> outcome.status() == 200).count(),
                cached.size(),
                Load.percentile(cached, 1, outcome -> true),
                lastFailure.isPresent() ? (lastFailure.getAsLong() - ended) / 1_000_000 + " ms" : "none",
                server.metric("hikaricp_active_connections"),
                server.metric("hikaricp_pending_threads"),
                server.metric("jvm_threads_current"));
    }
}
