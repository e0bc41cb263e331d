package dev.byline.internal.feed;

import org.jspecify.annotations.Nullable;

/**
 * A tag of HTML.
 *
 * @param name the name in lower case, cut to 20 characters
 * @param end whether it is an end tag
 * @param empty whether it ends with a slash
 * @param alt the value of its alt attribute
 * @param attributes whether it has attributes
 * @param after the offset of its end
 */
record HtmlTag(
        String name, boolean end, boolean empty, @Nullable String alt, boolean attributes, int after) {
    /** The maximum length of a name; longer ones are unknown elements. */
    private static final int MAX_NAME = 20;

    /** Returns whether a tag, complete or not, begins at a {@code <}. */
    static boolean begins(String html, int at) {
        var name = at + (html.startsWith("</", at) ? 2 : 1);
        return name < html.length() && isLetter(html.charAt(name));
    }

    /** Reads the tag that begins at an offset; null when it has no end. Then no later tag has an end either. */
    static @Nullable HtmlTag read(String html, int start) {
        var end = html.startsWith("</", start);
        var at = start + (end ? 2 : 1);
        var nameStart = at;
        while (at < html.length() && !isSpace(html.charAt(at)) && "/>".indexOf(html.charAt(at)) < 0) {
            at++;
        }
        var name = lower(html.substring(nameStart, Math.min(at, nameStart + MAX_NAME)));
        String alt = null;
        var attributes = false;
        while (true) {
            while (at < html.length() && (isSpace(html.charAt(at)) || html.charAt(at) == '/')) {
                at++;
            }
            if (at >= html.length()) {
                return null;
            }
            if (html.charAt(at) == '>') {
                return new HtmlTag(name, end, html.charAt(at - 1) == '/', alt, attributes, at + 1);
            }
            attributes = true;
            var attribute = at;
            at++;
            while (at < html.length() && !isSpace(html.charAt(at)) && "/>=".indexOf(html.charAt(at)) < 0) {
                at++;
            }
            var isAlt = at - attribute == 3 && html.regionMatches(true, attribute, "alt", 0, 3);
            var value = spaces(html, at);
            if (value < html.length() && html.charAt(value) == '=') {
                value = spaces(html, value + 1);
                at = valueEnd(html, value);
                if (at < 0) {
                    return null;
                }
                alt = isAlt && alt == null ? unquoted(html, value, at) : alt;
            }
        }
    }

    private static int spaces(String html, int from) {
        var at = from;
        while (at < html.length() && isSpace(html.charAt(at))) {
            at++;
        }
        return at;
    }

    /** Returns the offset after a value; negative when the value has no end. */
    private static int valueEnd(String html, int from) {
        if (from >= html.length()) {
            return -1;
        }
        var quote = html.charAt(from);
        if (quote == '"' || quote == '\'') {
            var end = html.indexOf(quote, from + 1);
            return end < 0 ? -1 : end + 1;
        }
        var at = from;
        while (at < html.length() && !isSpace(html.charAt(at)) && html.charAt(at) != '>') {
            at++;
        }
        return at;
    }

    private static String unquoted(String html, int from, int to) {
        var quoted = html.charAt(from) == '"' || html.charAt(from) == '\'';
        return HtmlEntities.decoded(quoted ? html.substring(from + 1, to - 1) : html.substring(from, to));
    }

    /** Maps only ASCII. */
    private static String lower(String name) {
        var lower = name.toCharArray();
        for (int i = 0; i < lower.length; i++) {
            lower[i] = lower[i] >= 'A' && lower[i] <= 'Z' ? (char) (lower[i] + 32) : lower[i];
        }
        return new String(lower);
    }

    static boolean isSpace(char c) {
        return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
    }

    private static boolean isLetter(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    }
}
