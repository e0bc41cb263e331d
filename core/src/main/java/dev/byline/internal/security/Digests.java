package dev.byline.internal.security;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** SHA-256, which every JDK has. */
public final class Digests {
    private Digests() {}

    /**
     * Of some bytes.
     *
     * @param bytes any number of them
     * @return 32 bytes
     */
    public static byte[] sha256(byte[] bytes) {
        return sha256().digest(bytes);
    }

    /**
     * Of some parts, each with its length, so that no two lists of them look alike.
     *
     * @param parts what their {@code toString} says counts; null is not the same as empty
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

    /** Computes one piece by piece. */
    public static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
