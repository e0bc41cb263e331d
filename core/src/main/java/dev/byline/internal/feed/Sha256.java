package dev.byline.internal.feed;

import dev.byline.internal.security.Digests;
import java.util.Arrays;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * A digest that can be compared and looked up.
 *
 * @param hex its 64 digits
 */
record Sha256(String hex) {
    /** Of some texts, no two lists of which look alike. */
    static Sha256 of(@Nullable String... parts) {
        return of(Digests.sha256(Arrays.asList(parts)));
    }

    /** As it is stored. */
    static Sha256 of(byte[] bytes) {
        return new Sha256(HexFormat.of().formatHex(bytes));
    }

    byte[] bytes() {
        return HexFormat.of().parseHex(hex);
    }
}
