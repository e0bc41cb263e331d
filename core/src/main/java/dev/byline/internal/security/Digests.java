package dev.byline.internal.security;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** SHA-256 digests. */
public final class Digests {
    private Digests() {}

    /**
     * Digests bytes.
     *
     * @param bytes the bytes, of any number
     * @return 32 bytes
     */
    public static byte[] sha256(byte[] bytes) {
        return sha256().digest(bytes);
    }

    /**
     * Digests the {@code toString} of parts, each with its length, so that different lists have different digests.
     *
     * @param parts any objects; null differs from the empty string
     * @return 32 bytes
     */
    public static byte[] sha256(List<? extends @Nullable Object> parts) {
        var digest = sha256();
        for (var part : parts) {
            var bytes = part == null ? null : part.toString().getBytes(StandardCharsets.UTF_8);
            digest.update(ByteBuffer.allocate(Integer.BYTES)
                    .putInt(bytes == null ? -1 : bytes.length)
                    .flip());
            if (bytes != null) {
                digest.update(bytes);
            }
        }
        return digest.digest();
    }

    /** Returns a new digest, for data that comes in pieces. */
    public static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
