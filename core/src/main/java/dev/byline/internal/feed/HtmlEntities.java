package dev.byline.internal.feed;

import org.jsoup.nodes.Entities;

/** Decodes character references of HTML, with jsoup's table of names. */
final class HtmlEntities {
    /** The maximum length of a name. */
    private static final int MAX_NAME = 32;

    /** The maximum length of a name that is valid without a semicolon. */
    private static final int MAX_BASE_NAME = 6;

    /** The characters for the numbers 0x80 to 0x9F: windows-1252. */
    private static final String C1 = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ";

    private HtmlEntities() {}

    /** Replaces references with their characters. Other text stays, also after an ampersand. */
    static String decoded(String text) {
        var at = text.indexOf('&');
        if (at < 0) {
            return text;
        }
        var out = new StringBuilder(text.length());
        var done = 0;
        while (at >= 0) {
            out.append(text, done, at);
            done = text.startsWith("&#", at) ? number(text, at, out) : name(text, at, out);
            at = text.indexOf('&', done);
        }
        return out.append(text, done, text.length()).toString();
    }

    /** Appends the character of a numeric reference; returns the offset of its end. */
    private static int number(String text, int start, StringBuilder out) {
        var hex = start + 2 < text.length() && (text.charAt(start + 2) | 32) == 'x';
        var first = start + (hex ? 3 : 2);
        var at = first;
        var value = 0;
        for (; at < text.length() && text.charAt(at) < 0x80; at++) {
            var digit = Character.digit(text.charAt(at), hex ? 16 : 10);
            if (digit < 0) {
                break;
            }
            value = Math.min(Character.MAX_CODE_POINT + 1, value * (hex ? 16 : 10) + digit);
        }
        if (at == first) {
            out.append('&');
            return start + 1;
        }
        out.appendCodePoint(character(value));
        return at < text.length() && text.charAt(at) == ';' ? at + 1 : at;
    }

    private static int character(int value) {
        if (value == 0 || value > Character.MAX_CODE_POINT || (value >= 0xD800 && value <= 0xDFFF)) {
            return 0xFFFD;
        }
        return value >= 0x80 && value <= 0x9F ? C1.charAt(value - 0x80) : value;
    }

    /** Appends the characters of a named reference; returns the offset of its end. */
    private static int name(String text, int start, StringBuilder out) {
        var at = start + 1;
        while (at < text.length() && at - start <= MAX_NAME && isNameChar(text.charAt(at))) {
            at++;
        }
        if (at < text.length() && text.charAt(at) == ';') {
            var value = Entities.getByName(text.substring(start + 1, at));
            if (!value.isEmpty()) {
                out.append(value);
                return at + 1;
            }
        }
        for (var end = Math.min(at, start + 1 + MAX_BASE_NAME); end > start + 2; end--) {
            var base = text.substring(start + 1, end);
            if (Entities.isBaseNamedEntity(base)) {
                out.append(Entities.getByName(base));
                return end;
            }
        }
        out.append('&');
        return start + 1;
    }

    private static boolean isNameChar(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    }
}
