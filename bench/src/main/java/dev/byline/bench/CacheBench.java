package dev.byline.bench;

import dev.byline.bench.harness.BylineProcess;
import dev.byline.bench.harness.Results;
import dev.byline.bench.harness.SampleData;
import dev.byline.internal.cache.CacheKind;
import dev.byline.internal.cache.CacheSeal;
import dev.byline.internal.cache.RedisPool;
import dev.byline.internal.cache.TestRedis;
import dev.byline.internal.cache.TieredCache;
import dev.byline.migrations.TestDatabase;
import dev.byline.model.BylineConfig;
import dev.byline.model.Metrics;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
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

/**
 * Compares {@code GET /posts/{id}} uncached, from Redis (L2), from the process (L1), and as 304, by the same number of
 * connections to four servers in rotation. Then counts how often 500 clients load one cold key.
 */
final class CacheBench {
    private static final int POSTS = 5000;
    private static final int CONNECTIONS = 16;
    private static final int ROUNDS = 5;
    private static final Duration ROUND = Duration.ofSeconds(4);
    private static final Map<String, String> L1 = Map.of("BYLINE_CACHE_L1_TTL", "10m", "BYLINE_CACHE_L2_TTL", "1h");

    private CacheBench() {}

    /** A compared server; per round its requests a second and its CPU per request in microseconds. */
    private record Server(
            String name,
            BylineProcess process,
            int status,
            List<String> headers,
            List<Double> rates,
            List<Double> cpus) {
        static Server start(
                Path jar,
                TestDatabase database,
                String name,
                int status,
                Map<String, String> settings,
                String... headers)
                throws Exception {
            var all = new HashMap<>(settings);
            all.put("DATABASE_URL", database.serverUrl());
            var process = BylineProcess.start(jar, all, "-Xmx512m");
            return new Server(name, process, status, List.of(headers), new ArrayList<>(), new ArrayList<>());
        }

        void measure() throws Exception {
            var cpu = process.cpuSeconds();
            var condition = headers.toArray(String[]::new);
            var results = process.load(CONNECTIONS).closedLoop(ROUND, (http, n) -> {
                var id = ThreadLocalRandom.current().nextInt(1, POSTS + 1);
                return http.get("/posts/" + id, condition);
            });
            if (results.withStatus(status).count() < results.count()) {
                throw new IllegalStateException(name + ": " + results);
            }
            rates.add(results.perSecond());
            cpus.add((process.cpuSeconds() - cpu) * 1e6 / results.count());
        }

        double rate() {
            return median(rates);
        }

        double cpu() {
            return median(cpus);
        }

        private static double median(List<Double> values) {
            return Results.median(
                    values.stream().mapToDouble(Double::doubleValue).toArray());
        }
    }

    public static void main(String[] args) throws Exception {
        var jar = Path.of(args[0]);
        try (var database = TestDatabase.migrated();
                var redis = new TestRedis()) {
            try (var data = new SampleData(database.serverUrl())) {
                data.users(1);
                var unused = data.posts(1, POSTS, "x".repeat(1000));
            }
            var l2 = Map.of(
                    "REDIS_URL", redis.uri().toString(), "BYLINE_CACHE_L1_TTL", "100ms", "BYLINE_CACHE_L2_TTL", "1h");
            compare(List.of(
                    Server.start(jar, database, "uncached", 200, Map.of("BYLINE_CACHE", "off")),
                    Server.start(jar, database, "L2 hit", 200, l2),
                    Server.start(jar, database, "L1 hit", 200, L1),
                    Server.start(jar, database, "304", 304, L1, "If-None-Match: \"1-1\"")));
            loadColdKey(redis, false);
            loadColdKey(redis, true);
        }
    }

    private static void compare(List<Server> servers) throws Exception {
        try {
            for (int round = 0; round <= ROUNDS; round++) {
                for (var server : servers) {
                    server.measure();
                    if (round == 0) { // warm-up
                        server.rates.clear();
                        server.cpus.clear();
                    }
                }
            }
        } finally {
            servers.forEach(server -> server.process.close());
        }
        var uncached = servers.getFirst();
        servers.forEach(server -> System.out.printf(
                Locale.ROOT,
                "%-9s %7.0f requests/s (%.2f x uncached), %4.0f us CPU of the server per request (%.2f x)%n",
                server.name,
                server.rate(),
                server.rate() / uncached.rate(),
                server.cpu(),
                server.cpu() / uncached.cpu()));
    }

    /** The two nodes are instances in one process that share only Redis. */
    private static CacheSeal seal() {
        return new CacheSeal(() -> Map.of(1L, new byte[32]), InstantSource.system());
    }

    private static void loadColdKey(TestRedis redis, boolean shared) throws Exception {
        var config = new BylineConfig.Cache(
                true, BylineConfig.Cache.L1_TTL, BylineConfig.Cache.L2_TTL, 32 << 20, shared ? redis.uri() : null);
        var kind = new CacheKind<String>(
                "stampede", 1, String::length, (text, bytes) -> bytes.text(text), bytes -> bytes.text());
        var loads = new AtomicInteger();
        try (var firstPool = shared ? new RedisPool(redis.uri(), () -> "byline", Metrics.NONE) : null;
                var secondPool = shared ? new RedisPool(redis.uri(), () -> "byline", Metrics.NONE) : null;
                var first = TieredCache.open(config, firstPool, seal(), Metrics.NONE);
                var second = TieredCache.open(config, secondPool, seal(), Metrics.NONE);
                var threads = Executors.newFixedThreadPool(500)) {
            var start = new CountDownLatch(1);
            var clients = new ArrayList<Future<?>>();
            for (int i = 0; i < 500; i++) {
                var node = i % 2 == 0 ? first : second;
                clients.add(threads.submit(() -> {
                    start.await();
                    return node.get(kind.key(shared ? 1 : 2), () -> load(loads));
                }));
            }
            start.countDown();
            for (var client : clients) {
                client.get();
            }
        }
        System.out.printf(
                "500 clients of two nodes, one cold key whose load takes 200 ms, %s Redis: %d loads%n",
                shared ? "with" : "without", loads.get());
    }

    private static Optional<String> load(AtomicInteger loads) {
        loads.incrementAndGet();
        try {
            TimeUnit.MILLISECONDS.sleep(200);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return Optional.of("value");
    }
}
