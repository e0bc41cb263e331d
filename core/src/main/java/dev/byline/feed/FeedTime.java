package dev.byline.feed;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Times as feeds have them: RFC 3339 and the other forms of ISO 8601, RFC 822 and its kin. */
final class FeedTime {
    private static final Pattern RFC_822 = Pattern.compile(
            "(?:[a-z]+,?\\s+)?([0-9]{1,2})\\s+([a-z]{3})[a-z]*\\s+([0-9]{2,4})(?:\\s+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?)?"
                    + "\\s*(\\S*)");
    private static final List<String> MONTHS =
            List.of("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec");
    private static final Map<String, String> ZONES = Map.of(
            "est", "-05", "edt", "-04", "cst", "-06", "cdt", "-05", "mst", "-07", "mdt", "-06", "pst", "-08", "pdt",
            "-07");

    private FeedTime() {}

    /** Returns null for what is no time: an item without one is an item all the same. Without a zone it is UTC. */
    static @Nullable Instant parse(String text) {
        var stripped = text.strip();
        if (stripped.isEmpty() || stripped.length() > 100) {
            return null;
        }
        try {
            return Character.isDigit(stripped.charAt(0)) && stripped.indexOf('-') == 4
                    ? iso(stripped.toUpperCase(Locale.ROOT))
                    : rfc822(stripped.toLowerCase(Locale.ROOT));
        } catch (DateTimeException e) {
            return null;
        }
    }

    private static Instant iso(String text) {
        var joined = text.replaceFirst("^([0-9-]{10}) ", "$1T").replaceFirst("([+-][0-9]{2})([0-9]{2})$", "$1:$2");
        try {
            return OffsetDateTime.parse(joined).toInstant();
        } catch (DateTimeParseException e) {
            return joined.contains("T")
                    ? LocalDateTime.parse(joined).toInstant(ZoneOffset.UTC)
                    : LocalDate.parse(joined).atStartOfDay().toInstant(ZoneOffset.UTC);
        }
    }

    private static @Nullable Instant rfc822(String text) {
        var match = RFC_822.matcher(text);
        if (!match.matches() || !MONTHS.contains(match.group(2))) {
            return null;
        }
        return LocalDateTime.of(
                        year(match.group(3)),
                        MONTHS.indexOf(match.group(2)) + 1,
                        Integer.parseInt(match.group(1)),
                        number(match.group(4)),
                        number(match.group(5)),
                        Math.min(59, number(match.group(6)))) // a leap second
                .toInstant(zone(match.group(7)));
    }

    private static int number(@Nullable String digits) {
        return digits == null ? 0 : Integer.parseInt(digits);
    }

    private static int year(String digits) {
        var year = Integer.parseInt(digits);
        return digits.length() == 4 ? year : year < 50 ? 2000 + year : 1900 + year;
    }

    private static ZoneOffset zone(String name) {
        var offset = ZONES.getOrDefault(name, name);
        return offset.matches("[+-][0-9]{2}(:?[0-9]{2})?") ? ZoneOffset.of(offset) : ZoneOffset.UTC;
    }
}
