package dev.byline.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.byline.migrations.TestDatabase;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.DriverManager;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program as a process of its own, on its embedded database, through start, signals and kill -9. */
class ProgramTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(90);

    @TempDir
    Path folder;

    private final List<Process> processes = new ArrayList<>();
    private final HttpClient client = HttpClient.newHttpClient();

    @AfterEach
    void endAll() throws Exception {
        for (var process : processes) {
            process.destroy();
            process.waitFor(30, TimeUnit.SECONDS);
            process.destroyForcibly();
        }
    }

    @AfterEach
    void closeClient() {
        client.close();
    }

    private Process start(int port, String... arguments) throws IOException {
        return start(port, Map.of(), arguments);
    }

    private Process start(int port, Map<String, String> more, String... arguments) throws IOException {
        var command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                "dev.byline.server.Main"));
        command.addAll(List.of(arguments));
        var builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.redirectOutput(
                ProcessBuilder.Redirect.appendTo(folder.resolve("log").toFile()));
        builder.environment()
                .putAll(Map.of(
                        "PORT", Integer.toString(port),
                        "BYLINE_DATA_DIR", folder.resolve("data").toString(),
                        "BYLINE_LOG", "text",
                        "BYLINE_MANAGEMENT_PORT", "0",
                        "BYLINE_ADMIN_EMAIL", "root@example.com",
                        "BYLINE_ADMIN_PASSWORD", "canary in a coal mine"));
        builder.environment().putAll(more);
        var process = builder.start();
        processes.add(process);
        return process;
    }

    private String log() throws IOException {
        return Files.readString(folder.resolve("log"));
    }

    private Optional<String> get(int port, String path) throws InterruptedException {
        try {
            var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path));
            var answer = client.send(request.build(), BodyHandlers.ofString());
            return answer.statusCode() == 200 ? Optional.of(answer.body()) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private void awaitReady(int port, Process process) throws Exception {
        var end = System.nanoTime() + TIMEOUT.toNanos();
        while (get(port, "/readyz").isEmpty()) {
            assertThat(process.isAlive()).as(log()).isTrue();
            assertThat(System.nanoTime()).as(log()).isLessThan(end);
            Thread.sleep(50);
        }
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private ProcessHandle postmaster() throws IOException {
        var pid = Files.readAllLines(folder.resolve("data/postgres-18/postmaster.pid"))
                .getFirst();
        return ProcessHandle.of(Long.parseLong(pid.strip())).orElseThrow();
    }

    private String show(String name) throws Exception {
        return value("SHOW " + name);
    }

    private String value(String query) throws Exception {
        var url = EmbeddedPostgres.running(folder.resolve("data")).orElseThrow();
        try (var connection = DriverManager.getConnection(url.jdbcUrl(), url.credentials());
                var statement = connection.createStatement();
                var rows = statement.executeQuery(query)) {
            rows.next();
            return rows.getString(1);
        }
    }

    @Test
    void theEmbeddedDatabaseOutlivesSignalsAndKills() throws Exception {
        var port = freePort();
        var first = start(port);
        awaitReady(port, first);
        assertThat(log()).contains("ready on http://127.0.0.1:" + port, "embedded, data in " + folder, "curl -s");
        var created = client.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/users"))
                        .header("Content-Type", "application/json")
                        .POST(BodyPublishers.ofString("{\"email\":\"kept@example.com\",\"name\":\"Kept\"}"))
                        .build(),
                BodyHandlers.ofString());
        assertThat(created.statusCode()).isEqualTo(201);

        // It is as durable as any other PostgreSQL, and wants its password.
        assertThat(show("fsync")).isEqualTo("on");
        assertThat(show("synchronous_commit")).isEqualTo("on");
        assertThat(show("full_page_writes")).isEqualTo("on");
        assertThat(Files.readString(folder.resolve("data/postgres-18/pg_hba.conf")))
                .doesNotContainPattern("(?m)^(host|local).*trust");

        // Its text search knows letters from signs, where the system has a locale that does.
        if (System.getProperty("os.name").equals("Linux")) {
            assertThat(value("SELECT datctype FROM pg_database WHERE datname = current_database()"))
                    .isEqualTo("C.UTF-8");
            assertThat(value("SELECT to_tsvector('simple', '“Zebra” waiting… it’s over—now «x» 🦊fox')"))
                    .isEqualTo("'fox':8 'it':3 'now':6 'over':5 's':4 'waiting':2 'x':7 'zebra':1");
            assertThat(value("SELECT lower('ÄÉ')")).isEqualTo("äé");
        }

        // Its process knows no setting of the server's, and its files are its own.
        var environment = Path.of("/proc", Long.toString(postmaster().pid()), "environ");
        if (Files.exists(environment)) {
            assertThat(Files.readString(environment, StandardCharsets.ISO_8859_1))
                    .contains("PATH=")
                    .doesNotContain("canary", "BYLINE_", "root@example.com");
        }
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("data"))))
                .isEqualTo("rwx------");
        assertThat(log()).doesNotContain("chmod");

        // The admin of the settings logs in, a command gives tokens, and no secret stands anywhere in the log.
        var login = client.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/tokens"))
                        .header("Content-Type", "application/json")
                        .POST(BodyPublishers.ofString(
                                "{\"email\":\"root@example.com\",\"password\":\"canary in a coal mine\"}"))
                        .build(),
                BodyHandlers.ofString());
        assertThat(login.statusCode()).isEqualTo(201);
        assertThat(start(port, "config").waitFor()).isEqualTo(Command.DONE);
        assertThat(log()).doesNotContain("canary").doesNotContain("byl_").contains("created the admin");
        assertThat(start(port, "token", "--email", "ROOT@example.com", "--days", "1")
                        .waitFor())
                .isEqualTo(Command.DONE);
        assertThat(log()).containsPattern("(?m)^byl_[A-Za-z0-9_-]{43}$");
        assertThat(start(port, "token", "--email", "nobody@example.com").waitFor())
                .isEqualTo(Command.FAILED);
        assertThat(start(port, "token", "--days", "1").waitFor()).isEqualTo(Command.REFUSED);

        // Nobody else may serve from its folder, but commands reach its database.
        var second = start(freePort());
        assertThat(second.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(second.exitValue()).isEqualTo(Command.REFUSED);
        assertThat(log()).contains("another Byline is running on " + folder);
        var migrate = start(port, "migrate");
        assertThat(migrate.waitFor()).isEqualTo(Command.DONE);
        assertThat(start(port, "healthcheck").waitFor()).isEqualTo(Command.DONE);

        // SIGTERM: everything ends.
        var postmaster = postmaster();
        first.destroy();
        assertThat(first.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(first.exitValue()).isEqualTo(128 + 15);
        assertThat(postmaster.onExit()).succeedsWithin(Duration.ofSeconds(10)); // its last moments after it said so

        // A folder that others can read is used and told.
        Files.setPosixFilePermissions(folder.resolve("data"), PosixFilePermissions.fromString("rwxr-x--x"));

        // kill -9: PostgreSQL stays behind, the next start ends it and serves what was there.
        var third = start(port);
        awaitReady(port, third);
        assertThat(log())
                .containsOnlyOnce("chmod 700 " + folder.resolve("data"))
                .contains("can access the data folder " + folder.resolve("data") + " (rwxr-x--x)");
        Files.setPosixFilePermissions(folder.resolve("data"), PosixFilePermissions.fromString("rwx------"));
        var orphan = postmaster();
        third.destroyForcibly().waitFor();
        assertThat(orphan.isAlive()).isTrue();
        var fourth = start(port);
        awaitReady(port, fourth);
        assertThat(orphan.onExit()).succeedsWithin(Duration.ofSeconds(10));
        assertThat(get(port, "/users").orElseThrow()).contains("\"name\":\"Kept\"");

        // A start that was killed while it unpacked or made the cluster leaves no trap.
        fourth.destroy();
        fourth.waitFor();
        try (var unpacked = Files.newDirectoryStream(folder.resolve("data/binaries"))) {
            for (var home : unpacked) {
                Files.move(home, home.resolveSibling(home.getFileName() + ".unpacking"));
            }
        }
        Files.delete(folder.resolve("data/postgres-18.complete"));
        var fifth = start(port);
        awaitReady(port, fifth);
        assertThat(get(port, "/users").orElseThrow()).doesNotContain("\"name\":\"Kept\"");
        try (var aside = Files.newDirectoryStream(folder.resolve("data"), "postgres-18.unfinished-*")) {
            assertThat(aside).hasSize(1);
        }
        try (var unpacked = Files.newDirectoryStream(folder.resolve("data/binaries"))) {
            assertThat(unpacked).hasSize(1);
        }

        // The port is taken: said plainly, nothing left behind.
        fifth.destroy();
        fifth.waitFor();
        try (var taken = new ServerSocket(port)) {
            assertThat(taken.isBound()).isTrue();
            assertThat(start(port).waitFor()).isEqualTo(Command.REFUSED);
            assertThat(log()).contains("cannot listen on 127.0.0.1:" + port);
        }
        assertThat(EmbeddedPostgres.running(folder.resolve("data"))).isEmpty();
    }

    @Test
    void anImportThatIsStoppedLeavesNoPostgresAndGoesOnLater() throws Exception {
        var lines = new StringBuilder();
        for (int i = 0; i < 60_000; i++) {
            lines.append(
                    "{\"email\":\"u%d@example.com\",\"name\":\"U\",\"title\":\"t%d\",\"body\":\"\",\"created_at\":\"2020-01-01T00:00:00Z\"}\n"
                            .formatted(i % 100, i));
        }
        var file = Files.writeString(folder.resolve("many.ndjson"), lines);
        var importing = start(freePort(), "import-ndjson", file.toString());
        var end = System.nanoTime() + TIMEOUT.toNanos();
        while (!Files.exists(folder.resolve("data/postgres-18.complete"))) {
            assertThat(System.nanoTime()).isLessThan(end);
            Thread.sleep(20);
        }
        var postmaster = postmaster();
        importing.destroy();

        assertThat(importing.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(importing.exitValue()).isEqualTo(128 + 15);
        assertThat(postmaster.onExit()).succeedsWithin(Duration.ofSeconds(10));
        assertThat(start(freePort(), "import-ndjson", file.toString()).waitFor())
                .isEqualTo(Command.DONE);
        assertThat(log()).contains("60,000 lines: ");
    }

    private HttpResponse<String> await(int port, String path, int status) throws Exception {
        var end = System.nanoTime() + TIMEOUT.toNanos();
        var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .build();
        while (true) {
            try {
                var answer = client.send(request, BodyHandlers.ofString());
                if (answer.statusCode() == status && !answer.body().contains("starting\"")) {
                    return answer;
                }
            } catch (IOException e) {
                // not listening yet
            }
            assertThat(System.nanoTime()).as(log()).isLessThan(end);
            Thread.sleep(50);
        }
    }

    @Test
    void aServerWithoutItsSchemaSaysSo() throws Exception {
        var port = freePort();
        try (var empty = TestDatabase.empty()) {
            start(port, Map.of("DATABASE_URL", empty.url(), "BYLINE_MIGRATE", "off"));

            assertThat(await(port, "/readyz", 503).body())
                    .contains("the schema lacks V001__users.sql", "run `byline migrate`");
            endAll();
        }
    }

    @Test
    void onPostgres15NothingIsWarnedOf() throws Exception {
        var home = Path.of("/usr/lib/postgresql/15");
        assumeTrue(Files.isExecutable(home.resolve("bin/initdb")), "PostgreSQL 15 is installed");
        var cluster = new PostgresCluster(home, folder.resolve("fifteen"));
        cluster.run(
                "initdb",
                "--pgdata=" + cluster.data(),
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync");
        var databasePort = freePort();
        cluster.start(databasePort);
        try {
            var port = freePort();
            var server = start(
                    port, Map.of("DATABASE_URL", "postgres://postgres:x@127.0.0.1:" + databasePort + "/postgres"));
            awaitReady(port, server);
            assertThat(await(port, "/posts", 200).body()).isEqualTo("{\"posts\":[],\"next_cursor\":null}");
            endAll();
        } finally {
            cluster.stop();
        }
        assertThat(log()).contains("PostgreSQL 15").doesNotContain("WARN", "Version mismatch");
    }

    @Test
    void aServerWhoseDatabaseIsAwayLivesButIsNotReady() throws Exception {
        var port = freePort();
        var server = start(port, Map.of("DATABASE_URL", "postgres://x:canary@127.0.0.1:1/z"));
        var end = System.nanoTime() + TIMEOUT.toNanos();
        while (get(port, "/livez").isEmpty()) {
            assertThat(System.nanoTime()).isLessThan(end);
            Thread.sleep(50);
        }
        assertThat(get(port, "/readyz")).isEmpty();
        server.destroy();
        assertThat(server.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(server.exitValue()).isEqualTo(128 + 15);
        assertThat(log()).contains("the database does not answer").doesNotContain("canary");
    }
}
