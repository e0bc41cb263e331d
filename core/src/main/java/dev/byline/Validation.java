package dev.byline;

import java.util.ArrayList;
import java.util.List;

/** Collects every fault of a record's fields, so that they are reported at once. Not safe for use by several threads. */
public final class Validation {
    private final List<FieldError> errors = new ArrayList<>();

    /**
     * Records a fault unless the condition holds.
     *
     * @param holds what must be true
     * @param field the field to blame
     * @param message what is wrong with it
     * @return whether it held
     */
    public boolean check(boolean holds, String field, String message) {
        if (!holds) {
            errors.add(new FieldError(field, message));
        }
        return holds;
    }

    /**
     * Text that PostgreSQL and UTF-8 can hold, of a length within limits.
     *
     * @param field the field to blame
     * @param value the text
     * @param min fewest code points
     * @param max most code points
     * @return whether it passed
     */
    public boolean text(String field, String value, int min, int max) {
        if (!check(isText(value), field, "must not contain U+0000 or an unpaired surrogate")) {
            return false;
        }
        var length = value.codePointCount(0, value.length());
        return check(
                length >= min && length <= max,
                field,
                min == 0
                        ? "must have at most " + max + " characters"
                        : "must have " + min + " to " + max + " characters");
    }

    /** Throws what was collected, if anything was. */
    public void throwIfInvalid() {
        if (!errors.isEmpty()) {
            throw new BylineException.Invalid(errors);
        }
    }

    /**
     * Whether a string is what PostgreSQL can store as text: no U+0000, every surrogate in its pair.
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
