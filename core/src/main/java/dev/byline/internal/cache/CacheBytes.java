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

/** Values as bytes, written and read in the same order. {@link CacheSeal} tells them from whatever else may be in Redis. */
public final class CacheBytes {
    private ByteBuffer buffer;

    public CacheBytes() {
        buffer = ByteBuffer.allocate(512);
    }

    public CacheBytes(ByteBuffer buffer) {
        this.buffer = buffer;
    }

    /** What was written. */
    public byte[] toArray() {
        return Arrays.copyOf(buffer.array(), buffer.position());
    }

    /** Whether nothing is left. */
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

    /** Writes a whole number. */
    public void number(long value) {
        room(Long.BYTES).putLong(value);
    }

    /** Reads a whole number. */
    public long number() {
        return buffer.getLong();
    }

    /** Writes yes or no. */
    public void flag(boolean value) {
        room(1).put((byte) (value ? 1 : 0));
    }

    /** Reads yes or no. */
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
     * Writes what may be missing.
     *
     * @param value to write
     * @param writer writes it when it isn't null
     * @param <T> what it is
     */
    public <T> void optional(@Nullable T value, Consumer<T> writer) {
        flag(value != null);
        if (value != null) {
            writer.accept(value);
        }
    }

    /**
     * Reads what may be missing.
     *
     * @param reader reads it when it is there
     * @param <T> what it is
     */
    public <T> @Nullable T optional(Supplier<T> reader) {
        return flag() ? reader.get() : null;
    }

    /**
     * Writes a list.
     *
     * @param values to write
     * @param writer writes one
     * @param <T> what they are
     */
    public <T> void list(List<T> values, Consumer<T> writer) {
        number(values.size());
        values.forEach(writer);
    }

    /**
     * Reads a list.
     *
     * @param reader reads one
     * @param <T> what they are
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
