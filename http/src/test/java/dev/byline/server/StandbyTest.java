package dev.byline.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.byline.migrations.TestPostgres;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The program on a standby: a cache that it shared with servers on the primary would get old values. */
@Timeout(120)
class StandbyTest {
    @Test
    void aServerOnAStandbyIsNotReadyUntilItIsPromoted(@TempDir Path folder) throws Exception {
        var primaryFolder = Files.createDirectory(folder.resolve("primary"));
        var standbyFolder = Files.createDirectory(folder.resolve("standby"));
        try (var primary = new TestPostgres(primaryFolder);
                var standby = primary.standby(standbyFolder)) {
            var settings = Map.of("DATABASE_URL", standby.url(), "BYLINE_SCHEMA", "byline");
            try (var server = TestProgram.start(folder, TestProgram.freePort(), settings)) {
                server.await(() -> server.log().contains("not ready: the database is a standby"));
                assertThat(server.await("/users", 503).body()).contains("\"reason\":\"starting\"");
                standby.run("SELECT pg_promote()");
                server.awaitReady();
                assertThat(server.await("/users", 200).body()).contains("\"users\":[");
            }
        }
    }
}
