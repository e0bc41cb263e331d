package dev.byline.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.byline.Byline;
import dev.byline.http.metrics.PrometheusMetrics;
import dev.byline.migrations.LeakCheck;
import dev.byline.model.BylineConfig;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class UnavailableTest {
    @Test
    void anUnreachableDatabaseIs503AndTheProcessStaysAlive() throws Exception {
        try (var byline = Byline.open(BylineConfig.of("postgres://nobody:secret@127.0.0.1:1/nothing"));
                var server = HttpServer.start(
                        HttpConfig.local(0, "test"),
                        byline,
                        byline.tokens()::authenticate,
                        () -> Optional.of("the database does not answer"),
                        new PrometheusMetrics("test"));
                var client = HttpClient.newHttpClient()) {
            for (var path : new String[] {"/users/1", "/posts", "/readyz"}) {
                var answer = client.send(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
                                .build(),
                        BodyHandlers.ofString());

                assertThat(answer.statusCode()).isEqualTo(503);
                assertThat(answer.headers().firstValue("Retry-After")).contains("1");
                assertThat(answer.headers().firstValue("Content-Type")).contains("application/problem+json");
                assertThat(answer.body())
                        .contains("urn:byline:problem:unavailable", "\"reason\":\"database_away\"")
                        .contains("\"may_have_happened\":false")
                        .doesNotContain("127.0.0.1");
            }
            var live = client.send(
                    HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + "/livez"))
                            .build(),
                    BodyHandlers.ofString());
            assertThat(live.statusCode()).isEqualTo(200);
            LeakCheck.assertReleased(() -> byline.poolStatus().orElseThrow().active());
        }
    }
}
