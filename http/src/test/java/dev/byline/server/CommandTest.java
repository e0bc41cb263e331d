package dev.byline.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.byline.migrations.TestDatabase;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class CommandTest {
    private static final String UNREACHABLE = "postgres://x:y@127.0.0.1:1/z";

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private int run(Map<String, String> environment, String... arguments) {
        out.reset();
        err.reset();
        var console = new Console(
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                false,
                false);
        var text = new HashMap<>(environment);
        text.put("BYLINE_LOG", "text");
        return new Command(text, console).run(arguments);
    }

    private String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private String err() {
        return err.toString(StandardCharsets.UTF_8);
    }

    @Test
    void anUnknownCommandIsRefusedWithASuggestion() {
        assertThat(run(Map.of(), "migrat")).isEqualTo(Command.REFUSED);
        assertThat(err()).contains("unknown command migrat; did you mean migrate?");
    }

    @Test
    void anUnknownCommandWithArgumentsIsRefusedWithASuggestion() {
        assertThat(run(Map.of(), "migrat", "now")).isEqualTo(Command.REFUSED);
        assertThat(err()).contains("did you mean migrate?");
    }

    @ParameterizedTest
    @CsvSource({
        "--port 8080, set PORT=8080",
        "--port=8080, set PORT=8080",
        "serve --port 8080, set PORT=8080",
        "--data-dir /var/byline, set BYLINE_DATA_DIR=/var/byline",
        "--prot, settings are environment variables",
        "--data_dirr x, set BYLINE_DATA_DIR=x",
        "--pool-size --cache, set BYLINE_POOL_SIZE=...",
        "-p 8080, such as PORT=8080"
    })
    void anOptionInPlaceOfASettingIsRefusedWithTheSetting(String line, String hint) {
        assertThat(run(Map.of(), line.split(" ", -1))).isEqualTo(Command.REFUSED);
        assertThat(err())
                .contains(" is not an option: settings are environment variables", hint, "`byline config --help`")
                .doesNotContain("did you mean");
    }

    @Test
    void anOptionInPlaceOfASecretIsNotRepeated() {
        assertThat(run(Map.of(), "--database-url=postgres://a:canary@b/c")).isEqualTo(Command.REFUSED);
        assertThat(run(Map.of(), "--database-url", "postgres://a:canary@b/c")).isEqualTo(Command.REFUSED);
        assertThat(err()).contains("set DATABASE_URL=...").doesNotContain("canary");
    }

    @ParameterizedTest
    @ValueSource(strings = {"99999", "3651", "0", "-1", "ten"})
    void anImpossibleLifetimeOfATokenIsRefusedWithItsLimits(String days) {
        assertThat(run(Map.of(), "token", "--email", "x", "--days", days)).isEqualTo(Command.REFUSED);
        assertThat(err())
                .contains(
                        "--days must be a whole number from 1 to 3650", "usage: byline token --email EMAIL [--days N]");
    }

    @ParameterizedTest
    @CsvSource({
        "token --days 1, --email EMAIL is missing",
        "token x --email y, unknown argument x",
        "token --email, --email needs a value",
        "token --email y --day 3, unknown argument --day",
        "import-ndjson, one FILE is needed",
        "import http://127.0.0.1/, --user EMAIL is missing",
        "import --user a@example.com, at least one URL is needed",
        "import http://127.0.0.1/ --user, --user needs a value",
        "import http://127.0.0.1/ http://127.0.0.1/ --user a@example.com, each URL once"
    })
    void wrongArgumentsAreRefusedWithTheFaultAndTheUsage(String line, String fault) {
        assertThat(run(Map.of(), line.split(" ", -1))).isEqualTo(Command.REFUSED);
        assertThat(err()).contains(fault, "usage: byline " + line.split(" ", -1)[0] + " ");
    }

    @ParameterizedTest
    @MethodSource("dev.byline.server.Usage#names")
    void everyCommandPrintsItsUsage(String name) {
        for (var line : List.of(name + " --help", name + " -h", "help " + name)) {
            assertThat(run(Map.of("PORT", "invalid"), line.split(" ", -1)))
                    .as(line)
                    .isEqualTo(Command.DONE);
            assertThat(out()).as(line).startsWith("usage: byline " + name);
            assertThat(err()).as(line).isEmpty();
        }
    }

    @Test
    void theUsageOfTokenNamesItsLimits() {
        run(Map.of(), "token", "--help");
        assertThat(out())
                .startsWith("usage: byline token --email EMAIL [--days N]\n")
                .contains("1 to 3650");
    }

    @Test
    void helpOnAnUnknownCommandIsRefused() {
        assertThat(run(Map.of(), "help", "migrat")).isEqualTo(Command.REFUSED);
        assertThat(err()).contains("unknown command migrat; did you mean migrate?");
    }

    @Test
    void theUsageOfConfigHasALineForEachSetting() {
        assertThat(run(Map.of(), "config", "--help")).isEqualTo(Command.DONE);
        for (var setting : Settings.ALL) {
            assertThat(out())
                    .containsPattern("(?m)^" + setting + " +"
                            + Pattern.quote(setting.defaultText().isEmpty() ? "-" : setting.defaultText()) + " +"
                            + Pattern.quote(setting.purpose()) + " \\(");
        }
        assertThat(out())
                .contains("BYLINE_DRAIN_DELAY")
                .contains("(a duration, 0s to 5m)")
                .contains("DATABASE_URL_FILE");
    }

    @ParameterizedTest
    @ValueSource(strings = {"version now", "help version now", "import-ndjson a b"})
    void wrongArgumentsAreRefused(String line) {
        assertThat(run(Map.of(), line.split(" ", -1))).isEqualTo(Command.REFUSED);
    }

    @Test
    void helpNamesEveryCommand() {
        assertThat(run(Map.of(), "help")).isEqualTo(Command.DONE);
        assertThat(out()).contains(Usage.names());
    }

    @Test
    void versionPrintsTheVersion() {
        assertThat(run(Map.of(), "version")).isEqualTo(Command.DONE);
        assertThat(out()).isEqualTo("byline development\n");
    }

    @Test
    void configPrintsTheEffectiveSettings() {
        assertThat(run(Map.of("PORT", "8080"), "config")).isEqualTo(Command.DONE);
        assertThat(out()).containsPattern("PORT +8080 +environment").contains("BYLINE_POOL_SIZE");
    }

    @ParameterizedTest
    @ValueSource(strings = {"config", "config --help"})
    void theColumnsOfConfigAreAligned(String line) {
        run(Map.of(), line.split(" ", -1));
        assertThat(column("BYLINE_RATE_LIMIT_ANONYMOUS", "600")).isEqualTo(column("PORT", "8000"));
        assertThat(column("BYLINE_IMPORT_ALLOW_PRIVATE", "false")).isEqualTo(column("PORT", "8000"));
    }

    /** Returns where a value begins in the line of its setting. */
    private int column(String name, String value) {
        var row = out().lines().filter(each -> each.startsWith(name + " ")).findFirst();
        return row.orElseThrow().indexOf(value);
    }

    @Test
    void configPrintsNoAddressOfAnEmbeddedDatabaseThatDoesNotRun(@TempDir Path folder) throws IOException {
        var environment = Map.of("BYLINE_DATA_DIR", folder.toString());
        run(environment, "config");
        assertThat(out()).containsPattern("(?m)^DATABASE_URL +\\(embedded PostgreSQL\\) ");

        var dead = new ProcessBuilder("true").start();
        dead.onExit().join();
        Files.createDirectories(folder.resolve("postgres-18"));
        Files.writeString(folder.resolve("postgres-18/postmaster.pid"), dead.pid() + "\n/x\n1\n5432\n");
        assertThat(run(environment, "config")).isEqualTo(Command.DONE);
        assertThat(out()).containsPattern("(?m)^DATABASE_URL +\\(embedded PostgreSQL\\) ");
        try (var files = Files.list(folder)) {
            assertThat(files).hasSize(1);
        }
    }

    @Test
    void configMasksSecrets() {
        var environment =
                Map.of("DATABASE_URL", "postgres://ada:canary@db/blog", "REDIS_URL", "redis://:canary@cache:6380/2");

        assertThat(run(environment, "config")).isEqualTo(Command.DONE);
        assertThat(out())
                .contains("jdbc:postgresql://db/blog as ada (password ****)", "redis://****@cache:6380/2")
                .doesNotContain("canary");
    }

    @Test
    void errorsInSecretsDoNotRepeatThem() {
        assertThat(run(Map.of("REDIS_URL", "redis://canary@cache"), "config")).isEqualTo(Command.REFUSED);
        assertThat(out() + err()).contains("REDIS_URL").doesNotContain("canary");
        assertThat(run(Map.of("DATABASE_URL", "mysql://ada:canary@db"), "config"))
                .isEqualTo(Command.REFUSED);
        assertThat(out() + err()).contains("DATABASE_URL").doesNotContain("canary");
    }

    @Test
    void healthcheckFailsIfNothingListens() {
        assertThat(run(Map.of("PORT", "1"), "healthcheck")).isEqualTo(Command.FAILED);
        assertThat(err()).contains("does not answer");
    }

    @Test
    void capacityFailsIfNothingListens() {
        assertThat(run(Map.of("BYLINE_MANAGEMENT_PORT", "1"), "capacity")).isEqualTo(Command.FAILED);
        assertThat(err()).contains("/capacity does not answer");
        assertThat(out()).isEmpty();
    }

    @Test
    void migrateAppliesPendingMigrationsOnce() {
        try (var database = TestDatabase.empty()) {
            var environment = Map.of("DATABASE_URL", database.url());

            assertThat(run(environment, "migrate")).isEqualTo(Command.DONE);
            assertThat(out()).isEqualTo("applied 8 migrations\n");
            assertThat(run(environment, "migrate")).isEqualTo(Command.DONE);
            assertThat(out()).isEqualTo("the schema is current\n");
        }
    }

    @Test
    void aSchemaHasItsOwnTables(@TempDir Path folder) throws IOException {
        var file = folder.resolve("posts.ndjson");
        Files.writeString(file, """
                {"email":"ada@example.com","name":"Ada","title":"One","body":"","created_at":"2020-01-01T00:00:00Z"}
                """);
        try (var database = TestDatabase.empty()) {
            var blog = Map.of("DATABASE_URL", database.url(), "BYLINE_SCHEMA", "My Blog");

            assertThat(run(blog, "import-ndjson", file.toString())).isEqualTo(Command.DONE);
            assertThat(database.value("SELECT count(*) FROM \"My Blog\".posts")).isEqualTo("1");
            assertThat(run(blog, "token", "--email", "ada@example.com")).isEqualTo(Command.DONE);
            assertThat(run(blog, "migrate")).isEqualTo(Command.DONE);

            assertThat(run(Map.of("DATABASE_URL", database.url()), "migrate")).isEqualTo(Command.FAILED);
            assertThat(err())
                    .contains("has Byline's tables in schema \"My Blog\", not in \"public\"", "BYLINE_SCHEMA=My Blog")
                    .doesNotContain("Exception");
            assertThat(run(Map.of("DATABASE_URL", database.url(), "BYLINE_SCHEMA", "public"), "migrate"))
                    .isEqualTo(Command.DONE);
            assertThat(run(Map.of("DATABASE_URL", database.url() + "?currentSchema=nowhere"), "migrate"))
                    .isEqualTo(Command.FAILED);
            assertThat(err()).contains("no schema in the connection's search_path exists");
        }
    }

    @Test
    void migrateFailsWithoutADatabase() {
        assertThat(run(Map.of("DATABASE_URL", UNREACHABLE), "migrate")).isEqualTo(Command.FAILED);
    }

    @Test
    void importNdjsonMigratesAnEmptyDatabase(@TempDir Path folder) throws IOException {
        var file = Files.createFile(folder.resolve("posts.ndjson"));
        try (var database = TestDatabase.empty()) {
            assertThat(run(Map.of("DATABASE_URL", database.url()), "import-ndjson", file.toString()))
                    .isEqualTo(Command.DONE);
            assertThat(database.value("SELECT count(*) FROM posts")).isEqualTo("0");
        }
    }

    @Test
    void importNdjsonFailsWithoutADatabase(@TempDir Path folder) throws IOException {
        var file = Files.createFile(folder.resolve("posts.ndjson"));
        assertThat(run(Map.of("DATABASE_URL", UNREACHABLE), "import-ndjson", file.toString()))
                .isEqualTo(Command.FAILED);
    }

    @Test
    void aDataFolderThatIsAFileIsReportedWithTheSetting(@TempDir Path folder) throws IOException {
        var file = Files.createFile(folder.resolve("data"));

        assertThat(run(Map.of("BYLINE_DATA_DIR", file.toString()), "migrate")).isEqualTo(Command.REFUSED);
        assertThat(err())
                .contains(file + " is a file, not a folder; set BYLINE_DATA_DIR to ", "DATABASE_URL")
                .doesNotContain("Exception", "postgres-18");
        assertThat(run(Map.of("BYLINE_DATA_DIR", file + "/below"), "migrate")).isEqualTo(Command.REFUSED);
        assertThat(err())
                .contains(file + "/below: Not a directory; set BYLINE_DATA_DIR to ")
                .doesNotContain("Exception", "postgres-18");
    }

    @Test
    void aDataFolderThatCannotBeLockedIsReportedWithTheSetting(@TempDir Path folder) throws IOException {
        var lock = Files.createDirectory(folder.resolve("lock"));
        var environment = Map.of("BYLINE_DATA_DIR", folder.toString());

        assertThat(run(environment, "token", "--email", "ada@example.com")).isEqualTo(Command.REFUSED);
        assertThat(err())
                .contains(lock + ": Is a directory; set BYLINE_DATA_DIR to ")
                .doesNotContain("starting");
    }

    @Test
    void importNdjsonRefusesAMissingFileBeforeItOpensTheDatabase(@TempDir Path folder) {
        var data = folder.resolve("data");
        var missing = folder.resolve("posts.ndjson");

        assertThat(run(Map.of("BYLINE_DATA_DIR", data.toString()), "import-ndjson", missing.toString()))
                .isEqualTo(Command.REFUSED);
        assertThat(err()).isEqualTo("byline: no such file: " + missing + "\n");
        assertThat(out()).isEmpty();
        assertThat(data).doesNotExist();
    }

    @Test
    void importNdjsonRefusesAFolder(@TempDir Path folder) {
        assertThat(run(Map.of("DATABASE_URL", UNREACHABLE), "import-ndjson", folder.toString()))
                .isEqualTo(Command.REFUSED);
        assertThat(err()).isEqualTo("byline: " + folder + " is a folder, not a file\n");
    }

    @Nested
    class ImportNdjson {
        private static final String LINE = """
                {"email":"a@example.com","name":"A","title":"%s","body":"","created_at":"2020-01-01T00:00:00Z"}
                """;
        private static final String MIXED = """
                {"email":"a@example.com","name":"A","title":"One","body":"1","created_at":"2020-01-01T00:00:00Z"}
                {"email":"A@example.com","name":"A","title":"Two","body":"","created_at":"2020-01-02T00:00:00+01:00"}

                {"email":"b@example.com","name":"B","title":"","body":"","created_at":"2020-01-02T00:00:00Z"}
                {"email":"b@example.com","name":"B","title":"x","body":"","created_at":"yesterday"}
                {"email":"b@example.com","name":"B","title":"x","body":"","created_at":"9999-01-01T00:00:00Z"}
                not json
                {"email":"b@example.com","name":"B","title":"Three","body":"3","created_at":"2020-01-03T00:00:00Z"}
                """;

        private final TestDatabase database = TestDatabase.migrated();
        private final Path file;

        ImportNdjson(@TempDir Path folder) {
            file = folder.resolve("posts.ndjson");
        }

        @AfterEach
        void close() {
            database.close();
        }

        private int importFile() {
            return run(Map.of("DATABASE_URL", database.serverUrl()), "import-ndjson", file.toString());
        }

        private int importLines(String lines) throws IOException {
            Files.writeString(file, lines);
            return importFile();
        }

        @Test
        void importsTheValidLinesInOrder() throws IOException {
            assertThat(importLines(MIXED)).isEqualTo(Command.FAILED);
            assertThat(out()).startsWith("7 lines: 3 new posts, 0 existing, 4 rejected, in ");
            assertThat(database.value("SELECT string_agg(title, ',' ORDER BY published_at) FROM posts"))
                    .isEqualTo("One,Two,Three");
        }

        @Test
        void createsEachAuthorOnce() throws IOException {
            importLines(MIXED);
            assertThat(database.value("SELECT count(*) FROM users")).isEqualTo("2");
        }

        @Test
        void reportsInvalidLinesByNumberAndReason() throws IOException {
            importLines(MIXED);
            assertThat(err())
                    .contains(
                            "line 4 rejected: title must have 1 to 500 characters",
                            "line 5 rejected: created_at must be a time",
                            "line 6 rejected: created_at must not be in the future",
                            "line 7 rejected: the body is not well-formed JSON");
        }

        @Test
        void skipsPostsThatExist() throws IOException {
            importLines(MIXED);
            assertThat(importLines(MIXED)).isEqualTo(Command.FAILED);
            assertThat(out()).startsWith("7 lines: 0 new posts, 3 existing, 4 rejected, in ");
        }

        @Test
        void continuesAfterAnyInvalidLine() throws IOException {
            try (var lines = Files.newOutputStream(file)) {
                write(lines, LINE.formatted("one"), StandardCharsets.UTF_8);
                write(lines, LINE.formatted("year 0").replace("2020", "0000"), StandardCharsets.UTF_8);
                write(lines, LINE.formatted("\u00ff"), StandardCharsets.ISO_8859_1);
                write(lines, "{\"email\":1e99999999999}\n", StandardCharsets.UTF_8);
                write(lines, "x".repeat(5_000_000) + "\n", StandardCharsets.UTF_8);
                write(lines, LINE.formatted("two").stripTrailing(), StandardCharsets.UTF_8);
            }

            assertThat(importFile()).isEqualTo(Command.FAILED);
            assertThat(out()).startsWith("6 lines: 2 new posts, 0 existing, 4 rejected");
        }

        private static void write(OutputStream out, String text, Charset charset) throws IOException {
            out.write(text.getBytes(charset));
        }

        @ParameterizedTest
        @ValueSource(strings = {"\ufeff", "\ufeff\n"})
        void ignoresAByteOrderMarkAtTheStart(String start) throws IOException {
            assertThat(importLines(start + LINE.formatted("One"))).isEqualTo(Command.DONE);
            assertThat(out()).startsWith("1 lines: 1 new posts, 0 existing, 0 rejected");
        }

        @Test
        void rejectsAByteOrderMarkInALaterLine() throws IOException {
            assertThat(importLines(LINE.formatted("One") + "\ufeff" + LINE.formatted("Two")))
                    .isEqualTo(Command.FAILED);
            assertThat(out()).startsWith("2 lines: 1 new posts, 0 existing, 1 rejected");
        }

        @Test
        void storesALeapSecondAsTheLastMicrosecondBeforeMidnight() throws IOException {
            importLines(LINE.formatted("One").replace("2020-01-01T00:00:00Z", "2016-12-31T23:59:60.1234567890123Z"));
            assertThat(database.value("SELECT published_at AT TIME ZONE 'UTC' FROM posts"))
                    .isEqualTo("2016-12-31 23:59:59.999999");
        }
    }

    @Nested
    class ImportFeeds {
        private final TestDatabase database = TestDatabase.migrated();
        private final Map<String, String> strict = Map.of("DATABASE_URL", database.serverUrl());
        private final Map<String, String> open =
                Map.of("DATABASE_URL", database.serverUrl(), "BYLINE_IMPORT_ALLOW_PRIVATE", "true");
        private final HttpServer feeds;
        private final String url;

        ImportFeeds() throws IOException {
            feeds = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            url = "http://127.0.0.1:" + feeds.getAddress().getPort() + "/";
            feeds.createContext("/", exchange -> {
                var body = "<rss><channel><item><title>One</title></item></channel></rss>"
                        .getBytes(StandardCharsets.UTF_8);
                exchange.getResponseHeaders().set("Content-Type", "text/xml");
                exchange.sendResponseHeaders(200, body.length);
                exchange.getResponseBody().write(body);
                exchange.close();
            });
        }

        @BeforeEach
        void start() {
            feeds.start();
            database.run("INSERT INTO users (email, name) VALUES ('a@example.com', 'A')");
        }

        @AfterEach
        void close() {
            feeds.stop(0);
            database.close();
        }

        @Test
        void failsForAnUnknownUser() {
            assertThat(run(open, "import", url, "--user", "b@example.com")).isEqualTo(Command.FAILED);
            assertThat(err()).contains("no such user");
        }

        @Test
        void reportsWhyAFeedFailed() {
            assertThat(run(strict, "import", "--user", "A@example.com", url)).isEqualTo(Command.FAILED);
            assertThat(err()).contains(url + ": failed, forbidden_address: ");
        }

        @Test
        void reportsNewPosts() {
            assertThat(run(open, "import", url, "--user", "a@example.com")).isEqualTo(Command.DONE);
            assertThat(out()).isEqualTo(url + ": 1 new, 0 updated, 0 failed\n");
        }

        @Test
        void reportsAnUnchangedFeed() {
            run(open, "import", url, "--user", "a@example.com");
            assertThat(run(open, "import", url, "--user", "a@example.com")).isEqualTo(Command.DONE);
            assertThat(out()).isEqualTo(url + ": unchanged\n");
        }
    }
}
