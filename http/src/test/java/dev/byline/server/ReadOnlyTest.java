package dev.byline.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.byline.migrations.TestPostgres;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The program with a replica, whose primary freezes and comes back. */
@Timeout(120)
class ReadOnlyTest {

    @Test
    void withoutAPrimaryReadsAreServedAndMarked(@TempDir Path folder) throws Exception {
        try (var primary = new TestPostgres(folder.resolve("primary"));
                var standby = primary.standby(folder.resolve("standby"))) {
            var settings = Map.of(
                    "DATABASE_URL",
                    primary.url(),
                    "BYLINE_READ_URL",
                    standby.url(),
                    "BYLINE_SCHEMA",
                    "byline",
                    "BYLINE_CACHE",
                    "off");
            try (var server = TestProgram.start(folder, TestProgram.freePort(), settings)) {
                server.awaitReady();
                assertThat(server.await("/users/1", 200).headers().firstValue("Age"))
                        .isEmpty();
                assertThat(server.get("/readyz").body()).contains("\"ready\"");
                server.await(
                        () -> standby.value("SELECT count(*) FROM byline.users").equals("1"));
                primary.freeze();
                try {
                    server.await(() -> server.get("/readyz").body().contains("\"read-only\""));
                    for (var path : new String[] {"/users/1", "/users", "/posts", "/posts?q=x", "/users/1/posts"}) {
                        var response = server.get(path);
                        assertThat(response.statusCode()).as(path).isEqualTo(200);
                        assertThat(age(response)).as(path).isBetween(1L, 60L);
                    }
                    var absent = server.get("/posts/999");
                    assertThat(absent.statusCode()).isEqualTo(404);
                    assertThat(age(absent)).isPositive();
                    assertThat(server.post("/users", "{\"email\":\"a@example.com\",\"name\":\"A\"}")
                                    .statusCode())
                            .isEqualTo(503);
                    assertThat(server.get("/readyz").statusCode()).isEqualTo(200);
                    server.await(() -> server.log().contains("there is no primary: replicas serve reads, writes fail"));
                } finally {
                    primary.thaw();
                }
                server.await(() -> server.get("/readyz").body().contains("\"ready\""));
                server.await(() -> server.post("/users", "{\"email\":\"b@example.com\",\"name\":\"B\"}")
                                .statusCode()
                        == 201);
                assertThat(server.await("/users/1", 200).headers().firstValue("Age"))
                        .isEmpty();
            }
        }
    }

    private static long age(HttpResponse<?> response) {
        return response.headers().firstValueAsLong("Age").orElse(0);
    }
}
