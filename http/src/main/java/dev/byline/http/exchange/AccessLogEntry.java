package dev.byline.http.exchange;

import org.jspecify.annotations.Nullable;

/**
 * An entry of the access log: the argument of a log line, which is formatted later on another thread. It holds the
 * route, never the URI, whose query may contain search terms. No value needs escaping in JSON or contains a line break.
 *
 * @param requestId the request id: letters, digits, dots, dashes, underscores
 * @param method the HTTP method, {@code other} for a non-standard one
 * @param route the route's path, with parameters in braces
 * @param status the HTTP status, 499 when the client closed the connection
 * @param nanos the time from the end of the request headers to the end of the response, in nanoseconds
 * @param traceId the caller's W3C trace id, hexadecimal; null if it sent none
 * @param userId the caller's user id, null if the caller is no user
 */
public record AccessLogEntry(
        String requestId,
        String method,
        String route,
        int status,
        long nanos,
        @Nullable String traceId,
        @Nullable Long userId) {
    /** The access log: the logger that gets one line per request, at level INFO. */
    public static final String LOGGER = "dev.byline.requests";

    /** Appends the members of a JSON object, each with a leading comma. */
    public void appendTo(StringBuilder json) {
        json.append(",\"request_id\":\"").append(requestId);
        json.append("\",\"method\":\"").append(method);
        json.append("\",\"route\":\"").append(route);
        json.append("\",\"status\":").append(status);
        appendMillis(json.append(",\"duration_ms\":"));
        if (traceId != null) {
            json.append(",\"trace_id\":\"").append(traceId).append('"');
        }
        if (userId != null) {
            json.append(",\"user_id\":").append(userId.longValue());
        }
    }

    /** Returns the entry as text, {@code key=value}. */
    @Override
    public String toString() {
        var text = new StringBuilder(160).append("request_id=").append(requestId);
        text.append(" method=").append(method);
        text.append(" route=").append(route);
        text.append(" status=").append(status);
        appendMillis(text.append(" duration_ms="));
        if (traceId != null) {
            text.append(" trace_id=").append(traceId);
        }
        if (userId != null) {
            text.append(" user_id=").append(userId.longValue());
        }
        return text.toString();
    }

    private void appendMillis(StringBuilder text) {
        var micros = nanos / 1000;
        var fraction = micros % 1000;
        text.append(micros / 1000)
                .append(fraction < 10 ? ".00" : fraction < 100 ? ".0" : ".")
                .append(fraction);
    }
}
