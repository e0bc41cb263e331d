package dev.byline.internal.cache;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Serializes values: they are read in the order in which they were written. {@link CacheSeal} checks that bytes from
 * Redis were written by Byline.
 */
public final class CacheBytes {
    private ByteBuffer buffer;

    public CacheBytes() {
        buffer = ByteBuffer.allocate(512);
    }

    public CacheBytes(ByteBuffer buffer) {
        this.buffer = buffer;
    }

    /** Returns the written bytes. */
    public byte[] toArray() {
        return Arrays.copyOf(buffer.array(), buffer.position());
    }

    /** Returns whether all bytes were read. */
    public boolean isRead() {
        return !buffer.hasRemaining();
    }

    private ByteBuffer room(int bytes) {
        if (buffer.remaining() < bytes) {
            var larger = ByteBuffer.allocate(Math.max(buffer.capacity() * 2, buffer.position() + bytes));
            larger.put(buffer.flip());
            buffer = larger;
        }
        return buffer;
    }

    /** Writes an integer. */
    public void number(long value) {
        room(Long.BYTES).putLong(value);
    }

    /** Reads an integer. */
    public long number() {
        return buffer.getLong();
    }

    /** Writes a boolean. */
    public void flag(boolean value) {
        room(1).put((byte) (value ? 1 : 0));
    }

    /** Reads a boolean. */
    public boolean flag() {
        return switch (buffer.get()) {
            case 0 -> false;
            case 1 -> true;
            default -> throw new IllegalArgumentException("neither yes nor no");
        };
    }

    /** Writes a text. */
    public void text(String value) {
        var bytes = value.getBytes(StandardCharsets.UTF_8);
        room(Integer.BYTES + bytes.length).putInt(bytes.length).put(bytes);
    }

    /** Reads a text. */
    public String text() {
        var length = buffer.getInt();
        if (length < 0 || length > buffer.remaining()) {
            throw new IllegalArgumentException("no text");
        }
        var text = new String(buffer.array(), buffer.arrayOffset() + buffer.position(), length, StandardCharsets.UTF_8);
        buffer.position(buffer.position() + length);
        return text;
    }

    /** Writes a time, in whole microseconds. */
    public void time(Instant value) {
        number(ChronoUnit.MICROS.between(Instant.EPOCH, value));
    }

    /** Reads a time. */
    public Instant time() {
        return Instant.EPOCH.plus(number(), ChronoUnit.MICROS);
    }

    /**
     * Writes a nullable value.
     *
     * @param value to write
     * @param writer writes it when it isn't null
     * @param <T> its type
     */
    public <T> void optional(@Nullable T value, Consumer<T> writer) {
        flag(value != null);
        if (value != null) {
            writer.accept(value);
        }
    }

    /**
     * Reads a nullable value.
     *
     * @param reader reads it when it isn't null
     * @param <T> its type
     */
    public <T> @Nullable T optional(Supplier<T> reader) {
        return flag() ? reader.get() : null;
    }

    /**
     * Writes a list.
     *
     * @param values to write
     * @param writer writes one value
     * @param <T> the type of the values
     */
    public <T> void list(List<T> values, Consumer<T> writer) {
        number(values.size());
        values.forEach(writer);
    }

    /**
     * Reads a list.
     *
     * @param reader reads one value
     * @param <T> the type of the values
     */
    public <T> List<T> list(Supplier<T> reader) {
        var size = number();
        if (size < 0 || size > buffer.remaining()) {
            throw new IllegalArgumentException("no list");
        }
        var values = new ArrayList<T>();
        for (var left = size; left > 0; left--) {
            values.add(reader.get());
        }
        return values;
    }
}
