package dev.byline.model;

/** Computes the size of text in JSON: UTF-8 bytes, without unnecessary escapes. */
final class JsonSize {
    /** Shorter texts are not examined: every character counts as an escape. */
    private static final int SHORT = 2000;

    /** The bytes of an escape such as {@code \u0001}. */
    private static final int ESCAPE = 6;

    private JsonSize() {}

    /**
     * Returns the bytes of a text with its quotes: exact for a long text, an upper bound for a short one. Takes linear
     * time.
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
