package dev.byline.internal.cache;

/**
 * The key of a cached value, in this process and in Redis.
 *
 * @param kind the kind of the value
 * @param name such as {@code byline:post:v1:42}
 * @param <V> the value
 */
public record CacheKey<V>(CacheKind<V> kind, String name) {}
