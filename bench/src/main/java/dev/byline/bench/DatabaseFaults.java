package dev.byline.bench;

import dev.byline.bench.harness.BylineProcess;
import dev.byline.bench.harness.ChildProcess;
import dev.byline.bench.harness.HttpConnection;
import dev.byline.bench.harness.Results;
import dev.byline.bench.harness.SampleData;
import dev.byline.bench.harness.TcpProxy;
import dev.byline.migrations.TestPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * Measures what clients see while the database is frozen, killed, disconnected, read-only, or its disk full, for 10 s
 * each under load: a third cached reads, a third reads, a third writes. The full disk needs root, to mount a small file
 * system. Arguments after the jar are requests a second, by default 3 and 300.
 */
final class DatabaseFaults {
    private static final Duration BEFORE = Duration.ofSeconds(5);
    private static final Duration FAULT = Duration.ofSeconds(10);
    private static final Duration AFTER = Duration.ofSeconds(10);
    private static final String POST = "{\"title\":\"t\",\"body\":\"" + "x".repeat(1000) + "\"}";

    /** Starts or ends a fault. */
    private interface Action {
        void run() throws Exception;
    }

    private final TestPostgres postgres;
    private final Path folder;
    private final BylineProcess server;
    private final String authorization;
    private final int perSecond;

    private DatabaseFaults(TestPostgres postgres, Path folder, BylineProcess server, String token, int perSecond) {
        this.postgres = postgres;
        this.folder = folder;
        this.server = server;
        this.authorization = "Authorization: Bearer " + token;
        this.perSecond = perSecond;
    }

    public static void main(String[] args) throws Exception {
        var folder = Files.createTempDirectory("byline-faults");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        var rates = args.length > 1
                ? Arrays.stream(args).skip(1).mapToInt(Integer::parseInt).toArray()
                : new int[] {3, 300};
        try (var postgres = new TestPostgres(folder);
                var network = new TcpProxy(postgres.serverUrl(), Duration.ZERO)) {
            var token = SampleData.userWithToken(postgres.serverUrl());
            var settings = Map.of(
                    "DATABASE_URL", network.url(),
                    "BYLINE_CACHE_L1_TTL", "10m", // cached reads stay cached during a fault
                    "BYLINE_CACHE_L2_TTL", "1h");
            try (var server = BylineProcess.start(Path.of(args[0]), settings)) {
                for (var perSecond : rates) {
                    System.out.println(perSecond + " requests a second:");
                    new DatabaseFaults(postgres, folder, server, token, perSecond).runAll(network);
                }
            }
        }
    }

    private void runAll(TcpProxy network) throws Exception {
        run("frozen", postgres::freeze, postgres::thaw);
        run("killed, restarted", postgres::kill, postgres::restart);
        run("connections ended", this::terminateConnections, () -> {});
        run("network dropped", () -> network.drop(true), () -> network.drop(false));
        run("read-only", () -> setReadOnly("on"), () -> setReadOnly("off"));
        var disk = Files.createDirectory(folder.resolve("disk" + perSecond));
        if (ChildProcess.run("mount", "-t", "tmpfs", "-o", "size=40m,mode=777", "none", disk.toString()) != 0) {
            System.out.println("  disk full: skipped, mounting a file system needs root");
            return;
        }
        movePostsTo(disk);
        run("disk full", () -> fill(disk), () -> Files.delete(disk.resolve("filler")));
        postgres.run("ALTER TABLE byline.posts SET TABLESPACE pg_default", "DROP TABLESPACE small");
        var unused = ChildProcess.run("umount", disk.toString());
    }

    private void terminateConnections() throws SQLException {
        postgres.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'byline'");
    }

    private void setReadOnly(String value) throws SQLException {
        postgres.run("ALTER SYSTEM SET default_transaction_read_only = " + value, "SELECT pg_reload_conf()");
    }

    private void movePostsTo(Path disk) throws Exception {
        var data = Files.createDirectory(disk.resolve("data"));
        Files.setOwner(data, Files.getOwner(folder.resolve("postgres")));
        postgres.run(
                "CREATE TABLESPACE small LOCATION '" + data + "'", "ALTER TABLE byline.posts SET TABLESPACE small");
    }

    private static void fill(Path disk) throws Exception {
        var unused = ChildProcess.run("dd", "if=/dev/zero", "of=" + disk.resolve("filler"), "bs=4k");
    }

    private int request(HttpConnection http, long number) throws IOException {
        return switch ((int) (number % 3)) {
            case 0 -> http.get("/users/1");
            case 1 -> http.get("/posts?limit=100", authorization);
            default -> http.send("POST", "/posts", POST, authorization);
        };
    }

    private void run(String name, Action begin, Action end) throws Exception {
        var unused = server.load(8).openLoop(perSecond, Duration.ofSeconds(2), this::request); // warms up
        var time = BEFORE.plus(FAULT).plus(AFTER);
        var results = server.load(400).startOpenLoop(perSecond, time, this::request);
        TimeUnit.NANOSECONDS.sleep(BEFORE.toNanos());
        begin.run();
        var began = System.nanoTime();
        TimeUnit.NANOSECONDS.sleep(FAULT.toNanos());
        end.run();
        var ended = System.nanoTime();
        report(name, results.join(), began, ended);
    }

    private void report(String name, Results results, long began, long ended) throws Exception {
        Predicate<Results.Outcome> isCached = outcome -> outcome.number() % 3 == 0;
        var during = results.where(outcome -> outcome.endNanos() > began && outcome.startNanos() < ended);
        var cached = during.where(isCached);
        var others = during.where(isCached.negate());
        var lastFailure = results.outcomes().stream()
                .filter(outcome -> outcome.startNanos() > ended && (outcome.status() == 503 || outcome.status() == 0))
                .mapToLong(Results.Outcome::endNanos)
                .max();
        System.out.printf(
                Locale.ROOT,
                "  %-18s slowest %4.0f ms (503: %4.0f ms), statuses %s; cached: %d of %d 200, slowest %.0f ms;"
                        + " last failure %s after the end; then active %.0f, pending %.0f, threads %.0f%n",
                name,
                others.percentile(1),
                others.withStatus(503).percentile(1),
                others.statuses(),
                cached.withStatus(200).count(),
                cached.count(),
                cached.percentile(1),
                lastFailure.isPresent() ? (lastFailure.getAsLong() - ended) / 1_000_000 + " ms" : "none",
                server.metric("hikaricp_active_connections"),
                server.metric("hikaricp_pending_threads"),
                server.metric("jvm_threads_current"));
    }
}
