package dev.byline.internal.feed;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Parses the times of items: RFC 3339, W3CDTF, ISO 8601 ({@link IsoDate}), RFC 822 and 2822 with comments and obsolete
 * forms, RFC 850, {@code asctime}, and common variations of these. A wrong time is worse than none, so a time with an
 * unknown zone counts as missing. A time without a zone is UTC.
 *
 * <p>Reads the text in one pass, at most {@value #MAX_LENGTH} characters.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc5322#section-4.3">RFC 5322, obsolete dates</a>
 */
final class FeedTime {
    /** The maximum length of a time. */
    static final int MAX_LENGTH = 200;

    private static final List<String> MONTHS =
            List.of("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec");

    private static final List<String> ORDINALS = List.of("st", "nd", "rd", "th");

    /** The first time that RFC 3339 can express. */
    private static final Instant EARLIEST = Instant.parse("0001-01-01T00:00:00Z");

    private final TimeScanner text;

    private int year = -1;
    private int month = -1;
    private int day = -1;
    private @Nullable TimeOfDay timeOfDay;
    private @Nullable Boolean afternoon;
    private @Nullable String zone;
    private @Nullable String offset;

    private FeedTime(String text) {
        this.text = new TimeScanner(text);
    }

    /** Parses a time; null when the text isn't one. */
    static @Nullable Instant parse(String text) {
        if (text.length() > MAX_LENGTH) {
            return null;
        }
        var parser = new FeedTime(normalized(text).strip());
        try {
            var time = IsoDate.isAhead(parser.text) ? parser.iso() : parser.rfc822();
            return time == null || time.isBefore(EARLIEST) ? null : time;
        } catch (DateTimeException e) { // no such day, hour or offset
            return null;
        }
    }

    /**
     * Replaces RFC 822 comments, which may nest, with a space, ASCII capitals with small letters, U+2212 with a hyphen.
     */
    private static String normalized(String text) {
        var plain = new StringBuilder(text.length());
        var depth = 0;
        for (int i = 0; i < text.length(); i++) {
            var c = text.charAt(i);
            if (c == '(') {
                depth++;
            } else if (c == ')' && depth > 0) {
                depth--;
                plain.append(' ');
            } else if (c == '\\' && depth > 0) {
                i++;
            } else if (depth == 0) {
                plain.append(c >= 'A' && c <= 'Z' ? (char) (c + 32) : c == '\u2212' ? '-' : c);
            }
        }
        return plain.toString();
    }

    private @Nullable Instant iso() {
        var date = IsoDate.read(text);
        if (date == null) {
            return null;
        }
        var afterSpaces = text.spacesAhead(0);
        if (text.skip('t') || (afterSpaces > 0 && TimeScanner.isDigit(text.peek(afterSpaces)))) {
            text.skipSpaces();
            timeOfDay = TimeOfDay.read(text);
            if (timeOfDay == null) {
                return null;
            }
        }
        return readZone() ? instant(date) : null;
    }

    /** Reads RFC 822 and its variations: the parts may have any unambiguous order. */
    private @Nullable Instant rfc822() {
        while (!text.isAtEnd()) {
            var c = text.peek();
            if (TimeScanner.isSpace(c) || c == ',') {
                text.skip();
            } else if (!(TimeScanner.isDigit(c) ? number() : TimeScanner.isLetter(c) ? word() : offset())) {
                return null;
            }
        }
        return year < 0 || month < 0 || day < 0 ? null : instant(LocalDate.of(year, month, day));
    }

    /** Reads a time of day, a day or a year. */
    private boolean number() {
        var digits = text.digitsAhead();
        if (text.peek(text.spacesAhead(digits)) == ':') {
            var isFirst = timeOfDay == null;
            timeOfDay = TimeOfDay.read(text);
            return isFirst && timeOfDay != null;
        }
        if (digits > 4) {
            return false;
        }
        var value = text.number(4);
        if (digits <= 2 && day < 0) {
            day = value;
            text.skipAny(ORDINALS);
        } else if (digits >= 2 && year < 0) {
            // RFC 2822: two digits mean 1950 to 2049, three count from 1900
            year = digits == 4 ? value : digits == 2 && value < 50 ? 2000 + value : 1900 + value;
        } else {
            return false;
        }
        skipDash();
        return true;
    }

    /** Skips the hyphen between the parts of a date: 06-Nov-94. */
    private void skipDash() {
        if (year < 0 || month < 0) {
            text.skip('-');
        }
    }

    /** Reads a month, a weekday, "at", am, pm or a zone. */
    private boolean word() {
        var word = text.name();
        var index = word.length() < 3 ? -1 : MONTHS.indexOf(word.substring(0, 3));
        if (index >= 0 && month < 0) {
            month = index + 1;
            text.skip('.');
            skipDash();
            return true;
        }
        if (day < 0 && month < 0 && year < 0) { // a weekday
            text.skip('.');
            return true;
        }
        return word.equals("at") || zoneOrHalf(word);
    }

    /** Reads the rest after an ISO date and time: am or pm, name and offset of the zone. */
    private boolean readZone() {
        while (!text.isAtEnd()) {
            if (TimeScanner.isSpace(text.peek())) {
                text.skip();
            } else if (!(TimeScanner.isLetter(text.peek()) ? zoneOrHalf(text.name()) : offset())) {
                return false;
            }
        }
        return true;
    }

    private boolean zoneOrHalf(String word) {
        var half = word.replace(".", "");
        if (half.equals("am") || half.equals("pm")) {
            var isFirst = afternoon == null;
            afternoon = half.equals("pm");
            return isFirst && timeOfDay != null;
        }
        var isFirst = zone == null;
        zone = word;
        return isFirst;
    }

    /** Reads +h, +hh, +hhmm, +h:mm or +hh:mm. */
    private boolean offset() {
        if (offset != null || (text.peek() != '+' && text.peek() != '-')) {
            return false;
        }
        var sign = text.take(1);
        var digits = text.digitsAhead();
        var hasMinutes = digits <= 2
                && text.peek(digits) == ':'
                && TimeScanner.isDigit(text.peek(digits + 1))
                && TimeScanner.isDigit(text.peek(digits + 2));
        offset = sign + text.take(hasMinutes ? digits + 3 : digits);
        return digits > 0 && digits <= 4 && digits != 3;
    }

    private @Nullable Instant instant(LocalDate date) {
        if (timeOfDay == null) {
            return FeedZone.instant(date.atStartOfDay(), zone, offset);
        }
        var time = afternoon == null ? timeOfDay : timeOfDay.inHalf(afternoon);
        return time == null ? null : FeedZone.instant(time.on(date), zone, offset);
    }
}
