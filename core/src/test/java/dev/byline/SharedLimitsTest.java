package dev.byline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.byline.internal.cache.TestRedis;
import dev.byline.internal.security.Digests;
import dev.byline.migrations.TestDatabase;
import dev.byline.model.BucketLevel;
import dev.byline.model.BylineConfig;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.params.SetParams;

/** Two Bylines that share buckets through one Redis. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(60)
class SharedLimitsTest {
    private static final Duration CAPACITY = Duration.ofMinutes(1);

    private final TestDatabase database = TestDatabase.migrated();
    private final TestRedis redis = new TestRedis();
    private final Byline a = open();
    private final Byline b = open();

    private Byline open() {
        return Byline.open(BylineConfig.of(database.url()).withCache(BylineConfig.Cache.OFF.withRedis(redis.uri())));
    }

    @BeforeEach
    void empty() {
        redis.clear();
    }

    @AfterAll
    void close() {
        a.close();
        b.close();
        redis.close();
        database.close();
    }

    private static Duration seconds(long seconds) {
        return Duration.ofSeconds(seconds);
    }

    private static BucketLevel charge(Byline node, long owed, long asked) {
        return node.sharedLimits()
                .charge("key", seconds(owed), seconds(asked), CAPACITY)
                .orElseThrow();
    }

    private static String stored() {
        return "byline:limit:" + HexFormat.of().formatHex(Digests.sha256(List.of("key"))) + "@byline";
    }

    @Test
    void nodesFillOneBucket() {
        assertThat(charge(a, 0, 40).accepted()).isTrue();
        var rejected = charge(b, 0, 30);
        assertThat(rejected.accepted()).isFalse();
        assertThat(rejected.untilEmpty()).isBetween(seconds(38), seconds(40)); // nothing was added
        var accepted = charge(b, 0, 15);
        assertThat(accepted.accepted()).isTrue();
        assertThat(accepted.untilEmpty()).isBetween(seconds(53), seconds(55));
    }

    @Test
    void aBucketEmptiesAndIsForgotten() throws InterruptedException {
        charge(a, 0, 60);
        assertThat(redis.ttl(stored())).isBetween(58_000L, 60_000L);
        var capacity = Duration.ofMillis(200);
        var limits = a.sharedLimits();
        assertThat(limits.charge("short", Duration.ZERO, capacity, capacity)
                        .orElseThrow()
                        .accepted())
                .isTrue();
        while (!limits.charge("short", Duration.ZERO, capacity, capacity)
                .orElseThrow()
                .accepted()) {
            Thread.sleep(10);
        }
        while (!limits.charge("short", Duration.ZERO, Duration.ZERO, capacity)
                .orElseThrow()
                .untilEmpty()
                .isZero()) {
            Thread.sleep(10);
        }
    }

    @Test
    void whatIsOwedIsAddedBeyondTheCapacity() {
        assertThat(charge(a, 70, 1).accepted()).isFalse();
        assertThat(charge(b, 0, 1).untilEmpty()).isBetween(seconds(68), seconds(70));
    }

    @Test
    void aForgedLevelIsReplaced() {
        redis.set(stored(), "x".getBytes(StandardCharsets.UTF_8)); // without an end
        assertThat(charge(a, 0, 1).untilEmpty()).isEqualTo(seconds(1));
        try (var client = RedisClient.create(redis.uri())) {
            client.set(stored(), "x", SetParams.setParams().px(1L << 40));
            assertThat(charge(a, 0, 1).accepted()).isTrue();
            client.del(stored());
            client.lpush(stored(), "a list");
            assertThat(charge(a, 0, 1).accepted()).isTrue();
        }
    }

    @Test
    void redisGetsNoNames() {
        a.sharedLimits().charge("192.0.2.1", seconds(1), seconds(1), CAPACITY);
        try (var client = RedisClient.create(redis.uri())) {
            assertThat(client.keys("byline:limit:*")).singleElement().asString().doesNotContain("192.0.2.1");
        }
    }

    @Test
    void withoutAnAnswerFromRedisThereIsNoLevel() {
        charge(a, 0, 1);
        redis.freeze();
        try {
            for (int i = 0; i < 100; i++) {
                assertThat(a.sharedLimits().charge("key", Duration.ZERO, seconds(1), CAPACITY))
                        .isEmpty();
            }
        } finally {
            redis.thaw();
        }
        while (a.sharedLimits()
                .charge("key", Duration.ZERO, Duration.ZERO, CAPACITY)
                .isEmpty()) {
            Thread.onSpinWait(); // until the heartbeat closes the circuit
        }
        assertThat(a.sharedLimits().isShared()).isTrue();
    }

    @Test
    void withoutRedisNothingIsShared() {
        try (var alone = Byline.open(BylineConfig.of(database.url()))) {
            assertThat(alone.sharedLimits().isShared()).isFalse();
            assertThat(alone.sharedLimits().charge("key", seconds(1), seconds(1), CAPACITY))
                    .isEmpty();
        }
    }
}
