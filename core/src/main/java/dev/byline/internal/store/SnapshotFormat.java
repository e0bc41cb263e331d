package dev.byline.internal.store;

import dev.byline.internal.cache.CacheBytes;
import dev.byline.internal.cache.PostCodec;
import dev.byline.internal.cache.UserCodec;
import dev.byline.model.BylineException;
import dev.byline.model.ConflictReason;
import dev.byline.model.Post;
import dev.byline.model.User;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Function;

/**
 * The stored format of a created value, from which retries are answered.
 *
 * @param number the first byte of a snapshot. Increase it with every change of the format and never reuse one: a
 *     snapshot of another release is rejected instead of misread
 * @param writer writes a value
 * @param reader reads a value
 * @param <T> the values
 */
public record SnapshotFormat<T>(byte number, BiConsumer<T, CacheBytes> writer, Function<CacheBytes, T> reader) {
    /** A user, without the hash of the password, which a {@link User} doesn't contain. */
    public static final SnapshotFormat<User> USER = new SnapshotFormat<>((byte) 1, UserCodec::write, UserCodec::read);

    /** One post. */
    public static final SnapshotFormat<Post> POST = new SnapshotFormat<>((byte) 2, PostCodec::write, PostCodec::read);

    /** Several posts. */
    public static final SnapshotFormat<List<Post>> POSTS = new SnapshotFormat<>(
            (byte) 3,
            (posts, bytes) -> bytes.list(posts, post -> PostCodec.write(post, bytes)),
            bytes -> bytes.list(() -> PostCodec.read(bytes)));

    byte[] encode(T value) {
        var bytes = new CacheBytes();
        writer.accept(value, bytes);
        var encoded = bytes.toArray();
        return ByteBuffer.allocate(1 + encoded.length).put(number).put(encoded).array();
    }

    /** @throws BylineException.Conflict when the snapshot has another format */
    T decode(byte[] kept) {
        if (kept.length == 0 || kept[0] != number) {
            throw new BylineException.Conflict(
                    ConflictReason.RESULT_FORMAT,
                    "this Idempotency-Key was used with another version of the server, which"
                            + " stored its result in another format: look whether it happened, then use a new key");
        }
        var bytes = new CacheBytes(ByteBuffer.wrap(kept, 1, kept.length - 1));
        var value = reader.apply(bytes);
        if (!bytes.isRead()) {
            throw new IllegalStateException("a snapshot of format " + number + " has bytes left over");
        }
        return value;
    }
}
