package dev.byline.bench;

import dev.byline.Byline;
import dev.byline.internal.cache.CacheKind;
import dev.byline.internal.cache.TestRedis;
import dev.byline.internal.cache.TieredCache;
import dev.byline.migrations.TestDatabase;
import dev.byline.model.BylineConfig;
import dev.byline.model.Metadata;
import dev.byline.model.Metrics;
import dev.byline.model.NewPost;
import dev.byline.model.NewUser;
import dev.byline.model.PostStatus;
import dev.byline.model.Principal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
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

/**
 * {@code GET /posts/id} by the same connections from four servers on one database, in turn: without a cache, from Redis, from the
 * process, and with If-None-Match. Then a stampede: 500 clients for one cold name.
 */
final class CacheBench {
    private static final int POSTS = 5000;
    private static final int CONNECTIONS = 16;
    private static final int ROUNDS = 5;
    private static final Duration ROUND = Duration.ofSeconds(4);

    private CacheBench() {}

    /** A server of one kind. */
    private record Server(String name, Jar jar, boolean conditional) {}

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
                servers.forEach(server -> server.jar().close());
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
        var all = new HashMap<>(settings);
        all.put("DATABASE_URL", database.url());
        return new Server(name, Jar.start(jar, all, "-Xmx512m"), conditional);
    }

    private static void compare(List<Server> servers) throws Exception {
        var rates = new LinkedHashMap<String, double[]>();
        var cpus = new LinkedHashMap<String, double[]>();
        for (int round = -1; round < ROUNDS; round++) { // the first warms up
            for (var server : servers) {
                var before = server.jar().cpuSeconds();
                var requests = load(server);
                var cpu = server.jar().cpuSeconds() - before;
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
        var condition = server.conditional() ? new String[] {"If-None-Match: \"1-1\""} : new String[0];
        var expected = server.conditional() ? 304 : 200;
        var outcomes = Load.closed(
                server.jar().port(),
                CONNECTIONS,
                ROUND,
                (wire, number) ->
                        wire.get("/posts/" + ThreadLocalRandom.current().nextInt(1, POSTS + 1), condition));
        if (outcomes.stream().anyMatch(outcome -> outcome.status() != expected)) {
            throw new IllegalStateException("not everything was " + expected);
        }
        return outcomes.size();
    }

    /** Two processes' caches would be two JVMs; here they are two instances, which share nothing but Redis. */
    private static void stampede(TestRedis redis) throws Exception {
        for (var shared : new boolean[] {false, true}) {
            var cache = new BylineConfig.Cache(
                    true, BylineConfig.Cache.L1_TTL, BylineConfig.Cache.L2_TTL, 32 << 20, shared ? redis.uri() : null);
            var loads = new AtomicInteger();
            try (var one = TieredCache.open(cache, () -> Map.of(1L, new byte[32]), Metrics.NONE);
                    var other = TieredCache.open(cache, () -> Map.of(1L, new byte[32]), Metrics.NONE);
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
