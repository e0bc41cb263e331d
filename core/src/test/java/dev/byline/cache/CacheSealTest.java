package dev.byline.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.byline.Byline;
import dev.byline.BylineConfig;
import dev.byline.BylineException;
import dev.byline.Metadata;
import dev.byline.migrations.TestDatabase;
import dev.byline.user.NewUser;
import dev.byline.user.Principal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.RedisClient;

/** Whoever can write to Redis can take values away, and nothing else. */
class CacheSealTest {
    private static final Instant NOW = Instant.parse("2026-11-26T12:00:00Z");
    private static final byte[] VALUE = "a value".getBytes(StandardCharsets.UTF_8);
    private static final Duration TTL = Duration.ofSeconds(55);

    private final Map<Long, byte[]> keys = new HashMap<>(Map.of(1L, secret(1)));
    private final AtomicInteger reads = new AtomicInteger();

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
                () -> NOW);
        assertThat(seal.isReady()).isTrue();
        return seal;
    }

    private static ByteBuffer sealed(CacheSeal seal, String name) {
        return ByteBuffer.wrap(seal.seal(name, NOW, VALUE));
    }

    @Test
    void whatWasSealedOpensUnderItsName() {
        var seal = seal();
        var opened = Objects.requireNonNull(seal.open("byline:post:v1:1", sealed(seal, "byline:post:v1:1")));

        assertThat(opened.loadedAt()).isEqualTo(NOW);
        assertThat(opened.bytes()).isEqualTo(ByteBuffer.wrap(VALUE));
    }

    @Test
    void aValueCanNotBeMovedChangedShortenedOrMadeUp() {
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
    void aValueLivesAsLongAsItMayByThisClock() {
        var seal = seal();

        assertThat(seal.isAlive(NOW, TTL)).isTrue();
        assertThat(seal.isAlive(NOW.minus(TTL), TTL)).isTrue();
        assertThat(seal.isAlive(NOW.minus(TTL).minus(CacheSeal.MAX_SKEW), TTL)).isFalse();
        assertThat(seal.isAlive(NOW.plusMillis(900), TTL)).isTrue();
        assertThat(seal.isAlive(NOW.plus(CacheSeal.MAX_SKEW), TTL)).isFalse();
    }

    @Test
    void theNewestKeySignsAndAllAreAccepted() {
        var before = seal();
        var old = sealed(before, "name");
        keys.put(2L, secret(2));
        var after = seal();

        assertThat(after.open("name", old)).isNotNull();
        assertThat(before.open("name", sealed(after, "name"))).isNull(); // it asks again, but not at once
        keys.remove(1L);
        assertThat(seal().open("name", old.rewind())).isNull();
    }

    @Test
    void unknownKeysDoNotMakeItAskForEachValue() {
        var seal = seal();
        for (long id = 2; id < 1000; id++) {
            var forged = ByteBuffer.wrap(seal.seal("name", NOW, VALUE)).putLong(0, id);
            assertThat(seal.open("name", forged)).isNull();
        }
        assertThat(reads).hasValue(1);
    }

    @Test
    void withoutKeysItIsNotReady() {
        var away = new CacheSeal(
                () -> {
                    throw new BylineException.Unavailable((Throwable) null);
                },
                () -> NOW);

        assertThat(away.isReady()).isFalse();
    }

    /** Nodes that start at the same time have one key, and what is forged in Redis is a miss to them. */
    @Test
    void nodesOnOneDatabaseShareValuesThatNobodyElseCanForge() throws Exception {
        try (var database = TestDatabase.migrated();
                var redis = new TestRedis();
                var threads = Executors.newFixedThreadPool(4);
                var client = RedisClient.create(redis.uri())) {
            var config = BylineConfig.of(database.url()).withCache(BylineConfig.Cache.LOCAL.withRedis(redis.uri()));
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

                var name = "byline:user:v2:" + user.id();
                for (var forged : List.of("V\0\0\0\0\0", "V", "L", "Lease without an end")) {
                    client.set(name, forged);
                    for (var node : nodes) {
                        node.close();
                    }
                    nodes.clear();
                    nodes.add(Byline.open(config));
                    assertThat(nodes.getFirst().users().get(operator, user.id()).name())
                            .as(forged)
                            .isEqualTo("A");
                }
                assertThat(client.get(name)).startsWith("V"); // replaced by a value that ends
                assertThat(client.pttl(name)).isPositive();
            } finally {
                nodes.forEach(Byline::close);
            }
        }
    }
}
