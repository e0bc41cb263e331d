package dev.byline.internal.feed;

import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.temporal.ChronoField;
import java.time.temporal.IsoFields;
import org.jspecify.annotations.Nullable;

/**
 * Reads dates of ISO 8601, extended and basic: calendar dates, weeks, ordinal days. Missing parts become the first:
 * {@code 2003} is the first of January.
 *
 * @see <a href="https://www.w3.org/TR/NOTE-datetime">W3CDTF</a>
 */
final class IsoDate {
    private IsoDate() {}

    /** Returns whether the text begins like a date of this kind. */
    static boolean isAhead(TimeScanner text) {
        var digits = text.digitsAhead();
        if (digits != 4) {
            return digits == 7 || digits == 8;
        }
        return text.length() == 4 || "-/w".indexOf(text.peek(4)) >= 0;
    }

    /**
     * Reads a date.
     *
     * @return null when the form is wrong
     * @throws DateTimeException when there is no such day
     */
    static @Nullable LocalDate read(TimeScanner text) {
        var digits = text.digitsAhead();
        var year = text.number(4);
        if (digits == 7) {
            return LocalDate.ofYearDay(year, text.number(3));
        }
        if (digits == 8) {
            return LocalDate.of(year, text.number(2), text.number(2));
        }
        var separator = text.peek();
        if (separator == 'w') {
            return week(text, year, false);
        }
        if (separator != '-' && separator != '/') {
            return LocalDate.of(year, 1, 1);
        }
        text.skip();
        return text.peek() == 'w' ? week(text, year, true) : afterYear(text, year, separator);
    }

    private static @Nullable LocalDate afterYear(TimeScanner text, int year, char separator) {
        return switch (text.digitsAhead()) {
            case 3 -> LocalDate.ofYearDay(year, text.number(3));
            case 1, 2 -> {
                var month = text.number(2);
                var hasDay = text.skip(separator);
                var digits = text.digitsAhead();
                yield hasDay && (digits == 0 || digits > 2)
                        ? null
                        : LocalDate.of(year, month, hasDay ? text.number(2) : 1);
            }
            default -> null;
        };
    }

    private static @Nullable LocalDate week(TimeScanner text, int weekYear, boolean extended) {
        text.skip(); // w
        var digits = text.digitsAhead();
        if (digits != 2 && (digits != 3 || extended)) {
            return null;
        }
        var week = text.number(2);
        var hasDay = extended ? text.skip('-') : digits == 3;
        var weekday = hasDay ? text.number(1) : 1;
        var date = LocalDate.of(weekYear, 1, 4)
                .with(IsoFields.WEEK_OF_WEEK_BASED_YEAR, week)
                .with(ChronoField.DAY_OF_WEEK, weekday);
        return date.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR) == week ? date : null; // not every year has week 53
    }
}
