package dev.byline.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.byline.Byline;
import dev.byline.http.HttpConfig;
import dev.byline.http.HttpServer;
import dev.byline.http.Readiness;
import dev.byline.http.metrics.PrometheusMetrics;
import dev.byline.migrations.TestPostgres;
import dev.byline.model.BylineConfig;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Failures of the database, on a separate PostgreSQL. bench/run DatabaseFaults measures them under load. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DyingDatabaseTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private final TestPostgres postgres;
    private final Byline byline;
    private final DatabaseWatch watch;
    private final HttpServer server;
    private final HttpClient client = HttpClient.newHttpClient();
    private int created;

    DyingDatabaseTest(@TempDir Path folder) {
        postgres = new TestPostgres(folder);
        byline = Byline.open(BylineConfig.of(postgres.url()));
        watch = DatabaseWatch.start(byline);
        Readiness readiness = () -> watch.isDown() ? Optional.of("the database does not answer") : Optional.empty();
        server = HttpServer.start(
                HttpConfig.local(0, "test").withLimits(HttpConfig.RateLimits.NONE),
                byline,
                byline.tokens()::authenticate,
                readiness,
                new PrometheusMetrics("test"));
    }

    @AfterAll
    void close() {
        client.close();
        server.close();
        watch.close();
        byline.close();
        postgres.close();
    }

    private CompletableFuture<HttpResponse<String>> send(HttpRequest.Builder request) {
        return client.sendAsync(request.timeout(TIMEOUT).build(), BodyHandlers.ofString());
    }

    private HttpRequest.Builder path(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path));
    }

    private int get(String path) {
        return send(path(path)).join().statusCode();
    }

    private CompletableFuture<Integer> create() {
        var body = """
                {"email":"u%d@example.com","name":"U"}""".formatted(++created);
        return send(path("/users").header("Content-Type", "application/json").POST(BodyPublishers.ofString(body)))
                .thenApply(HttpResponse::statusCode);
    }

    private void await(String path, int status) throws InterruptedException {
        var end = System.nanoTime() + TIMEOUT.toNanos();
        while (get(path) != status) {
            assertThat(System.nanoTime()).isLessThan(end);
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    private void awaitWrites() throws InterruptedException {
        var end = System.nanoTime() + TIMEOUT.toNanos();
        while (create().join() != 201) {
            assertThat(System.nanoTime()).isLessThan(end);
        }
    }

    private void assertNoConnectionIsLeaked() throws InterruptedException {
        var end = System.nanoTime() + TIMEOUT.toNanos();
        while (byline.poolStatus().orElseThrow().active() > 0) {
            assertThat(System.nanoTime()).isLessThan(end);
            TimeUnit.MILLISECONDS.sleep(20);
        }
        assertThat(byline.poolStatus().orElseThrow().waiting()).isZero();
    }

    @Test
    void aFrozenDatabaseIsA503UntilItContinues() throws Exception {
        awaitWrites();
        await("/readyz", 200);
        assertThat(get("/users/1")).isEqualTo(200);
        postgres.freeze();
        try {
            var writes = new ArrayList<CompletableFuture<Integer>>();
            for (int i = 0; i < 20; i++) {
                writes.add(create());
            }
            assertThat(get("/users/1")).isEqualTo(200); // from the cache
            assertThat(get("/livez")).isEqualTo(200);
            assertThat(writes).allSatisfy(write -> assertThat(write.join()).isEqualTo(503));
            await("/readyz", 503);
        } finally {
            postgres.thaw();
        }
        awaitWrites();
        await("/readyz", 200);
        assertNoConnectionIsLeaked();
    }

    @Test
    void aKilledDatabaseIsA503UntilItIsRestarted() throws Exception {
        awaitWrites();
        postgres.kill();
        assertThat(create().join()).isEqualTo(503);
        assertThat(create().join()).isEqualTo(503);
        assertThat(get("/livez")).isEqualTo(200);
        await("/readyz", 503);
        postgres.restart();
        awaitWrites();
        await("/readyz", 200);
        assertNoConnectionIsLeaked();
    }
}
