package dev.byline.internal.feed;

import dev.byline.model.ImportFailure;
import java.io.IOException;
import java.io.PushbackReader;
import java.io.Reader;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The characters of an XML document. The byte order mark decides on the encoding, then the server, then the document (RFC 7303).
 * An encoding in which the first {@code <} couldn't be written as it stands there is passed over. White space and byte order marks
 * before the document are forgiven; the parser doesn't see the encoding that the document declares.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc7303#section-3">RFC 7303</a>, <a
 *     href="https://www.w3.org/TR/xml/#sec-guessing">XML 1.0, appendix F</a>
 */
final class XmlSource {
    /** The longest declaration, in characters. */
    private static final int MAX_DECLARATION = 1000;

    private final byte[] body;
    private final DetectedEncoding found;

    private XmlSource(byte[] body) {
        this.body = body;
        this.found = DetectedEncoding.of(body, '<');
    }

    /**
     * Opens a document.
     *
     * @param body its bytes
     * @param charset as the server names it
     * @throws FeedException when it declares an encoding that is not known
     */
    static Reader open(byte[] body, @Nullable String charset) throws FeedException, IOException {
        var source = new XmlSource(body);
        var reader = new PushbackReader(source.encoding(charset).reader(body, source.found.start()), MAX_DECLARATION);
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
        if (found.marked() || found.encoding().width() > 1) {
            return found.encoding();
        }
        var named = charset == null ? null : FeedEncoding.of(charset).orElse(null);
        if (named == null || named.width() > 1) {
            var declared = declared();
            named = declared == null ? found.encoding() : known(declared);
        }
        return named.width() > 1 ? found.encoding() : named; // "utf-16" in what isn't
    }

    private @Nullable String declared() {
        var ebcdic = found.start() + 1 < body.length && body[found.start()] == 0x4c && body[found.start() + 1] == 0x6f;
        var length = Math.min(body.length - found.start(), MAX_DECLARATION);
        var start = new String(
                body, found.start(), length, ebcdic ? Charset.forName("IBM037") : StandardCharsets.ISO_8859_1);
        var value = encodingValue(start);
        return value == null ? null : start.substring(value.start, value.end);
    }

    private static FeedEncoding known(String name) throws FeedException {
        return FeedEncoding.of(name)
                .orElseThrow(() -> new FeedException(
                        ImportFailure.MALFORMED, "is in an encoding that is not known here: " + shown(name)));
    }

    private static String shown(String name) {
        return name.substring(0, Math.min(60, name.length()));
    }

    private static boolean isSpace(int c) {
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
    }

    // ---- the declaration

    /** What a document begins with, without the encoding that it declares. */
    private static String withoutEncoding(String start) {
        var value = encodingValue(start);
        return value == null ? start : start.substring(0, value.nameAt) + start.substring(value.end + 1);
    }

    /** Where the name of the pseudo-attribute begins, and its value. */
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

    /** Never beyond the {@code ?>} that follows. */
    private static int skipSpace(String text, int from) {
        var at = from;
        while (isSpace(text.charAt(at))) {
            at++;
        }
        return at;
    }
}
