package dev.byline.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.byline.model.Principal;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class CompressionTest extends ServerTest {
    private static final String TEXT = "Compression pays where text repeats itself. ".repeat(100);

    private final HttpClient client = HttpClient.newHttpClient();
    private String path = "";

    @BeforeAll
    void createPosts() {
        for (int i = 0; i < 21; i++) {
            path = post("/posts", """
                    {"title":"Post %d","body":"%s"}""".formatted(i, TEXT)).header("Location");
        }
    }

    private HttpResponse<byte[]> fetch(String method, String address, String... headers) {
        var request = HttpRequest.newBuilder(uri(address)).method(method, BodyPublishers.noBody());
        if (headers.length > 0) {
            request.headers(headers);
        }
        try {
            return client.send(request.build(), BodyHandlers.ofByteArray());
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static String header(HttpResponse<?> response, String name) {
        return response.headers().firstValue(name).orElse("");
    }

    private static String unpacked(HttpResponse<byte[]> response) {
        try (var gzip = new GZIPInputStream(new ByteArrayInputStream(response.body()))) {
            return new String(gzip.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aLargeResponseIsCompressedForClientsThatAcceptIt() {
        for (var address : List.of(path, "/posts", "/posts?limit=5", "/users/1/posts", "/users/1?include=posts")) {
            var plain = fetch("GET", address);
            var gzip = fetch("GET", address, "Accept-Encoding", "br, gzip");

            assertThat(header(plain, "Content-Encoding")).isEmpty();
            assertThat(header(gzip, "Content-Encoding")).as(address).isEqualTo("gzip");
            assertThat(unpacked(gzip)).isEqualTo(new String(plain.body(), StandardCharsets.UTF_8));
            assertThat(header(gzip, "Content-Length")).isEqualTo("" + gzip.body().length);
            assertThat(gzip.body().length).isLessThan(plain.body().length * 3 / 10);
            assertThat(header(gzip, "Vary")).isEqualTo("Authorization, Accept-Encoding");
            assertThat(header(plain, "Vary")).isEqualTo("Authorization, Accept-Encoding");
            assertThat(header(gzip, "ETag")).isEqualTo(header(plain, "ETag").replaceAll("\"$", "--gzip\""));
            assertThat(header(gzip, "Content-Type")).isEqualTo("application/json");
            assertThat(fetch("GET", address, "Accept-Encoding", "gzip").body()).isEqualTo(gzip.body());
        }
    }

    @Test
    void bothTagsNameTheSameVersion() {
        var plain = header(fetch("GET", path), "ETag");
        var gzip = header(fetch("GET", path, "Accept-Encoding", "gzip"), "ETag");
        for (var tag : List.of(plain, gzip)) {
            for (var coding : List.of("gzip", "identity")) {
                var known = fetch("GET", path, "If-None-Match", tag, "Accept-Encoding", coding);
                assertThat(known.statusCode()).isEqualTo(304);
                assertThat(header(known, "ETag")).isEqualTo(coding.equals("gzip") ? gzip : plain);
                assertThat(header(known, "Content-Encoding")).isEmpty();
            }
        }
        var changed = send("PATCH", path, """
                {"title":"Changed"}""", "Content-Type", "application/json", "If-Match", gzip);
        assertThat(changed.status()).isEqualTo(200);
        assertThat(fetch("GET", path, "If-None-Match", gzip).statusCode()).isEqualTo(200);
        assertProblem(send("PATCH", path, """
                        {"title":"Again"}""", "Content-Type", "application/json", "If-Match", gzip), 412, "stale");
    }

    @Test
    void theHeadersOfHeadAreThoseOfGet() {
        for (var address : List.of(path, "/posts")) {
            var get = fetch("GET", address, "Accept-Encoding", "gzip");
            var head = fetch("HEAD", address, "Accept-Encoding", "gzip");
            for (var name : List.of("ETag", "Content-Encoding", "Vary", "Cache-Control", "Content-Type")) {
                assertThat(header(head, name)).as(name).isEqualTo(header(get, name));
            }
            assertThat(header(head, "Content-Length")).isEmpty();
        }
    }

    @Test
    void theClientDecides() {
        for (var accepted :
                List.of("gzip", "x-gzip", "GZIP", "*", "br;q=1, gzip;q=0.1", "identity;q=0, *", ",,gzip;q=1.000")) {
            assertThat(header(fetch("GET", path, "Accept-Encoding", accepted), "Content-Encoding"))
                    .as(accepted)
                    .isEqualTo("gzip");
        }
        for (var refused : List.of(
                "", "identity", "br", "gzip;q=0", "gzip ; q=0.000", "*;q=0", "*, gzip;q=0", "gzipped", ";", "q=1")) {
            assertThat(header(fetch("GET", path, "Accept-Encoding", refused), "Content-Encoding"))
                    .as(refused)
                    .isEmpty();
        }
    }

    /** An attacker who sees sizes and chooses a part of the text can guess the rest. */
    @Test
    void smallResponsesWritesTokensAndProblemsAreNotCompressed() {
        var gzip = new String[] {"Accept-Encoding", "gzip"};
        assertThat(header(fetch("GET", "/users/1", gzip), "Content-Encoding")).isEmpty();
        assertThat(header(fetch("GET", "/users/1", gzip), "ETag")).doesNotContain("gzip");
        assertThat(header(fetch("GET", "/posts/999999999", gzip), "Content-Encoding"))
                .isEmpty();
        var written = send("PATCH", path, """
                {"metadata":{"a":1}}""", "Content-Type", "application/json", "Accept-Encoding", "gzip");
        assertThat(written.header("Content-Encoding")).isEmpty();
        assertThat(written.header("ETag")).doesNotContain("gzip");
        for (int i = 0; i < 30; i++) {
            var unused = byline.tokens().issue(new Principal.Operator(), 1, null);
        }
        var tokens = get("/tokens", gzip);
        assertThat(tokens.body().length()).isGreaterThan(1400);
        assertThat(tokens.header("Content-Encoding")).isEmpty();
    }
}
