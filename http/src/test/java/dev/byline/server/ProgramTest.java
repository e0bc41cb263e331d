package dev.byline.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.byline.migrations.TestDatabase;
import dev.byline.model.DatabaseUrl;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.DriverManager;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The program as a separate process: start, commands, signals and kills. */
class ProgramTest {
    private static final Path DATA = Path.of("data");
    private static final Path COMPLETE = DATA.resolve("postgres-18.complete");

    /** Shared because its first start takes seconds. No test depends on the data of another one. */
    @TempDir
    static Path shared;

    /** Makes sure that the shared folder has a database, and returns its data folder. */
    private static Path createData() throws Exception {
        if (!Files.exists(shared.resolve(COMPLETE))) {
            assertThat(TestProgram.run(shared, "migrate").status()).isEqualTo(Command.DONE);
        }
        return shared.resolve(DATA);
    }

    private static String value(String query) throws Exception {
        return value(EmbeddedPostgres.running(shared.resolve(DATA)).orElseThrow(), query);
    }

    private static String value(DatabaseUrl url, String query) throws Exception {
        try (var connection = DriverManager.getConnection(url.jdbcUrl(), url.credentials());
                var statement = connection.createStatement();
                var rows = statement.executeQuery(query)) {
            rows.next();
            return rows.getString(1);
        }
    }

    private static void createUser(TestProgram program, String email) throws Exception {
        var response = program.post("/users", """
                {"email":"%s","name":"Kept"}""".formatted(email));
        assertThat(response.statusCode()).isEqualTo(201);
    }

    @Nested
    @TestInstance(Lifecycle.PER_CLASS)
    class RunningOnItsEmbeddedDatabase {
        private TestProgram server;

        @BeforeAll
        void start() throws Exception {
            server = TestProgram.startReady(shared);
        }

        @AfterAll
        void close() {
            server.close();
        }

        @Test
        void theBannerNamesUrlAndDataFolderAndShowsExamples() throws Exception {
            server.await(() -> server.log().contains("curl -s"));
            assertThat(server.log())
                    .contains(
                            "ready on http://127.0.0.1:" + server.port(),
                            "embedded, data in " + shared,
                            "/docs",
                            "status page http://127.0.0.1:");
        }

        @Test
        void theDatabaseIsDurable() throws Exception {
            assertThat(value("SHOW fsync")).isEqualTo("on");
            assertThat(value("SHOW synchronous_commit")).isEqualTo("on");
            assertThat(value("SHOW full_page_writes")).isEqualTo("on");
        }

        @Test
        void theDatabaseRequiresItsPassword() throws Exception {
            assertThat(Files.readString(shared.resolve(DATA).resolve("postgres-18/pg_hba.conf")))
                    .doesNotContainPattern("(?m)^(host|local).*trust");
        }

        @Test
        @EnabledOnOs(value = OS.LINUX, disabledReason = "other systems may lack the locale C.UTF-8")
        void textSearchTellsLettersFromPunctuation() throws Exception {
            assertThat(value("SELECT datctype FROM pg_database WHERE datname = current_database()"))
                    .isEqualTo("C.UTF-8");
            assertThat(value("SELECT to_tsvector('simple', '“Zebra” waiting… it’s over—now «x» 🦊fox')"))
                    .isEqualTo("'fox':8 'it':3 'now':6 'over':5 's':4 'waiting':2 'x':7 'zebra':1");
            assertThat(value("SELECT lower('ÄÉ')")).isEqualTo("äé");
        }

        @Test
        @EnabledOnOs(value = OS.LINUX, disabledReason = "needs /proc")
        void theDatabaseProcessDoesNotInheritSettings() throws Exception {
            var pid = TestProgram.postmaster(shared).pid();
            assertThat(Files.readString(Path.of("/proc/" + pid + "/environ"), StandardCharsets.ISO_8859_1))
                    .contains("PATH=")
                    .doesNotContain("canary", "BYLINE_", TestProgram.ADMIN);
        }

        @Test
        void onlyTheOwnerCanAccessTheDataFolder() throws Exception {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(shared.resolve(DATA))))
                    .isEqualTo("rwx------");
            assertThat(server.log()).doesNotContain("chmod");
        }

        @Test
        void theAdminOfTheSettingsCanLogIn() throws Exception {
            var response = server.post("/tokens", """
                    {"email":"%s","password":"%s"}""".formatted(TestProgram.ADMIN, TestProgram.PASSWORD));
            assertThat(response.statusCode()).isEqualTo(201);
        }

        @Test
        void theLogContainsNoSecret() throws Exception {
            server.post("/tokens", """
                    {"email":"%s","password":"%s"}""".formatted(TestProgram.ADMIN, TestProgram.PASSWORD));
            server.await(() -> server.log().contains("route=/tokens status=201"));
            assertThat(server.log()).doesNotContain("canary", "byl_");
        }

        @Test
        void configPrintsNoSecret() throws Exception {
            var config = TestProgram.run(shared, "config");
            assertThat(config.status()).isEqualTo(Command.DONE);
            assertThat(config.output()).contains("BYLINE_ADMIN_PASSWORD").doesNotContain("canary");
        }

        @Test
        void configPrintsTheAddressOfTheEmbeddedDatabaseWithoutItsPassword() throws Exception {
            var config = TestProgram.run(shared, "config");
            assertThat(config.output())
                    .contains("(embedded PostgreSQL, postgres://postgres:****@127.0.0.1:" + value("SHOW port")
                            + "/postgres)")
                    .doesNotContain(Files.readString(shared.resolve(DATA).resolve("password")));
        }

        @Test
        void tokenPrintsATokenOfAUser() throws Exception {
            var token = TestProgram.run(shared, "token", "--email", "ROOT@example.com", "--days", "1");
            assertThat(token.status()).isEqualTo(Command.DONE);
            assertThat(token.output()).containsPattern("(?m)^byl_[A-Za-z0-9_-]{43}$");
        }

        @Test
        void tokenFailsForAnUnknownUser() throws Exception {
            assertThat(TestProgram.run(shared, "token", "--email", "nobody@example.com")
                            .status())
                    .isEqualTo(Command.FAILED);
        }

        @Test
        void aSecondServerIsRefused() throws Exception {
            var second = TestProgram.run(shared);
            assertThat(second.status()).isEqualTo(Command.REFUSED);
            assertThat(second.output()).contains("another Byline is running on " + shared);
        }

        @Test
        void migrateUsesTheDatabaseOfTheServer() throws Exception {
            var migrate = TestProgram.run(shared, "migrate");
            assertThat(migrate.status()).as(migrate.output()).isEqualTo(Command.DONE);
        }

        @Test
        void healthcheckSucceeds() throws Exception {
            assertThat(TestProgram.run(shared, server.port(), "healthcheck").status())
                    .isEqualTo(Command.DONE);
        }
    }

    @Nested
    @TestInstance(Lifecycle.PER_CLASS)
    class AfterSigkillRestartAndSigterm {
        private ProcessHandle orphan;
        private boolean orphanRan;
        private ProcessHandle postmaster;
        private int status;

        @BeforeAll
        void killRestartAndStop() throws Exception {
            try (var server = TestProgram.startReady(shared)) {
                createUser(server, "kept@example.com");
                orphan = TestProgram.postmaster(shared);
                server.kill();
                orphanRan = orphan.isAlive();
            }
            try (var server = TestProgram.startReady(shared)) {
                postmaster = TestProgram.postmaster(shared);
                status = server.stop();
            }
        }

        @Test
        void theRestartStopsTheDatabaseThatTheKillLeftRunning() {
            assertThat(orphanRan).isTrue();
            assertThat(orphan.onExit()).succeedsWithin(Duration.ofSeconds(10));
        }

        @Test
        void sigtermExitsWithStatus143() {
            assertThat(status).isEqualTo(128 + 15);
        }

        @Test
        void sigtermStopsTheDatabase() {
            assertThat(postmaster.onExit()).succeedsWithin(Duration.ofSeconds(10)); // pg_ctl returns just before
        }

        @Test
        void theDataIsKept() throws Exception {
            try (var postgres = EmbeddedPostgres.start(shared.resolve(DATA))) {
                assertThat(value(postgres.url(), "SELECT count(*) FROM users WHERE email = 'kept@example.com'"))
                        .isEqualTo("1");
            }
        }
    }

    @Test
    void aDataFolderThatOthersCanAccessIsLogged() throws Exception {
        var data = Files.createDirectories(shared.resolve(DATA));
        Files.setPosixFilePermissions(data, PosixFilePermissions.fromString("rwxr-x--x"));
        var migrate = TestProgram.run(shared, "migrate");
        Files.setPosixFilePermissions(data, PosixFilePermissions.fromString("rwx------"));

        assertThat(migrate.status()).as(migrate.output()).isEqualTo(Command.DONE);
        assertThat(migrate.output())
                .contains("other users of this machine can access the data folder " + data + " (rwxr-x--x)")
                .containsOnlyOnce("chmod 700 " + data);
    }

    @Test
    void anUnfinishedFirstStartIsSetAsideAndRepeated() throws Exception {
        var data = createData();
        Files.delete(shared.resolve(COMPLETE));
        var binaries = data.resolve("binaries");
        try (var folders = Files.newDirectoryStream(binaries)) {
            for (var folder : folders) {
                Files.move(folder, folder.resolveSibling(folder.getFileName() + ".unpacking"));
            }
        }

        var migrate = TestProgram.run(shared, "migrate");

        assertThat(migrate.status()).as(migrate.output()).isEqualTo(Command.DONE);
        assertThat(shared.resolve(COMPLETE)).exists();
        try (var renamed = Files.newDirectoryStream(data, "postgres-18.unfinished-*")) {
            assertThat(renamed).hasSize(1);
        }
        try (var folders = Files.newDirectoryStream(binaries)) {
            assertThat(folders).hasSize(1);
        }
    }

    @Test
    void aPortInUseIsReportedAndLeavesNoDatabaseRunning() throws Exception {
        try (var used = new ServerSocket(0)) {
            var server = TestProgram.run(shared, used.getLocalPort());

            assertThat(server.status()).isEqualTo(Command.REFUSED);
            assertThat(server.output())
                    .contains("cannot listen on 127.0.0.1:" + used.getLocalPort())
                    .doesNotContain("ERROR", "Javalin");
        }
        assertThat(EmbeddedPostgres.running(shared.resolve(DATA))).isEmpty();
    }

    @Nested
    @TestInstance(Lifecycle.PER_CLASS)
    class AfterSigtermDuringAnImport {
        private final Path folder;
        private final Path file;
        private final ProcessHandle postmaster;
        private final int status;

        AfterSigtermDuringAnImport(@TempDir Path folder) throws Exception {
            this.folder = folder;
            file = Files.writeString(folder.resolve("many.ndjson"), lines(20_000));
            try (var importing = TestProgram.start(folder, "import-ndjson", file.toString())) {
                importing.await(() -> Files.exists(folder.resolve(COMPLETE)));
                postmaster = TestProgram.postmaster(folder);
                status = importing.stop();
            }
        }

        private static String lines(int count) {
            return IntStream.range(0, count)
                    .mapToObj(AfterSigtermDuringAnImport::line)
                    .collect(Collectors.joining());
        }

        private static String line(int i) {
            return """
                    {"email":"u%d@example.com","name":"U","title":"t%d","body":"","created_at":"2020-01-01T00:00:00Z"}
                    """.formatted(i % 100, i);
        }

        @Test
        void theExitStatusIs143() {
            assertThat(status).isEqualTo(128 + 15);
        }

        @Test
        void theDatabaseIsStopped() {
            assertThat(postmaster.onExit()).succeedsWithin(Duration.ofSeconds(10));
        }

        @Test
        void theImportCanBeRepeated() throws Exception {
            var repeated = TestProgram.run(folder, "import-ndjson", file.toString());

            assertThat(repeated.status()).isEqualTo(Command.DONE);
            assertThat(repeated.output()).contains("20,000 lines: ");
        }
    }

    @Nested
    @TestInstance(Lifecycle.PER_CLASS)
    class WithoutAReachableDatabase {
        private final int live;
        private final int ready;
        private final int status;
        private final String log;

        WithoutAReachableDatabase(@TempDir Path folder) throws Exception {
            var unreachable = Map.of("DATABASE_URL", "postgres://x:canary@127.0.0.1:1/z");
            try (var server = TestProgram.start(folder, TestProgram.freePort(), unreachable)) {
                live = server.await("/livez", 200).statusCode();
                ready = server.get("/readyz").statusCode();
                status = server.stop();
                log = server.log();
            }
        }

        @Test
        void theServerIsAliveButNotReady() {
            assertThat(live).isEqualTo(200);
            assertThat(ready).isEqualTo(503);
        }

        @Test
        void theLogNamesTheReasonButNoPassword() {
            assertThat(log).contains("the database does not answer").doesNotContain("canary");
        }

        @Test
        void theExitStatusAfterSigtermIs143() {
            assertThat(status).isEqualTo(128 + 15);
        }
    }

    @Test
    void aServerWithoutItsSchemaSaysWhichMigrationsAreMissing(@TempDir Path folder) throws Exception {
        try (var database = TestDatabase.empty();
                var server = TestProgram.start(
                        folder,
                        TestProgram.freePort(),
                        Map.of("DATABASE_URL", database.url(), "BYLINE_MIGRATE", "off"))) {
            server.await("/livez", 200);
            server.await(() -> server.log().contains("not ready: the schema lacks"));
            assertThat(server.await("/readyz", 503).body())
                    .contains("the schema lacks V001__users.sql", "run `byline migrate`");
        }
    }

    @Test
    void aServerRunsOnPostgres15WithoutWarnings(@TempDir Path folder) throws Exception {
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
        var databasePort = TestProgram.freePort();
        cluster.start(databasePort);
        var settings = Map.of("DATABASE_URL", "postgres://postgres:x@127.0.0.1:" + databasePort + "/postgres");
        try (var server = TestProgram.start(folder, TestProgram.freePort(), settings)) {
            server.awaitReady();
            assertThat(server.get("/posts").body()).isEqualTo("""
                    {"posts":[],"next_cursor":null}""");
            server.await(() -> server.log().contains("PostgreSQL 15"));
            assertThat(server.log()).doesNotContain("WARN", "Version mismatch");
        } finally {
            cluster.stop();
        }
    }
}
