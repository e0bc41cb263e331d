package dev.byline.internal.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.byline.Byline;
import dev.byline.migrations.LeakCheck;
import dev.byline.migrations.TestDatabase;
import dev.byline.model.BylineConfig;
import dev.byline.model.BylineException;
import dev.byline.model.Metadata;
import dev.byline.model.NewUser;
import dev.byline.model.Principal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.RedisClient;

/** An attacker who can write to Redis can remove values, but not forge them. */
class CacheSealTest {
    private static final Instant NOW = Instant.parse("2026-11-26T12:00:00Z");
    private static final byte[] VALUE = "a value".getBytes(StandardCharsets.UTF_8);
    private static final Duration TTL = Duration.ofSeconds(55);

    private final Map<Long, byte[]> keys = new HashMap<>(Map.of(1L, secret(1)));
    private final AtomicInteger reads = new AtomicInteger();
    private final AtomicLong nanos = new AtomicLong();

    private static byte[] secret(int first) {
        var secret = new byte[CacheSeal.SECRET_BYTES];
        secret[0] = (byte) first;
        return secret;
    }

    private CacheSeal seal() {
        var seal = new CacheSeal(
                () -> {
                    reads.incrementAndGet();
                    return Map.copyOf(keys);
                },
                () -> NOW,
                nanos::get);
        assertThat(seal.isReady()).isTrue();
        return seal;
    }

    private static ByteBuffer sealed(CacheSeal seal, String name) {
        return ByteBuffer.wrap(seal.seal(name, NOW, VALUE));
    }

    @Test
    void aSealedValueOpensUnderItsKey() {
        var seal = seal();
        var opened = Objects.requireNonNull(seal.open("byline:post:v1:1", sealed(seal, "byline:post:v1:1")));

        assertThat(opened.loadedAt()).isEqualTo(NOW);
        assertThat(opened.bytes()).isEqualTo(ByteBuffer.wrap(VALUE));
    }

    @Test
    void aMovedChangedShortenedOrForgedValueDoesNotOpen() {
        var seal = seal();
        var bytes = seal.seal("byline:post:v1:1", NOW, VALUE);

        assertThat(seal.open("byline:post:v1:2", ByteBuffer.wrap(bytes))).isNull();
        assertThat(seal.open("byline:post:v2:1", ByteBuffer.wrap(bytes))).isNull();
        for (int i = 0; i < bytes.length; i++) {
            var changed = bytes.clone();
            changed[i] ^= 1;
            assertThat(seal.open("byline:post:v1:1", ByteBuffer.wrap(changed)))
                    .as("byte %d", i)
                    .isNull();
            assertThat(seal.open("byline:post:v1:1", ByteBuffer.wrap(bytes, 0, i)))
                    .isNull();
        }
        assertThat(seal.open("byline:post:v1:1", ByteBuffer.wrap(new byte[100])))
                .isNull();
    }

    @Test
    void theRemainingTtlFollowsTheLocalClock() {
        var seal = seal();

        assertThat(seal.left(NOW, TTL)).isEqualTo(TTL);
        assertThat(seal.left(NOW.minusSeconds(54), TTL)).isEqualTo(Duration.ofSeconds(1));
        assertThat(seal.left(NOW.minus(TTL), TTL)).isZero();
        assertThat(seal.left(NOW.minus(Duration.ofDays(400)), TTL).isNegative()).isTrue();
        assertThat(seal.left(NOW.plusMillis(900), TTL)).isPositive();
        assertThat(seal.left(NOW.plus(CacheSeal.MAX_SKEW), TTL)).isZero();
        assertThat(seal.left(Instant.ofEpochMilli(Long.MAX_VALUE), TTL)).isZero();
        assertThat(seal.left(Instant.ofEpochMilli(Long.MIN_VALUE), TTL).isNegative())
                .isTrue();
    }

    @Test
    void theNewestKeySignsAndEveryKeyVerifies() {
        var before = seal();
        var old = sealed(before, "name");
        keys.put(2L, secret(2));
        var after = seal();

        assertThat(after.open("name", old.duplicate())).isNotNull();
        assertThat(before.open("name", sealed(after, "name"))).isNull(); // keys are not read again at once
        nanos.addAndGet(Duration.ofSeconds(6).toNanos());
        assertThat(before.open("name", sealed(after, "name"))).isNotNull();
        assertThat(after.open("name", sealed(before, "name"))).isNotNull(); // signed with the new key
    }

    @Test
    void aRemovedKeyIsRejectedWithinAMinute() {
        var seal = seal();
        var old = sealed(seal, "name");
        keys.remove(1L);
        keys.put(2L, secret(2));

        nanos.addAndGet(Duration.ofSeconds(61).toNanos());
        assertThat(seal.isReady()).isTrue();

        assertThat(seal.open("name", old.duplicate())).isNull();
        assertThat(seal.open("name", sealed(seal, "name"))).isNotNull();
    }

    /** A process may have read the key before it was deleted and replaced by one with the same ID. */
    @Test
    void aReplacedKeyOfTheSameIdDoesNotVerify() {
        var old = sealed(seal(), "name");
        keys.put(1L, secret(2));

        assertThat(seal().open("name", old)).isNull();
    }

    @Test
    void unknownKeyIdsDoNotCauseAReadEach() {
        var seal = seal();
        for (long id = 2; id < 1000; id++) {
            var forged = ByteBuffer.wrap(seal.seal("name", NOW, VALUE)).putLong(0, id);
            assertThat(seal.open("name", forged)).isNull();
        }
        assertThat(reads).hasValue(1);
    }

    /** The database is unreachable, or its role cannot read the table. */
    @Test
    void theSealIsNotReadyUntilKeysAreRead() {
        for (var failure : List.of(
                new BylineException.Unavailable((Throwable) null), new IllegalStateException("permission denied"))) {
            var unreadable = new AtomicBoolean(true);
            var seal = new CacheSeal(
                    () -> {
                        if (unreadable.get()) {
                            throw failure;
                        }
                        return keys;
                    },
                    () -> NOW,
                    nanos::get);

            assertThat(seal.isReady()).isFalse();
            unreadable.set(false);
            assertThat(seal.isReady()).isFalse(); // keys are not read again at once
            nanos.addAndGet(Duration.ofSeconds(6).toNanos());
            assertThat(seal.isReady()).isTrue();
            unreadable.set(true);
            nanos.addAndGet(Duration.ofSeconds(61).toNanos());
            assertThat(seal.isReady()).isTrue(); // known keys stay valid
        }
    }

    @Test
    void lengthsAreCheckedWhileDecoding() {
        var texts = new CacheKind<List<String>>(
                "texts", 1, List::size, (list, bytes) -> bytes.list(list, bytes::text), bytes -> bytes.list(() -> ""));
        for (var size : new long[] {-1, 8, 1L << 40, Long.MAX_VALUE}) {
            assertThat(texts.decode(
                            ByteBuffer.allocate(16).put((byte) 1).putLong(size).rewind()))
                    .as("%d", size)
                    .isNull();
        }
        var text =
                new CacheKind<String>("text", 1, String::length, (value, bytes) -> bytes.text(value), CacheBytes::text);
        for (var length : new int[] {-1, Integer.MIN_VALUE, 5, Integer.MAX_VALUE}) {
            assertThat(text.decode(
                            ByteBuffer.allocate(9).put((byte) 1).putInt(length).rewind()))
                    .as("%d", length)
                    .isNull();
        }
        assertThat(text.decode(ByteBuffer.wrap(new byte[] {2}))).isNull();
    }

    /** Nodes that start at the same time create one key. Forged values are misses. */
    @Test
    void nodesOfOneDatabaseShareOneKeyAndRejectForgedValues() throws Exception {
        try (var database = TestDatabase.migrated();
                var redis = new TestRedis();
                var threads = Executors.newFixedThreadPool(4);
                var client = RedisClient.create(redis.uri())) {
            var config = sharing(database, redis);
            var nodes = new ArrayList<Byline>();
            try {
                for (int i = 0; i < 4; i++) {
                    nodes.add(Byline.open(config));
                }
                var user = nodes.getFirst()
                        .users()
                        .create(new Principal.Operator(), new NewUser("a@example.com", "A", Metadata.EMPTY));
                var operator = new Principal.Operator();
                threads.invokeAll(nodes.stream()
                        .<Callable<Object>>map(node -> () -> node.users().get(operator, user.id()))
                        .toList());
                assertThat(database.value("SELECT count(*) FROM cache_keys")).isEqualTo("1");

                var name = "byline:user:v2:" + user.id() + "@byline";
                for (var forged : List.of("V\0\0\0\0\0", "V", "L", "Lease without an end")) {
                    client.set(name, forged);
                    close(nodes);
                    nodes.clear();
                    nodes.add(Byline.open(config));
                    assertThat(nodes.getFirst().users().get(operator, user.id()).name())
                            .as(forged)
                            .isEqualTo("A");
                }
                assertThat(client.get(name)).startsWith("V"); // replaced by a value with a TTL
                assertThat(client.pttl(name)).isPositive();
            } finally {
                close(nodes);
            }
        }
    }

    private static void close(List<Byline> nodes) {
        for (var node : nodes) {
            LeakCheck.assertReleased(() -> node.poolStatus().orElseThrow().active());
            node.close();
        }
    }

    private static BylineConfig sharing(TestDatabase database, TestRedis redis) {
        return BylineConfig.of(database.url()).withCache(BylineConfig.Cache.LOCAL.withRedis(redis.uri()));
    }

    /** A sealed value as Redis holds it. */
    private static byte[] marked(byte[] sealed) {
        return ByteBuffer.allocate(sealed.length + 1)
                .put((byte) 'V')
                .put(sealed)
                .array();
    }

    /** A valid signature alone is not enough: metadata that isn't JSON never gets into a response. */
    @Test
    void signedMetadataThatIsNotJsonIsAMiss() {
        try (var database = TestDatabase.migrated();
                var redis = new TestRedis();
                var node = Byline.open(sharing(database, redis))) {
            var operator = new Principal.Operator();
            var user = node.users().create(operator, new NewUser("a@example.com", "A", Metadata.EMPTY));
            node.users().get(operator, user.id());
            var secret = database.value("SELECT encode(secret, 'hex') FROM cache_keys");
            var seal = new CacheSeal(() -> Map.of(1L, HexFormat.of().parseHex(secret)), InstantSource.system());
            assertThat(seal.isReady()).isTrue();
            var name = "byline:user:v2:" + user.id();
            var written = ByteBuffer.wrap(Objects.requireNonNull(redis.get(name + "@byline")))
                    .position(1);
            var content = Objects.requireNonNull(seal.open(name, written)).bytes();
            var bytes = new byte[content.remaining()];
            content.get(bytes);
            var text = new String(bytes, StandardCharsets.ISO_8859_1);
            for (var metadata : List.of("{x", "[]", "{" + '"', "1 ")) {
                var forged = text.replace("{}", metadata).getBytes(StandardCharsets.ISO_8859_1);
                redis.set(name + "@byline", marked(seal.seal(name, Instant.now(), forged)));
                try (var other = Byline.open(sharing(database, redis))) {
                    assertThat(other.users().get(operator, user.id()).metadata())
                            .as(metadata)
                            .isEqualTo(Metadata.EMPTY);
                }
            }
            var renamed = text.replace("a@example.com", "b@example.com").getBytes(StandardCharsets.ISO_8859_1);
            redis.set(name + "@byline", marked(seal.seal(name, Instant.now(), renamed)));
            try (var other = Byline.open(sharing(database, redis))) {
                assertThat(other.users().get(operator, user.id()).email()).isEqualTo("b@example.com");
            }
        }
    }
}
