package dev.byline.http.message;

import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Optional;

/** Formats and parses times as in RFC 3339, for responses, logs and requests. */
public final class Rfc3339 {
    private Rfc3339() {}

    /**
     * Formats a time in UTC with six fraction digits, such as {@code 2026-11-24T02:01:04.080124Z}. Not by a
     * DateTimeFormatter, which would take most of the time of rendering a row.
     *
     * @param time a time in the years 0 to 9999; truncated to microseconds
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
     * Parses a time: RFC 3339 only, no other forms of ISO 8601. A fraction may have any number of digits and is
     * truncated to six. A leap second is allowed at the end of a UTC day only, and becomes the last microsecond of that
     * day.
     *
     * @param text text of any length
     * @return empty if the text is not such a time
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

    /** Parses a fixed number of ASCII digits. */
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

    /** Parses the offset, which must end the text. Returns minutes east of UTC. */
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
