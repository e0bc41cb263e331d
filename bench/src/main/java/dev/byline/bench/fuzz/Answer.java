package dev.byline.bench.fuzz;

import java.util.Locale;
import java.util.Map;

/**
 * What came back.
 *
 * @param status {@link #CLOSED} and {@link #HUNG} where there is no answer
 * @param headers by their names in lower case; of several, the last
 * @param body each character a byte
 * @param nanos until its end
 */
public record Answer(int status, Map<String, String> headers, String body, long nanos) {
    /** The connection was closed before an answer was there, or it was no HTTP. */
    public static final int CLOSED = 0;

    /** There was no answer within {@link Connection#TIMEOUT}. */
    public static final int HUNG = -1;

    static Answer none(int status, long nanos) {
        return new Answer(status, Map.of(), "", nanos);
    }

    public double seconds() {
        return nanos / 1e9;
    }

    String header(String name) {
        return headers.getOrDefault(name, "");
    }

    @Override
    public String toString() {
        return switch (status) {
            case CLOSED -> "no answer: the connection was closed";
            case HUNG -> "no answer within " + Connection.TIMEOUT.toSeconds() + " s";
            default ->
                String.format(
                        Locale.ROOT,
                        "%d in %.3f s, %s: %s",
                        status,
                        seconds(),
                        header("content-type"),
                        Bytes.show(body, 400));
        };
    }
}
