package dev.byline.internal.feed;

import dev.byline.model.Cidr;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Converts the host of a link to ASCII like a browser: lower case, normalized, labels in Punycode. {@link java.net.IDN}
 * implements IDNA 2003, which maps {@code straße} to another host than browsers do.
 *
 * @see <a href="https://www.unicode.org/reports/tr46/">UTS 46</a>, <a href="https://www.rfc-editor.org/rfc/rfc3492">RFC
 *     3492</a>
 */
final class WebHost {
    // maximum lengths in DNS
    private static final int MAX_NAME = 253;

    private static final int MAX_LABEL = 63;

    /** Characters that a host can't contain, beside controls. */
    private static final String FORBIDDEN = " #/:<>?@[\\]^|%\u007f";

    private WebHost() {}

    /** Converts a host; null when it is invalid. */
    static @Nullable String ascii(String host) {
        if (host.startsWith("[")) {
            return ipv6(host);
        }
        var text = decoded(host);
        if (text == null || text.length() > MAX_NAME + 1) {
            return null;
        }
        var mapped = isAscii(text) ? text : mapped(text);
        var ascii = new StringBuilder();
        for (var label : mapped.split("\\.", -1)) {
            var part = isAscii(label) ? label : "xn--" + punycode(label);
            if (part.length() > MAX_LABEL) {
                return null;
            }
            ascii.append(ascii.isEmpty() ? "" : ".").append(part);
        }
        return ascii.isEmpty() || ascii.length() > MAX_NAME + 1 ? null : lower(ascii);
    }

    /** Maps to lower case; null with a forbidden character. */
    private static @Nullable String lower(StringBuilder name) {
        for (int i = 0; i < name.length(); i++) {
            var c = name.charAt(i);
            if (c < ' ' || FORBIDDEN.indexOf(c) >= 0) {
                return null;
            }
            if (c >= 'A' && c <= 'Z') {
                name.setCharAt(i, (char) (c + 32));
            }
        }
        return name.toString();
    }

    private static @Nullable String ipv6(String host) {
        var literal = host.endsWith("]") ? host.substring(1, host.length() - 1) : "";
        var isIpv6 = literal.indexOf(':') >= 0 && Cidr.parseAddress(literal).isPresent();
        return isIpv6 ? host.toLowerCase(Locale.ROOT) : null;
    }

    /** Decodes percent-encoding; null when the bytes are not UTF-8. */
    private static @Nullable String decoded(String host) {
        if (host.indexOf('%') < 0) {
            return host;
        }
        var bytes = new ByteArrayOutputStream();
        for (int i = 0; i < host.length(); i++) {
            var c = host.charAt(i);
            var high = c == '%' && i + 2 < host.length() ? Character.digit(host.charAt(i + 1), 16) : -1;
            var low = high < 0 ? -1 : Character.digit(host.charAt(i + 2), 16);
            if (low >= 0) {
                bytes.write(high * 16 + low);
                i += 2;
            } else {
                bytes.writeBytes(String.valueOf(c).getBytes(StandardCharsets.UTF_8));
            }
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes.toByteArray()))
                    .toString();
        } catch (CharacterCodingException e) {
            return null;
        }
    }

    private static boolean isAscii(String text) {
        return text.chars().allMatch(c -> c < 0x80);
    }

    /** Maps to lower case and NFKC, without the context rules of String.toLowerCase. The text has a maximum length. */
    private static String mapped(String text) {
        var folded = Normalizer.normalize(lowered(text), Normalizer.Form.NFKC);
        return lowered(folded).replace('\u3002', '.').replace('\uff61', '.');
    }

    private static String lowered(String text) {
        var out = new StringBuilder(text.length());
        text.codePoints().filter(c -> !isIgnored(c)).map(Character::toLowerCase).forEach(out::appendCodePoint);
        return out.toString();
    }

    private static boolean isIgnored(int c) {
        return c == 0xad || c == 0x200b || c == 0x2060 || c == 0xfeff || (c >= 0xfe00 && c <= 0xfe0f);
    }

    /** Encodes a label (RFC 3492, section 6.3). The result for a label that is too long is too long too. */
    private static String punycode(String label) {
        var points = label.codePoints().toArray();
        var out = new StringBuilder();
        label.chars().filter(c -> c < 0x80).forEach(c -> out.append((char) c));
        if (points.length > MAX_LABEL) {
            return "x".repeat(MAX_LABEL);
        }
        var basic = out.length();
        var done = basic;
        if (basic > 0) {
            out.append('-');
        }
        var next = 0x80;
        var bias = 72;
        var delta = 0;
        while (done < points.length) {
            var least = Integer.MAX_VALUE;
            for (var c : points) {
                least = c >= next && c < least ? c : least;
            }
            delta += (least - next) * (done + 1);
            next = least;
            for (var c : points) {
                if (c < next) {
                    delta++;
                } else if (c == next) {
                    bias = append(out, delta, bias, done, done == basic);
                    delta = 0;
                    done++;
                }
            }
            delta++;
            next++;
        }
        return out.toString();
    }

    /** Appends a variable-length integer; returns the next bias. */
    private static int append(StringBuilder out, int delta, int bias, int done, boolean first) {
        var rest = delta;
        for (var k = 36; ; k += 36) {
            var threshold = Math.clamp(k - bias, 1, 26);
            if (rest < threshold) {
                out.append(digit(rest));
                return adapted(delta, done + 1, first);
            }
            out.append(digit(threshold + (rest - threshold) % (36 - threshold)));
            rest = (rest - threshold) / (36 - threshold);
        }
    }

    private static int adapted(int delta, int count, boolean first) {
        var rest = first ? delta / 700 : delta / 2;
        rest += rest / count;
        var k = 0;
        while (rest > 455) {
            rest /= 35;
            k += 36;
        }
        return k + 36 * rest / (rest + 38);
    }

    private static char digit(int value) {
        return (char) (value < 26 ? 'a' + value : '0' + value - 26);
    }
}
