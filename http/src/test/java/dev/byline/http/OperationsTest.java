package dev.byline.http;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.byline.http.exchange.AccessLogEntry;
import dev.byline.model.Capacity;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** The management port and the access log. */
class OperationsTest extends ServerTest {
    private final ManagementServer management = ManagementServer.start(
            "127.0.0.1", 0, "test", byline, Optional::empty, metrics, () -> new Capacity.Plan(5, 2, 1, 2, 97));
    private final HttpClient operator = HttpClient.newHttpClient();

    @AfterAll
    void closeManagement() {
        operator.close();
        management.close();
    }

    private HttpResponse<String> ask(String path) {
        try {
            return operator.send(
                    HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + management.port() + path))
                            .build(),
                    BodyHandlers.ofString());
        } catch (IOException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /** Reads the metrics once no request is in flight: a request is counted after its response was sent. */
    private String metrics() throws InterruptedException {
        var end = System.nanoTime() + 10_000_000_000L;
        var text = ask("/metrics").body();
        // The memory of a body is released after its request was counted.
        while (!(text.contains("\nhttp_requests_in_flight 0.0\n") && text.contains("\nhttp_request_body_bytes 0.0\n"))
                && System.nanoTime() < end) {
            TimeUnit.MILLISECONDS.sleep(5);
            text = ask("/metrics").body();
        }
        return text;
    }

    private static double value(String text, String series) {
        return text.lines()
                .filter(line -> line.startsWith(series + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(series.length() + 1)))
                .sum();
    }

    private static long series(String text) {
        return text.lines().filter(line -> line.startsWith("http_")).count();
    }

    @Nested
    class MetricsEndpoint {
        @Test
        void requestsAreCountedByRoute() throws Exception {
            var series = """
                    http_requests_total{method="GET",endpoint="/posts/{id}",status="%d",}""";
            var before = metrics();
            get("/posts/999999999");
            get("/posts/nonsense");
            get("/posts/999999999", "Authorization", "Bearer byl_wrong"); // refused before its route runs
            var after = metrics();

            for (var status : List.of(404, 400, 401)) {
                assertThat(value(after, series.formatted(status)) - value(before, series.formatted(status)))
                        .as("%d", status)
                        .isEqualTo(1);
            }
            assertThat(after).contains("""
                    http_request_duration_seconds_bucket{method="GET",endpoint="/posts/{id}",""");
        }

        @Test
        void unknownPathsAndMethodsAddNoSeries() throws Exception {
            get("/nothing");
            raw("BREW /coffee HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            raw("nonsense\r\n\r\n");
            var before = metrics();
            for (int i = 0; i < 50; i++) {
                var requests = new StringBuilder();
                for (int j = 0; j < 200; j++) {
                    requests.append("GET /invented/" + i + "/" + j + " HTTP/1.1\r\nHost: x\r\n\r\n");
                }
                raw(requests + "M" + i + " / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            }
            var after = metrics();

            var unmatched = """
                    http_requests_total{method="GET",endpoint="unmatched",status="404",}""";
            assertThat(value(after, unmatched) - value(before, unmatched)).isEqualTo(10_000);
            assertThat(series(after)).isLessThanOrEqualTo(series(before) + 20); // one more status of "other"
            assertThat(after).doesNotContain("invented").doesNotContain("BREW");
        }

        @Test
        void everyMetricHasAKnownPrefixAndAHelpText() throws Exception {
            get("/users");
            var text = metrics();
            var names = text.lines()
                    .filter(line -> line.startsWith("# TYPE "))
                    .map(line -> line.split(" ", -1)[2])
                    .collect(Collectors.toCollection(TreeSet::new));

            assertThat(names).allMatch(name -> name.matches("(http|hikaricp|cache|jvm|byline|process)_[a-z0-9_]+"));
            assertThat(names)
                    .contains(
                            "http_requests_total",
                            "http_request_duration_seconds",
                            "http_requests_in_flight",
                            "http_requests_rejected_total",
                            "hikaricp_connection_acquire_seconds",
                            "hikaricp_connection_usage_seconds",
                            "hikaricp_active_connections",
                            "hikaricp_pending_threads",
                            "hikaricp_connection_timeouts_total",
                            "cache_requests_total",
                            "cache_redis_circuit_open",
                            "byline_logins_total",
                            "byline_build_info",
                            "byline_capacity_headroom_ratio",
                            "jvm_threads_current");
            assertThat(text.lines().filter(line -> line.startsWith("# HELP ")).count())
                    .isEqualTo(names.size());
            assertThat(value(text, "hikaricp_connection_usage_seconds_count")).isPositive();
        }

        /** {@code rate()} doesn't see the first increment of a series that didn't exist before. */
        @Test
        void countersOfFailuresStartAtZero() throws Exception {
            get("/users");
            var text = metrics();
            assertThat(text).contains("""
                            http_requests_total{method="PATCH",endpoint="/posts/{id}",status="503",} 0.0""", """
                            http_requests_total{method="GET",endpoint="/posts",status="500",} 0.0""", """
                            cache_requests_total{kind="users",layer="l1",result="error",} 0.0""", """
                            cache_invalidations_total{result="error",} 0.0""", """
                            http_requests_rejected_total{reason="busy",} 0.0""");
        }

        @Test
        void loginsAreCountedByResult() throws Exception {
            post("/users", """
                    {"email":"counted@example.com","name":"C","password":"correct horse battery"}""");
            var before = metrics();
            var login = """
                    {"email":"counted@example.com","password":"%s"}""";
            assertThat(post("/tokens", login.formatted("correct horse battery")).status())
                    .isEqualTo(201);
            assertThat(post("/tokens", login.formatted("something else")).status())
                    .isEqualTo(401);
            var after = metrics();

            for (var result : List.of("succeeded", "failed")) {
                var series = """
                        byline_logins_total{result="%s",}""".formatted(result);
                assertThat(value(after, series) - value(before, series)).isEqualTo(1);
            }
        }
    }

    @Nested
    class OtherEndpoints {
        @Test
        void capacityReportsThePlanAndAVerdict() {
            var answer = new Answer(ask("/capacity"));

            assertThat(answer.status()).isEqualTo(200);
            var json = answer.json();
            assertThat(json.get("verdict").textValue()).isNotBlank();
            assertThat(json.get("pool_size").intValue()).isEqualTo(5);
            assertThat(json.get("recommended_pool_size").intValue()).isEqualTo(2);
            assertThat(json.get("database_connections_wanted").intValue()).isEqualTo(10);
            assertThat(json.get("database_connections_available").intValue()).isEqualTo(97);
            assertThat(json.get("pool_size_reason").textValue()).contains("2 database cores * 2 + 1", "2 replicas");
        }

        @Test
        void theStatusPageAndItsFilesAreInTheJar() {
            var page = ask("/");
            assertThat(page.statusCode()).isEqualTo(200);
            assertThat(new Answer(page).header("Content-Type")).startsWith("text/html");
            assertThat(new Answer(page).header("Content-Security-Policy"))
                    .contains(
                            "default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'");
            var files = Pattern.compile("(?:src|href)=\"([^\":]+)\"")
                    .matcher(page.body())
                    .results()
                    .map(match -> match.group(1))
                    .toList();
            assertThat(files).contains("uplot.js", "uplot.css", "status.js", "status.css", "status.json");
            for (var file : files) {
                assertThat(ask("/" + file).statusCode()).as(file).isEqualTo(200);
            }
        }

        @Test
        void theStatusHasEveryFieldThatTheDocumentationNames() throws IOException {
            get("/users");
            var status = new Answer(ask("/status.json"));
            assertThat(status.header("Cache-Control")).isEqualTo("no-store");
            var json = status.json();
            assertThat(json.get("version").textValue()).isEqualTo("test");
            assertThat(json.get("ready").booleanValue()).isTrue();
            assertThat(json.get("seconds_since_database_answered").doubleValue())
                    .isBetween(0.0, 600.0);
            assertThat(json.get("memory").get("heap_used_bytes").longValue()).isPositive();
            var documented = Files.readString(Path.of("../docs/operations.md"));
            var fields = new TreeSet<String>();
            json.fieldNames().forEachRemaining(fields::add);
            for (var part : List.of("capacity", "pool", "memory", "history")) {
                json.get(part).fieldNames().forEachRemaining(fields::add);
            }
            assertThat(fields).allSatisfy(field -> assertThat(documented).contains("`" + field + "`"));
        }

        @Test
        void otherPathsAre404() {
            for (var path : List.of("/livez", "/readyz", "/healthz", "/health")) {
                assertThat(ask(path).statusCode()).isEqualTo(200);
            }
            for (var path : List.of("/users", "/posts/1", "/metrics/", "/nothing")) {
                assertProblem(new Answer(ask(path)), 404, "not-found");
            }
            for (var path : List.of("/metrics", "/capacity", "/status.json", "/status.js")) {
                assertProblem(get(path), 404, "not-found"); // not on the public port
            }
        }
    }

    @Nested
    class AccessLog {
        private List<ILoggingEvent> linesDuring(Runnable requests) throws InterruptedException {
            var logger = (Logger) LoggerFactory.getLogger(AccessLogEntry.LOGGER);
            var lines = new ListAppender<ILoggingEvent>();
            lines.start();
            metrics(); // waits for earlier requests
            logger.setLevel(Level.INFO);
            logger.addAppender(lines);
            try {
                requests.run();
                metrics();
            } finally {
                logger.detachAppender(lines);
                logger.setLevel(null);
            }
            return lines.list;
        }

        @Test
        void aRequestIsOneLineWithoutSecrets() throws Exception {
            var user = post("/users", """
                    {"email":"logged@example.com","name":"L"}""").id();
            var token = tokenOf(user);
            var lines = linesDuring(() -> get(
                    "/posts?q=canary",
                    "Authorization",
                    "Bearer " + token,
                    "X-Request-Id",
                    "mine-1",
                    "traceparent",
                    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));

            assertThat(lines).hasSize(1);
            assertThat(lines.getFirst().getFormattedMessage())
                    .contains(
                            "request_id=mine-1",
                            "trace_id=4bf92f3577b34da6a3ce929d0e0e4736",
                            "method=GET",
                            "route=/posts",
                            "status=200",
                            "duration_ms=",
                            "user_id=" + user)
                    .doesNotContain("canary")
                    .doesNotContain(token)
                    .doesNotContain("@");
        }

        @Test
        void aMalformedTraceparentIsIgnored() throws Exception {
            var bad = List.of(
                    "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                    "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                    "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                    "x".repeat(8000));
            var lines = linesDuring(() -> bad.forEach(each -> get("/users", "traceparent", each)));

            assertThat(lines)
                    .hasSize(bad.size())
                    .noneMatch(line -> line.getFormattedMessage().contains("trace_id"));
        }

        @Test
        void successfulProbesAreNotLogged() throws Exception {
            var lines = linesDuring(() -> {
                get("/livez");
                get("/readyz");
                get("/nothing/at/all");
            });

            assertThat(lines).hasSize(1);
            assertThat(lines.getFirst().getFormattedMessage()).contains("route=unmatched", "status=404");
        }
    }

    @Nested
    class SlowBodies {
        /** Sends more requests than there are permits, each without the end of its body. */
        @Test
        void incompleteBodiesHoldNoPermit() throws Exception {
            var sockets = new Socket[config().maxRequests() + 10];
            var head = "POST /users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                    + "Content-Length: 9999\r\n\r\n{";
            try {
                for (int i = 0; i < sockets.length; i++) {
                    sockets[i] = new Socket(InetAddress.getLoopbackAddress(), server.port());
                    sockets[i].getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
                }
                assertThat(get("/users").status()).isEqualTo(200);
                assertThat(post("/users", """
                        {"email":"quick@example.com","name":"Q"}""").status()).isEqualTo(201);
            } finally {
                for (var socket : sockets) {
                    if (socket != null) {
                        socket.close();
                    }
                }
            }
            var text = metrics();
            assertThat(value(text, "http_request_body_bytes")).isZero();
        }
    }
}
