package dev.byline.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.byline.Byline;
import dev.byline.migrations.TestDatabase;
import dev.byline.model.BylineConfig;
import dev.byline.model.Metadata;
import dev.byline.model.NewUser;
import dev.byline.model.Principal;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Kills the program with SIGKILL at random moments while clients write with an Idempotency-Key and retry until a write
 * is acknowledged. The suite kills twice; for more kills run {@code mvn -pl http -am test -Dtest=KillTest
 * -Dbyline.kills=100 -Dsurefire.failIfNoSpecifiedTests=false}.
 */
class KillTest {
    private static final int KILLS = Integer.getInteger("byline.kills", 2);
    private static final int CLIENTS = 4;
    private static final Pattern ROW = Pattern.compile("\"id\":([0-9]+),\"user_id\":[0-9]+,\"title\":\"([^\"]+)\"");

    private final TestDatabase database = TestDatabase.migrated();
    private final HttpClient http = HttpClient.newHttpClient();
    private final AtomicBoolean done = new AtomicBoolean();
    private final AtomicInteger retries = new AtomicInteger();
    private final AtomicInteger replays = new AtomicInteger();
    private final Map<String, String> acknowledged = new ConcurrentHashMap<>();

    private Process start(int port) throws IOException {
        var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        var program = new ProcessBuilder(
                java,
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.byline.server.Main",
                "serve");
        program.environment()
                .putAll(Map.of(
                        "BYLINE_MANAGEMENT_PORT",
                        "0",
                        "PORT",
                        Integer.toString(port),
                        "DATABASE_URL",
                        database.serverUrl(),
                        "BYLINE_POOL_SIZE",
                        "4",
                        "BYLINE_RATE_LIMIT",
                        "0",
                        "BYLINE_RATE_LIMIT_ANONYMOUS",
                        "0"));
        return program.redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    private void awaitReady(int port, Process process) throws InterruptedException {
        var end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        var ready = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/readyz"))
                .build();
        while (System.nanoTime() < end) {
            assertThat(process.isAlive()).isTrue();
            try {
                if (http.send(ready, BodyHandlers.discarding()).statusCode() == 200) {
                    return;
                }
            } catch (IOException e) {
                Thread.sleep(20); // not listening yet
            }
        }
        throw new AssertionError("not ready");
    }

    /** Writes posts and batches of posts, each with its own key, until {@link #done}. */
    private Void write(int client, int port, String token) throws InterruptedException {
        for (int i = 0; !done.get(); i++) {
            var title = client + "-" + i;
            var single = i % 3 > 0;
            var body = (single ? """
                    {"title":"%s","body":""}""" : """
                    {"posts":[{"title":"%1$s","body":""},{"title":"%1$sb","body":""}]}""").formatted(title);
            var request = HttpRequest.newBuilder(
                            URI.create("http://127.0.0.1:" + port + (single ? "/posts" : "/posts/batch")))
                    .header("Authorization", "Bearer " + token)
                    .header("Content-Type", "application/json")
                    .header("Idempotency-Key", "key " + title)
                    .POST(BodyPublishers.ofString(body))
                    .timeout(Duration.ofSeconds(10))
                    .build();
            while (!acknowledged.containsKey(title)) {
                try {
                    var answer = http.send(request, BodyHandlers.ofString());
                    if (answer.statusCode() == 201) {
                        var row = ROW.matcher(answer.body());
                        while (row.find()) {
                            acknowledged.put(row.group(2), row.group(1));
                        }
                        replays.addAndGet(
                                answer.headers()
                                                .firstValue("Idempotency-Replayed")
                                                .isPresent()
                                        ? 1
                                        : 0);
                        continue;
                    }
                    assertThat(answer.statusCode()).as(answer.body()).isIn(409, 503);
                } catch (IOException e) {
                    // the server was killed: the write may or may not have happened
                }
                retries.incrementAndGet();
                Thread.sleep(10);
            }
        }
        return null;
    }

    @Test
    void everyAcknowledgedPostExistsExactlyOnce() throws Exception {
        var random = new Random(KILLS);
        String token;
        try (var byline = Byline.open(BylineConfig.of(database.url()))) {
            var user =
                    byline.users().create(new Principal.Anonymous(), new NewUser("k@example.com", "K", Metadata.EMPTY));
            token = byline.tokens()
                    .issue(new Principal.Operator(), user.id(), null)
                    .secret();
        }
        int port;
        try (var socket = new ServerSocket(0)) {
            port = socket.getLocalPort();
        }
        var process = start(port);
        try (var threads = Executors.newFixedThreadPool(CLIENTS)) {
            awaitReady(port, process);
            var clients = clients(threads, port, token);
            for (int kill = 0; kill < KILLS; kill++) {
                awaitProgress();
                Thread.sleep(random.nextInt(300));
                process.destroyForcibly().waitFor();
                process = start(port);
                awaitReady(port, process);
            }
            done.set(true);
            for (var client : clients) {
                client.get();
            }
        } finally {
            done.set(true);
            process.destroyForcibly();
            http.close();
        }
        assertThat(database.value(
                        "SELECT coalesce(max(n), 0) FROM (SELECT count(*) AS n FROM posts GROUP BY title) AS c"))
                .isEqualTo("1");
        assertThat(database.value("SELECT count(*) FROM posts")).isEqualTo(Integer.toString(acknowledged.size()));
        assertThat(database.value("SELECT string_agg(title || ' ' || id, ',' ORDER BY id) FROM posts")
                        .split(",", -1))
                .containsExactlyInAnyOrderElementsOf(acknowledged.entrySet().stream()
                        .map(each -> each.getKey() + " " + each.getValue())
                        .toList());
        System.out.printf(
                "%d kills, %d posts acknowledged (single and in batches), each exists once;"
                        + " %d retries, %d replayed responses%n",
                KILLS, acknowledged.size(), retries.get(), replays.get());
        database.close();
    }

    private void awaitProgress() throws InterruptedException {
        var before = acknowledged.size();
        while (acknowledged.size() < before + CLIENTS) {
            Thread.sleep(1);
        }
    }

    private List<Future<Void>> clients(ExecutorService threads, int port, String token) {
        return IntStream.range(0, CLIENTS)
                .mapToObj(client -> threads.submit((Callable<Void>) () -> write(client, port, token)))
                .toList();
    }
}
