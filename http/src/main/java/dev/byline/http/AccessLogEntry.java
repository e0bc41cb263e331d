package dev.byline.http;

import org.jspecify.annotations.Nullable;

/**
 * What the log says of a request: the argument of its line, which is written later on another thread. It names the route, never the
 * address, whose query may hold what somebody searched for. No value needs escaping in JSON or splits a line.
 *
 * @param requestId letters, digits, dots, dashes
 * @param method of HTTP, {@code other} for one that isn't
 * @param route with parameters in braces
 * @param status of HTTP, 499 when the client had gone
 * @param nanos from the end of the headers to the end of the answer
 * @param traceId of the caller's W3C trace, hexadecimal; null if it sent none
 * @param userId null for nobody known
 */
public record AccessLogEntry(
        String requestId,
        String method,
        String route,
        int status,
        long nanos,
        @Nullable String traceId,
        @Nullable Long userId) {

    /** Adds members of a JSON object, each with a comma before it. */
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

    /** For lines that people read. */
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
