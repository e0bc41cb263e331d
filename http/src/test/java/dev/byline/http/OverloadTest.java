package dev.byline.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.byline.http.metrics.PrometheusMetrics;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** A server with one permit and two waiters. */
class OverloadTest extends ServerTest {
    private final HttpClient client = HttpClient.newHttpClient();

    @Override
    protected HttpConfig config() {
        return super.config().withMaxRequests(1);
    }

    @AfterAll
    void closeClient() {
        client.close();
    }

    private CompletableFuture<HttpResponse<String>> rename(HttpServer at, long user, String token) {
        var request = HttpRequest.newBuilder(uri("/users/" + user))
                .uri(URI.create("http://127.0.0.1:" + at.port() + "/users/" + user))
                .header("Authorization", "Bearer " + token)
                .header("Content-Type", "application/json")
                .method("PATCH", BodyPublishers.ofString("""
                        {"name":"changed"}"""))
                .build();
        return client.sendAsync(request, BodyHandlers.ofString());
    }

    /** Locks the user: writes wait until the transaction is rolled back. */
    private Connection lock(long user) throws Exception {
        var connection = database.inSchema().getConnection();
        connection.setAutoCommit(false);
        try (var statement = connection.createStatement()) {
            statement.execute("SELECT 1 FROM users WHERE id = " + user + " FOR UPDATE");
        }
        return connection;
    }

    /** Waits until a server that is stopping has closed its port. */
    private static void awaitRefusedConnection(int port) throws Exception {
        var end = System.nanoTime() + 10_000_000_000L;
        while (true) {
            try {
                new Socket(InetAddress.getLoopbackAddress(), port).close();
                assertThat(System.nanoTime()).isLessThan(end);
                TimeUnit.MILLISECONDS.sleep(5);
            } catch (ConnectException e) {
                return;
            }
        }
    }

    private void awaitBlocked() throws InterruptedException {
        var end = System.nanoTime() + 10_000_000_000L;
        while (database.value("SELECT count(*) FROM pg_locks WHERE NOT granted").equals("0")) {
            assertThat(System.nanoTime()).isLessThan(end);
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    @Test
    void excessRequestsAre503WhileProbesAreAnswered() throws Exception {
        var user = post("/users", """
                {"email":"busy@example.com","name":"B"}""").id();
        var token = tokenOf(user);
        assertThat(get("/users/" + user, "Authorization", "Bearer " + token).status())
                .isEqualTo(200);
        try (var held = lock(user)) {
            var inFlight = rename(server, user, token);
            awaitBlocked();
            var refused = new ArrayList<CompletableFuture<HttpResponse<String>>>();
            for (int i = 0; i < 10; i++) {
                refused.add(
                        client.sendAsync(HttpRequest.newBuilder(uri("/users")).build(), BodyHandlers.ofString()));
            }
            for (var each : refused) {
                var answer = new Answer(each.join());
                assertProblem(answer, 503, "unavailable");
                assertThat(answer.header("Retry-After")).isEqualTo("1");
            }
            assertThat(get("/livez").status()).isEqualTo(200);
            assertThat(get("/readyz").status()).isEqualTo(200);
            for (var spelling : List.of("/livez;x", "/%6civez", "/x/../livez", "/./livez", "/readyz;x")) {
                assertThat(raw("GET " + spelling + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
                        .as(spelling)
                        .startsWith("HTTP/1.1 503 ");
            }
            held.rollback();
            assertThat(inFlight.join().statusCode()).isEqualTo(200);
        }
        assertThat(get("/users").status()).isEqualTo(200);
        var text = metrics.text();
        assertThat(text).containsPattern("""
                http_requests_rejected_total\\{reason="busy",} [1-9]""");
        assertThat(text).containsPattern("""
                http_requests_rejected_total\\{reason="waited",} [1-9]""");
        assertThat(text).contains("""
                http_requests_total{method="GET",endpoint="unmatched",status="503",} 15.0""");
    }

    @Test
    void aRequestInFlightIsAnsweredWhileTheServerStops() throws Exception {
        var user = post("/users", """
                {"email":"last@example.com","name":"L"}""").id();
        var token = tokenOf(user);
        var other = HttpServer.start(
                config(), byline, byline.tokens()::authenticate, Optional::empty, new PrometheusMetrics("test"));
        try (var held = lock(user)) {
            var inFlight = rename(other, user, token);
            awaitBlocked();
            var port = other.port(); // unknown once the server stops
            var closing = CompletableFuture.runAsync(other::close);
            awaitRefusedConnection(port);
            held.rollback();

            assertThat(inFlight.join().statusCode()).isEqualTo(200);
            closing.join();
        }
    }
}
