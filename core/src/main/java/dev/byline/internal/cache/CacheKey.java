package dev.byline.internal.cache;

/**
 * Names a cached value, in this process and in Redis.
 *
 * @param kind what it is
 * @param name such as {@code byline:post:v1:42}
 * @param <V> the value
 */
public record CacheKey<V>(CacheKind<V> kind, String name) {}
