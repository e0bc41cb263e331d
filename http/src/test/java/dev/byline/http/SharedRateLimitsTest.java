package dev.byline.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.byline.Byline;
import dev.byline.http.metrics.PrometheusMetrics;
import dev.byline.internal.cache.TestRedis;
import dev.byline.migrations.TestDatabase;
import dev.byline.model.BylineConfig;
import dev.byline.model.Cidr;
import dev.byline.model.Metadata;
import dev.byline.model.NewUser;
import dev.byline.model.Principal;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** Two servers with one database and one Redis, behind a proxy that sends each request to the other one. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(60)
class SharedRateLimitsTest {
    private static final int TOKEN = 200;

    private final TestDatabase database = TestDatabase.migrated();
    private final TestRedis redis = new TestRedis();
    private final List<Node> nodes = List.of(new Node(), new Node());
    private final HttpClient client = HttpClient.newHttpClient();
    private int next;

    private final class Node implements AutoCloseable {
        private final PrometheusMetrics metrics = new PrometheusMetrics("test");
        private final Byline byline = Byline.open(
                BylineConfig.of(database.url()).withCache(BylineConfig.Cache.LOCAL.withRedis(redis.uri())), metrics);
        private final HttpServer server =
                HttpServer.start(config(), byline, byline.tokens()::authenticate, Optional::empty, metrics);

        @Override
        public void close() {
            server.close();
            byline.close();
        }
    }

    private static HttpConfig config() {
        return new HttpConfig(
                "127.0.0.1",
                0,
                "",
                "test",
                true,
                new HttpConfig.RateLimits(TOKEN, 30, 3, 5, 1024 * 1024),
                List.of(Cidr.parse("127.0.0.0/8")),
                Set.of(),
                false,
                true,
                true,
                true,
                64);
    }

    @AfterAll
    void close() {
        client.close();
        nodes.forEach(Node::close);
        redis.close();
        database.close();
    }

    private HttpResponse<String> send(HttpRequest.Builder request) {
        try {
            return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /** Returns a request to the other server than the last one. */
    private HttpRequest.Builder to(String path) {
        next = 1 - next;
        return HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + nodes.get(next).server.port() + path));
    }

    private HttpResponse<String> post(String path, String from, String body) {
        return send(to(path).header("X-Forwarded-For", from)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body)));
    }

    private HttpResponse<String> signup(String from, int number) {
        return post("/users", from, """
                {"email":"%s-%d@example.com","name":"N"}""".formatted(from, number));
    }

    private String token(String email) {
        var user = nodes.getFirst()
                .byline
                .users()
                .create(new Principal.Anonymous(), new NewUser(email, "N", Metadata.EMPTY));
        return nodes.getFirst()
                .byline
                .tokens()
                .issue(new Principal.Operator(), user.id(), null)
                .secret();
    }

    private HttpResponse<String> read(String token) {
        return send(to("/posts").header("Authorization", "Bearer " + token));
    }

    @Test
    void signupsCountOnBothServers() {
        for (int i = 0; i < 5; i++) {
            assertThat(signup("192.0.2.1", i).statusCode()).as("sign-up " + i).isEqualTo(201);
        }
        for (int i = 5; i < 7; i++) { // on each server
            var rejected = signup("192.0.2.1", i);
            assertThat(rejected.statusCode()).isEqualTo(429);
            assertThat(rejected.headers().firstValue("RateLimit").orElseThrow())
                    .matches("\"signup\";r=0;t=(5[0-9]|60)");
            assertThat(rejected.headers().firstValueAsLong("Retry-After").orElseThrow())
                    .isBetween(1L, 12L);
        }
        assertThat(signup("192.0.2.2", 0).statusCode()).isEqualTo(201);
    }

    @Test
    void loginsToAnAccountCountOnBothServers() {
        var tried = 0;
        for (int i = 0; i < 40; i++) {
            var login = post("/tokens", "192.0.2." + (100 + i), """
                    {"email":"unknown@example.com","password":"guess %d is long"}""".formatted(i));
            tried += login.statusCode() == 401 ? 1 : 0;
        }
        assertThat(tried).isBetween(30, 31); // ten times 3, and one refilled meanwhile
    }

    @Test
    void aTokenExceedsItsQuotaByLessThanABatchPerServer() {
        var token = token("reader@example.com");
        var start = System.nanoTime();
        var accepted = 0;
        for (int i = 0; i < 2 * TOKEN; i++) {
            accepted += read(token).statusCode() == 200 ? 1 : 0;
        }
        var refilled = (System.nanoTime() - start) / 60e9 * TOKEN;
        var batch = TOKEN / 20;
        assertThat(accepted).isBetween(TOKEN, (int) (TOKEN + refilled + 1 + 2 * (batch - 1)));
        assertThat(read(token).statusCode()).isEqualTo(429);
    }

    @Test
    void unchangedResponsesAreRefundedOnBothServers() {
        var token = token("poller@example.com");
        var tag = read(token).headers().firstValue("ETag").orElseThrow();
        var left = 0L;
        for (int i = 0; i < 2 * TOKEN; i++) {
            var poll =
                    send(to("/posts").header("Authorization", "Bearer " + token).header("If-None-Match", tag));
            assertThat(poll.statusCode()).isEqualTo(304);
            left = Long.parseLong(
                    poll.headers().firstValue("RateLimit").orElseThrow().replaceAll(".*r=(\\d+);.*", "$1"));
        }
        assertThat(left).isGreaterThan(TOKEN - 10);
    }

    @Test
    void bytesCountOnBothServers() {
        var token = token("writer@example.com");
        var body = """
                {"title":"T","body":"%s"}""".formatted("x".repeat(60_000));
        var accepted = 0;
        for (int i = 0; i < 25; i++) {
            var created = send(to("/posts")
                    .header("Authorization", "Bearer " + token)
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString(body)));
            accepted += created.statusCode() == 201 ? 1 : 0;
        }
        assertThat(accepted).isBetween(17, 18); // of 17.5 in a MiB
    }

    @Test
    void guessedTokensCountOnBothServers() {
        var guessed = 0;
        for (int i = 0; i < 70; i++) {
            var guess = send(to("/posts")
                    .header("X-Forwarded-For", "192.0.2.50")
                    .header("Authorization", "Bearer byl_" + "%043d".formatted(i)));
            guessed += guess.statusCode() == 401 ? 1 : 0;
        }
        assertThat(guessed).isBetween(30, 31);
    }

    @Test
    void whileRedisIsAwayEachServerHasItsOwnLimit() {
        redis.freeze();
        try {
            var accepted = 0;
            for (int i = 0; i < 14; i++) {
                accepted += signup("192.0.2.3", i).statusCode() == 201 ? 1 : 0;
            }
            assertThat(accepted).isEqualTo(10);
        } finally {
            redis.thaw();
        }
        for (var node : nodes) {
            while (node.byline
                    .sharedLimits()
                    .charge("any", Duration.ZERO, Duration.ZERO, Duration.ofSeconds(1))
                    .isEmpty()) {
                Thread.onSpinWait(); // until a heartbeat shows that Redis answers
            }
        }
        var accepted = 0;
        for (int i = 0; i < 14; i++) {
            accepted += signup("192.0.2.4", i).statusCode() == 201 ? 1 : 0;
        }
        assertThat(accepted).isEqualTo(5);
    }
}
