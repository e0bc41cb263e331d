package dev.byline.bench;

import dev.byline.Byline;
import dev.byline.BylineConfig;
import dev.byline.Metadata;
import dev.byline.Metrics;
import dev.byline.cache.CacheKind;
import dev.byline.cache.TestRedis;
import dev.byline.cache.TieredCache;
import dev.byline.migrations.TestDatabase;
import dev.byline.post.NewPost;
import dev.byline.post.PostStatus;
import dev.byline.user.NewUser;
import dev.byline.user.Principal;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * {@code GET /posts/id} by the same connections from four servers on one database, in turn: without a cache, from Redis, from the
 * process, and with If-None-Match. Then a stampede: 500 clients for one cold name.
 */
final class CacheBench {
    private static final int POSTS = 5000;
    private static final int CONNECTIONS = 16;
    private static final int ROUNDS = 5;
    private static final Duration ROUND = Duration.ofSeconds(4);
    private static final int TICKS_PER_SECOND = 100;

    private CacheBench() {}

    /** A server of one kind. */
    private record Server(String name, Process process, int port, boolean conditional) {
        double cpuSeconds() throws IOException {
            var fields = Files.readString(Path.of("/proc/" + process.pid() + "/stat"))
                    .replaceFirst("^.*\\) ", "")
                    .split(" ", -1);
            return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / (double) TICKS_PER_SECOND;
        }
    }

    public static void main(String[] args) throws Exception {
        var jar = Path.of(args[0]);
        try (var database = TestDatabase.migrated();
                var redis = new TestRedis()) {
            fill(database);
            var servers = List.of(
                    start(jar, database, "uncached", false, Map.of("BYLINE_CACHE", "off")),
                    start(
                            jar,
                            database,
                            "L2 hit",
                            false,
                            Map.of(
                                    "REDIS_URL", redis.uri().toString(),
                                    "BYLINE_CACHE_L1_TTL", "100ms",
                                    "BYLINE_CACHE_L2_TTL", "1h")),
                    start(
                            jar,
                            database,
                            "L1 hit",
                            false,
                            Map.of("BYLINE_CACHE_L1_TTL", "10m", "BYLINE_CACHE_L2_TTL", "1h")),
                    start(
                            jar,
                            database,
                            "304",
                            true,
                            Map.of("BYLINE_CACHE_L1_TTL", "10m", "BYLINE_CACHE_L2_TTL", "1h")));
            try {
                compare(servers);
            } finally {
                servers.forEach(server -> server.process().destroyForcibly());
            }
            stampede(redis);
        }
    }

    private static void fill(TestDatabase database) {
        try (var byline = Byline.open(BylineConfig.of(database.url()))) {
            var author = byline.users()
                    .create(new Principal.Anonymous(), new NewUser("bench@example.com", "Bench", Metadata.EMPTY));
            for (int i = 0; i < POSTS / 100; i++) {
                var post =
                        new NewPost("title", "x".repeat(1000), Metadata.EMPTY, PostStatus.PUBLISHED, author.id(), null);
                var written = byline.posts().createAll(new Principal.Operator(), Collections.nCopies(100, post));
                if (written.size() != 100) {
                    throw new IllegalStateException("not written");
                }
            }
        }
    }

    private static Server start(
            Path jar, TestDatabase database, String name, boolean conditional, Map<String, String> settings)
            throws Exception {
        var port = TestRedis.freePort();
        var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        var builder = new ProcessBuilder(java, "-Xmx512m", "-jar", jar.toString(), "serve");
        builder.environment()
                .putAll(Map.of(
                        "PORT", Integer.toString(port),
                        "DATABASE_URL", database.url(),
                        "BYLINE_RATE_LIMIT_ANONYMOUS", "0"));
        builder.environment().putAll(settings);
        var process = builder.redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        var server = new Server(name, process, port, conditional);
        while (true) {
            try {
                URI.create("http://127.0.0.1:" + port + "/readyz")
                        .toURL()
                        .openStream()
                        .close();
                return server;
            } catch (IOException e) {
                if (!process.isAlive()) {
                    throw new IllegalStateException("did not start: " + name, e);
                }
                TimeUnit.MILLISECONDS.sleep(50);
            }
        }
    }

    private static void compare(List<Server> servers) throws Exception {
        var rates = new LinkedHashMap<String, double[]>();
        var cpus = new LinkedHashMap<String, double[]>();
        for (int round = -1; round < ROUNDS; round++) { // the first warms up
            for (var server : servers) {
                var before = server.cpuSeconds();
                var requests = load(server);
                var cpu = server.cpuSeconds() - before;
                if (round >= 0) {
                    rates.computeIfAbsent(server.name(), name -> new double[ROUNDS])[round] =
                            requests / (double) ROUND.toSeconds();
                    cpus.computeIfAbsent(server.name(), name -> new double[ROUNDS])[round] = cpu * 1e6 / requests;
                }
            }
        }
        var base = median(rates.getOrDefault("uncached", new double[1]));
        var baseCpu = median(cpus.getOrDefault("uncached", new double[1]));
        rates.forEach((name, each) -> System.out.printf(
                Locale.ROOT,
                "%-9s %7.0f requests/s (%.2f x uncached, rounds %s), %4.0f us CPU of the server a request (%.2f x)%n",
                name,
                median(each),
                median(each) / base,
                Arrays.toString(Arrays.stream(each).mapToLong(Math::round).toArray()),
                median(cpus.getOrDefault(name, new double[1])),
                median(cpus.getOrDefault(name, new double[1])) / baseCpu));
    }

    private static double median(double[] values) {
        var sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    private static long load(Server server) throws Exception {
        var count = new AtomicLong();
        var end = System.nanoTime() + ROUND.toNanos();
        try (var threads = Executors.newFixedThreadPool(CONNECTIONS)) {
            var clients = new ArrayList<Future<?>>();
            for (int i = 0; i < CONNECTIONS; i++) {
                clients.add(threads.submit(() -> {
                    try (var socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
                        socket.setTcpNoDelay(true);
                        var in = new BufferedInputStream(socket.getInputStream());
                        while (System.nanoTime() < end) {
                            var id = ThreadLocalRandom.current().nextInt(1, POSTS + 1);
                            var request = "GET /posts/" + id + " HTTP/1.1\r\nHost: x\r\n"
                                    + (server.conditional() ? "If-None-Match: \"1-1\"\r\n" : "")
                                    + "\r\n";
                            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
                            answer(in, server.conditional() ? 304 : 200);
                            count.incrementAndGet();
                        }
                    }
                    return null;
                }));
            }
            for (var client : clients) {
                client.get();
            }
        }
        return count.get();
    }

    private static void answer(InputStream in, int expected) throws IOException {
        var status = line(in);
        if (!status.startsWith("HTTP/1.1 " + expected)) {
            throw new IOException(status);
        }
        var length = 0;
        for (var header = line(in); !header.isEmpty(); header = line(in)) {
            if (header.regionMatches(true, 0, "Content-Length:", 0, 15)) {
                length = Integer.parseInt(header.substring(15).strip());
            }
        }
        in.skipNBytes(length);
    }

    private static String line(InputStream in) throws IOException {
        var line = new StringBuilder();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0) {
                throw new IOException("closed");
            }
            if (c != '\r') {
                line.append((char) c);
            }
        }
        return line.toString();
    }

    /** Two processes' caches would be two JVMs; here they are two instances, which share nothing but Redis. */
    private static void stampede(TestRedis redis) throws Exception {
        for (var shared : new boolean[] {false, true}) {
            var cache = new BylineConfig.Cache(
                    true, BylineConfig.Cache.L1_TTL, BylineConfig.Cache.L2_TTL, 32 << 20, shared ? redis.uri() : null);
            var loads = new AtomicInteger();
            try (var one = TieredCache.open(cache, Metrics.NONE);
                    var other = TieredCache.open(cache, Metrics.NONE);
                    var threads = Executors.newFixedThreadPool(500)) {
                var kind = new CacheKind<String>(
                        "stampede", 1, String::length, (text, bytes) -> bytes.text(text), bytes -> bytes.text());
                var start = new CountDownLatch(1);
                var clients = new ArrayList<Future<?>>();
                for (int i = 0; i < 500; i++) {
                    var node = i % 2 == 0 ? one : other;
                    clients.add(threads.submit(() -> {
                        start.await();
                        return node.get(kind.key(shared ? 1 : 2), () -> {
                            loads.incrementAndGet();
                            pause(200);
                            return Optional.of("value");
                        });
                    }));
                }
                start.countDown();
                for (var client : clients) {
                    client.get();
                }
            }
            System.out.printf(
                    "500 clients of two nodes on one cold name whose load takes 200 ms, %s Redis: %d loads%n",
                    shared ? "with" : "without", loads.get());
        }
    }

    private static void pause(long millis) {
        try {
            TimeUnit.MILLISECONDS.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
