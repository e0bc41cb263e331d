package dev.byline.bench.fuzz;

import java.util.List;
import java.util.function.UnaryOperator;

/**
 * A hostile text: something repeated to any size, and an end that makes it fit no pattern.
 *
 * @param unit what is repeated
 * @param tail what follows
 */
record Shape(String unit, String tail) {
    /** Single characters: those that fold, compose, expand or are blank in odd ways, then separators. */
    private static final List<String> CHARACTERS = List.of(
            "a",
            "0",
            " ",
            "\t",
            "\n",
            "\0",
            "\1",
            "\u007f",
            "\u0085",
            "\u00a0",
            "\u00ad",
            "ß",
            "İ",
            "ı",
            "Σ",
            "ς",
            "ΑΣ",
            "ŉ",
            "\u0301",
            "e\u0301",
            "\u0345",
            "\u0e33",
            "\u200b",
            "\u200d",
            "\u2028",
            "\u202e",
            "\u2800",
            "\ufeff",
            "\ufffe",
            "\ufffd",
            "ﷺ",
            "ﬃ",
            "각",
            "\u1100\u1161",
            "क्षि",
            "😀",
            "👩‍👩‍👧",
            "𝒜",
            "\ud800",
            "\udc00",
            ",",
            ";",
            "=",
            "\"",
            "\\",
            "/",
            ".",
            "-",
            "_",
            "+",
            "*",
            "(",
            "[",
            "{",
            "<",
            "&",
            "%",
            "'",
            ":",
            "|",
            "!",
            "@",
            "#",
            "~",
            "^",
            "$",
            "?");

    /** What languages of headers, addresses, searches and documents are made of. */
    private static final List<String> WORDS = List.of(
            "a,",
            ",a",
            ", ",
            " ,",
            "a;",
            ";a",
            "; ",
            "a=b;",
            ";a=b",
            "q=0;",
            ";q=0",
            "q=0,",
            "a/b,",
            "*/*,",
            "\"a\",",
            "W/\"a\",",
            "\"\\",
            "\\\"",
            "\"\"",
            "a=\"b\";",
            "a ",
            " a",
            "a b ",
            "a-",
            "- ",
            " -a",
            "a.",
            "../",
            "./",
            "//",
            "%00",
            "%2e%2e/",
            "%ff",
            "%",
            "(a",
            "a)",
            "()",
            "[a",
            "[[",
            "]]",
            "[]",
            "a or ",
            "or ",
            "\"a\" ",
            "a:* & ",
            "<a>",
            "</a",
            "<!--",
            "&lt;",
            "&amp;",
            "&#x3a3;",
            "{\"a\":",
            "[\"",
            "a@",
            "@a",
            "a@b.",
            ".a",
            "1,",
            "1.",
            "1e",
            "00-",
            "::",
            ":0",
            "1.1.1.1, ",
            "bytes=0-,",
            "0-0,",
            "x\u0301\u0323",
            "aΣ ",
            "Bearer ",
            "gzip, ",
            "\r\n ",
            "http://127.0.0.1/",
            "a&a=");

    static final List<String> UNITS =
            java.util.stream.Stream.concat(CHARACTERS.stream(), WORDS.stream()).toList();

    static final List<String> TAILS = List.of("", "x", "\u0085", "\"", "\\");

    static Shape of(Dice dice) {
        return new Shape(dice.of(UNITS), dice.of(TAILS));
    }

    /** As many units as fit into so many bytes. */
    String fill(int bytes, UnaryOperator<String> encode) {
        var unitBytes = encode.apply(unit);
        var tailBytes = encode.apply(tail);
        return unitBytes.repeat(Math.max(0, bytes - tailBytes.length()) / Math.max(1, unitBytes.length())) + tailBytes;
    }

    /** So many code points, or a little less. */
    String text(int points) {
        var each = unit.codePointCount(0, unit.length());
        return unit.repeat(Math.max(1, (points - tail.length()) / each)) + tail;
    }

    @Override
    public String toString() {
        return Bytes.quoted(unit) + " repeated" + (tail.isEmpty() ? "" : ", then " + Bytes.quoted(tail));
    }
}
