package dev.byline.model;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Collects all errors in a record's fields, to report them together. Not safe for use by several threads. */
public final class Validation {
    private final List<FieldError> errors = new ArrayList<>();

    Validation() {}

    /**
     * Adds an error unless the condition holds.
     *
     * @param holds what must be true
     * @param field the invalid field
     * @param message what is wrong with it
     * @return whether it held
     */
    boolean check(boolean holds, String field, String message) {
        if (!holds) {
            errors.add(new FieldError(field, message));
        }
        return holds;
    }

    /**
     * Checks that PostgreSQL and UTF-8 can hold a text, and that its length is within limits.
     *
     * @param field the invalid field
     * @param value the text
     * @param min fewest code points
     * @param max most code points
     * @return whether it is valid
     */
    boolean text(String field, String value, int min, int max) {
        if (value.length() <= 2 * max
                && !check(isText(value), field, "must not contain U+0000 or an unpaired surrogate")) {
            return false;
        }
        return check(
                isShort(value, max) && (min == 0 || value.codePointCount(0, value.length()) >= min),
                field,
                min == 0
                        ? "must have at most " + max + " characters"
                        : "must have " + min + " to " + max + " characters");
    }

    /**
     * Checks as {@link #text}, and that something of it is visible: a text of white space, control and format
     * characters, other default-ignorable ones and blank glyphs looks empty.
     *
     * @param field the invalid field
     * @param value the text
     * @param max most code points
     * @return whether it is valid
     */
    boolean visibleText(String field, String value, int max) {
        return text(field, value, 1, max) && check(!isBlank(value), field, "must not be blank");
    }

    /**
     * Returns whether a text has at most so many code points; examines no more of it than needed.
     *
     * @param value the text
     * @param max most code points
     */
    static boolean isShort(String value, int max) {
        return value.length() <= 2 * max && value.codePointCount(0, value.length()) <= max;
    }

    /**
     * Returns whether a text looks empty.
     *
     * @param value any string
     */
    public static boolean isBlank(String value) {
        return value.codePoints().allMatch(Validation::isBlank);
    }

    private static boolean isBlank(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SPACE_SEPARATOR,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> true;
            case Character.UNASSIGNED -> (c >= 0xfff0 && c <= 0xfff8) || (c >= 0xe0000 && c <= 0xe0fff) || c == 0x2065;
            default -> isIgnorable(c) || isBlankGlyph(c);
        };
    }

    /** Unicode's Default_Ignorable_Code_Point, without the categories above. */
    private static boolean isIgnorable(int c) {
        return c == 0x34f
                || c == 0x115f
                || c == 0x1160
                || c == 0x17b4
                || c == 0x17b5
                || (c >= 0x180b && c <= 0x180f)
                || c == 0x3164
                || (c >= 0xfe00 && c <= 0xfe0f)
                || c == 0xffa0
                || (c >= 0xe0100 && c <= 0xe01ef);
    }

    /** The braille pattern without dots, blank hieroglyphs, the null notehead. */
    private static boolean isBlankGlyph(int c) {
        return c == 0x2800 || c == 0x13441 || c == 0x13442 || c == 0x1d159;
    }

    /** Throws if there are errors. */
    void throwIfInvalid() {
        if (!errors.isEmpty()) {
            throw new BylineException.Invalid(errors);
        }
    }

    /**
     * Checks that a name can be that of a schema in PostgreSQL, which truncates longer ones.
     *
     * @param name case-sensitive
     * @return the name
     * @throws IllegalArgumentException when it has not 1 to 63 bytes in UTF-8 or contains a control character, or when
     *     PostgreSQL reserves it
     */
    public static String schemaName(String name) {
        var bytes = name.length() > 63 ? name.length() : name.getBytes(StandardCharsets.UTF_8).length;
        if (bytes < 1 || bytes > 63 || !isText(name) || name.codePoints().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException("must be a schema name of 1 to 63 bytes without control characters");
        }
        if (name.startsWith("pg_") || name.equals("information_schema")) {
            throw new IllegalArgumentException("must not be a schema name that PostgreSQL reserves");
        }
        return name;
    }

    /**
     * Returns whether PostgreSQL can store a string as text: no U+0000, no unpaired surrogate.
     *
     * @param value any string
     */
    public static boolean isText(String value) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == 0 || Character.isLowSurrogate(c)) {
                return false;
            }
            if (Character.isHighSurrogate(c)) {
                if (i + 1 == value.length() || !Character.isLowSurrogate(value.charAt(i + 1))) {
                    return false;
                }
                i++;
            }
        }
        return true;
    }
}
