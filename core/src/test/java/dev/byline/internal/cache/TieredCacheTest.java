package dev.byline.internal.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import dev.byline.model.BylineConfig;
import dev.byline.model.BylineException;
import dev.byline.model.Metrics;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import redis.clients.jedis.RedisClient;

/** The caches of several processes on one real Redis. The database is a variable. */
@Timeout(60)
class TieredCacheTest {
    private static final CacheKind<String> TEXT =
            new CacheKind<>("text", 1, String::length, (text, bytes) -> bytes.text(text), CacheBytes::text);
    private static final CacheKey<String> KEY = TEXT.key(42);

    private static final Duration L1 = Duration.ofSeconds(5);
    private static final Duration L2 = Duration.ofSeconds(60);

    /** Longer than any test: nothing expires. */
    private static final Duration LONG_TTL = Duration.ofHours(1);

    private final TestRedis redis = new TestRedis();
    private final List<TieredCache> opened = new ArrayList<>();
    private final List<RedisPool> pools = new ArrayList<>();
    private final ConcurrentMetrics metrics = new ConcurrentMetrics();

    /** The content of the database; empty for no row. */
    private volatile String row = "old";

    private final AtomicInteger loads = new AtomicInteger();

    private static final class ConcurrentMetrics implements Metrics {
        final AtomicInteger errors = new AtomicInteger();
        final AtomicInteger l2Hits = new AtomicInteger();
        final AtomicBoolean open = new AtomicBoolean();

        @Override
        public void looked(String kind, Layer layer, Result result) {
            if (result == Result.ERROR) {
                errors.incrementAndGet();
            }
            if (layer == Layer.L2 && result == Result.HIT) {
                l2Hits.incrementAndGet();
            }
        }

        @Override
        public void redisCircuit(boolean now) {
            open.set(now);
        }
    }

    private static String schema() {
        return "byline";
    }

    /** The key in Redis. */
    private static String stored(CacheKey<?> key) {
        return key.name() + "@byline";
    }

    private static CacheSeal seal() {
        return new CacheSeal(() -> Map.of(1L, new byte[CacheSeal.SECRET_BYTES]), InstantSource.system());
    }

    /** Seals a value as a process does. */
    private static byte[] sealed(String value) {
        var seal = seal();
        assertThat(seal.isReady()).isTrue();
        return seal.seal(KEY.name(), Instant.now(), TEXT.encode(value));
    }

    private TieredCache node() {
        return node(L1, L2);
    }

    /** Opens a cache whose clock is ahead of the system's. */
    private TieredCache nodeWithClockAhead(Duration ahead) {
        var later = InstantSource.offset(InstantSource.system(), ahead);
        var keys = Map.of(1L, new byte[CacheSeal.SECRET_BYTES]);
        var config = new BylineConfig.Cache(true, L1, L2, 10 << 20, redis.uri());
        var cache = new TieredCache(config, remote(redis.uri()), new CacheSeal(() -> keys, later), metrics);
        opened.add(cache);
        return cache;
    }

    private void removeTtlInRedis() {
        try (var client = RedisClient.create(redis.uri())) {
            assertThat(client.persist(stored(KEY))).isOne();
        }
    }

    private TieredCache node(Duration l1, Duration l2) {
        var config = new BylineConfig.Cache(true, l1, l2, 10 << 20, redis.uri());
        var cache = new TieredCache(config, remote(redis.uri()), seal(), metrics);
        opened.add(cache);
        return cache;
    }

    private RedisCache remote(URI uri) {
        var pool = new RedisPool(uri, TieredCacheTest::schema, metrics);
        pools.add(pool);
        return new RedisCache(pool);
    }

    @AfterEach
    void closeAll() {
        opened.forEach(TieredCache::close);
        pools.forEach(RedisPool::close);
        redis.close();
    }

    private Optional<String> load() {
        loads.incrementAndGet();
        var read = row;
        return read.isEmpty() ? Optional.empty() : Optional.of(read);
    }

    private String read(TieredCache cache) {
        return get(cache, KEY).orElse("nothing");
    }

    private Optional<String> get(TieredCache cache, CacheKey<String> key) {
        return cache.get(key, this::load);
    }

    private void write(TieredCache cache, String value) {
        row = value;
        cache.invalidate(Set.of(KEY));
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        var end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).isLessThan(end);
            Thread.sleep(2);
        }
    }

    private static long millis(Callable<?> task) throws Exception {
        var start = System.nanoTime();
        task.call();
        return Duration.ofNanos(System.nanoTime() - start).toMillis();
    }

    /** A load that has read its value from the database and returns it only when it may. */
    private final class HeldReader implements Supplier<Optional<String>> {
        final CountDownLatch hasRead = new CountDownLatch(1);
        final CountDownLatch mayReturn = new CountDownLatch(1);

        @Override
        public Optional<String> get() {
            var read = load();
            hasRead.countDown();
            try {
                mayReturn.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return read;
        }
    }

    /** Waits until writes of one node invalidate the other. */
    private void awaitSubscriptions(TieredCache a, TieredCache b) throws InterruptedException {
        await(() -> {
            read(b);
            write(a, row);
            var before = loads.get();
            try {
                Thread.sleep(30);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            read(b);
            return loads.get() > before;
        });
    }

    private static void pause(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void await(BooleanSupplier condition, Supplier<?> meanwhile) throws InterruptedException {
        await(() -> {
            var unused = meanwhile.get();
            return condition.getAsBoolean();
        });
    }

    @Nested
    class Hits {
        @Test
        void aValueIsLoadedOnceForAllNodes() {
            var a = node();
            var b = node();
            for (int i = 0; i < 10; i++) {
                assertThat(read(a)).isEqualTo("old");
                assertThat(read(b)).isEqualTo("old");
            }
            assertThat(loads).hasValue(1);
            assertThat(metrics.l2Hits.get()).isPositive(); // more than one if the subscription starts meanwhile
            assertThat(redis.ttl(stored(KEY))).isBetween(40_000L, 55_000L);
        }

        @Test
        void anAbsentValueIsLoadedOnce() {
            row = "";
            var a = node();
            for (int i = 0; i < 10; i++) {
                assertThat(read(a)).isEqualTo("nothing");
            }
            assertThat(loads).hasValue(1);
            assertThat(redis.ttl(stored(KEY))).isBetween(1_000L, 2_000L);
            write(a, "made");
            assertThat(read(a)).isEqualTo("made");
            assertThat(read(node())).isEqualTo("made");
        }

        @Test
        void concurrentReadsOfOneColdKeyCauseOneLoad() throws Exception {
            var nodes = List.of(node(), node());
            try (var threads = Executors.newFixedThreadPool(100)) {
                var start = new CountDownLatch(1);
                var reads = new ArrayList<Future<Optional<String>>>();
                for (int i = 0; i < 100; i++) {
                    var node = nodes.get(i % 2);
                    reads.add(threads.submit(() -> {
                        start.await();
                        return node.get(KEY, () -> {
                            var read = load();
                            pause(100);
                            return read;
                        });
                    }));
                }
                start.countDown();
                for (var each : reads) {
                    assertThat(each.get()).contains("old");
                }
            }
            assertThat(loads).hasValue(1); // of both nodes together
        }

        @Test
        void aFailedLoadThrowsAndIsNotCached() {
            var a = node();
            assertThatThrownBy(() -> a.get(KEY, () -> {
                        throw new BylineException.Unavailable("away");
                    }))
                    .isInstanceOf(BylineException.Unavailable.class);
            assertThat(read(a)).isEqualTo("old"); // at once: the lease was released
            assertThat(read(node())).isEqualTo("old");
            assertThat(loads).hasValue(1);
        }

        @Test
        void aLargeValueIsCachedOnlyLocally() {
            row = "x".repeat(RemoteCache.MAX_BYTES);
            var a = node();
            for (int i = 0; i < 20; i++) {
                assertThat(read(a)).isEqualTo(row);
            }
            assertThat(redis.get(stored(KEY))).isNull();
            assertThat(loads).hasValueLessThan(5);
        }

        @Test
        void theLocalCacheWorksWithoutRedis() {
            try (var local = TieredCache.open(
                            BylineConfig.Cache.LOCAL, null, new CacheSeal(Map::of, InstantSource.system()), metrics);
                    var off = TieredCache.open(
                            BylineConfig.Cache.OFF, null, new CacheSeal(Map::of, InstantSource.system()), metrics)) {
                for (int i = 0; i < 3; i++) {
                    assertThat(read(local)).isEqualTo("old");
                    assertThat(read(off)).isEqualTo("old");
                }
                assertThat(loads).hasValue(1 + 3);
                write(local, "new");
                assertThat(read(local)).isEqualTo("new");
                assertThat(read(off)).isEqualTo("new");
            }
        }

        @Test
        void localMemoryIsBounded() {
            var config = new BylineConfig.Cache(true, L1, L2, 1 << 20, null);
            try (var small = TieredCache.open(config, null, new CacheSeal(Map::of, InstantSource.system()), metrics)) {
                for (int i = 0; i < 1000; i++) {
                    small.get(TEXT.key(i), () -> Optional.of("x".repeat(10_000)));
                }
                var before = loads.get();
                for (int i = 0; i < 1000; i++) {
                    get(small, TEXT.key(i));
                }
                assertThat(loads.get() - before).isGreaterThan(850);
            }
        }
    }

    @Nested
    class Invalidation {
        /** Concurrent readers of the same process must not cache the old value again. */
        @Test
        void aWriteIsVisibleInItsOwnProcessAtOnce() {
            var a = node();
            var done = new AtomicBoolean();
            try (var threads = Executors.newFixedThreadPool(2)) {
                for (int i = 0; i < 2; i++) {
                    threads.execute(() -> {
                        while (!done.get()) {
                            var unused = read(a);
                        }
                    });
                }
                try {
                    for (int i = 0; i < 1000; i++) {
                        write(a, "new " + i);
                        assertThat(read(a)).isEqualTo("new " + i);
                    }
                } finally {
                    done.set(true);
                }
            }
        }

        @Test
        void aWriteInvalidatesTheOtherNode() throws Exception {
            var a = node(LONG_TTL, LONG_TTL.multipliedBy(2));
            var b = node(LONG_TTL, LONG_TTL.multipliedBy(2));
            awaitSubscriptions(a, b);
            for (int i = 0; i < 5; i++) {
                assertThat(read(b)).isEqualTo(row);
                write(a, "new " + i);
                var value = "new " + i;
                await(() -> read(b).equals(value));
            }
        }

        @Test
        void aWriteOfUnknownOutcomeInvalidates() {
            var a = node();
            read(a);
            row = "new";
            a.invalidateUncertain(Set.of(KEY));
            assertThat(read(a)).isEqualTo("new");
        }

        /** The connection broke during the commit, which the database finishes after the invalidation. */
        @Test
        void aCommitAfterTheInvalidationBecomesVisible() throws Exception {
            var a = node(LONG_TTL, LONG_TTL.multipliedBy(2));
            a.invalidateUncertain(Set.of(KEY));
            assertThat(read(a)).isEqualTo("old");
            row = "new";
            await(() -> read(a).equals("new"));
        }

        @Test
        void aWriteWithoutInvalidationIsVisibleWithinTheTtl() throws Exception {
            var a = node(Duration.ofMillis(200), Duration.ofMillis(1500));
            var b = node(Duration.ofMillis(200), Duration.ofMillis(1500));
            assertThat(read(a)).isEqualTo("old");
            row = "new"; // committed by a process that was killed
            assertThat(redis.ttl(stored(KEY))).isLessThanOrEqualTo(1300); // and 200 ms in this process
            await(() -> read(a).equals("new") && read(b).equals("new"));
        }

        @Test
        void aFailedInvalidationIsRetriedUntilRedisConfirmsIt() throws Exception {
            var a = node(LONG_TTL, LONG_TTL.multipliedBy(2));
            var b = node(LONG_TTL, LONG_TTL.multipliedBy(2));
            awaitSubscriptions(a, b);
            read(b);
            redis.freeze();
            write(a, "new");
            assertThat(a.pendingInvalidations()).containsExactly(KEY.name());
            assertThat(read(a)).isEqualTo("new");
            redis.thaw();
            await(() -> a.pendingInvalidations().isEmpty());
            await(() -> read(b).equals("new"));
            assertThat(read(node())).isEqualTo("new");
        }

        /** Redis responds again, but still holds the old value. */
        @Test
        void aWriterReadsPastRedisUntilItsInvalidationIsConfirmed() {
            var a = node();
            for (int i = 0; i < 5; i++) {
                assertThat(read(a)).isEqualTo(row);
                redis.freeze();
                write(a, "new " + i);
                redis.thaw();
                assertThat(read(a)).isEqualTo("new " + i);
            }
        }

        /** While Redis is frozen the node bypasses it; afterwards it must not return the old value from Redis. */
        @Test
        void aNodeThatReadTheNewValueNeverReturnsTheOldOneAgain() throws Exception {
            var a = node(Duration.ofMillis(100), L2);
            read(a);
            redis.freeze();
            await(metrics.open::get, () -> read(a));
            row = "new"; // by a node whose invalidation failed
            await(() -> read(a).equals("new"));
            redis.thaw();
            var end = System.nanoTime() + Duration.ofSeconds(2).toNanos();
            while (System.nanoTime() < end) {
                assertThat(read(a)).isEqualTo("new");
                Thread.sleep(5);
            }
        }

        @Test
        void aLostSubscriptionClearsTheLocalCache() throws Exception {
            var a = node(LONG_TTL, LONG_TTL.multipliedBy(2));
            var b = node(LONG_TTL, LONG_TTL.multipliedBy(2));
            awaitSubscriptions(a, b);
            read(b);
            redis.kill();
            row = "new"; // the invalidation is lost
            redis.restart();
            await(() -> read(b).equals("new"));
            awaitSubscriptions(a, b);
        }
    }

    @Nested
    class Races {
        @Test
        void aSlowReaderDoesNotCacheTheOldValueLocally() throws Exception {
            var a = node();
            var slow = new HeldReader();
            try (var threads = Executors.newCachedThreadPool()) {
                var reading = threads.submit(() -> a.get(KEY, slow));
                slow.hasRead.await();
                write(a, "new");
                assertThat(read(a)).isEqualTo("new"); // doesn't join the slow load
                slow.mayReturn.countDown();
                assertThat(reading.get()).contains("old"); // its load started before
            }
            assertThat(read(a)).isEqualTo("new");
            assertThat(read(node())).isEqualTo("new");
        }

        @Test
        void aSlowReaderOnAnotherNodeDoesNotCacheTheOldValue() throws Exception {
            var a = node(LONG_TTL, LONG_TTL.multipliedBy(2));
            var b = node(LONG_TTL, LONG_TTL.multipliedBy(2));
            awaitSubscriptions(a, b);
            redis.clear();
            b.forget(KEY);
            var slow = new HeldReader();
            try (var threads = Executors.newCachedThreadPool()) {
                var reading = threads.submit(() -> b.get(KEY, slow));
                slow.hasRead.await();
                write(a, "new");
                slow.mayReturn.countDown();
                reading.get();
            }
            assertThat(read(node())).isEqualTo("new");
            await(() -> read(b).equals("new"));
        }

        @Test
        void aFillWithAnInvalidatedLeaseIsRefused() throws Exception {
            var remote = remote(redis.uri());
            try (remote) {
                var lease = new byte[] {1, 2, 3};
                assertThat(remote.lookup(KEY.name(), lease, false)).isInstanceOf(RemoteCache.Lookup.Leased.class);
                assertThat(remote.lookup(KEY.name(), new byte[] {4}, false))
                        .isInstanceOf(RemoteCache.Lookup.Taken.class);
                remote.invalidate(List.of(KEY.name()));
                assertThat(remote.fill(KEY.name(), lease, sealed("old"), L2)).isFalse();
                assertThat(redis.get(stored(KEY))).isNull();

                assertThat(remote.lookup(KEY.name(), lease, false)).isInstanceOf(RemoteCache.Lookup.Leased.class);
                assertThat(redis.ttl(stored(KEY))).isBetween(3_000L, 4_000L); // a lease expires
                assertThat(remote.fill(KEY.name(), lease, sealed("new"), L2)).isTrue();
                assertThat(remote.fill(KEY.name(), lease, sealed("again"), L2)).isFalse();
            }
        }

        /** The reader with the lease is slower than the timeout of the next reader, and its value is older. */
        @Test
        void aLateFillIsIgnoredByANodeThatReadPastTheLease() throws Exception {
            var a = node(LONG_TTL, LONG_TTL.multipliedBy(2));
            var slow = new HeldReader();
            try (var threads = Executors.newCachedThreadPool()) {
                var reading = threads.submit(() -> a.get(KEY, slow));
                slow.hasRead.await();
                row = "new"; // by a node without Redis
                a.forget(KEY);
                assertThat(read(a)).isEqualTo("new"); // waits for the lease until it times out
                slow.mayReturn.countDown();
                reading.get();
            }
            a.forget(KEY);
            assertThat(read(a)).isEqualTo("new");
        }
    }

    @Nested
    class Expiry {
        @Test
        void aValueExpiresEvenIfRedisKeepsIt() {
            read(node());
            removeTtlInRedis();
            row = "new";

            assertThat(read(nodeWithClockAhead(Duration.ofSeconds(50)))).isEqualTo("old");
            assertThat(read(nodeWithClockAhead(L2.minus(L1)))).isEqualTo("new");
        }

        @Test
        void aValueFromTheFutureIsAMiss() {
            read(nodeWithClockAhead(Duration.ofSeconds(2)));
            removeTtlInRedis();
            row = "new";

            assertThat(read(node())).isEqualTo("new");
        }

        @Test
        void aNegativeEntryExpiresEvenIfRedisKeepsIt() {
            row = "";
            read(node());
            removeTtlInRedis();
            row = "made";

            assertThat(read(nodeWithClockAhead(Duration.ofSeconds(2)))).isEqualTo("made");
        }

        /** Tries several times, because the machine may be slow. A copy with the full TTL would last 1.8 s each. */
        @Test
        void aLocalCopyOfANegativeEntryExpiresWithIt() throws Exception {
            for (int i = 0; i < 5; i++) {
                row = "";
                redis.clear();
                read(node());
                removeTtlInRedis();
                var late = nodeWithClockAhead(Duration.ofMillis(1900));
                var start = System.nanoTime();
                var nothing = read(late);
                row = "made";
                await(() -> read(late).equals("made"));
                if (nothing.equals("nothing")
                        && System.nanoTime() - start < Duration.ofSeconds(1).toNanos()) {
                    return;
                }
            }
            throw new AssertionError("the copy outlives its original");
        }
    }

    @Nested
    class RedisFailures {
        /** One load per local TTL, not one per read. */
        @Test
        void withoutRedisReadValuesAreCachedLocally() {
            var a = node();
            redis.kill();
            for (int i = 0; i < 20; i++) {
                assertThat(read(a)).isEqualTo("old");
            }
            assertThat(loads).hasValueLessThan(5); // more than one: the lost subscription clears the local cache
        }

        @Test
        void withoutASealKeyValuesAreCachedOnlyLocally() {
            var config = new BylineConfig.Cache(true, L1, L2, 10 << 20, redis.uri());
            var away = new CacheSeal(
                    () -> {
                        throw new BylineException.Unavailable("away");
                    },
                    InstantSource.system());
            try (var cache = new TieredCache(config, remote(redis.uri()), away, metrics)) {
                for (int i = 0; i < 20; i++) {
                    assertThat(read(cache)).isEqualTo("old");
                }
                assertThat(loads).hasValueLessThan(5);
                assertThat(redis.get(stored(KEY))).isNull();
            }
        }

        @Test
        void withoutRedisANodeIsStaleForAtMostTheLocalTtl() throws Exception {
            var a = node(Duration.ofMillis(500), L2);
            var b = node(Duration.ofMillis(500), L2);
            redis.kill();
            assertThat(read(a)).isEqualTo("old");
            assertThat(read(b)).isEqualTo("old");
            write(a, "new");
            assertThat(read(a)).isEqualTo("new");
            await(() -> read(b).equals("new"));
            assertThat(metrics.errors.get()).isPositive();
        }

        @Test
        void aFrozenRedisOpensTheCircuit() throws Exception {
            var a = node();
            redis.freeze();
            assertThat(read(a)).isEqualTo("old");
            try (var threads = Executors.newFixedThreadPool(50)) {
                var reads = new ArrayList<Future<?>>();
                for (int i = 0; i < 100; i++) {
                    var key = TEXT.key(1000 + i);
                    reads.add(threads.submit(() -> get(a, key)));
                }
                for (var each : reads) {
                    each.get();
                }
            }
            await(metrics.open::get);
            assertThat(millis(() -> {
                        for (int i = 0; i < 1000; i++) {
                            get(a, TEXT.key(2000 + i));
                        }
                        return null;
                    }))
                    .isLessThan(20_000); // with Redis each read would wait 50 ms
            assertThat(metrics.open).isTrue();
            redis.thaw();
            await(() -> !metrics.open.get());
        }

        @Test
        void aFullRedisIsAMiss() throws Exception {
            try (var full = new TestRedis("--maxmemory", "1mb", "--maxmemory-policy", "noeviction")) {
                var config = new BylineConfig.Cache(true, L1, L2, 10 << 20, full.uri());
                try (var cache = new TieredCache(config, remote(full.uri()), seal(), metrics)) {
                    for (int i = 0; i < 50; i++) {
                        assertThat(get(cache, TEXT.key(i))).contains("old");
                    }
                    row = "new";
                    cache.invalidate(List.of(TEXT.key(1)));
                    assertThat(get(cache, TEXT.key(1))).contains("new");
                }
            }
        }

        @Test
        void anEmptiedRedisIsFilledAgain() {
            var a = node();
            read(a);
            redis.clear();
            a.forget(KEY);
            assertThat(read(a)).isEqualTo("old");
            assertThat(redis.get(stored(KEY))).isNotNull();
        }
    }

    @Nested
    class HostileRedis {
        @Test
        void garbageInRedisIsAMissAndReplaced() {
            for (var garbage : List.of("", "V", "Vgarbage", "Lgarbage-lease", "x", "V\0\0\0\0\1")) {
                redis.set(stored(KEY), garbage.getBytes(StandardCharsets.ISO_8859_1));
                assertThat(read(node())).as(garbage).isEqualTo("old");
            }
        }

        @Test
        void aKeyOfAnotherTypeIsAMissAndReplaced() {
            try (var client = RedisClient.create(redis.uri())) {
                client.lpush(stored(KEY), "a list");
                assertThat(read(node())).isEqualTo("old");
                assertThat(client.type(stored(KEY))).isEqualTo("string");
            }
        }

        /** A sealed value is bound to its key. */
        @Test
        void aValueUnderAnotherKeyIsAMiss() {
            read(node());
            var other = TEXT.key(43);
            redis.set(stored(other), Objects.requireNonNull(redis.get(stored(KEY))));
            row = "other";
            assertThat(get(node(), other)).contains("other");
        }

        /** Sent by a server that is no Redis. */
        @Test
        void anInvalidResponseIsAMiss() throws Exception {
            for (var nonsense :
                    List.of("-MOVED x", "*-5", ":1", "$3\r\nabc", "+OK", "$2147483647", "*1\r\n*1\r\n:3", "what")) {
                try (var server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
                    Thread.ofPlatform().daemon().start(() -> talk(server, nonsense + "\r\n"));
                    var uri = URI.create("redis://127.0.0.1:" + server.getLocalPort());
                    var config = new BylineConfig.Cache(true, L1, L2, 10 << 20, uri);
                    try (var cache = new TieredCache(config, remote(uri), seal(), metrics)) {
                        row = "old";
                        for (int i = 0; i < 20; i++) {
                            assertThat(get(cache, TEXT.key(i))).as(nonsense).contains("old");
                        }
                        write(cache, "new");
                        assertThat(read(cache)).as(nonsense).isEqualTo("new");
                    }
                }
            }
        }

        /** The Redis client would allocate the announced size, or recurse into nested lists. */
        @Test
        void announcedSizesAllocateNoMemory() throws Exception {
            var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            for (var hostile : List.of(
                    "$150000000\r\n",
                    "*30000000\r\n",
                    "*1\r\n".repeat(20_000),
                    "+\n$13\r\n$150000000\r\n",
                    "+\r\r\n$150000000\r\n",
                    "$~~~~~~~\r\n",
                    "~30000000\r\n",
                    "-" + "x".repeat(1 << 20))) {
                try (var server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
                    Thread.ofPlatform().daemon().start(() -> talk(server, hostile));
                    var uri = URI.create("redis://127.0.0.1:" + server.getLocalPort());
                    try (var remote = remote(uri)) {
                        var before = threads.getCurrentThreadAllocatedBytes();
                        assertThat(remote.lookup(KEY.name(), new byte[16], false))
                                .isInstanceOf(RemoteCache.Lookup.Failed.class);
                        assertThat(threads.getCurrentThreadAllocatedBytes() - before)
                                .as(hostile.substring(0, 4))
                                .isLessThan(40_000_000);
                    }
                }
            }
        }

        /** Each byte arrives before the read timeout, the response never. */
        @Test
        void aSlowResponseIsCancelled() throws Exception {
            try (var server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
                var sent = new AtomicInteger();
                Thread.ofPlatform().daemon().start(() -> trickle(server, sent));
                try (var remote = remote(URI.create("redis://127.0.0.1:" + server.getLocalPort()))) {
                    assertThat(remote.lookup(KEY.name(), new byte[16], false))
                            .isInstanceOf(RemoteCache.Lookup.Failed.class);
                    assertThat(sent.get()).isLessThan(1000);
                }
            }
        }

        private static void trickle(ServerSocket server, AtomicInteger sent) {
            try (var socket = server.accept()) {
                socket.setTcpNoDelay(true);
                var out = socket.getOutputStream();
                out.write("$1000\r\n".getBytes(StandardCharsets.US_ASCII));
                for (; sent.get() < 1000; sent.incrementAndGet()) {
                    out.write('x');
                    Thread.sleep(5);
                }
            } catch (IOException e) {
                // cancelled
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        private static void talk(ServerSocket server, String nonsense) {
            try {
                while (true) {
                    var socket = server.accept();
                    Thread.ofPlatform().daemon().start(() -> {
                        try (socket) {
                            var in = socket.getInputStream();
                            while (in.read(new byte[4096]) > 0) {
                                socket.getOutputStream().write(nonsense.getBytes(StandardCharsets.ISO_8859_1));
                            }
                        } catch (IOException e) {
                            // the client closed the connection
                        }
                    });
                }
            } catch (IOException e) {
                // closed
            }
        }
    }

    /** docs/caching.md names a test for each guarantee. */
    @Test
    void theTestsThatTheGuideNamesExist() throws IOException {
        var rows = Files.readAllLines(Path.of("../docs/caching.md")).stream()
                .filter(line -> line.startsWith("|") && line.endsWith("` |"))
                .map(line -> line.substring(line.lastIndexOf(" | ")));
        var named = rows.flatMap(cell ->
                        Pattern.compile("`(\\w+)`").matcher(cell).results().map(match -> match.group(1)))
                .toList();
        var source = Files.readString(Path.of("src/test/java/dev/byline/internal/cache/TieredCacheTest.java"));

        assertThat(named)
                .hasSizeGreaterThan(8)
                .allSatisfy(name -> assertThat(source).contains("void " + name + "("));
    }
}
