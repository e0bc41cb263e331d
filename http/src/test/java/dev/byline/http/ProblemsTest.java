package dev.byline.http;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.byline.http.admission.Bodies;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** Every error of a client is a problem, whether Byline, Javalin or Jetty finds it. */
class ProblemsTest extends ServerTest {
    private static final String USER = """
            {"email":"problem@example.com","name":"x"}""";

    private static void assertRawProblem(String answer, int status, String slug) {
        assertThat(answer)
                .startsWith("HTTP/1.1 " + status + " ")
                .contains("Content-Type: application/problem+json\r\n", """
                        "type":"urn:byline:problem:%s",""".formatted(slug));
        assertThat(answer).containsPattern("X-Request-Id: [A-Za-z0-9._-]+\r\n");
        assertThat(answer).doesNotContain("Server:").doesNotContain("<html");
        assertShowsNoInternals(answer);
    }

    @Nested
    class RequestLines {
        @ParameterizedTest
        @CsvSource(delimiter = '|', textBlock = """
                        /nothing             | 404 | not-found
                        /users/              | 404 | not-found
                        /users/999999        | 404 | not-found
                        /Users               | 404 | not-found
                        /users/abc           | 400 | malformed
                        /users/0             | 400 | malformed
                        /users/-1            | 400 | malformed
                        /users/1e3           | 400 | malformed
                        /users/9223372036854775808 | 400 | malformed
                        /posts/99999999999999999999 | 400 | malformed
                        /users?limit=0       | 422 | invalid
                        /users?limit=101     | 422 | invalid
                        /users?limit=-5      | 422 | invalid
                        /users?limit=99999999999999999999 | 422 | invalid
                        /users?limit=abc     | 400 | malformed
                        /users?limit=        | 400 | malformed
                        /users?limit=1.5     | 400 | malformed
                        /users?cursor=garbage | 400 | bad-cursor
                        /users?cursor=       | 400 | bad-cursor
                        /users?cursor=%00    | 400 | bad-cursor
                        /users?activ=true    | 400 | malformed
                        /users?active=yes    | 400 | malformed
                        /users?limit=1&limit=1 | 400 | malformed
                        /users?limit=%zz     | 400 | malformed
                        /users?limit=%ff     | 400 | malformed
                        /users?limit=%e2%82  | 400 | malformed
                        /users/1?include=x   | 400 | malformed
                        /users/1?x=1         | 400 | malformed
                        /posts?author=x      | 400 | malformed
                        /livez?x             | 400 | malformed
                        """)
        void anInvalidTargetIsAProblem(String path, int status, String slug) {
            // The JDK's client refuses to send some of these.
            var answer = raw("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");

            assertRawProblem(answer, status, slug);
        }

        @ParameterizedTest
        @CsvSource(delimiter = '|', textBlock = """
                        GET /users/%ZZ HTTP/1.1      | 400 | malformed
                        GET /users/%00 HTTP/1.1      | 400 | malformed
                        GET /users/1%2f2 HTTP/1.1    | 400 | malformed
                        GET /users/..;/x HTTP/1.1    | 400 | malformed
                        GET /%c0%af HTTP/1.1         | 400 | malformed
                        GARBAGE                      | 400 | malformed
                        GET / HTTP/9.9               | 505 | version-not-supported
                        """)
        void anInvalidRequestLineIsAProblem(String line, int status, String slug) {
            assertRawProblem(raw(line + "\r\nHost: localhost\r\nConnection: close\r\n\r\n"), status, slug);
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "/posts?q=\u00ff",
                    "/posts?q=\u00c3",
                    "/posts?q=\u00e2\u0082",
                    "/posts?q=\u00ed\u00a0\u0080",
                    "/posts?q=\u00c0\u00af",
                    "/posts?q=\u00f5\u0080\u0080\u0080",
                    "/posts?\u00ff=1",
                    "/users?cursor=\u0080",
                    "/livez?\u00ff",
                })
        void rawBytesThatAreNotUtf8Are400(String target) {
            var answer = raw("GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");

            assertRawProblem(answer, 400, "malformed");
        }

        @Test
        void rawUtf8IsAccepted() {
            var answer = raw("GET /posts?q=\u00c3\u00a9 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");

            assertThat(answer).startsWith("HTTP/1.1 200 ");
        }

        @Test
        void aLongTargetIs414() {
            var answer = raw("GET /users?" + "x".repeat(20_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n");

            assertRawProblem(answer, 414, "uri-too-long");
        }

        /** Every stage compares the path of a probe as it was sent. */
        @ParameterizedTest
        @ValueSource(
                strings = {
                    "/livez;x",
                    "/livez;jsessionid=1",
                    "/;x/livez",
                    "/%6civez",
                    "/livez%20",
                    "/./livez",
                    "/x/../livez",
                    "//livez",
                    "/livez/",
                    "/livez/.",
                    "/%2e/livez",
                    "/readyz;x",
                    "/%72eadyz",
                    "/LIVEZ",
                    "/livez%3fx",
                })
        void anotherSpellingOfAProbesPathIsNoProbe(String path) {
            var before = metrics.holds().count();
            var answer = raw("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");

            assertThat(answer).matches("(?s)HTTP/1.1 40[04] .*");
            assertThat(answer).contains("application/problem+json").doesNotContain("alive", """
                    {"status":"ready"}""");
            assertThat(metrics.holds().count()).isEqualTo(before);
        }

        @Test
        void anUnsupportedMethodIs405WithTheAllowedOnes() {
            var put = send("PUT", "/users", USER);
            assertProblem(put, 405, "method-not-allowed");
            assertThat(put.header("Allow").split(", ")).containsExactlyInAnyOrder("GET", "HEAD", "POST", "OPTIONS");
            assertProblem(send("PROPFIND", "/users", ""), 405, "method-not-allowed");
            assertProblem(send("PUT", "/nothing", USER), 404, "not-found");
            var options = send("OPTIONS", "/posts/1", "");
            assertThat(options.status()).isEqualTo(204);
            assertThat(options.header("Allow").split(", "))
                    .containsExactlyInAnyOrder("GET", "HEAD", "PATCH", "DELETE", "OPTIONS");
        }

        @Test
        void headReturnsTheHeadersOfGet() {
            var get = get("/users");
            var head = send(HttpRequest.newBuilder(uri("/users")).HEAD());

            assertThat(head.status()).isEqualTo(200);
            assertThat(head.body()).isEmpty();
            assertThat(head.header("Content-Length")).isEqualTo(get.header("Content-Length"));
            assertThat(send(HttpRequest.newBuilder(uri("/users/999999")).HEAD()).status())
                    .isEqualTo(404);
        }

        @Test
        void theIndexLinksToTheResources() {
            var index = get("/");

            assertThat(index.status()).isEqualTo(200);
            assertThat(index.body()).isEqualTo("""
                    {"name":"byline","version":"test","users":"/users","posts":"/posts",\
                    "openapi":"/openapi.json","docs":"/docs"}""");
        }
    }

    @Nested
    class Headers {
        @Test
        void largeHeadersAre431() {
            var answer = raw("GET /users HTTP/1.1\r\nHost: localhost\r\nX-Large: " + "x".repeat(20_000) + "\r\n\r\n");

            assertRawProblem(answer, 431, "headers-too-large");
        }

        @Test
        void aMissingHostIs400() {
            assertRawProblem(raw("GET /users HTTP/1.1\r\nConnection: close\r\n\r\n"), 400, "malformed");
        }

        @Test
        void probesIgnoreAuthorization() {
            var answer = raw(
                    "GET /livez HTTP/1.1\r\nHost: localhost\r\nAuthorization: nonsense\r\nConnection: close\r\n\r\n");

            assertThat(answer).startsWith("HTTP/1.1 200 ");
        }

        @ParameterizedTest
        @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
                        text/plain
                        application/x-www-form-urlencoded
                        application/json; charset=latin1
                        x
                        application/json; charset=foo
                        application/json; charset=""
                        application/json; charset=a b
                        """)
        void anotherMediaTypeIs415(String type) {
            assertProblem(send("POST", "/users", USER, "Content-Type", type), 415, "unsupported-type");
        }

        @Test
        void aMissingMediaTypeOrACompressedBodyIs415() {
            assertProblem(
                    send(HttpRequest.newBuilder(uri("/users")).POST(BodyPublishers.ofString(USER))),
                    415,
                    "unsupported-type");
            assertProblem(
                    send("POST", "/users", USER, "Content-Type", "application/json", "Content-Encoding", "gzip"),
                    415,
                    "unsupported-type");
            var patch = send("PATCH", "/users/1", "{}", "Content-Type", "application/json-patch+json");
            assertProblem(patch, 415, "unsupported-type");
            assertThat(patch.header("Accept-Patch")).contains("application/merge-patch+json");
        }

        @ParameterizedTest
        @CsvSource({
            "text/html, 406",
            "'text/html, application/xml;q=0.9', 406",
            "application/json;q=0, 406",
            "'application/json;q=0, */*', 406",
            "'*/*', 200",
            "'text/html, */*;q=0.1', 200",
            "application/*, 200",
            "'APPLICATION/JSON; charset=utf-8', 200"
        })
        void aRequestThatRefusesJsonIs406(String accept, int status) {
            var answer = get("/users", "Accept", accept);

            assertThat(answer.status()).isEqualTo(status);
            if (status == 406) {
                assertProblem(answer, 406, "not-acceptable");
            }
        }

        @Test
        void aValidRequestIdIsKept() {
            assertThat(get("/livez", "X-Request-Id", "abc-1.2_3").header("X-Request-Id"))
                    .isEqualTo("abc-1.2_3");
            for (var strange : new String[] {"a b", "x".repeat(129), "é", "<script>"}) {
                var answer = raw("GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: " + strange
                        + "\r\nConnection: close\r\n\r\n");
                assertThat(answer).containsPattern("X-Request-Id: [0-9a-f]{16}\r\n");
            }
            assertThat(get("/nothing", "X-Request-Id", "mine")
                            .json()
                            .get("request_id")
                            .textValue())
                    .isEqualTo("mine");
        }
    }

    @Nested
    class JsonBodies {
        @ParameterizedTest
        @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
                        ``
                        ` `
                        x
                        {
                        {"email":}
                        {"email":"a@b","name":"x"} x
                        {"email":"a@b","name":"x",}
                        {"email":"a@b","name":"x","name":"y"}
                        {"email":"a@b","name":"x","metadata":{"a":1,"a":2}}
                        {'email':'a@b'}
                        []
                        null
                        "text"
                        {"email":NaN}
                        {"email":"\u0001"}
                        """)
        void malformedJsonIs400(String body) {
            assertProblem(post("/users", body), 400, "malformed");
        }

        @Test
        void deepJsonAndHugeNumbersAreRefused() {
            assertProblem(post("/users", """
                    {"metadata":%s}""".formatted("[".repeat(100_000) + "]".repeat(100_000))), 400, "malformed");
            assertProblem(post("/users", "[".repeat(500_000)), 400, "malformed");
            assertProblem(post("/users", """
                    {"metadata":{"a":%s}}""".formatted("1".repeat(100_000))), 400, "malformed");
            assertProblem(post("/users", """
                    {"email":"a@b","name":"x","metadata":{"a":1e999999999}}"""), 422, "invalid");
            for (var path : new String[] {"/users", "/posts", "/posts/batch"}) {
                for (var number : new String[] {"1e99999999999", "-1e-99999999999", "0e99999999999999999999"}) {
                    for (var body : List.of("""
                            {"user_id":%s}""", """
                            {"metadata":{"a":[%s]}}""", """
                            {"posts":[{"user_id":%s}]}""")) {
                        assertThat(post(path, body.formatted(number)).status()).isBetween(400, 422);
                    }
                }
            }
        }

        @Test
        void aBodyThatIsNotUtf8Is400() {
            for (var bad : new int[][] {{0xff}, {0xc0, 0x80}, {0xed, 0xa0, 0x80}, {0xe2, 0x82}}) {
                var body = """
                        {"email":"a@b","name":"?"}""".getBytes(StandardCharsets.ISO_8859_1);
                var at = new String(body, StandardCharsets.ISO_8859_1).indexOf('?');
                var bytes = new byte[body.length - 1 + bad.length];
                System.arraycopy(body, 0, bytes, 0, at);
                for (int i = 0; i < bad.length; i++) {
                    bytes[at + i] = (byte) bad[i];
                }
                System.arraycopy(body, at + 1, bytes, at + bad.length, body.length - at - 1);
                var answer = send(HttpRequest.newBuilder(uri("/users"))
                        .header("Content-Type", "application/json")
                        .POST(BodyPublishers.ofByteArray(bytes)));

                assertProblem(answer, 400, "malformed");
            }
        }

        @Test
        void aBodyOfTheMaximumSizeIsAccepted() {
            var body = USER + " ".repeat(Bodies.MAX_BODY - USER.length());

            assertThat(post("/users", body).status()).isEqualTo(201);
        }
    }

    @Nested
    class Uploads {
        @ParameterizedTest
        @ValueSource(strings = {"foo, chunked", "gzip, chunked", "gzip,chunked", "identity, chunked", """
                foo;x="chunked", chunked"""})
        void anUnknownTransferCodingIs501(String codings) {
            var chunk = """
                    28\r
                    {"email":"coding@example.com","name":1}\r
                    """;
            for (var header : new String[] {codings, codings.replace(", ", "\r\nTransfer-Encoding: ")}) {
                var answer = raw("POST /users HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                        + "Transfer-Encoding: " + header + "\r\n\r\n" + chunk + "0\r\n\r\n"
                        + "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");

                assertRawProblem(answer, 501, "not-implemented");
                assertThat(answer).contains("Connection: close").doesNotContain("alive");
            }
        }

        @ParameterizedTest
        @ValueSource(strings = {"chunked", "Chunked", " CHUNKED "})
        void aChunkedBodyIsRead(String coding) {
            var answer = raw("POST /users HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    + "Transfer-Encoding: " + coding + "\r\nConnection: close\r\n\r\n2\r\n{}\r\n0\r\n\r\n");

            assertRawProblem(answer, 422, "invalid");
        }

        /** With a Content-Length and in chunks. */
        @Test
        void anOversizedBodyIs413WhileTheClientStillSends() throws Exception {
            for (var framing : new String[] {"Content-Length: 8000000", "Transfer-Encoding: chunked"}) {
                try (var socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
                    socket.setSoTimeout(10_000);
                    var out = socket.getOutputStream();
                    out.write(("POST /users HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" + framing
                                    + "\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
                    var chunked = framing.startsWith("Transfer");
                    var piece = "x".repeat(100_000).getBytes(StandardCharsets.US_ASCII);
                    for (int i = 0; i < 80; i++) {
                        if (chunked) {
                            out.write((Integer.toHexString(piece.length) + "\r\n").getBytes(StandardCharsets.US_ASCII));
                        }
                        out.write(piece);
                        if (chunked) {
                            out.write("\r\n".getBytes(StandardCharsets.US_ASCII));
                        }
                    }
                    if (chunked) {
                        out.write("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                    }
                    out.flush();
                    var answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

                    assertRawProblem(answer, 413, "too-large");
                    assertThat(answer).contains("Connection: close");
                }
            }
        }

        /** Refused by the router, the authentication and the media type. */
        @ParameterizedTest
        @CsvSource({
            "POST /nothing, application/json, 404",
            "PUT /users, application/json, 405",
            "POST /users?x=1, application/json, 400",
            "PATCH /users/x, application/json, 401",
            "POST /users, text/plain, 415",
        })
        void aRefusalReachesAClientThatStillSends(String line, String type, int status) throws Exception {
            try (var socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
                socket.setSoTimeout(10_000);
                var out = socket.getOutputStream();
                out.write((line + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + type
                                + "\r\nContent-Length: 5000000\r\n\r\n")
                        .getBytes(StandardCharsets.US_ASCII));
                out.write(new byte[5_000_000]);
                out.flush();
                assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                        .startsWith("HTTP/1.1 " + status + " ")
                        .contains("Connection: close", "problem+json");
            }
        }

        /** The client announces a body that it never sends. */
        @Test
        void aRefusalDoesNotWaitForTheBody() throws Exception {
            try (var socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
                socket.setSoTimeout(5_000);
                socket.getOutputStream()
                        .write(("POST /users HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                        + "Content-Length: 3000000\r\n\r\n{")
                                .getBytes(StandardCharsets.US_ASCII));
                var begin = new String(socket.getInputStream().readNBytes(12), StandardCharsets.US_ASCII);
                assertThat(begin).isEqualTo("HTTP/1.1 413");
            }
        }

        @Test
        void aConnectionStaysOpenAfterARefusalWhoseBodyWasRead() throws Exception {
            var body = """
                    {"email":1}""";
            var bad = "POST /users HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
                    + body.length() + "\r\n\r\n" + body;
            var answer = raw(bad + bad + "GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n"
                    + "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");

            assertThat(answer.split("HTTP/1.1 ", -1)).hasSize(5);
            assertThat(answer).endsWith("""
                    {"status":"alive"}""");
        }

        @Test
        void expect100ContinueWithAnOversizedLengthIs413() {
            var answer = raw("POST /users HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    + "Content-Length: 8000000\r\nExpect: 100-continue\r\n\r\n");

            assertRawProblem(answer, 413, "too-large");
            assertThat(answer).doesNotContain("100 Continue");
        }

        @Test
        void anIncompleteBodyChangesNothing() throws Exception {
            try (var socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
                socket.getOutputStream()
                        .write(("POST /users HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                        + "Content-Length: 500\r\n\r\n" + """
                                                {"email":"early@example.com",""")
                                .getBytes(StandardCharsets.US_ASCII));
                socket.shutdownOutput();
                var answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                if (!answer.isEmpty()) {
                    assertRawProblem(answer, 400, "malformed");
                }
            }
            assertThat(database.value("SELECT count(*) FROM users WHERE email = 'early@example.com'"))
                    .isEqualTo("0");
        }

        /** The client resets the connection while it sends: 499, and at most one log line. */
        @ParameterizedTest
        @ValueSource(strings = {"Content-Length: 2400", "Transfer-Encoding: chunked"})
        void aResetUploadIsCountedAs499AndLoggedWithoutAStackTrace(String framing) throws Exception {
            var root = (Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME);
            var lines = new ListAppender<ILoggingEvent>();
            lines.start();
            root.addAppender(lines);
            var gone = """
                    http_requests_total{method="POST",endpoint="/posts",status="499",}""";
            var before = metric(gone);
            try {
                try (var socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
                    socket.getOutputStream()
                            .write(("POST /posts HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                            + framing + """
                                                    \r
                                                    \r
                                                    5\r
                                                    {"tit\r
                                                    """)
                                    .getBytes(StandardCharsets.US_ASCII));
                    awaitInFlight(1);
                    socket.setSoLinger(true, 0); // close by RST
                }
                awaitInFlight(0);
            } finally {
                root.detachAppender(lines);
            }

            assertThat(lines.list.stream().filter(line -> line.getLevel().isGreaterOrEqual(Level.INFO)))
                    .hasSizeLessThanOrEqualTo(1)
                    .allMatch(line -> line.getThrowableProxy() == null);
            assertThat(metric(gone)).isEqualTo(before + 1);
        }
    }
}
