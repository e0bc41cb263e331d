package dev.byline.internal.feed;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Collections;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Resolves time zones: names of RFC 822, common abbreviations with one meaning, and regions of the time zone database.
 * Abbreviations with several meanings (IST, AST) are unknown.
 */
final class FeedZone {
    private static final Map<String, ZoneId> ZONES = zones();

    private FeedZone() {}

    /**
     * Converts a local time; without name and offset it is UTC.
     *
     * @param name the name of the zone, in lower case
     * @param offset the offset from UTC, with a sign; takes precedence over the name
     * @return null for an unknown zone
     * @throws DateTimeException when the offset is out of range
     */
    static @Nullable Instant instant(LocalDateTime time, @Nullable String name, @Nullable String offset) {
        if (offset != null) {
            return time.toInstant(offset(offset));
        }
        if (name == null) {
            return time.toInstant(ZoneOffset.UTC);
        }
        var zone = ZONES.get(name);
        return zone == null ? null : time.atZone(zone).toInstant();
    }

    /** Parses +h, +hh, +hhmm, +h:mm or +hh:mm. */
    private static ZoneOffset offset(String text) {
        var digits = text.substring(1).replace(":", "");
        var number = Integer.parseInt(digits);
        var minutes = digits.length() <= 2 ? number * 60 : number / 100 * 60 + checkMinutes(number % 100);
        return ZoneOffset.ofTotalSeconds((text.charAt(0) == '-' ? -60 : 60) * minutes);
    }

    private static int checkMinutes(int minutes) {
        if (minutes > 59) {
            throw new DateTimeException("invalid minutes of an offset: " + minutes);
        }
        return minutes;
    }

    private static Map<String, ZoneId> zones() {
        var zones = new HashMap<String, ZoneId>();
        for (var id : ZoneId.getAvailableZoneIds()) {
            if (id.contains("/")) {
                zones.put(id.toLowerCase(Locale.ROOT), ZoneId.of(id));
            }
        }
        add(zones, "ut utc gmt z zulu wet", 0);
        add(zones, "est cdt", -5 * 60);
        add(zones, "edt", -4 * 60);
        add(zones, "cst mdt", -6 * 60);
        add(zones, "mst pdt", -7 * 60);
        add(zones, "pst akdt", -8 * 60);
        add(zones, "akst", -9 * 60);
        add(zones, "hst", -10 * 60);
        add(zones, "adt brt art", -3 * 60);
        add(zones, "nst", -3 * 60 - 30);
        add(zones, "ndt", -2 * 60 - 30);
        add(zones, "cet met mez bst west", 60);
        add(zones, "cest mest mesz eet sast", 2 * 60);
        add(zones, "eest msk trt", 3 * 60);
        add(zones, "pkt", 5 * 60);
        add(zones, "wib", 7 * 60);
        add(zones, "hkt sgt awst", 8 * 60);
        add(zones, "jst kst", 9 * 60);
        add(zones, "acst", 9 * 60 + 30);
        add(zones, "aest", 10 * 60);
        add(zones, "acdt", 10 * 60 + 30);
        add(zones, "aedt", 11 * 60);
        add(zones, "nzst", 12 * 60);
        add(zones, "nzdt", 13 * 60);
        // The military letters as RFC 822 defines them, west first, without J.
        for (int i = 1; i <= 12; i++) {
            add(zones, String.valueOf("abcdefghiklm".charAt(i - 1)), -i * 60);
            add(zones, String.valueOf("nopqrstuvwxy".charAt(i - 1)), i * 60);
        }
        return Collections.unmodifiableMap(zones);
    }

    private static void add(Map<String, ZoneId> zones, String names, int minutes) {
        for (var name : names.split(" ", -1)) {
            zones.put(name, ZoneOffset.ofTotalSeconds(minutes * 60));
        }
    }
}
