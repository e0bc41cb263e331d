package dev.byline.internal.feed;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.temporal.ChronoField;
import java.time.temporal.IsoFields;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads the times of items: RFC 3339, W3CDTF and ISO 8601 (extended and basic, weeks, ordinal days), RFC 822 and 2822 with comments
 * and obsolete forms, RFC 850, {@code asctime}, and the spellings of these that feeds have. A wrong time is worse than none: a zone
 * that is not known makes it none. Without a zone it is UTC.
 *
 * <p>One pass over at most {@value #MAX_LENGTH} characters.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc5322#section-4.3">RFC 5322, obsolete dates</a>, <a
 *     href="https://www.w3.org/TR/NOTE-datetime">W3CDTF</a>
 */
final class FeedTime {
    /** The most characters of a time. */
    static final int MAX_LENGTH = 200;

    private static final List<String> MONTHS =
            List.of("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec");

    /** The first time that RFC 3339 can write. */
    private static final Instant EARLIEST = Instant.parse("0001-01-01T00:00:00Z");

    private final String text;
    private int at;

    private int year = -1;
    private int month = -1;
    private int day = -1;
    private @Nullable Clock clock;
    private @Nullable Boolean afternoon;
    private @Nullable String zone;
    private @Nullable String offset;

    private FeedTime(String text) {
        this.text = text;
    }

    /** Returns null for what is no time: an item without one is an item all the same. */
    static @Nullable Instant parse(String text) {
        if (text.length() > MAX_LENGTH) {
            return null;
        }
        var reader = new FeedTime(withoutComments(text).strip());
        try {
            var time = reader.isIso() ? reader.iso() : reader.words();
            return time == null || time.isBefore(EARLIEST) ? null : time;
        } catch (DateTimeException e) { // no such day, hour or zone
            return null;
        }
    }

    /** In lower case, of ASCII alone; comments of RFC 822, which may nest, are spaces. */
    private static String withoutComments(String text) {
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

    // ---- ISO 8601

    private boolean isIso() {
        var digits = digitsAhead();
        if (digits != 4) {
            return digits == 7 || digits == 8;
        }
        return text.length() == 4 || "-/w".indexOf(text.charAt(4)) >= 0;
    }

    private @Nullable Instant iso() {
        var date = isoDate();
        if (date == null) {
            return null;
        }
        if (skip('t') || (isSpace(peek()) && isDigit(afterSpaces()))) {
            skipSpaces();
            clock = clock();
            if (clock == null) {
                return null;
            }
        }
        return zone() ? instant(date) : null;
    }

    private @Nullable LocalDate isoDate() {
        var digits = digitsAhead();
        var first = number(4);
        if (digits > 4) { // basic: YYYYDDD, YYYYMMDD
            return digits == 7 ? LocalDate.ofYearDay(first, number(3)) : LocalDate.of(first, number(2), number(2));
        }
        var separator = peek();
        if (separator == 'w') {
            return week(first, false);
        }
        if (separator != '-' && separator != '/') {
            return LocalDate.of(first, 1, 1);
        }
        at++;
        if (peek() == 'w') {
            return week(first, true);
        }
        return switch (digitsAhead()) {
            case 3 -> LocalDate.ofYearDay(first, number(3));
            case 1, 2 -> {
                var second = number(2);
                var hasDay = skip(separator);
                var days = digitsAhead();
                yield hasDay && (days == 0 || days > 2) ? null : LocalDate.of(first, second, hasDay ? number(2) : 1);
            }
            default -> null;
        };
    }

    private @Nullable LocalDate week(int weekYear, boolean extended) {
        at++;
        var digits = digitsAhead();
        if (digits != 2 && (digits != 3 || extended)) {
            return null;
        }
        var week = number(2);
        var weekday = extended ? (skip('-') ? number(1) : 1) : digits == 3 ? number(1) : 1;
        var date = LocalDate.of(weekYear, 1, 4)
                .with(IsoFields.WEEK_OF_WEEK_BASED_YEAR, week)
                .with(ChronoField.DAY_OF_WEEK, weekday);
        return date.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR) == week ? date : null; // not each year has 53
    }

    // ---- RFC 822 and its kin: members in any order that leaves no doubt

    private @Nullable Instant words() {
        while (at < text.length()) {
            var c = peek();
            if (isSpace(c) || c == ',') {
                at++;
            } else if (!(isDigit(c) ? numeric() : isLetter(c) ? word() : offset())) {
                return null;
            }
        }
        return year < 0 || month < 0 || day < 0 ? null : instant(LocalDate.of(year, month, day));
    }

    private boolean numeric() {
        var digits = digitsAhead();
        var following = at + digits;
        while (following < text.length() && isSpace(text.charAt(following))) { // RFC 2822: 09 : 55 : 06
            following++;
        }
        if (following < text.length() && text.charAt(following) == ':') {
            var first = clock == null;
            clock = clock();
            return first && clock != null;
        }
        if (digits > 4) {
            return false;
        }
        var value = number(4);
        if (digits <= 2 && day < 0) {
            day = value;
            ordinal();
        } else if (digits >= 2 && year < 0) {
            // RFC 2822: two digits from 1950 to 2049, three from 1900 on
            year = digits == 4 ? value : digits == 2 && value < 50 ? 2000 + value : 1900 + value;
        } else {
            return false;
        }
        return dash();
    }

    private void ordinal() {
        for (var suffix : List.of("st", "nd", "rd", "th")) {
            if (text.startsWith(suffix, at)) {
                at += 2;
                return;
            }
        }
    }

    /** Between the members of a date: 06-Nov-94. */
    private boolean dash() {
        if (peek() == '-' && (year < 0 || month < 0)) {
            at++;
        }
        return true;
    }

    private boolean word() {
        var word = letters();
        var isMonth = word.length() >= 3 && MONTHS.contains(word.substring(0, 3));
        if (isMonth && month < 0) {
            month = MONTHS.indexOf(word.substring(0, 3)) + 1;
            skip('.');
            return dash();
        }
        if (day < 0 && month < 0 && year < 0) { // a weekday
            skip('.');
            return true;
        }
        return word.equals("at") || zone(word);
    }

    // ---- what both have

    /**
     * A time of the day. A leap second is the last microsecond before it.
     *
     * @param hour 0 to 24
     * @param nanos after the hour
     */
    private record Clock(int hour, long nanos) {}

    /** hh, hh:mm, hh:mm:ss, hhmm or hhmmss, the last of them with a fraction; null if it is none of these. */
    private @Nullable Clock clock() {
        var digits = digitsAhead();
        var basic = digits == 4 || digits == 6;
        if (!basic && digits != 1 && digits != 2) {
            return null;
        }
        var hour = number(2);
        var unit = 3600; // seconds
        var seconds = 0L;
        var leap = false;
        while (unit > 1 && (basic ? digitsAhead() >= 2 : colon())) {
            unit /= 60;
            var there = digitsAhead();
            var value = number(2);
            leap = unit == 1 && value == 60;
            if (there == 0 || (!basic && there > 2) || (value > 59 && !leap)) {
                return null;
            }
            seconds += (leap ? 59L : value) * unit;
        }
        var nanos = nanosOf(seconds) + fraction(unit);
        return hour > 24 || (hour == 24 && nanos > 0)
                ? null
                : new Clock(hour, leap ? nanosOf(seconds) + 999_999_000L : nanos);
    }

    private static long nanosOf(long seconds) {
        return seconds * 1_000_000_000L;
    }

    private boolean colon() {
        var start = at;
        skipSpaces();
        if (skip(':')) {
            skipSpaces();
            return true;
        }
        at = start;
        return false;
    }

    /** Of an hour, a minute or a second, in nanoseconds; what is finer is cut. */
    private long fraction(int unit) {
        if ((peek() != '.' && peek() != ',') || !isDigit(peek(1))) {
            return 0;
        }
        at++;
        var nanos = 0L;
        for (var scale = unit * 1_000_000_000L / 10; isDigit(peek()); at++) {
            nanos += (peek() - '0') * scale;
            scale /= 10;
        }
        return nanos;
    }

    /** Reads the rest: half of the day, name and offset of the zone. */
    private boolean zone() {
        while (at < text.length()) {
            if (isSpace(peek())) {
                at++;
            } else if (!(isLetter(peek()) ? zone(letters()) : offset())) {
                return false;
            }
        }
        return true;
    }

    private boolean zone(String word) {
        var half = word.replace(".", "");
        if (half.equals("am") || half.equals("pm")) {
            var first = afternoon == null;
            afternoon = half.equals("pm");
            return first && clock != null;
        }
        var first = zone == null;
        zone = word;
        return first;
    }

    private boolean offset() {
        var start = at;
        if (offset != null || (peek() != '+' && peek() != '-')) {
            return false;
        }
        at++;
        var digits = digitsAhead();
        at += digits;
        if (digits <= 2 && peek() == ':' && isDigit(peek(1)) && isDigit(peek(2))) {
            at += 3;
        }
        offset = text.substring(start, at);
        return digits > 0 && digits <= 4 && digits != 3;
    }

    private @Nullable Instant instant(LocalDate date) {
        var time = date.atStartOfDay();
        if (clock != null) {
            var hour = hour(clock.hour());
            if (hour < 0) {
                return null;
            }
            time = time.plusHours(hour).plusNanos(clock.nanos());
        }
        return FeedZone.instant(time, zone, offset);
    }

    private int hour(int hour) {
        if (afternoon == null) {
            return hour;
        }
        if (afternoon) {
            return hour < 12 ? hour + 12 : hour == 24 ? -1 : hour;
        }
        return hour > 12 ? -1 : hour % 12;
    }

    // ---- characters

    /** The next character, NUL at the end. */
    private char peek() {
        return peek(0);
    }

    private char peek(int ahead) {
        return at + ahead < text.length() ? text.charAt(at + ahead) : 0;
    }

    private boolean skip(char c) {
        if (peek() != c) {
            return false;
        }
        at++;
        return true;
    }

    private void skipSpaces() {
        while (isSpace(peek())) {
            at++;
        }
    }

    private char afterSpaces() {
        var ahead = 0;
        while (isSpace(peek(ahead))) {
            ahead++;
        }
        return peek(ahead);
    }

    private int digitsAhead() {
        var digits = 0;
        while (isDigit(peek(digits))) {
            digits++;
        }
        return digits;
    }

    /** At most so many digits; zero if there are none. */
    private int number(int most) {
        var value = 0;
        for (int i = 0; i < most && isDigit(peek()); i++) {
            value = value * 10 + (peek() - '0');
            at++;
        }
        return value;
    }

    /** A name: letters, a.m., or a region with what belongs to its name. */
    private String letters() {
        var start = at;
        var region = false;
        while (isLetter(peek())
                || (at > start && (peek() == '.' || peek() == '_'))
                || (at > start && peek() == '/')
                || (region && (isDigit(peek()) || peek() == '-' || peek() == '+'))) {
            region |= peek() == '/';
            at++;
        }
        return text.substring(start, at);
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private static boolean isLetter(char c) {
        return c >= 'a' && c <= 'z';
    }

    private static boolean isSpace(char c) {
        return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\u00a0';
    }
}
