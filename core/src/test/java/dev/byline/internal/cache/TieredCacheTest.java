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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import redis.clients.jedis.RedisClient;

/** Several caches as several processes would have them, on one real Redis, over a database that is a variable. */
@Timeout(60)
class TieredCacheTest {
    private static final CacheKind<String> TEXT =
            new CacheKind<>("text", 1, String::length, (text, bytes) -> bytes.text(text), CacheBytes::text);
    private static final CacheKey<String> KEY = TEXT.key(42);

    private static final Duration L1 = Duration.ofSeconds(5);
    private static final Duration L2 = Duration.ofSeconds(60);

    /** So long that no test's end could come of it. */
    private static final Duration FOR_EVER = Duration.ofHours(1);

    private final TestRedis redis = new TestRedis();
    private final List<TieredCache> opened = new ArrayList<>();
    private final ConcurrentMetrics metrics = new ConcurrentMetrics();

    /** What the database holds, and how often it was asked. */
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

    private static CacheSeal seal() {
        return new CacheSeal(() -> Map.of(1L, new byte[CacheSeal.SECRET_BYTES]), InstantSource.system());
    }

    /** As a process writes it. */
    private static byte[] sealed(String value) {
        var seal = seal();
        assertThat(seal.isReady()).isTrue();
        return seal.seal(KEY.name(), Instant.now(), TEXT.encode(value));
    }

    private TieredCache node() {
        return node(L1, L2);
    }

    /** Whose clock is so far ahead of the system's. */
    private TieredCache nodeLater(Duration ahead) {
        var later = InstantSource.offset(InstantSource.system(), ahead);
        var keys = Map.of(1L, new byte[CacheSeal.SECRET_BYTES]);
        var config = new BylineConfig.Cache(true, L1, L2, 10 << 20, redis.uri());
        var cache = new TieredCache(
                config, new RedisCache(redis.uri(), metrics), new CacheSeal(() -> keys, later), metrics);
        opened.add(cache);
        return cache;
    }

    private void withoutEnd() {
        try (var client = RedisClient.create(redis.uri())) {
            assertThat(client.persist(KEY.name())).isOne();
        }
    }

    private TieredCache node(Duration l1, Duration l2) {
        var config = new BylineConfig.Cache(true, l1, l2, 10 << 20, redis.uri());
        var cache = new TieredCache(config, new RedisCache(redis.uri(), metrics), seal(), metrics);
        opened.add(cache);
        return cache;
    }

    @AfterEach
    void closeAll() {
        opened.forEach(TieredCache::close);
        redis.close();
    }

    private Optional<String> load() {
        loads.incrementAndGet();
        var read = row;
        return read.isEmpty() ? Optional.empty() : Optional.of(read);
    }

    private String read(TieredCache cache) {
        return cache.get(KEY, this::load).orElse("nothing");
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

    /** A read that has its value from the database, and is held there until it is let go. */
    private final class HeldReader implements Supplier<Optional<String>> {
        final CountDownLatch hasRead = new CountDownLatch(1);
        final CountDownLatch letGo = new CountDownLatch(1);

        @Override
        public Optional<String> get() {
            var read = load();
            hasRead.countDown();
            try {
                letGo.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return read;
        }
    }

    @Test
    void whatIsThereIsReadOnce() {
        var a = node();
        var b = node();
        for (int i = 0; i < 10; i++) {
            assertThat(read(a)).isEqualTo("old");
            assertThat(read(b)).isEqualTo("old");
        }
        assertThat(loads).hasValue(1);
        assertThat(metrics.l2Hits.get()).isPositive(); // more, when the subscription begins in between
        assertThat(redis.ttl(KEY.name())).isBetween(40_000L, 55_000L);
    }

    @Test
    void whatIsNotThereIsReadOnceToo() {
        row = "";
        var a = node();
        for (int i = 0; i < 10; i++) {
            assertThat(read(a)).isEqualTo("nothing");
        }
        assertThat(loads).hasValue(1);
        assertThat(redis.ttl(KEY.name())).isBetween(1_000L, 2_000L);
        write(a, "made");
        assertThat(read(a)).isEqualTo("made");
        assertThat(read(node())).isEqualTo("made");
    }

    /** Others of the same process, who read all the time, must not bring the old value back in between. */
    @Test
    void theWritersProcessShowsTheWriteAtOnce() {
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
    void othersHearOfIt() throws Exception {
        var a = node(FOR_EVER, FOR_EVER.multipliedBy(2));
        var b = node(FOR_EVER, FOR_EVER.multipliedBy(2));
        awaitListening(a, b);
        for (int i = 0; i < 5; i++) {
            assertThat(read(b)).isEqualTo(row);
            write(a, "new " + i);
            var value = "new " + i;
            await(() -> read(b).equals(value));
        }
    }

    /** Until what one of them writes reaches the other at once. */
    private void awaitListening(TieredCache a, TieredCache b) throws InterruptedException {
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

    @Test
    void aSlowReaderCanNotRestoreTheOldValueInItsOwnProcess() throws Exception {
        var a = node();
        var slow = new HeldReader();
        try (var threads = Executors.newCachedThreadPool()) {
            var reading = threads.submit(() -> a.get(KEY, slow));
            slow.hasRead.await();
            write(a, "new");
            assertThat(read(a)).isEqualTo("new"); // doesn't join the slow one
            slow.letGo.countDown();
            assertThat(reading.get()).contains("old"); // it asked before
        }
        assertThat(read(a)).isEqualTo("new");
        assertThat(read(node())).isEqualTo("new");
    }

    @Test
    void aSlowReaderElsewhereCanNotRestoreItInRedis() throws Exception {
        var a = node();
        var b = node();
        awaitListening(a, b);
        redis.clear();
        b.forget(KEY);
        var slow = new HeldReader();
        try (var threads = Executors.newCachedThreadPool()) {
            var reading = threads.submit(() -> b.get(KEY, slow));
            slow.hasRead.await();
            write(a, "new");
            slow.letGo.countDown();
            reading.get();
        }
        assertThat(read(node())).isEqualTo("new");
        Thread.sleep(300);
        assertThat(read(b)).isEqualTo("new");
    }

    @Test
    void aFillThatRedisSeesLongAfterIsRefused() throws Exception {
        var remote = new RedisCache(redis.uri(), metrics);
        try (remote) {
            var lease = new byte[] {1, 2, 3};
            assertThat(remote.lookup(KEY.name(), lease, false)).isInstanceOf(RemoteCache.Lookup.Leased.class);
            assertThat(remote.lookup(KEY.name(), new byte[] {4}, false)).isInstanceOf(RemoteCache.Lookup.Taken.class);
            remote.invalidate(List.of(KEY.name()));
            assertThat(remote.fill(KEY.name(), lease, sealed("old"), L2)).isFalse();
            assertThat(redis.get(KEY.name())).isNull();

            assertThat(remote.lookup(KEY.name(), lease, false)).isInstanceOf(RemoteCache.Lookup.Leased.class);
            assertThat(redis.ttl(KEY.name())).isBetween(3_000L, 4_000L); // a lease ends by itself
            assertThat(remote.fill(KEY.name(), lease, sealed("new"), L2)).isTrue();
            assertThat(remote.fill(KEY.name(), lease, sealed("again"), L2)).isFalse();
        }
    }

    @Test
    void aBurstForOneColdKeyIsOneLoad() throws Exception {
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
        assertThat(loads).hasValue(1); // of both processes together
    }

    private static void pause(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** One read of the database in the process's own time, not each. */
    @Test
    void withRedisAwayAProcessKeepsWhatItReads() {
        var a = node();
        redis.kill();
        for (int i = 0; i < 20; i++) {
            assertThat(read(a)).isEqualTo("old");
        }
        assertThat(loads).hasValueLessThan(5); // more than one: losing the subscription empties the process
    }

    @Test
    void withoutAKeyRedisHoldsNothingAndTheProcessKeepsWhatItReads() {
        var config = new BylineConfig.Cache(true, L1, L2, 10 << 20, redis.uri());
        var away = new CacheSeal(
                () -> {
                    throw new BylineException.Unavailable("away");
                },
                InstantSource.system());
        try (var cache = new TieredCache(config, new RedisCache(redis.uri(), metrics), away, metrics)) {
            for (int i = 0; i < 20; i++) {
                assertThat(read(cache)).isEqualTo("old");
            }
            assertThat(loads).hasValueLessThan(5);
            assertThat(redis.get(KEY.name())).isNull();
        }
    }

    @Test
    void aValueEndsWhateverRedisSays() {
        read(node());
        withoutEnd();
        row = "new";

        assertThat(read(nodeLater(Duration.ofSeconds(50)))).isEqualTo("old");
        assertThat(read(nodeLater(L2.minus(L1)))).isEqualTo("new");
    }

    @Test
    void aValueOfTheFutureIsAMiss() {
        read(nodeLater(Duration.ofSeconds(2)));
        withoutEnd();
        row = "new";

        assertThat(read(node())).isEqualTo("new");
    }

    @Test
    void whatIsAbsentEndsWhateverRedisSays() {
        row = "";
        read(node());
        withoutEnd();
        row = "made";

        assertThat(read(nodeLater(Duration.ofSeconds(2)))).isEqualTo("made");
    }

    /** Tried several times, as the machine may be slow; a copy with the whole time would last 1.8 s each time. */
    @Test
    void aCopyOfAbsentEndsWithIt() throws Exception {
        for (int i = 0; i < 5; i++) {
            row = "";
            redis.clear();
            read(node());
            withoutEnd();
            var late = nodeLater(Duration.ofMillis(1900));
            var start = System.nanoTime();
            var nothing = read(late);
            row = "made";
            await(() -> read(late).equals("made"));
            if (nothing.equals("nothing")
                    && System.nanoTime() - start < Duration.ofSeconds(1).toNanos()) {
                return;
            }
        }
        throw new AssertionError("the copy outlives what it was made of");
    }

    @Test
    void whatIsTooLargeStaysInTheProcess() {
        row = "x".repeat(RemoteCache.MAX_BYTES);
        var a = node();
        for (int i = 0; i < 20; i++) {
            assertThat(read(a)).isEqualTo(row);
        }
        assertThat(redis.get(KEY.name())).isNull();
        assertThat(loads).hasValueLessThan(5);
    }

    @Test
    void aFailedLoadIsToldAndForgotten() {
        var a = node();
        assertThatThrownBy(() -> a.get(KEY, () -> {
                    throw new BylineException.Unavailable("away");
                }))
                .isInstanceOf(BylineException.Unavailable.class);
        assertThat(read(a)).isEqualTo("old"); // at once: its lease was given back
        assertThat(read(node())).isEqualTo("old");
        assertThat(loads).hasValue(1);
    }

    @Test
    void aWriteOfUnknownOutcomeIsInvalidatedToo() {
        var a = node();
        read(a);
        row = "new";
        a.invalidateUncertain(Set.of(KEY));
        assertThat(read(a)).isEqualTo("new");
    }

    @Test
    void withRedisAwayAProcessIsBehindForAsLongAsItsOwnTimeToLive() throws Exception {
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
    void aWriterWhoDiesBeforeItInvalidatesIsSeenWithinTheWholeTimeToLive() throws Exception {
        var a = node(Duration.ofMillis(200), Duration.ofMillis(1500));
        var b = node(Duration.ofMillis(200), Duration.ofMillis(1500));
        assertThat(read(a)).isEqualTo("old");
        row = "new"; // committed, and killed
        assertThat(redis.ttl(KEY.name())).isLessThanOrEqualTo(1300); // and 200 ms in this process
        await(() -> read(a).equals("new") && read(b).equals("new"));
    }

    @Test
    void anInvalidationThatRedisMissesIsRepeatedUntilItIsHeard() throws Exception {
        var a = node(FOR_EVER, FOR_EVER.multipliedBy(2));
        var b = node(FOR_EVER, FOR_EVER.multipliedBy(2));
        awaitListening(a, b);
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

    /** Redis is back before it is told, and still holds the old value. */
    @Test
    void whatRedisMissedIsMindedByTheWriterFromTheStart() {
        var a = node();
        for (int i = 0; i < 5; i++) {
            assertThat(read(a)).isEqualTo(row);
            redis.freeze();
            write(a, "new " + i);
            redis.thaw();
            assertThat(read(a)).isEqualTo("new " + i);
        }
    }

    /** Cut off, it reads past Redis; back again, it must not believe what Redis still holds. */
    @Test
    void whoHasSeenTheNewValueNeverSeesTheOldOneAgain() throws Exception {
        var a = node(Duration.ofMillis(100), L2);
        read(a);
        redis.freeze();
        await(metrics.open::get, () -> read(a));
        row = "new"; // by somebody whom Redis didn't hear
        await(() -> read(a).equals("new"));
        redis.thaw();
        var end = System.nanoTime() + Duration.ofSeconds(2).toNanos();
        while (System.nanoTime() < end) {
            assertThat(read(a)).isEqualTo("new");
            Thread.sleep(5);
        }
    }

    private static void await(BooleanSupplier condition, Supplier<?> meanwhile) throws InterruptedException {
        await(() -> {
            var unused = meanwhile.get();
            return condition.getAsBoolean();
        });
    }

    @Test
    void aLostSubscriptionDropsWhatMayHaveBeenMissed() throws Exception {
        var a = node(FOR_EVER, FOR_EVER.multipliedBy(2));
        var b = node(FOR_EVER, FOR_EVER.multipliedBy(2));
        awaitListening(a, b);
        read(b);
        redis.kill();
        row = "new"; // by somebody whom b can't hear
        redis.restart();
        await(() -> read(b).equals("new"));
        awaitListening(a, b);
    }

    @Test
    void aFrozenRedisHoldsNobodyUp() throws Exception {
        var a = node();
        redis.freeze();
        assertThat(read(a)).isEqualTo("old");
        try (var threads = Executors.newFixedThreadPool(50)) {
            var reads = new ArrayList<Future<?>>();
            for (int i = 0; i < 100; i++) {
                var key = TEXT.key(1000 + i);
                reads.add(threads.submit(() -> a.get(key, this::load)));
            }
            for (var each : reads) {
                each.get();
            }
        }
        await(metrics.open::get);
        assertThat(millis(() -> {
                    for (int i = 0; i < 1000; i++) {
                        a.get(TEXT.key(2000 + i), this::load);
                    }
                    return null;
                }))
                .isLessThan(20_000); // each would wait 50 ms, if Redis were asked
        assertThat(metrics.open).isTrue();
        redis.thaw();
        await(() -> !metrics.open.get());
    }

    @Test
    void garbageInRedisIsAMissAndReplaced() {
        for (var garbage : List.of("", "V", "Vgarbage", "Lgarbage-lease", "x", "V\0\0\0\0\1")) {
            redis.set(KEY.name(), garbage.getBytes(StandardCharsets.ISO_8859_1));
            assertThat(read(node())).as(garbage).isEqualTo("old");
        }
    }

    @Test
    void aNameOfAnotherTypeIsAMissAndReplaced() {
        try (var client = RedisClient.create(redis.uri())) {
            client.lpush(KEY.name(), "a list");
            assertThat(read(node())).isEqualTo("old");
            assertThat(client.type(KEY.name())).isEqualTo("string");
        }
    }

    /** The bytes of one name, answered for another, are nobody's. */
    @Test
    void aValueBelongsToItsName() {
        read(node());
        var other = TEXT.key(43);
        redis.set(other.name(), Objects.requireNonNull(redis.get(KEY.name())));
        row = "other";
        assertThat(node().get(other, this::load)).contains("other");
    }

    /** Whatever a server may say that is none. */
    @Test
    void nonsenseIsAMiss() throws Exception {
        for (var nonsense :
                List.of("-MOVED x", "*-5", ":1", "$3\r\nabc", "+OK", "$2147483647", "*1\r\n*1\r\n:3", "what")) {
            try (var server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
                Thread.ofPlatform().daemon().start(() -> talk(server, nonsense + "\r\n"));
                var uri = URI.create("redis://127.0.0.1:" + server.getLocalPort());
                var config = new BylineConfig.Cache(true, L1, L2, 10 << 20, uri);
                try (var cache = new TieredCache(config, new RedisCache(uri, metrics), seal(), metrics)) {
                    row = "old";
                    for (int i = 0; i < 20; i++) {
                        assertThat(cache.get(TEXT.key(i), this::load))
                                .as(nonsense)
                                .contains("old");
                    }
                    write(cache, "new");
                    assertThat(read(cache)).as(nonsense).isEqualTo("new");
                }
            }
        }
    }

    /** The client would make room for as much as is announced, or follow lists without end. */
    @Test
    void noRoomIsMadeForWhatAServerAnnounces() throws Exception {
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
                try (var remote = new RedisCache(uri, metrics)) {
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

    /** Each byte in time, the answer never: it would hold the reader for minutes. */
    @Test
    void anAnswerThatTricklesIsBrokenOff() throws Exception {
        try (var server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            var sent = new AtomicInteger();
            Thread.ofPlatform().daemon().start(() -> trickle(server, sent));
            try (var remote = new RedisCache(URI.create("redis://127.0.0.1:" + server.getLocalPort()), metrics)) {
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
            // broken off
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
                        // the client had enough
                    }
                });
            }
        } catch (IOException e) {
            // closed
        }
    }

    /** Its reader is so slow that another one goes past it; what it fills in is older than what that one has seen. */
    @Test
    void aLateFillIsNotBelievedByWhoWentPastIt() throws Exception {
        var a = node(FOR_EVER, FOR_EVER.multipliedBy(2));
        var slow = new HeldReader();
        try (var threads = Executors.newCachedThreadPool()) {
            var reading = threads.submit(() -> a.get(KEY, slow));
            slow.hasRead.await();
            row = "new"; // by somebody who is cut off
            a.forget(KEY);
            assertThat(read(a)).isEqualTo("new"); // waits for the lease, and goes past it
            slow.letGo.countDown();
            reading.get();
        }
        a.forget(KEY);
        assertThat(read(a)).isEqualTo("new");
    }

    /** The connection broke in the commit, which happens after its invalidation. */
    @Test
    void aWriteThatIsCommittedLaterIsSeenSoon() throws Exception {
        var a = node(FOR_EVER, FOR_EVER.multipliedBy(2));
        a.invalidateUncertain(Set.of(KEY));
        assertThat(read(a)).isEqualTo("old");
        row = "new";
        await(() -> read(a).equals("new"));
    }

    @Test
    void aFullRedisIsAMiss() throws Exception {
        try (var full = new TestRedis("--maxmemory", "1mb", "--maxmemory-policy", "noeviction")) {
            var config = new BylineConfig.Cache(true, L1, L2, 10 << 20, full.uri());
            try (var cache = new TieredCache(config, new RedisCache(full.uri(), metrics), seal(), metrics)) {
                for (int i = 0; i < 50; i++) {
                    assertThat(cache.get(TEXT.key(i), this::load)).contains("old");
                }
                row = "new";
                cache.invalidate(List.of(TEXT.key(1)));
                assertThat(cache.get(TEXT.key(1), this::load)).contains("new");
            }
        }
    }

    @Test
    void aRedisThatWasEmptiedIsFilledAgain() {
        var a = node();
        read(a);
        redis.clear();
        a.forget(KEY);
        assertThat(read(a)).isEqualTo("old");
        assertThat(redis.get(KEY.name())).isNotNull();
    }

    @Test
    void withoutRedisItWorksAsWell() {
        try (var local = TieredCache.open(BylineConfig.Cache.LOCAL, Map::of, metrics);
                var off = TieredCache.open(BylineConfig.Cache.OFF, Map::of, metrics)) {
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
    void memoryIsBounded() {
        var config = new BylineConfig.Cache(true, L1, L2, 1 << 20, null);
        try (var small = TieredCache.open(config, Map::of, metrics)) {
            for (int i = 0; i < 1000; i++) {
                small.get(TEXT.key(i), () -> Optional.of("x".repeat(10_000)));
            }
            var before = loads.get();
            for (int i = 0; i < 1000; i++) {
                small.get(TEXT.key(i), this::load);
            }
            assertThat(loads.get() - before).isGreaterThan(850);
        }
    }
}
