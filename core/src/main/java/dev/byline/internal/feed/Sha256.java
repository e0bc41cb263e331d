package dev.byline.internal.feed;

import dev.byline.internal.security.Digests;
import java.util.Arrays;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * A SHA-256 digest with equality, for use as a key.
 *
 * @param hex the digest in 64 hexadecimal digits
 */
record Sha256(String hex) {
    /** Hashes a list of texts; different lists never hash the same bytes. */
    static Sha256 of(@Nullable String... parts) {
        return of(Digests.sha256(Arrays.asList(parts)));
    }

    /** Wraps a stored digest. */
    static Sha256 of(byte[] bytes) {
        return new Sha256(HexFormat.of().formatHex(bytes));
    }

    byte[] bytes() {
        return HexFormat.of().parseHex(hex);
    }
}
