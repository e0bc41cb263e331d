package dev.byline.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.byline.Byline;
import dev.byline.http.metrics.PrometheusMetrics;
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
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;

/** The real server on a free port, on a database of its own, and a client. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class ServerTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    protected final TestDatabase database = TestDatabase.migrated();
    protected final PrometheusMetrics metrics = new PrometheusMetrics("test");
    protected final Byline byline = Byline.open(BylineConfig.of(database.url()), metrics);
    protected final HttpServer server =
            HttpServer.start(config(), byline, byline.tokens()::authenticate, Optional::empty, metrics);
    private final HttpClient client = HttpClient.newHttpClient();

    /** Without limits: a test class is one busy client. */
    protected HttpConfig config() {
        return HttpConfig.local(0, "test").withLimits(HttpConfig.RateLimits.NONE);
    }

    private String adminToken = "";

    /** A token of a new user. */
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

    /** The note of a token's use may still be on its way. */
    @AfterEach
    void nothingLeaked() throws InterruptedException {
        var end = System.nanoTime() + 5_000_000_000L;
        var active = byline.poolStatus().orElseThrow().active();
        while (active > 0 && System.nanoTime() < end) {
            Thread.sleep(5);
            active = byline.poolStatus().orElseThrow().active();
        }
        assertThat(active).isZero();
    }

    @AfterAll
    void close() {
        client.close();
        server.close();
        byline.close();
        database.close();
    }

    /** An answer, with what tests ask of it. */
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

    /** As an admin, unless the request says otherwise. */
    protected Answer send(HttpRequest.Builder request) {
        var says = request.copy().build().headers();
        if (says.firstValue("Authorization").isEmpty()
                && says.firstValue("X-Anonymous").isEmpty()) {
            request.header("Authorization", "Bearer " + adminToken);
        }
        try {
            var sent = request.build();
            var response = client.send(sent, BodyHandlers.ofString());
            Contract.get().check(sent, response);
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

    /** A request written by hand, and everything that comes back until the server closes. */
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

    protected static void assertProblem(Answer answer, int status, String slug) {
        assertThat(answer.status()).as(answer.body()).isEqualTo(status);
        assertThat(answer.header("Content-Type")).isEqualTo("application/problem+json");
        var json = answer.json();
        assertThat(json.get("type").textValue()).isEqualTo("urn:byline:problem:" + slug);
        assertThat(json.get("status").intValue()).isEqualTo(status);
        assertThat(json.get("title").textValue()).isNotBlank();
        assertThat(json.get("detail").textValue()).isNotBlank();
        assertThat(json.get("request_id").textValue()).isEqualTo(answer.header("X-Request-Id"));
        assertSaysNothingOfTheInside(answer.body());
    }

    protected static void assertSaysNothingOfTheInside(String body) {
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
