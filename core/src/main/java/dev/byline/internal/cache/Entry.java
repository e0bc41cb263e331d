package dev.byline.internal.cache;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A cached value, a negative entry, or the failure of a load.
 *
 * @param value null in the other two cases
 * @param failure of the load
 * @param weight the approximate memory, in bytes
 * @param expiresAt a value of {@link System#nanoTime}
 * @param loaded whether the loader returned it, and not Redis
 */
record Entry(@Nullable Object value, @Nullable RuntimeException failure, int weight, long expiresAt, boolean loaded) {
    /** The approximate overhead of an entry, in bytes. */
    private static final int OVERHEAD = 200;

    /** Creates an entry whose time to live began at a value of {@link System#nanoTime}. */
    static <V> Entry of(CacheKey<V> key, @Nullable V value, long start, Duration ttl, boolean loaded) {
        var weight = OVERHEAD + (value == null ? 0 : key.kind().weight().applyAsInt(value));
        return new Entry(value, null, weight, start + ttl.toNanos(), loaded);
    }

    /** Creates an entry of what a loader returned; null is a negative entry. */
    static <V> Entry loaded(CacheKey<V> key, @Nullable V value, long start, TimesToLive ttl) {
        return of(key, value, start, ttl.local(key.kind(), value), true);
    }

    static Entry failed(RuntimeException failure) {
        return new Entry(null, failure, 0, 0, true);
    }

    /** Returns the rest of the time to live. */
    Duration left() {
        return Duration.ofNanos(Math.max(0, expiresAt - System.nanoTime()));
    }
}
