package dev.byline.bench;

import dev.byline.Byline;
import dev.byline.migrations.TestDatabase;
import dev.byline.model.BylineConfig;
import dev.byline.model.Metadata;
import dev.byline.model.NewPost;
import dev.byline.model.NewUser;
import dev.byline.model.PostStatus;
import dev.byline.model.Principal;
import dev.byline.model.Role;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * A server with the heap of the image, and 100 posts of 800 kB: 16 clients ask for every kind of list, then 200 clients ask for every kind
 * of large answer and read it slowly. Does the process live, are reads from another address answered?
 */
final class LargeAnswers {
    private static final int POSTS = 100;

    private final Jar server;
    private final List<String> paths;

    private LargeAnswers(Jar server, List<String> paths) {
        this.server = server;
        this.paths = paths;
    }

    public static void main(String[] args) throws Exception {
        var seconds = Duration.ofSeconds(args.length > 1 ? Long.parseLong(args[1]) : 60);
        try (var database = TestDatabase.migrated()) {
            var paths = fill(database);
            var settings = Map.of("DATABASE_URL", database.url(), "BYLINE_LOG_REQUESTS", "off");
            var options = new String[] {"-Xmx153m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError"};
            try (var server = Jar.start(Path.of(args[0]), settings, options)) {
                var run = new LargeAnswers(server, paths);
                run.measure("16 clients that read all", 16, seconds, run::readAll);
                run.measure("200 clients, 8 kB every 4 s", 200, seconds, run::readSlowly);
                if (!server.process().isAlive()) {
                    throw new IllegalStateException(
                            "the server ended: " + server.process().exitValue());
                }
            }
        }
    }

    /** Returns what to ask for. */
    private static List<String> fill(TestDatabase database) {
        try (var byline = Byline.open(BylineConfig.of(database.url()))) {
            var author = byline.users()
                    .create(new Principal.Operator(), new NewUser("l@example.com", "L", Metadata.EMPTY))
                    .id();
            var ids = new java.util.ArrayList<Long>();
            for (int i = 0; i < POSTS; i++) {
                var body = (i % 10 == 0 ? "\u0001" : "😀").repeat(NewPost.MAX_BODY - 6) + " large";
                var post = new NewPost("Large", body, Metadata.EMPTY, PostStatus.PUBLISHED, null, null);
                ids.add(byline.posts()
                        .create(new Principal.Member(author, Role.USER), post)
                        .id());
            }
            var all = ids.stream().map(String::valueOf).collect(Collectors.joining(","));
            return List.of(
                    "GET /posts?limit=100",
                    "GET /posts",
                    "HEAD /users/" + author + "/posts?limit=100",
                    "GET /users/" + author + "/posts?limit=60",
                    "GET /users/" + author + "?include=posts",
                    "GET /posts?author=" + author + "&limit=40",
                    "GET /posts?ids=" + all,
                    "GET /posts?q=large&limit=100",
                    "GET /posts?q=large&sort=relevance&limit=100",
                    "GET /posts/" + ids.getFirst(),
                    "GET /posts/" + ids.getLast(),
                    "GET /docs/swagger-ui-bundle.js",
                    "GET /openapi.json");
        }
    }

    /** What one client does until the time is over. */
    private interface Client {
        int ask(String request) throws IOException, InterruptedException;
    }

    private void measure(String name, int clients, Duration time, Client client) throws Exception {
        var end = System.nanoTime() + time.toNanos();
        var statuses = new ConcurrentSkipListMap<Integer, Integer>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < clients; i++) {
                var first = i;
                var unused = threads.submit(() -> {
                    for (int n = first; System.nanoTime() < end; n++) {
                        statuses.merge(client.ask(paths.get(n % paths.size())), 1, Integer::sum);
                    }
                    return null;
                });
            }
            TimeUnit.SECONDS.sleep(2);
            var others = Load.open(server.port(), 20, 8, time.minusSeconds(4), (wire, number) -> wire.get("/users/1"));
            System.out.printf(
                    Locale.ROOT,
                    "%s: others %s, p50 %.1f ms, p99 %.0f ms; resident %d MB, answers %.1f MB; the clients' statuses %s%n",
                    name,
                    others.stream()
                            .collect(Collectors.groupingBy(Load.Outcome::status, TreeMap::new, Collectors.counting())),
                    Load.percentile(others, 0.5, outcome -> true),
                    Load.percentile(others, 0.99, outcome -> true),
                    server.megabytes(),
                    server.metric("http_response_bytes") / 1e6,
                    statuses);
        }
    }

    /** From another address than the good client. */
    private Socket open(String request) throws IOException {
        var socket = new Socket();
        socket.setReceiveBufferSize(4096);
        socket.bind(new InetSocketAddress(InetAddress.getByName("127.0.0.2"), 0));
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
        socket.setSoTimeout(60_000);
        socket.getOutputStream()
                .write((request + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                        .getBytes(StandardCharsets.US_ASCII));
        return socket;
    }

    private static int status(byte[] answer) {
        return answer.length < 12 ? 0 : Integer.parseInt(new String(answer, 9, 3, StandardCharsets.US_ASCII));
    }

    private int readAll(String request) {
        try (var socket = open(request)) {
            var head = socket.getInputStream().readNBytes(12);
            socket.getInputStream().transferTo(java.io.OutputStream.nullOutputStream());
            return status(head);
        } catch (IOException e) {
            return 0;
        }
    }

    /** Until it is cut off, which is 1 here. */
    private int readSlowly(String request) throws InterruptedException {
        try (var socket = open(request)) {
            var status = status(socket.getInputStream().readNBytes(12));
            for (int i = 0; i < 15; i++) {
                if (socket.getInputStream().readNBytes(8192).length < 8192) {
                    return status;
                }
                TimeUnit.SECONDS.sleep(4);
            }
            return status;
        } catch (IOException e) {
            return 1;
        }
    }
}
