package dev.byline.internal.cache;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * How long values stay in L1 and in Redis.
 *
 * @param l1 of a value in L1
 * @param l2 until a value that a process reads from Redis at the last moment has left its L1, too
 */
record TimesToLive(Duration l1, Duration l2) {
    private static final Duration NEGATIVE = Duration.ofSeconds(2);

    /** Returns the time to live in L1, jittered; null values are negative entries, which local kinds don't have. */
    <V> Duration local(CacheKind<V> kind, @Nullable V value) {
        return value != null ? jittered(l1) : kind.isLocal() ? Duration.ZERO : jittered(negative());
    }

    /** Returns the longest time to live in Redis. */
    Duration remote(@Nullable Object value) {
        return value == null ? negative() : l2.minus(l1);
    }

    private Duration negative() {
        return NEGATIVE.compareTo(l1) < 0 ? NEGATIVE : l1;
    }

    /** Shortens a time to live by up to a tenth, so that values loaded together don't expire together. */
    static Duration jittered(Duration ttl) {
        return Duration.ofNanos(
                (long) (ttl.toNanos() * ThreadLocalRandom.current().nextDouble(0.9, 1.0)));
    }
}
