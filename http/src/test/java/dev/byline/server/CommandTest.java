package dev.byline.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.byline.migrations.TestDatabase;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CommandTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private int run(Map<String, String> environment, String... arguments) {
        out.reset();
        err.reset();
        var terminal = new Terminal(
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                false);
        var text = new HashMap<>(environment);
        text.put("BYLINE_LOG", "text");
        return new Command(text, terminal).run(arguments);
    }

    private String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private String err() {
        return err.toString(StandardCharsets.UTF_8);
    }

    @Test
    void anUnknownCommandIsRefusedWithAHint() {
        assertThat(run(Map.of(), "migrat")).isEqualTo(Command.REFUSED);
        assertThat(err()).contains("did you mean migrate?");
        assertThat(run(Map.of(), "migrat", "now")).isEqualTo(Command.REFUSED);
        assertThat(err()).contains("did you mean migrate?");
        assertThat(run(Map.of(), "version", "now")).isEqualTo(Command.REFUSED);
        assertThat(run(Map.of(), "import-ndjson")).isEqualTo(Command.REFUSED);
    }

    @Test
    void helpNamesEveryCommand() {
        assertThat(run(Map.of(), "help")).isEqualTo(Command.DONE);
        assertThat(out()).contains(Command.NAMES);
        assertThat(run(Map.of(), "version")).isEqualTo(Command.DONE);
        assertThat(out()).isEqualTo("byline development\n");
    }

    @Test
    void configShowsWhatHoldsButNoSecret() {
        var environment = Map.of(
                "DATABASE_URL",
                "postgres://ada:canary@db/blog",
                "REDIS_URL",
                "redis://:canary@cache:6380/2",
                "PORT",
                "8080");

        assertThat(run(environment, "config")).isEqualTo(Command.DONE);
        assertThat(out()).contains("8080", "jdbc:postgresql://db/blog as ada (password ****)", "BYLINE_POOL_SIZE");
        assertThat(out()).contains("redis://****@cache:6380/2");
        assertThat(out() + err()).doesNotContain("canary");
        assertThat(run(Map.of("REDIS_URL", "redis://canary@cache"), "config")).isEqualTo(Command.REFUSED);
        assertThat(run(Map.of("DATABASE_URL", "mysql://ada:canary@db"), "config"))
                .isEqualTo(Command.REFUSED);
        assertThat(out() + err()).doesNotContain("canary");
    }

    @Test
    void healthcheckFailsWhereNothingListens() {
        assertThat(run(Map.of("PORT", "1"), "healthcheck")).isEqualTo(Command.FAILED);
        assertThat(err()).contains("does not answer");
    }

    @Test
    void capacityFailsWhereNothingListens() {
        assertThat(run(Map.of("BYLINE_MANAGEMENT_PORT", "1"), "capacity")).isEqualTo(Command.FAILED);
        assertThat(err()).contains("/capacity does not answer");
        assertThat(out()).isEmpty();
    }

    @Test
    void migratesOnce() {
        try (var database = TestDatabase.empty()) {
            var environment = Map.of("DATABASE_URL", database.url());

            assertThat(run(environment, "migrate")).isEqualTo(Command.DONE);
            assertThat(out()).isEqualTo("applied 8 migrations\n");
            assertThat(run(environment, "migrate")).isEqualTo(Command.DONE);
            assertThat(out()).isEqualTo("the schema is current\n");
        }
        assertThat(run(Map.of("DATABASE_URL", "postgres://x:y@127.0.0.1:1/z"), "migrate"))
                .isEqualTo(Command.FAILED);
    }

    @Test
    void aLineThatIsWrongInAnyWayHarmsNoOther(@TempDir Path folder) throws IOException {
        var good =
                "{\"email\":\"a@example.com\",\"name\":\"A\",\"title\":\"%s\",\"body\":\"\",\"created_at\":\"%s\"}\n";
        var file = folder.resolve("posts.ndjson");
        try (var out = Files.newOutputStream(file)) {
            out.write(good.formatted("one", "2020-01-01T00:00:00Z").getBytes(StandardCharsets.UTF_8));
            out.write(good.formatted("year 0", "0000-01-01T00:00:00Z").getBytes(StandardCharsets.UTF_8));
            out.write(good.formatted("\u00ff", "2020-01-01T00:00:00Z").getBytes(StandardCharsets.ISO_8859_1));
            out.write("{\"email\":1e99999999999}\n".getBytes(StandardCharsets.UTF_8));
            out.write("x".repeat(5_000_000).getBytes(StandardCharsets.UTF_8));
            out.write('\n');
            out.write(good.formatted("two", "2020-01-01T00:00:00Z")
                    .stripTrailing()
                    .getBytes(StandardCharsets.UTF_8));
        }
        try (var database = TestDatabase.empty()) {
            assertThat(run(Map.of("DATABASE_URL", database.url()), "import-ndjson", file.toString()))
                    .isEqualTo(Command.FAILED);
            assertThat(out()).startsWith("6 lines: 2 new posts, 0 there already, 4 refused");
        }
    }

    @Test
    void aByteOrderMarkBeforeTheFirstLineIsIgnored(@TempDir Path folder) throws IOException {
        var line = "{\"email\":\"a@example.com\",\"name\":\"A\",\"title\":\"%s\",\"body\":\"\","
                + "\"created_at\":\"2016-12-31T23:59:60.1234567890123Z\"}\n";
        var first = Files.writeString(folder.resolve("first.ndjson"), "\ufeff" + line.formatted("One"));
        var blank = Files.writeString(folder.resolve("blank.ndjson"), "\ufeff\n" + line.formatted("Two"));
        var later = Files.writeString(
                folder.resolve("later.ndjson"), line.formatted("Three") + "\ufeff" + line.formatted("Four"));
        try (var database = TestDatabase.empty()) {
            var environment = Map.of("DATABASE_URL", database.url());

            assertThat(run(environment, "import-ndjson", first.toString())).isEqualTo(Command.DONE);

            assertThat(out()).startsWith("1 lines: 1 new posts, 0 there already, 0 refused");
            assertThat(run(environment, "import-ndjson", blank.toString())).isEqualTo(Command.DONE);

            assertThat(out()).startsWith("1 lines: 1 new posts, 0 there already, 0 refused");
            assertThat(run(environment, "import-ndjson", later.toString())).isEqualTo(Command.FAILED);
            assertThat(out()).startsWith("2 lines: 1 new posts, 0 there already, 1 refused");
            assertThat(database.value("SELECT DISTINCT published_at AT TIME ZONE 'UTC' FROM posts"))
                    .isEqualTo("2016-12-31 23:59:59.999999");
        }
    }

    @Test
    void importsWhatIsGoodSaysWhatIsNotAndMakesNoDuplicates(@TempDir Path folder) throws IOException {
        var file = Files.writeString(folder.resolve("posts.ndjson"), """
                {"email":"a@example.com","name":"A","title":"One","body":"1","created_at":"2020-01-01T00:00:00Z"}
                {"email":"A@example.com","name":"A","title":"Two","body":"","created_at":"2020-01-02T00:00:00+01:00"}

                {"email":"b@example.com","name":"B","title":"","body":"","created_at":"2020-01-02T00:00:00Z"}
                {"email":"b@example.com","name":"B","title":"x","body":"","created_at":"yesterday"}
                {"email":"b@example.com","name":"B","title":"x","body":"","created_at":"9999-01-01T00:00:00Z"}
                not json
                {"email":"b@example.com","name":"B","title":"Three","body":"3","created_at":"2020-01-03T00:00:00Z"}
                """);
        try (var database = TestDatabase.empty()) {
            var environment = Map.of("DATABASE_URL", database.url());

            assertThat(run(environment, "import-ndjson", file.toString())).isEqualTo(Command.FAILED);
            assertThat(out()).startsWith("7 lines: 3 new posts, 0 there already, 4 refused, in ");
            assertThat(err())
                    .contains(
                            "line 4 refused: title must have 1 to 500 characters",
                            "line 5 refused: created_at must be a time",
                            "line 6 refused: created_at must not be in the future",
                            "line 7 refused: the body is not well-formed JSON");
            assertThat(database.value("SELECT string_agg(title, ',' ORDER BY published_at) FROM posts"))
                    .isEqualTo("One,Two,Three");
            assertThat(database.value("SELECT count(*) FROM users")).isEqualTo("2");

            run(environment, "import-ndjson", file.toString());
            assertThat(out()).startsWith("7 lines: 0 new posts, 3 there already, 4 refused, in ");
        }
        assertThat(run(Map.of("DATABASE_URL", "postgres://x:y@127.0.0.1:1/z"), "import-ndjson", file.toString()))
                .isEqualTo(Command.FAILED);
    }

    @Test
    void importsFeedsOfAUserAndSaysWhatFailed() throws IOException {
        assertThat(run(Map.of(), "import", "http://127.0.0.1/")).isEqualTo(Command.REFUSED);
        assertThat(run(Map.of(), "import", "--user", "a@example.com")).isEqualTo(Command.REFUSED);
        var feeds = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        feeds.createContext("/", exchange -> {
            var body = "<rss><channel><item><title>One</title></item></channel></rss>".getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "text/xml");
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        feeds.start();
        var url = "http://127.0.0.1:" + feeds.getAddress().getPort() + "/";
        try (var database = TestDatabase.migrated()) {
            var strict = Map.of("DATABASE_URL", database.url());
            var open = Map.of("DATABASE_URL", database.url(), "BYLINE_IMPORT_ALLOW_PRIVATE", "true");

            assertThat(run(open, "import", url, "--user", "a@example.com")).isEqualTo(Command.FAILED);
            assertThat(err()).contains("no such user");
            database.run("INSERT INTO users (email, name) VALUES ('a@example.com', 'A')");
            assertThat(run(strict, "import", "--user", "A@example.com", url)).isEqualTo(Command.FAILED);
            assertThat(err()).contains(url + ": failed, forbidden_address: ");
            assertThat(run(open, "import", url, "--user", "a@example.com")).isEqualTo(Command.DONE);
            assertThat(out()).isEqualTo(url + ": 1 new, 0 updated, 0 failed\n");
            assertThat(run(open, "import", url, "--user", "a@example.com")).isEqualTo(Command.DONE);
            assertThat(out()).isEqualTo(url + ": unchanged\n");
        } finally {
            feeds.stop(0);
        }
    }
}
