package dev.byline.bench.fuzz;

import dev.byline.bench.harness.HttpConnection;
import java.util.List;
import java.util.Locale;

/**
 * A response, or its absence.
 *
 * @param nanos until it was read
 */
public record TimedResponse(HttpConnection.Response response, long nanos) {
    /** The status when the connection was closed before a response, or the response isn't HTTP. */
    public static final int CLOSED = 0;

    /** The status when there was no response within {@link FuzzClient#TIMEOUT}. */
    public static final int HUNG = -1;

    static TimedResponse none(int status, long nanos) {
        return new TimedResponse(new HttpConnection.Response(status, List.of(), ""), nanos);
    }

    public int status() {
        return response.status();
    }

    String header(String name) {
        return response.header(name);
    }

    String body() {
        return response.body();
    }

    double seconds() {
        return nanos / 1e9;
    }

    @Override
    public String toString() {
        return switch (status()) {
            case CLOSED -> "no response: the connection was closed";
            case HUNG -> "no response within " + FuzzClient.TIMEOUT.toSeconds() + " s";
            default ->
                String.format(
                        Locale.ROOT,
                        "%d in %.3f s, %s: %s",
                        status(),
                        seconds(),
                        header("Content-Type"),
                        Encoding.printable(body(), 400));
        };
    }
}
