package dev.byline.http.message;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Parses the traceparent header.
 *
 * @see <a href="https://www.w3.org/TR/trace-context/#traceparent-header">W3C Trace Context</a>
 */
public final class TraceParent {
    /** Matches version 00. Later versions start with the same four fields. */
    private static final Pattern FIELDS =
            Pattern.compile("(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}");

    private static final int LENGTH = 55;

    private TraceParent() {}

    /** Returns the trace id of a traceparent header, null if it is malformed. Ignores fields of later versions. */
    public static @Nullable String traceId(@Nullable String traceparent) {
        if (traceparent == null
                || traceparent.length() < LENGTH
                || (traceparent.length() > LENGTH && traceparent.charAt(LENGTH) != '-')) {
            return null;
        }
        var matcher = FIELDS.matcher(traceparent).region(0, LENGTH);
        return matcher.matches() ? matcher.group(1) : null;
    }
}
