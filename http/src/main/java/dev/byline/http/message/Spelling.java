package dev.byline.http.message;

import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** Suggests the known name nearest to a misspelt one. */
public final class Spelling {
    /** The maximum length of a name: known names are shorter, and the cost grows with the product of the lengths. */
    private static final int MAX_LENGTH = 64;

    private Spelling() {}

    /**
     * Returns the candidate with the smallest Levenshtein distance; empty when the distance exceeds a third of the
     * name's length (but at least one edit is allowed).
     *
     * @param name the misspelt name
     * @param candidates the known names
     */
    public static Optional<String> nearest(String name, Collection<String> candidates) {
        return name.length() > MAX_LENGTH
                ? Optional.empty()
                : candidates.stream()
                        .min(Comparator.comparingInt(candidate -> distance(name, candidate)))
                        .filter(candidate -> 3 * distance(name, candidate) <= Math.max(3, name.length()));
    }

    private static int distance(String a, String b) {
        var previous = new int[b.length() + 1];
        Arrays.setAll(previous, i -> i);
        for (int i = 1; i <= a.length(); i++) {
            var current = new int[b.length() + 1];
            current[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                var replace = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                current[j] = Math.min(replace, 1 + Math.min(previous[j], current[j - 1]));
            }
            previous = current;
        }
        return previous[b.length()];
    }
}
