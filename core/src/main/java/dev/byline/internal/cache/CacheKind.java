package dev.byline.internal.cache;

import java.nio.ByteBuffer;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * A kind of cached value.
 *
 * @param name such as {@code post}
 * @param format increase it when the encoding changes: values of another format are misses
 * @param weight the approximate memory of a value, in bytes
 * @param encoder writes a value; null if it isn't stored in Redis
 * @param decoder reads a value; null if it isn't stored in Redis
 * @param <V> the values
 */
public record CacheKind<V>(
        String name,
        int format,
        ToIntFunction<V> weight,
        @Nullable BiConsumer<V, CacheBytes> encoder,
        @Nullable Function<CacheBytes, V> decoder) {

    /**
     * Creates a kind that isn't stored in Redis and has no negative entries.
     *
     * @param name such as {@code token}
     * @param weight the approximate memory of a value, in bytes
     * @param <V> the values
     */
    public static <V> CacheKind<V> local(String name, ToIntFunction<V> weight) {
        return new CacheKind<>(name, 0, weight, null, null);
    }

    /**
     * Returns the key of one value.
     *
     * @param id unique within its kind
     */
    public CacheKey<V> key(String id) {
        return new CacheKey<>(this, "byline:" + name + ":v" + format + ":" + id);
    }

    /**
     * Returns the key of one value.
     *
     * @param id unique within its kind
     */
    public CacheKey<V> key(long id) {
        return key(Long.toString(id));
    }

    boolean isLocal() {
        return encoder == null;
    }

    byte[] encode(@Nullable V value) {
        var bytes = new CacheBytes();
        bytes.flag(value != null);
        if (value != null && encoder != null) {
            encoder.accept(value, bytes);
        }
        return bytes.toArray();
    }

    /** Decodes a value; null when {@link #encode} didn't write it. */
    @Nullable
    Decoded<V> decode(ByteBuffer encoded) {
        if (decoder == null) {
            return null;
        }
        var bytes = new CacheBytes(encoded);
        try {
            var value = bytes.flag() ? decoder.apply(bytes) : null;
            return bytes.isRead() ? new Decoded<>(value) : null;
        } catch (RuntimeException e) {
            return null; // possibly from another release
        }
    }

    /** A value; null for a negative entry. */
    record Decoded<V>(@Nullable V value) {}
}
