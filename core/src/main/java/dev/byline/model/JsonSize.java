package dev.byline.model;

/** How many bytes texts take in JSON, written as UTF-8 without escapes that aren't needed. */
final class JsonSize {
    /** Shorter texts are not looked at: all their characters count as if they had to be escaped. */
    private static final int SHORT = 2000;

    /** The bytes of an escape such as {@code \u0001}. */
    private static final int ESCAPE = 6;

    private JsonSize() {}

    /**
     * The bytes of a text within quotes: exactly for a long text, at most for a short one. Takes linear time.
     *
     * @param text any text without unpaired surrogates
     */
    static long of(String text) {
        if (text.length() <= SHORT) {
            return (long) ESCAPE * text.length();
        }
        var bytes = 0L;
        for (int i = 0; i < text.length(); i++) {
            bytes += bytes(text.charAt(i));
        }
        return bytes;
    }

    private static int bytes(char c) {
        if (c < ' ') {
            return c == '\n' || c == '\t' || c == '\r' || c == '\b' || c == '\f' ? 2 : ESCAPE;
        }
        if (c < 0x80) {
            return c == '"' || c == '\\' ? 2 : 1;
        }
        return c < 0x800 || Character.isSurrogate(c) ? 2 : 3;
    }
}
