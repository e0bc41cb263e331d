package dev.byline.bench.fuzz;

import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** Encodings of text into strings whose characters are bytes (ISO 8859-1), so that they can hold invalid UTF-8. */
final class Encoding {
    private Encoding() {}

    static String utf8(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }

    /** The content of a JSON string. */
    static String json(String text) {
        return utf8(escape(text));
    }

    static String quoted(String text) {
        return '"' + json(text) + '"';
    }

    /** The content of a JSON string in a query. */
    static String jsonInQuery(String text) {
        return percent(escape(text));
    }

    private static String escape(String text) {
        var escaped = new StringBuilder(text.length() + 16);
        for (int i = 0; i < text.length(); i++) {
            var c = text.charAt(i);
            if (c == '"' || c == '\\') {
                escaped.append('\\').append(c);
            } else if (c < ' ' || (Character.isSurrogate(c) && !isPaired(text, i))) {
                escaped.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
            } else {
                escaped.append(c);
            }
        }
        return escaped.toString();
    }

    private static boolean isPaired(String text, int i) {
        return Character.isHighSurrogate(text.charAt(i))
                ? i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))
                : i > 0 && Character.isHighSurrogate(text.charAt(i - 1));
    }

    /** Percent-encoding for a path or a query. */
    static String percent(String text) {
        var encoded = new StringBuilder();
        for (var b : text.getBytes(StandardCharsets.UTF_8)) {
            if ((b >= '0' && b <= '9') || (b >= 'A' && b <= 'Z') || (b >= 'a' && b <= 'z') || "-._~".indexOf(b) >= 0) {
                encoded.append((char) b);
            } else {
                encoded.append(String.format(Locale.ROOT, "%%%02X", b));
            }
        }
        return encoded.toString();
    }

    /** A header's value, without the characters that would end it. */
    static String header(String text) {
        return utf8(text).replaceAll("[\r\n\0]", "");
    }

    /** Bytes in printable form, truncated. */
    static String printable(String bytes, int max) {
        var shown = new StringBuilder();
        for (int i = 0; i < bytes.length() && shown.length() < max; i++) {
            var c = bytes.charAt(i);
            if (c >= ' ' && c < 0x7f) {
                shown.append(c);
            } else {
                shown.append(c == '\r' ? "\\r" : c == '\n' ? "\\n" : String.format(Locale.ROOT, "\\x%02x", (int) c));
            }
        }
        return shown.length() < max ? shown.toString() : shown + "... (" + bytes.length() + " bytes)";
    }
}
