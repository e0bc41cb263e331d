package dev.byline.internal.sql;

/** Prepares search queries of users for {@code websearch_to_tsquery}. */
public final class SearchQuery {
    private SearchQuery() {}

    /**
     * Removes hyphens without a meaning. Two kinds stay: those inside a word, and those directly before a word, at the
     * start of the query or after a space, which exclude the word. PostgreSQL would exclude the next word at any
     * distance from a hyphen. Takes linear time.
     *
     * @param query the query as the user typed it
     */
    public static String websearch(String query) {
        var text = new StringBuilder(query.length() + 2);
        var inQuotes = false;
        for (int i = 0; i < query.length(); i++) {
            var c = query.charAt(i);
            if (c == '"') {
                inQuotes = !inQuotes;
            }
            if (!isHyphen(c)) {
                text.append(c);
                continue;
            }
            var next = i + 1 < query.length() ? query.codePointAt(i + 1) : ' ';
            var isFirst =
                    i == 0 || Character.isWhitespace(query.charAt(i - 1)) || Character.isSpaceChar(query.charAt(i - 1));
            if (isFirst && !inQuotes && isWord(next)) {
                i = appendExcluded(query, i + 1, text) - 1;
            } else if (isFirst && !inQuotes) {
                text.append(next == '"' ? '-' : ' ');
            } else {
                text.append(i > 0 && isWord(query.codePointBefore(i)) && isWord(next) ? '-' : ' ');
            }
        }
        return text.toString();
    }

    /** Appends an excluded word in quotes: punctuation in it would end the exclusion. Returns the word's end. */
    private static int appendExcluded(String query, int from, StringBuilder text) {
        var end = from;
        while (end < query.length() && !Character.isWhitespace(query.charAt(end)) && query.charAt(end) != '"') {
            end++;
        }
        text.append("-\"").append(query, from, end).append('"');
        return end;
    }

    /** Hyphen-minus, hyphen, non-breaking hyphen. */
    private static boolean isHyphen(char c) {
        return c == '-' || c == '\u2010' || c == '\u2011';
    }

    private static boolean isWord(int c) {
        return Character.isLetterOrDigit(c)
                || Character.getType(c) == Character.NON_SPACING_MARK
                || Character.getType(c) == Character.COMBINING_SPACING_MARK;
    }
}
