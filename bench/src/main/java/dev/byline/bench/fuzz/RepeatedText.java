package dev.byline.bench.fuzz;

import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * A hostile text: a unit repeated to any size, then a tail that keeps the whole from matching a pattern.
 */
record RepeatedText(String unit, String tail) {
    static final List<String> UNITS = Stream.concat(Corpus.list("characters").stream(), Corpus.list("syntax").stream())
            .toList();

    static RepeatedText random(SeededRandom random) {
        return new RepeatedText(random.of(UNITS), random.from("tails"));
    }

    /** As many units as fit into so many bytes. */
    String fill(int bytes, UnaryOperator<String> encode) {
        var unitBytes = encode.apply(unit);
        var tailBytes = encode.apply(tail);
        return unitBytes.repeat(Math.max(0, bytes - tailBytes.length()) / Math.max(1, unitBytes.length())) + tailBytes;
    }

    /** As many units as fit into so many code points, at least one. */
    String codePoints(int count) {
        var each = unit.codePointCount(0, unit.length());
        return unit.repeat(Math.max(1, (count - tail.length()) / each)) + tail;
    }

    @Override
    public String toString() {
        return Encoding.quoted(unit) + " repeated" + (tail.isEmpty() ? "" : ", then " + Encoding.quoted(tail));
    }
}
