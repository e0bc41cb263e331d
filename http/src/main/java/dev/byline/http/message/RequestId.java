package dev.byline.http.message;

import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The id of a request in responses and logs: the client's own if it is safe to log, otherwise a new one. */
public final class RequestId {
    public static final String HEADER = "X-Request-Id";

    private static final Pattern HARMLESS = Pattern.compile("[A-Za-z0-9._-]{1,128}");

    private RequestId() {}

    public static String choose(@Nullable String clients) {
        return clients != null && HARMLESS.matcher(clients).matches()
                ? clients
                : HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
    }
}
