package dev.byline.http;

import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Optional;

/** How times are written and read: in answers, in the log, in requests. */
public final class Rfc3339 {
    private Rfc3339() {}

    /**
     * In UTC with six digits of a fraction, such as {@code 2026-11-24T02:01:04.080124Z}; by hand, as a DateTimeFormatter
     * takes most of what a row costs.
     *
     * @param time of a year from 0 to 9999; what is finer than a microsecond is cut off
     */
    public static String format(Instant time) {
        var utc = LocalDateTime.ofEpochSecond(time.getEpochSecond(), time.getNano(), ZoneOffset.UTC);
        var text = new byte[27];
        digits(text, 0, 4, utc.getYear());
        text[4] = '-';
        digits(text, 5, 2, utc.getMonthValue());
        text[7] = '-';
        digits(text, 8, 2, utc.getDayOfMonth());
        text[10] = 'T';
        digits(text, 11, 2, utc.getHour());
        text[13] = ':';
        digits(text, 14, 2, utc.getMinute());
        text[16] = ':';
        digits(text, 17, 2, utc.getSecond());
        text[19] = '.';
        digits(text, 20, 6, utc.getNano() / 1000);
        text[26] = 'Z';
        return new String(text, StandardCharsets.ISO_8859_1);
    }

    /**
     * Reads a time: RFC 3339, with nothing of ISO 8601 beyond it. A fraction may have any number of digits, of which six count;
     * a leap second, which may be only where a day of UTC ends, is the last microsecond of that day.
     *
     * @param text of any length
     * @return nothing for what is no such time
     */
    public static Optional<Instant> parse(String text) {
        try {
            var year = number(text, 0, 4);
            expect(text, 4, "-");
            var month = number(text, 5, 2);
            expect(text, 7, "-");
            var day = number(text, 8, 2);
            expect(text, 10, "Tt");
            var hour = number(text, 11, 2);
            expect(text, 13, ":");
            var minute = number(text, 14, 2);
            expect(text, 16, ":");
            var second = number(text, 17, 2);
            var end = text.startsWith(".", 19) ? endOfDigits(text, 20) : 19;
            var micros = end == 19 ? 0 : micros(text, 20, end);
            var leap = second == 60;
            var utc = LocalDateTime.of(year, month, day, hour, minute, leap ? 59 : second)
                    .minusMinutes(offset(text, end));
            if (leap) {
                return utc.getHour() == 23 && utc.getMinute() == 59
                        ? Optional.of(utc.toInstant(ZoneOffset.UTC).plusNanos(999_999_000))
                        : Optional.empty();
            }
            return Optional.of(utc.toInstant(ZoneOffset.UTC).plusNanos(1000L * micros));
        } catch (DateTimeException e) {
            return Optional.empty();
        }
    }

    private static void expect(String text, int at, String characters) {
        if (at >= text.length() || characters.indexOf(text.charAt(at)) < 0) {
            throw new DateTimeException("not as in RFC 3339");
        }
    }

    /** ASCII digits only. */
    private static int number(String text, int from, int count) {
        var number = 0;
        for (int i = from; i < from + count; i++) {
            expect(text, i, "0123456789");
            number = 10 * number + text.charAt(i) - '0';
        }
        return number;
    }

    private static int endOfDigits(String text, int from) {
        var end = from;
        while (end < text.length() && text.charAt(end) >= '0' && text.charAt(end) <= '9') {
            end++;
        }
        return end;
    }

    private static int micros(String text, int from, int end) {
        var digits = Math.min(6, end - from);
        var number = number(text, from, Math.max(1, digits));
        for (int i = digits; i < 6; i++) {
            number *= 10;
        }
        return number;
    }

    /** Minutes east of UTC, from what must be the rest. */
    private static int offset(String text, int from) {
        if (from == text.length() - 1) {
            expect(text, from, "Zz");
            return 0;
        }
        expect(text, from, "+-");
        var hours = number(text, from + 1, 2);
        expect(text, from + 3, ":");
        var minutes = number(text, from + 4, 2);
        if (hours > 23 || minutes > 59 || text.length() != from + 6) {
            throw new DateTimeException("not as in RFC 3339");
        }
        return (text.charAt(from) == '-' ? -1 : 1) * (60 * hours + minutes);
    }

    private static void digits(byte[] text, int from, int count, int number) {
        var rest = number;
        for (int i = from + count - 1; i >= from; i--) {
            text[i] = (byte) ('0' + rest % 10);
            rest /= 10;
        }
    }
}
