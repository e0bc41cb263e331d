package dev.byline.internal.feed;

/**
 * The encoding that the first bytes of a document show. White space before it, in any encoding, is skipped.
 *
 * @param encoding the encoding; UTF-8 stands for all encodings that contain ASCII
 * @param start the offset of the document, after a byte order mark
 * @param marked whether the document has a byte order mark
 */
record DetectedEncoding(FeedEncoding encoding, int start, boolean marked) {
    /**
     * Detects a byte order mark, otherwise the width of the first character.
     *
     * @param first the first character of each valid document
     */
    static DetectedEncoding of(byte[] body, char first) {
        var at = 0;
        while (at < body.length && (body[at] == 0 || isSpace(body[at]))) {
            at++;
        }
        if (matches(body, at, 0xef, 0xbb, 0xbf)) {
            return new DetectedEncoding(FeedEncoding.UTF_8, at + 3, true);
        }
        if (matches(body, at, 0xff, 0xfe, 0, 0)) {
            return new DetectedEncoding(FeedEncoding.UTF_32LE, at + 4, true);
        }
        if (matches(body, at, 0xff, 0xfe)) {
            return new DetectedEncoding(FeedEncoding.UTF_16LE, at + 2, true);
        }
        if (matches(body, at, 0xfe, 0xff)) {
            var wide = matches(body, at - 2, 0, 0);
            return new DetectedEncoding(wide ? FeedEncoding.UTF_32BE : FeedEncoding.UTF_16BE, at + 2, true);
        }
        if (body.length > 0 && body[0] == 0) {
            return matches(body, at - 3, 0, 0, 0, first)
                    ? new DetectedEncoding(FeedEncoding.UTF_32BE, at - 3, false)
                    : new DetectedEncoding(FeedEncoding.UTF_16BE, at - 1, false);
        }
        if (matches(body, at, first, 0, 0, 0)) {
            return new DetectedEncoding(FeedEncoding.UTF_32LE, at, false);
        }
        return new DetectedEncoding(
                matches(body, at, first, 0) ? FeedEncoding.UTF_16LE : FeedEncoding.UTF_8, at, false);
    }

    private static boolean matches(byte[] body, int from, int... bytes) {
        if (from < 0 || from + bytes.length > body.length) {
            return false;
        }
        for (int i = 0; i < bytes.length; i++) {
            if ((body[from + i] & 0xff) != bytes[i]) {
                return false;
            }
        }
        return true;
    }

    private static boolean isSpace(byte c) {
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
    }
}
