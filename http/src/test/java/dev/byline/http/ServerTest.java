package dev.byline.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.byline.Byline;
import dev.byline.http.metrics.PrometheusMetrics;
import dev.byline.migrations.LeakCheck;
import dev.byline.migrations.TestDatabase;
import dev.byline.model.BylineConfig;
import dev.byline.model.Metadata;
import dev.byline.model.NewUser;
import dev.byline.model.Principal;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The real server on a free port, with its own database, and a client. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class ServerTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @RegisterExtension
    protected final LeakCheck leaks = new LeakCheck();

    protected final TestDatabase database = TestDatabase.migrated();
    protected final PrometheusMetrics metrics = new PrometheusMetrics("test");
    protected final Byline byline = Byline.open(BylineConfig.of(database.url()), metrics);
    protected final HttpServer server =
            HttpServer.start(config(), byline, byline.tokens()::authenticate, Optional::empty, metrics);
    private final HttpClient client = HttpClient.newHttpClient();

    protected ServerTest() {
        leaks.watch(() -> byline.poolStatus().orElseThrow().active());
    }

    /** Without rate limits: a test class is one busy client. */
    protected HttpConfig config() {
        return HttpConfig.local(0, "test").withLimits(HttpConfig.RateLimits.NONE);
    }

    private String adminToken = "";

    /** Issues a token for a user. */
    protected String tokenOf(long userId) {
        return byline.tokens().issue(new Principal.Operator(), userId, null).secret();
    }

    @BeforeAll
    void admin() {
        var admin = byline.users()
                .ensureAdmin(new Principal.Operator(), new NewUser("admin@localhost", "Admin", Metadata.EMPTY))
                .orElseThrow();
        adminToken = tokenOf(admin.id());
    }

    @BeforeAll
    void connect() {
        byline.serverFacts();
    }

    @AfterAll
    void close() {
        client.close();
        server.close();
        byline.close();
        database.close();
    }

    /** A response. */
    protected record Answer(HttpResponse<String> response) {
        int status() {
            return response.statusCode();
        }

        String body() {
            return response.body();
        }

        String header(String name) {
            return response.headers().firstValue(name).orElse("");
        }

        JsonNode json() {
            try {
                return JSON.readTree(response.body());
            } catch (IOException e) {
                throw new AssertionError(response.body(), e);
            }
        }

        long id() {
            return json().get("id").longValue();
        }
    }

    protected URI uri(String path) {
        return URI.create("http://127.0.0.1:" + server.port() + path);
    }

    /** Sends a request as an admin, unless it has an Authorization or X-Anonymous header. */
    protected Answer send(HttpRequest.Builder request) {
        var headers = request.copy().build().headers();
        if (headers.firstValue("Authorization").isEmpty()
                && headers.firstValue("X-Anonymous").isEmpty()) {
            request.header("Authorization", "Bearer " + adminToken);
        }
        try {
            var sent = request.build();
            var response = client.send(sent, BodyHandlers.ofString());
            if (config().basePath().isEmpty()) { // the document has no paths with another
                Contract.get().check(sent, response);
            }
            return new Answer(response);
        } catch (IOException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    protected Answer get(String path, String... headers) {
        var request = HttpRequest.newBuilder(uri(path));
        return send(headers.length == 0 ? request : request.headers(headers));
    }

    protected Answer send(String method, String path, String body, String... headers) {
        var request = HttpRequest.newBuilder(uri(path)).method(method, BodyPublishers.ofString(body));
        if (headers.length == 0) {
            request.header("Content-Type", "application/json");
        } else {
            request.headers(headers);
        }
        return send(request);
    }

    protected Answer post(String path, String body) {
        return send("POST", path, body);
    }

    protected Answer patch(String path, String body) {
        return send("PATCH", path, body);
    }

    protected Answer delete(String path) {
        return send(HttpRequest.newBuilder(uri(path)).DELETE());
    }

    /** Sends the bytes of a request and returns all that the server sends until it closes the connection. */
    protected String raw(String request) {
        return raw(request.getBytes(StandardCharsets.ISO_8859_1));
    }

    protected String raw(byte[] request) {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(request);
            socket.getOutputStream().flush();
            var answer = new ByteArrayOutputStream();
            socket.getInputStream().transferTo(answer);
            return answer.toString(StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    protected double metric(String series) {
        return metrics.text()
                .lines()
                .filter(line -> line.startsWith(series + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(series.length() + 1)))
                .sum();
    }

    protected void awaitInFlight(int requests) throws InterruptedException {
        var end = System.nanoTime() + 10_000_000_000L;
        while (metric("http_requests_in_flight") != requests) {
            assertThat(System.nanoTime()).as("requests in flight").isLessThan(end);
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    protected static void assertProblem(Answer answer, int status, String slug) {
        assertThat(answer.status()).as(answer.body()).isEqualTo(status);
        assertThat(answer.header("Content-Type")).isEqualTo("application/problem+json");
        var json = answer.json();
        assertThat(json.get("type").textValue()).isEqualTo("urn:byline:problem:" + slug);
        assertThat(json.get("status").intValue()).isEqualTo(status);
        assertThat(json.get("title").textValue()).isNotBlank();
        assertThat(json.get("detail").textValue()).isNotBlank();
        assertThat(json.get("request_id").textValue()).isEqualTo(answer.header("X-Request-Id"));
        assertShowsNoInternals(answer.body());
    }

    protected static void assertShowsNoInternals(String body) {
        assertThat(body)
                .doesNotContainIgnoringCase("exception")
                .doesNotContainIgnoringCase("select ")
                .doesNotContainIgnoringCase("jetty")
                .doesNotContainIgnoringCase("javalin")
                .doesNotContain("dev.byline")
                .doesNotContain("org.")
                .doesNotContain("java.");
    }
}
