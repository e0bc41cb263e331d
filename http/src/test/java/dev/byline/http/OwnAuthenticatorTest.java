package dev.byline.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.byline.Byline;
import dev.byline.http.metrics.PrometheusMetrics;
import dev.byline.migrations.LeakCheck;
import dev.byline.migrations.TestDatabase;
import dev.byline.model.BylineConfig;
import dev.byline.model.BylineException;
import dev.byline.model.Principal;
import dev.byline.model.Role;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Runs the example in docs/security.md of a host that authenticates its callers itself. */
class OwnAuthenticatorTest {
    private static HttpServer serve(Byline byline) {
        // docs/security.md: authenticator
        Authenticator sessions = bearer -> switch (bearer) {
            case "session-of-7" -> new Principal.Member(7, Role.USER);
            default -> throw new BylineException.Unauthenticated("no such session");
        };
        return HttpServer.start(
                HttpConfig.local(0, "1.0"), byline, sessions, Optional::empty, new PrometheusMetrics("1.0"));
        // end
    }

    @Test
    void theHostsTokensAuthenticate() throws Exception {
        try (var database = TestDatabase.migrated();
                var byline = Byline.open(BylineConfig.of(database.url()));
                var server = serve(byline);
                var client = HttpClient.newHttpClient()) {
            database.run("INSERT INTO users (id, email, name) VALUES (7, 'seven@example.com', 'Seven')");
            assertThat(get(client, server, "session-of-7").body()).contains("seven@example.com");
            assertThat(get(client, server, "session-of-8").statusCode()).isEqualTo(401);
            LeakCheck.assertReleased(() -> byline.poolStatus().orElseThrow().active());
        }
    }

    private static java.net.http.HttpResponse<String> get(HttpClient client, HttpServer server, String bearer)
            throws IOException, InterruptedException {
        return client.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + "/users/7"))
                        .header("Authorization", "Bearer " + bearer)
                        .build(),
                BodyHandlers.ofString());
    }

    @Test
    void theDocumentShowsThisExample() throws IOException {
        var source = Files.readString(Path.of("src/test/java/dev/byline/http/OwnAuthenticatorTest.java"));
        var begin = "// docs/security.md: authenticator\n";
        var example = source.substring(source.indexOf(begin) + begin.length(), source.indexOf("        // end\n"))
                .stripTrailing()
                .stripIndent();

        assertThat(Files.readString(Path.of("../docs/security.md"))).contains(example);
    }
}
