package dev.byline.internal.feed;

import java.util.List;

/**
 * A position in a text that contains a time, in lower case ASCII. Each method looks ahead or moves forward; none goes
 * back. Not safe for use by several threads.
 */
final class TimeScanner {
    private final String text;
    private int at;

    TimeScanner(String text) {
        this.text = text;
    }

    boolean isAtEnd() {
        return at >= text.length();
    }

    int length() {
        return text.length();
    }

    /** Returns the next character, NUL at the end. */
    char peek() {
        return peek(0);
    }

    /** Returns the character after so many others, NUL behind the end. */
    char peek(int ahead) {
        return at + ahead < text.length() ? text.charAt(at + ahead) : 0;
    }

    void skip() {
        at++;
    }

    /** Skips a character if it is the next. */
    boolean skip(char c) {
        if (peek() != c) {
            return false;
        }
        at++;
        return true;
    }

    /** Skips the first of these words that is next, if any. */
    void skipAny(List<String> words) {
        for (var word : words) {
            if (text.startsWith(word, at)) {
                at += word.length();
                return;
            }
        }
    }

    void skipSpaces() {
        while (isSpace(peek())) {
            at++;
        }
    }

    /** Skips a colon with the spaces around it, which RFC 2822 allows: {@code 09 : 55 : 06}. */
    boolean skipColon() {
        var colon = spacesAhead(0);
        if (peek(colon) != ':') {
            return false;
        }
        at += colon + 1;
        skipSpaces();
        return true;
    }

    /** Returns the offset of the first character after the spaces that follow an offset. */
    int spacesAhead(int from) {
        var ahead = from;
        while (isSpace(peek(ahead))) {
            ahead++;
        }
        return ahead;
    }

    /** Returns how many digits are next. */
    int digitsAhead() {
        var digits = 0;
        while (isDigit(peek(digits))) {
            digits++;
        }
        return digits;
    }

    /** Reads a number of at most {@code max} digits; 0 if there are none. */
    int number(int max) {
        var value = 0;
        for (int i = 0; i < max && isDigit(peek()); i++) {
            value = value * 10 + (peek() - '0');
            at++;
        }
        return value;
    }

    /** Reads a name: letters with dots (a.m.), or a region of the time zone database. */
    String name() {
        var start = at;
        var isRegion = false;
        while (isLetter(peek())
                || (at > start && "._/".indexOf(peek()) >= 0)
                || (isRegion && (isDigit(peek()) || peek() == '-' || peek() == '+'))) {
            isRegion |= peek() == '/';
            at++;
        }
        return text.substring(start, at);
    }

    /** Reads so many characters, all of which must exist. */
    String take(int length) {
        at += length;
        return text.substring(at - length, at);
    }

    static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    static boolean isLetter(char c) {
        return c >= 'a' && c <= 'z';
    }

    static boolean isSpace(char c) {
        return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\u00a0';
    }
}
