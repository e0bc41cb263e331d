package dev.byline.internal.feed;

import java.time.LocalDate;
import java.time.LocalDateTime;
import org.jspecify.annotations.Nullable;

/**
 * A time of day: hh, hh:mm, hh:mm:ss, hhmm or hhmmss; the last part may have a fraction. A leap second becomes the last
 * microsecond before it.
 *
 * @param hour 0 to 24
 * @param nanos after the hour
 */
record TimeOfDay(int hour, long nanos) {
    private static final long NANOS = 1_000_000_000L;
    private static final long LAST_MICROSECOND = 999_999_000L;

    /** Reads a time; null when the form is wrong. */
    static @Nullable TimeOfDay read(TimeScanner text) {
        var digits = text.digitsAhead();
        var basic = digits == 4 || digits == 6;
        if (!basic && digits != 1 && digits != 2) {
            return null;
        }
        var hour = text.number(2);
        var unit = 3600; // seconds
        var seconds = 0L;
        var leap = false;
        while (unit > 1 && (basic ? text.digitsAhead() >= 2 : text.skipColon())) {
            unit /= 60;
            var length = text.digitsAhead();
            var value = text.number(2);
            leap = unit == 1 && value == 60;
            if (length == 0 || (!basic && length > 2) || (value > 59 && !leap)) {
                return null;
            }
            seconds += (leap ? 59L : value) * unit;
        }
        var nanos = seconds * NANOS + fraction(text, unit);
        return hour > 24 || (hour == 24 && nanos > 0)
                ? null
                : new TimeOfDay(hour, leap ? seconds * NANOS + LAST_MICROSECOND : nanos);
    }

    /** Reads a fraction of a unit, in nanoseconds; further digits are dropped. */
    private static long fraction(TimeScanner text, int unit) {
        if ((text.peek() != '.' && text.peek() != ',') || !TimeScanner.isDigit(text.peek(1))) {
            return 0;
        }
        text.skip();
        var nanos = 0L;
        for (var scale = unit * NANOS / 10; TimeScanner.isDigit(text.peek()); text.skip()) {
            nanos += (text.peek() - '0') * scale;
            scale /= 10;
        }
        return nanos;
    }

    /** Applies am or pm. An hour above 12 may have pm, but not am: then null. */
    @Nullable
    TimeOfDay inHalf(boolean afternoon) {
        var isWrong = afternoon ? hour == 24 : hour > 12;
        return isWrong ? null : new TimeOfDay(hour % 12 + (afternoon ? 12 : 0), nanos);
    }

    LocalDateTime on(LocalDate date) {
        return date.atStartOfDay().plusHours(hour).plusNanos(nanos);
    }
}
