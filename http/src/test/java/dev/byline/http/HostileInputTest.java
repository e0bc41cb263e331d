package dev.byline.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import com.sun.management.OperatingSystemMXBean;
import dev.byline.http.admission.Bodies;
import dev.byline.model.Cidr;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.IntFunction;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Sends hostile text of the maximum size in every header and text field. No response is a 5xx, and twice the input
 * takes at most three times the CPU time, as linear work does.
 */
class HostileInputTest extends ServerTest {
    private static final int HEADER = 15_000;
    private static final int BODY = Bodies.MAX_BODY - 2_000;
    private static final int ATTEMPTS = 4;
    private static final String QUOTE = "\"";

    private static final OperatingSystemMXBean PROCESS =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    @Override
    protected HttpConfig config() {
        return new HttpConfig(
                "127.0.0.1",
                0,
                "",
                "test",
                true,
                HttpConfig.RateLimits.NONE,
                List.of(Cidr.parse("127.0.0.0/8"), Cidr.parse("1.0.0.0/8"), Cidr.parse("::/8")),
                Set.of("https://app.example"),
                false,
                true,
                true,
                true,
                64);
    }

    private String token = "";
    private long user;
    private long post;

    @BeforeAll
    void createUserAndPost() {
        user = post("/users", """
                {"email":"hostile@example.com","name":"H"}""").id();
        token = tokenOf(user);
        post = post("/posts", """
                {"title":"T","body":""}""").id();
    }

    /** Takes the best of some attempts: the CPU time includes other threads, such as the compiler's. */
    private void assertLinear(String what, int size, IntFunction<List<byte[]>> requests) {
        var whole = requests.apply(size);
        var half = requests.apply(size / 2);
        var ratio = Double.MAX_VALUE;
        for (int i = 0; i < ATTEMPTS && ratio > 3; i++) {
            var less = cpu(half);
            var more = cpu(whole);
            ratio = Math.min(ratio, (double) more / less);
        }
        assertThat(ratio).as("CPU time for twice the input, " + what).isLessThanOrEqualTo(3);
    }

    private long cpu(List<byte[]> requests) {
        var before = PROCESS.getProcessCpuTime();
        for (int sent = 0; sent < requests.size(); ) {
            try (var connection = new Connection(server.port())) {
                sent += connection.sendUntilClosed(requests.subList(sent, requests.size()));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return PROCESS.getProcessCpuTime() - before;
    }

    /** A keep-alive connection. */
    private static final class Connection implements AutoCloseable {
        private final Socket socket;
        private final InputStream in;

        Connection(int port) {
            try {
                socket = new Socket(InetAddress.getLoopbackAddress(), port);
                socket.setSoTimeout(20_000);
                in = new BufferedInputStream(socket.getInputStream());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        /** Returns how many requests were answered before the server closed; fails for a 5xx. */
        int sendUntilClosed(List<byte[]> requests) throws IOException {
            for (int i = 0; i < requests.size(); i++) {
                socket.getOutputStream().write(requests.get(i));
                var head = head();
                if (head.isEmpty() && i > 0) {
                    return i; // after some malformed targets Jetty closes without "Connection: close"
                }
                if (!head.matches("(?s)http/1\\.1 [234].*")) {
                    fail(new String(requests.get(i), 0, 300, StandardCharsets.ISO_8859_1) + " -> " + head);
                }
                var length = head.indexOf("content-length: ");
                if (length >= 0) {
                    in.skipNBytes(Long.parseLong(head.substring(length + 16, head.indexOf('\r', length))));
                }
                if (head.contains("connection: close")) {
                    return i + 1;
                }
            }
            return requests.size();
        }

        private String head() throws IOException {
            var head = new StringBuilder();
            while (head.length() < 4 || !head.substring(head.length() - 4).equals("\r\n\r\n")) {
                var next = in.read();
                if (next < 0 && head.isEmpty()) {
                    return "";
                }
                if (next < 0) {
                    throw new IOException("closed after " + head);
                }
                head.append((char) next);
            }
            return head.toString().toLowerCase(Locale.ROOT);
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    @Nested
    class Headers {
        /** Characters of the headers' grammars, and some that regular expressions and case mappings treat specially. */
        private static final List<String> HEADER_SHAPES = List.of(
                "a",
                "0",
                "f",
                " ",
                "\t",
                ",",
                ";",
                QUOTE,
                ":",
                "%",
                "[",
                "]",
                "(",
                "=",
                "-",
                ".",
                "/",
                "*",
                "\\",
                "q=0;",
                "W/",
                """
                        "a",""",
                """
                        W/"a" ,""",
                "a/b,",
                "*/*,",
                "a/b;q=0,",
                ", ",
                " ,",
                "\t,\t",
                "1.1.1.1,",
                "127.0.0.1,",
                "::,",
                ":1",
                "[::",
                "Bearer ",
                "utf-8;charset=",
                "00-",
                "\u0085",
                "\u00a0",
                "\u00ce\u00a3",
                "\u00c4\u00b0");

        /** A header, a request that reads it, and how its value begins. */
        record Header(String name, String line, String begin) {
            @Override
            public String toString() {
                return name;
            }
        }

        static List<Header> headers() {
            return List.of(
                    new Header("Accept", "GET /users?limit=1", "a/b;"),
                    new Header("Accept", "GET /", ""),
                    new Header("Accept-Encoding", "GET /openapi.json", ""),
                    new Header("Authorization", "GET /livez", "Bearer "),
                    new Header("Authorization", "GET /users/1", "Bearer byl_"),
                    new Header("Authorization", "GET /users/1", ""),
                    new Header("Content-Type", "POST /users", "application/json;"),
                    new Header("Content-Type", "PATCH /users/1", ""),
                    new Header("Content-Encoding", "POST /users", ""),
                    new Header("Cookie", "GET /users/1", "a="),
                    new Header("Expect", "GET /users/1", ""),
                    new Header("Forwarded", "GET /users/1", "for="),
                    new Header("Host", "GET /users/1", ""),
                    new Header("Idempotency-Key", "POST /posts", ""),
                    new Header("If-Match", "GET /posts/1", ""),
                    new Header("If-Match", "PATCH /posts/1", QUOTE + "1-1" + QUOTE),
                    new Header("If-None-Match", "GET /posts/1", ""),
                    new Header("If-None-Match", "GET /posts", """
                            "a","""),
                    new Header("Origin", "GET /users/1", "https://app.example"),
                    new Header("Access-Control-Request-Method", "OPTIONS /users", ""),
                    new Header("Access-Control-Request-Headers", "OPTIONS /users", ""),
                    new Header("Range", "GET /openapi.json", "bytes="),
                    new Header("traceparent", "GET /livez", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-"),
                    new Header("traceparent", "GET /livez", ""),
                    new Header("X-Forwarded-For", "GET /users/1", ""),
                    new Header("X-Forwarded-For", "GET /users/1", "[::1%"),
                    new Header("X-Request-Id", "GET /livez", ""));
        }

        @ParameterizedTest
        @MethodSource("headers")
        void headersAreReadInLinearTime(Header header) {
            assertLinear(header.name, HEADER, size -> {
                var requests = new ArrayList<byte[]>();
                for (var shape : HEADER_SHAPES) {
                    for (var end : List.of("x", "\u0085", "")) {
                        var value = header.begin + shape.repeat(size / shape.length()) + end;
                        requests.add(withHeader(header, value));
                    }
                }
                return requests;
            });
        }

        private byte[] withHeader(Header header, String value) {
            var text = new StringBuilder(header.line).append(" HTTP/1.1\r\n").append(header.name);
            text.append(": ").append(value).append("\r\n");
            if (!header.name.equals("Host")) {
                text.append("Host: localhost\r\n");
            }
            if (!header.name.equals("Authorization")) {
                text.append("Authorization: Bearer ").append(token).append("\r\n");
            }
            if (header.line.startsWith("P")) {
                if (!header.name.equals("Content-Type")) {
                    text.append("Content-Type: application/json\r\n");
                }
                text.append("Content-Length: 2\r\n\r\n{}");
            } else {
                text.append("\r\n");
            }
            return text.toString().getBytes(StandardCharsets.ISO_8859_1);
        }
    }

    @Nested
    class Targets {
        static List<String> targets() {
            return List.of(
                    "/",
                    "/users/",
                    "/users/1/",
                    "/posts/",
                    "/docs/",
                    "/users?",
                    "/users?limit=",
                    "/users?ids=1,",
                    "/users?cursor=",
                    "/posts?q=",
                    "/posts?metadata=",
                    "/posts?metadata=%7B%22a%22:",
                    "/posts?metadata=%7B%22a%22:1e",
                    "/posts?limit=1&",
                    "/posts?x",
                    "/posts?author=");
        }

        @ParameterizedTest
        @MethodSource("targets")
        void targetsAreReadInLinearTime(String target) {
            var shapes = List.of(
                    "a",
                    "0",
                    "1,",
                    ",",
                    "/",
                    "//",
                    "/a",
                    ".",
                    "../",
                    "./",
                    ";",
                    ";/",
                    "%41",
                    "%2f",
                    "%25",
                    "%ce%a3",
                    "%cc%95%cc%96",
                    "%ef%b7%ba",
                    "%c2%85",
                    "&",
                    "a&",
                    "a=1&",
                    "=",
                    "+",
                    "%22",
                    "%5B",
                    "%7B%22a%22:",
                    "1e9,",
                    "1e1000,",
                    "\u00ff",
                    "\u00ce\u00a3",
                    "q=0&",
                    "-");
            assertLinear(target, HEADER, size -> {
                var requests = new ArrayList<byte[]>();
                for (var shape : shapes) {
                    for (var end : List.of("", "x", "%c2%85")) {
                        var line = "GET " + target + shape.repeat(size / shape.length()) + end
                                + " HTTP/1.1\r\nHost: x\r\n\r\n";
                        requests.add(line.getBytes(StandardCharsets.ISO_8859_1));
                    }
                }
                return requests;
            });
        }
    }

    @Nested
    class JsonBodies {
        private static final List<String> TEXT_SHAPES = List.of(
                "a",
                " ",
                ",",
                ";",
                "@",
                "a@",
                ".",
                "0",
                "\\\"",
                "\\\\",
                "\\u0000",
                "\\ud800",
                "\u0085",
                "\u00a0",
                "\u03a3",
                "a\u03a3",
                "\u0130",
                "\u0301",
                "\u0316\u0315",
                "\ufdfa",
                "\u200b",
                "\u2028",
                "\ud83d\ude00",
                "\ud835\udeba");

        /** A request and its body, in which "?" stands for the text. */
        record Field(String line, String body) {
            @Override
            public String toString() {
                return line + " " + body;
            }
        }

        static List<Field> fields() {
            return List.of(
                    new Field("POST /tokens", """
                            {"email":"?","password":"wrong horse battery"}"""),
                    new Field("POST /tokens", """
                            {"email":"?@example.com","password":1}"""),
                    new Field("POST /tokens", """
                            {"email":"nobody@example.com","password":"?"}"""),
                    new Field("POST /users", """
                            {"email":"a@x","name":"?"}"""),
                    new Field("POST /users", """
                            {"email":"a@x","name":" ","password":"?"}"""),
                    new Field("POST /users", """
                            {"email":"a@x","name":"N","metadata":{"a":"?"}}"""),
                    new Field("POST /users", """
                            {"email":"a@x","name":"N","metadata":{"?":1}}"""),
                    new Field("POST /users", """
                            {"email":"a@x","name":"N","?":1}"""),
                    new Field("PATCH /users/{user}", """
                            {"email":"?"}"""),
                    new Field("PATCH /users/{user}", """
                            {"password":"?"}"""),
                    new Field("PATCH /users/{user}", """
                            {"metadata":{"a":{"?":null}}}"""),
                    new Field("POST /posts", """
                            {"title":"?","body":""}"""),
                    new Field("POST /posts", """
                            {"title":"","body":"?"}"""),
                    new Field("POST /posts", """
                            {"title":"T","body":"","published_at":"?"}"""),
                    new Field("POST /posts", """
                            {"title":"T","body":"","published_at":"1990-12-31T23:59:59.?Z","user_id":0}"""),
                    new Field("POST /posts", """
                            {"title":"T","body":"","status":"?"}"""),
                    new Field("POST /posts/batch", """
                            {"posts":[{"title":"?","body":1},{"?":1}]}"""),
                    new Field("PATCH /posts/{post}", """
                            {"metadata":{"?":{"a":1}}}"""));
        }

        @ParameterizedTest
        @MethodSource("fields")
        void textsAreReadInLinearTime(Field field) {
            assertLinear(field.toString(), BODY, size -> {
                var requests = new ArrayList<byte[]>();
                for (var shape : TEXT_SHAPES) {
                    var bytes = shape.getBytes(StandardCharsets.UTF_8).length;
                    var holes = field.body.split("\\?", -1).length - 1;
                    requests.add(withBody(field.line, field.body.replace("?", shape.repeat(size / bytes / holes))));
                }
                return requests;
            });
        }

        static List<String> shapes() {
            return List.of(
                    "[",
                    "[]",
                    "{",
                    """
                            {"a":""",
                    """
                            [{"a":""",
                    "1e1000,",
                    "1e-1000,",
                    "1e9,",
                    "-1E+99999,",
                    "9".repeat(999) + ",",
                    "null,",
                    """
                            "",""",
                    "{},",
                    "[],",
                    " ",
                    "\n",
                    "/*",
                    "//\n",
                    "'",
                    "\ufeff",
                    """
                            "\\u03a3",""",
                    """
                            {"a":1,"a":1},""");
        }

        @ParameterizedTest
        @MethodSource("shapes")
        void jsonIsReadInLinearTime(String shape) {
            assertLinear(shape, BODY, size -> {
                var many = shape.repeat(size / shape.getBytes(StandardCharsets.UTF_8).length);
                var requests = new ArrayList<byte[]>();
                for (var body : List.of("%s", "[%s0]", """
                        {"metadata":{"a":[%s0]}}""", """
                        {"metadata":{"a":%s}}""")) {
                    requests.add(withBody("POST /users", body.formatted(many)));
                }
                requests.add(withBody("POST /posts/batch", """
                        {"posts":[%s0]}""".formatted(many)));
                return requests;
            });
        }

        @Test
        void manyMembersAreReadInLinearTime() {
            assertLinear("members", 100_000, count -> {
                var members = new StringBuilder();
                for (int i = 0; i < count - 8; i++) {
                    members.append(i == 0 ? "" : ",")
                            .append(QUOTE)
                            .append(Integer.toString(i, 36))
                            .append(QUOTE)
                            .append(":0");
                }
                return List.of(
                        withBody("POST /posts", "{%s}".formatted(members)),
                        withBody("POST /posts", """
                                {"metadata":{%s}}""".formatted(members)),
                        withBody("POST /posts/batch", """
                                {"posts":[{%s}]}""".formatted(members)),
                        withBody("PATCH /posts/{post}", """
                                {"metadata":{"a":{%s}}}""".formatted(members)));
            });
        }

        private byte[] withBody(String line, String body) {
            var bytes = body.getBytes(StandardCharsets.UTF_8);
            var head = line.replace("{user}", Long.toString(user)).replace("{post}", Long.toString(post))
                    + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token
                    + "\r\nContent-Type: application/json\r\nContent-Length: " + bytes.length + "\r\n\r\n";
            var request = new ByteArrayOutputStream();
            request.writeBytes(head.getBytes(StandardCharsets.US_ASCII));
            request.writeBytes(bytes);
            return request.toByteArray();
        }
    }
}
