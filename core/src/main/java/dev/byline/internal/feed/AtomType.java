package dev.byline.internal.feed;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The kind of text in an Atom element.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc4287#section-4.1.3">RFC 4287</a>
 */
enum AtomType {
    TEXT,
    HTML,
    /** Base64 of something that is not text. */
    BINARY;

    /** The maximum length of a type; a longer one counts as binary. */
    private static final int MAX_LENGTH = 200;

    /** Reads the attributes {@code type} and, in Atom 0.3, {@code mode}. */
    static AtomType of(@Nullable String type, @Nullable String mode) {
        if ("base64".equals(mode) || (type != null && type.length() > MAX_LENGTH)) {
            return BINARY;
        }
        var lower = type == null ? "text" : type.strip().toLowerCase(Locale.ROOT);
        var end = lower.indexOf(';');
        var name = end < 0 ? lower : lower.substring(0, end).strip();
        var isText =
                name.indexOf('/') < 0 || name.startsWith("text/") || name.endsWith("+xml") || name.endsWith("/xml");
        return !isText ? BINARY : name.contains("html") ? HTML : TEXT;
    }
}
