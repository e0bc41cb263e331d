package dev.byline.internal.feed;

import dev.byline.model.ImportFailure;
import java.io.IOException;
import java.io.PushbackReader;
import java.io.Reader;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Decodes an XML document. The encoding comes from the byte order mark, otherwise from the server, otherwise from the
 * declaration (RFC 7303). An encoding that contradicts the bytes of the first {@code <} is ignored. White space and
 * byte order marks before the document are skipped, and the declared encoding is hidden from the parser.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc7303#section-3">RFC 7303</a>, <a
 *     href="https://www.w3.org/TR/xml/#sec-guessing">XML 1.0, appendix F</a>
 */
final class XmlSource {
    /** The maximum length of the declaration. */
    private static final int MAX_DECLARATION = 1000;

    private final byte[] body;
    private final DetectedEncoding detected;

    private XmlSource(byte[] body) {
        this.body = body;
        this.detected = DetectedEncoding.of(body, '<');
    }

    /**
     * Opens a document.
     *
     * @param charset the charset in the Content-Type, if any
     * @throws FeedException when the declared encoding is unknown
     */
    static Reader open(byte[] body, @Nullable String charset) throws FeedException, IOException {
        var source = new XmlSource(body);
        var reader =
                new PushbackReader(source.encoding(charset).reader(body, source.detected.start()), MAX_DECLARATION);
        skipSpace(reader);
        var declaration = new char[MAX_DECLARATION];
        var length = 0;
        for (int n = 0;
                n >= 0 && length < MAX_DECLARATION;
                n = reader.read(declaration, length, MAX_DECLARATION - length)) {
            length += n;
        }
        reader.unread(withoutEncoding(new String(declaration, 0, length)).toCharArray());
        return reader;
    }

    private static void skipSpace(PushbackReader reader) throws IOException {
        var c = reader.read();
        while (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\uFEFF') {
            c = reader.read();
        }
        if (c >= 0) {
            reader.unread(c);
        }
    }

    private FeedEncoding encoding(@Nullable String charset) throws FeedException {
        if (detected.marked() || detected.encoding().width() > 1) {
            return detected.encoding();
        }
        var named = charset == null ? null : FeedEncoding.of(charset).orElse(null);
        if (named == null || named.width() > 1) {
            var declared = declared();
            named = declared == null ? detected.encoding() : known(declared);
        }
        return named.width() > 1 ? detected.encoding() : named; // declared as UTF-16, but is not
    }

    private @Nullable String declared() {
        var ebcdic = detected.start() + 1 < body.length
                && body[detected.start()] == 0x4c
                && body[detected.start() + 1] == 0x6f;
        var length = Math.min(body.length - detected.start(), MAX_DECLARATION);
        var start = new String(
                body, detected.start(), length, ebcdic ? Charset.forName("IBM037") : StandardCharsets.ISO_8859_1);
        var value = encodingValue(start);
        return value == null ? null : start.substring(value.start, value.end);
    }

    private static FeedEncoding known(String name) throws FeedException {
        return FeedEncoding.of(name)
                .orElseThrow(() -> new FeedException(ImportFailure.MALFORMED, "unknown encoding: " + shortened(name)));
    }

    private static String shortened(String name) {
        return name.substring(0, Math.min(60, name.length()));
    }

    private static boolean isSpace(int c) {
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
    }

    /** Removes the encoding from the declaration. */
    private static String withoutEncoding(String start) {
        var value = encodingValue(start);
        return value == null ? start : start.substring(0, value.nameAt) + start.substring(value.end + 1);
    }

    /** Offsets of the encoding in the declaration: of its name, and of its value. */
    private record Value(int nameAt, int start, int end) {}

    private static @Nullable Value encodingValue(String text) {
        var end = text.startsWith("<?xml") ? text.indexOf("?>") : -1;
        var name = end < 0 ? -1 : text.indexOf("encoding");
        if (name < 0 || name > end) {
            return null;
        }
        var equals = skipSpace(text, name + "encoding".length());
        var quote = text.charAt(equals) == '=' ? skipSpace(text, equals + 1) : end;
        var mark = text.charAt(quote);
        var close = mark == '"' || mark == '\'' ? text.indexOf(mark, quote + 1) : -1;
        return close < 0 || close > end ? null : new Value(name, quote + 1, close);
    }

    /** Skips white space; stops at the {@code ?>} at the latest. */
    private static int skipSpace(String text, int from) {
        var at = from;
        while (isSpace(text.charAt(at))) {
            at++;
        }
        return at;
    }
}
