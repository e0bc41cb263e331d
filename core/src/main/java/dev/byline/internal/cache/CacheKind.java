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
 * @param format goes up when the bytes look different: values of another format are not found
 * @param weight how much memory a value takes, in bytes, roughly
 * @param encoder writes a value; null for what stays in this process
 * @param decoder reads a value; null for what stays in this process
 * @param <V> the values
 */
public record CacheKind<V>(
        String name,
        int format,
        ToIntFunction<V> weight,
        @Nullable BiConsumer<V, CacheBytes> encoder,
        @Nullable Function<CacheBytes, V> decoder) {

    /**
     * A kind that other processes don't see, and of which only what is there is kept.
     *
     * @param name as above
     * @param weight as above
     * @param <V> the values
     */
    public static <V> CacheKind<V> local(String name, ToIntFunction<V> weight) {
        return new CacheKind<>(name, 0, weight, null, null);
    }

    /**
     * Names one value.
     *
     * @param id among those of its kind
     */
    public CacheKey<V> key(String id) {
        return new CacheKey<>(this, "byline:" + name + ":v" + format + ":" + id);
    }

    /**
     * Names one value.
     *
     * @param id among those of its kind
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

    /** Nothing, when the bytes are not what {@link #encode} wrote. */
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
            return null; // of another release, perhaps
        }
    }

    /** A value, or the knowledge that there is none. */
    record Decoded<V>(@Nullable V value) {}
}
