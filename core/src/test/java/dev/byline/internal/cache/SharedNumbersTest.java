package dev.byline.internal.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.byline.internal.cache.SharedNumbers.Found;
import dev.byline.internal.cache.SharedNumbers.Known;
import dev.byline.internal.cache.SharedNumbers.Raised;
import dev.byline.model.Metrics;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.RedisClient;

/** Processes whose clocks differ, on one Redis. */
class SharedNumbersTest {
    private static final Duration TTL = Duration.ofMinutes(10);
    private static final byte[] KEY = "byline:n@byline".getBytes(StandardCharsets.UTF_8);

    private final Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS); // as it is stored
    private final TestRedis redis = new TestRedis();
    private final RedisPool pool = new RedisPool(redis.uri(), () -> "byline", Metrics.NONE);
    private final SharedNumbers numbers = numbers(Duration.ZERO, 1);

    @AfterEach
    void close() {
        pool.close();
        redis.close();
    }

    private SharedNumbers numbers(Duration ahead, int secret) {
        var key = new byte[CacheSeal.SECRET_BYTES];
        key[0] = (byte) secret;
        var created =
                new SharedNumbers(pool, new CacheSeal(() -> Map.of(1L, key), InstantSource.fixed(now.plus(ahead))));
        assertThat(created.isReady()).isTrue();
        return created;
    }

    private Raised raise(SharedNumbers process, long number) {
        return process.raise("n", 1, number, Duration.ZERO, TTL);
    }

    @Test
    void theGreatestNumberStays() {
        assertThat(numbers.find("n", TTL)).isEqualTo(new Found.Unknown());
        assertThat(raise(numbers, 7)).isEqualTo(new Raised.Stored());
        assertThat(raise(numbers, 300)).isEqualTo(new Raised.Stored());
        assertThat(raise(numbers, 8)).isEqualTo(new Raised.Less(new Known(1, 300, Duration.ZERO)));
        assertThat(numbers.find("n", TTL)).isEqualTo(new Found.Stored(new Known(1, 300, Duration.ZERO)));
        assertThat(numbers.raise("n", 0, 999, Duration.ZERO, TTL))
                .isEqualTo(new Raised.Less(new Known(1, 300, Duration.ZERO)));
        assertThat(numbers.raiseAll(List.of("m", "n"), 1, 250, Duration.ZERO, TTL))
                .isTrue();
        assertThat(numbers.find("m", TTL)).isEqualTo(new Found.Stored(new Known(1, 250, Duration.ZERO)));
        assertThat(numbers.find("n", TTL)).isEqualTo(new Found.Stored(new Known(1, 300, Duration.ZERO)));
    }

    @Test
    void aClockThatIsAheadOrBehindDoesNotMatter() {
        var ahead = numbers(Duration.ofSeconds(30), 1);
        assertThat(raise(ahead, 300)).isEqualTo(new Raised.Stored());
        assertThat(numbers.find("n", TTL)).isEqualTo(new Found.Stored(new Known(1, 300, Duration.ZERO)));
        assertThat(raise(numbers, 8)).isEqualTo(new Raised.Less(new Known(1, 300, Duration.ZERO)));
        assertThat(raise(numbers, 301)).isEqualTo(new Raised.Stored());
        assertThat(ahead.find("n", TTL)).isEqualTo(new Found.Stored(new Known(1, 301, Duration.ofSeconds(30))));
    }

    @Test
    void anExpiredNumberIsUnknownAndReplaced() {
        assertThat(raise(numbers, 300)).isEqualTo(new Raised.Stored());
        var later = numbers(TTL, 1);
        assertThat(later.find("n", TTL)).isEqualTo(new Found.Unknown());
        assertThat(raise(later, 8)).isEqualTo(new Raised.Stored());
        assertThat(later.find("n", TTL)).isEqualTo(new Found.Stored(new Known(1, 8, Duration.ZERO)));
    }

    @Test
    void aForgedNumberIsUnknownAndReplaced() {
        assertThat(raise(numbers(Duration.ZERO, 2), 300)).isEqualTo(new Raised.Stored());
        assertThat(numbers.find("n", TTL)).isEqualTo(new Found.Unknown());
        assertThat(raise(numbers, 8)).isEqualTo(new Raised.Stored());
        try (var client = RedisClient.create(redis.uri())) {
            var moved = client.get(KEY);
            client.set("byline:m@byline".getBytes(StandardCharsets.UTF_8), moved);
            assertThat(numbers.find("m", TTL)).as("moved").isEqualTo(new Found.Unknown());
            client.lpush("byline:list@byline", "x");
            assertThat(raise(numbers, 8)).isEqualTo(new Raised.Stored());
        }
    }

    @Test
    void withoutRedisNothingIsKnown() {
        redis.kill();
        assertThat(numbers.find("n", TTL)).isEqualTo(new Found.Failed());
        assertThat(raise(numbers, 1)).isEqualTo(new Raised.Failed());
        assertThat(numbers.raiseAll(List.of("n"), 1, 1, Duration.ZERO, TTL)).isFalse();
    }
}
