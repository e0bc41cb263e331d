package dev.byline.bench;

import dev.byline.bench.harness.BylineProcess;
import dev.byline.bench.harness.SampleData;
import dev.byline.bench.harness.Verdict;
import dev.byline.migrations.TestDatabase;
import dev.byline.model.NewPost;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * Requests large responses from a server with the heap of the image and 100 posts of 800 kB: 16 clients that read fast,
 * then 200 that read slowly. Does the process survive, and are clients from another address served?
 */
final class LargeResponses {
    private static final int POSTS = 100;

    /** Recorded when the server closed a connection that was read too slowly. */
    private static final int CLOSED = 1;

    private final BylineProcess server;
    private final List<String> requests;

    private LargeResponses(BylineProcess server, List<String> requests) {
        this.server = server;
        this.requests = requests;
    }

    public static void main(String[] args) throws Exception {
        var time = Duration.ofSeconds(args.length > 1 ? Long.parseLong(args[1]) : 60);
        var verdict = new Verdict();
        try (var database = TestDatabase.migrated()) {
            var requests = createPosts(database);
            var settings = Map.of("DATABASE_URL", database.serverUrl(), "BYLINE_LOG_REQUESTS", "off");
            var options = new String[] {"-Xmx153m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError"};
            try (var server = BylineProcess.start(Path.of(args[0]), settings, options)) {
                var run = new LargeResponses(server, requests);
                run.measure("16 fast clients", 16, time, run::readFast);
                run.measure("200 clients, 8 kB every 4 s", 200, time, run::readSlowly);
                verdict.expect(server.process().isAlive(), "the server survives");
            }
        }
        verdict.exit();
    }

    /** Returns the requests that read them. */
    private static List<String> createPosts(TestDatabase database) {
        var ids = new ArrayList<Long>();
        try (var data = new SampleData(database.serverUrl())) {
            data.users(1);
            for (int i = 0; i < POSTS; i++) {
                var character = i % 10 == 0 ? "\u0001" : "😀"; // six bytes as JSON, or four
                ids.addAll(data.posts(1, 1, character.repeat(NewPost.MAX_BODY - 6) + " large"));
            }
        }
        var all = ids.stream().map(String::valueOf).collect(Collectors.joining(","));
        return """
                GET /posts?limit=100
                GET /posts
                HEAD /users/1/posts?limit=100
                GET /users/1/posts?limit=60
                GET /users/1?include=posts
                GET /posts?author=1&limit=40
                GET /posts?ids=%s
                GET /posts?q=large&limit=100
                GET /posts?q=large&sort=relevance&limit=100
                GET /posts/%d
                GET /posts/%d
                GET /docs/swagger-ui-bundle.js
                GET /openapi.json
                """.formatted(all, ids.getFirst(), ids.getLast()).lines().toList();
    }

    /** Sends one request and returns the status. */
    private interface Client {
        int send(String request) throws IOException, InterruptedException;
    }

    private void measure(String name, int clients, Duration time, Client client) throws Exception {
        var end = System.nanoTime() + time.toNanos();
        var statuses = new ConcurrentSkipListMap<Integer, Integer>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < clients; i++) {
                var first = i;
                var unused = threads.submit(() -> {
                    for (int n = first; System.nanoTime() < end; n++) {
                        statuses.merge(client.send(requests.get(n % requests.size())), 1, Integer::sum);
                    }
                    return null;
                });
            }
            TimeUnit.SECONDS.sleep(2);
            var others = server.load(8).openLoop(20, time.minusSeconds(4), (http, n) -> http.get("/users/1"));
            System.out.printf(
                    Locale.ROOT,
                    "%s: others %s; resident %.0f MiB, responses %.1f MB; the clients' statuses %s%n",
                    name,
                    others,
                    server.residentMib(),
                    server.metric("http_response_bytes") / 1e6,
                    statuses);
        }
    }

    /** Connects from another address than the other clients: the budget for responses is divided by address. */
    private Socket open(String request) throws IOException {
        var socket = new Socket();
        socket.setReceiveBufferSize(4096);
        socket.bind(new InetSocketAddress(InetAddress.getByName("127.0.0.2"), 0));
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
        socket.setSoTimeout(60_000);
        var head = request + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
        return socket;
    }

    private static int readStatus(Socket socket) throws IOException {
        var line = socket.getInputStream().readNBytes(12);
        return line.length < 12 ? 0 : Integer.parseInt(new String(line, 9, 3, StandardCharsets.US_ASCII));
    }

    private int readFast(String request) {
        try (var socket = open(request)) {
            var status = readStatus(socket);
            socket.getInputStream().transferTo(OutputStream.nullOutputStream());
            return status;
        } catch (IOException e) {
            return 0;
        }
    }

    private int readSlowly(String request) throws InterruptedException {
        try (var socket = open(request)) {
            var status = readStatus(socket);
            for (int i = 0; i < 15 && socket.getInputStream().readNBytes(8192).length == 8192; i++) {
                TimeUnit.SECONDS.sleep(4);
            }
            return status;
        } catch (IOException e) {
            return CLOSED;
        }
    }
}
