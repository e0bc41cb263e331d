package dev.byline.http;

import dev.byline.model.BylineException;
import dev.byline.model.IdempotencyKey;
import io.javalin.http.Context;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads what clients send, strictly: nothing is guessed, nothing is ignored. */
final class Requests {
    /** What a PATCH may be: RFC 7396. */
    static final String PATCH_TYPES = "application/merge-patch+json, application/json";

    private static final Pattern ID = Pattern.compile("[0-9]{1,19}");

    private Requests() {}

    static long pathId(Context ctx) {
        return id("id", ctx.pathParam("id"));
    }

    static long id(String name, String text) {
        try {
            if (ID.matcher(text).matches() && Long.parseLong(text) > 0) {
                return Long.parseLong(text);
            }
        } catch (NumberFormatException e) {
            // more than a long
        }
        throw HttpProblem.malformedParameter(name, "must be a positive whole number");
    }

    /** The query parameters that the route has. */
    static QueryParameters query(Context ctx) {
        return Exchange.of(ctx).query();
    }

    /** Reads a JSON object. */
    static JsonFields body(Context ctx) {
        requireType(ctx, Set.of("application/json"), Map.of());
        return JsonFields.parse(text(ctx));
    }

    /** Reads a JSON object, an empty one where there is no body. */
    static JsonFields optionalBody(Context ctx) {
        return announcesBody(ctx) ? body(ctx) : JsonFields.parse("{}");
    }

    private static boolean announcesBody(Context ctx) {
        return ctx.req().getContentLengthLong() > 0 || ctx.req().getHeader("Transfer-Encoding") != null;
    }

    /** Reads a merge patch (RFC 7396). */
    static JsonFields patch(Context ctx) {
        requireType(
                ctx, Set.of("application/merge-patch+json", "application/json"), Map.of("Accept-Patch", PATCH_TYPES));
        return JsonFields.parse(text(ctx));
    }

    /**
     * What makes a repetition safe, if the client asked for that.
     *
     * @param origin what tells anonymous callers apart
     */
    static @Nullable IdempotencyKey idempotencyKey(Context ctx, String origin) {
        var headers = Collections.list(ctx.req().getHeaders("Idempotency-Key"));
        if (headers.isEmpty()) {
            return null;
        }
        if (headers.size() > 1) {
            throw HttpProblem.malformedParameter("Idempotency-Key", "must not be repeated");
        }
        try {
            return new IdempotencyKey(headers.getFirst(), origin);
        } catch (BylineException.Invalid e) {
            throw HttpProblem.malformedParameter(
                    "Idempotency-Key", e.errors().getFirst().message());
        }
    }

    /** Whether the client takes JSON. The most specific range decides (RFC 9110, 12.5.1). */
    static void requireJsonWanted(Context ctx) {
        var headers = ctx.req().getHeaders("Accept");
        var first = headers.hasMoreElements() ? headers.nextElement() : "*/*";
        if (!headers.hasMoreElements() && (first.equals("*/*") || first.equals("application/json"))) {
            return; // what most programs send
        }
        var ranges = accepted(ctx);
        for (var range : List.of("application/json", "application/*", "*/*")) {
            var wanted = ranges.get(range);
            if (wanted != null && wanted) {
                return;
            }
            if (wanted != null) {
                break;
            }
        }
        if (!ranges.isEmpty()) {
            throw new HttpProblem(Problem.NOT_ACCEPTABLE, "answers are application/json");
        }
    }

    /** Whether the client is a browser that somebody sits at: they ask for HTML by name, programs for JSON or anything. */
    static boolean isHtmlWanted(Context ctx) {
        var ranges = accepted(ctx);
        return ranges.getOrDefault("text/html", false) && !ranges.containsKey("application/json");
    }

    /** The ranges of the header Accept: true, or false for one with a quality of 0. */
    private static Map<String, Boolean> accepted(Context ctx) {
        return accepted(String.join(",", Collections.list(ctx.req().getHeaders("Accept"))));
    }

    static Map<String, Boolean> accepted(String accept) {
        var ranges = new HashMap<String, Boolean>();
        for (var range : lower(accept).split(",", -1)) {
            if (!range.isBlank()) {
                var parts = range.split(";", -1);
                var wanted = Arrays.stream(parts).skip(1).noneMatch(Requests::isZeroQuality);
                ranges.merge(parts[0].strip(), wanted, Boolean::logicalOr);
            }
        }
        return ranges;
    }

    private static boolean isZeroQuality(String parameter) {
        var text = parameter.strip();
        return text.startsWith("q=0")
                && (text.length() == 3
                        || (text.charAt(3) == '.' && text.chars().skip(4).allMatch(c -> c == '0')));
    }

    /** Lower case of ASCII only: tokens of HTTP have no other letters, and the JDK's mapping isn't linear for some. */
    private static String lower(String text) {
        var lower = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            var c = text.charAt(i);
            lower.append(c >= 'A' && c <= 'Z' ? (char) (c + ('a' - 'A')) : c);
        }
        return lower.toString();
    }

    private static void requireType(Context ctx, Set<String> types, Map<String, String> headers) {
        var header = ctx.req().getHeader("Content-Type"); // getContentType() throws at an unknown charset
        if (header == null || !isUtf8(header, types)) {
            throw unsupported("the body must be " + String.join(" or ", types) + " in UTF-8", headers);
        }
        var coding = ctx.req().getHeader("Content-Encoding");
        if (coding != null && !coding.equalsIgnoreCase("identity")) {
            throw unsupported("the body must not be compressed", headers);
        }
    }

    static boolean isUtf8(String contentType, Set<String> types) {
        var parts = lower(contentType).split(";", -1);
        var charset = "utf-8";
        for (var part : parts) {
            var trimmed = part.strip();
            if (trimmed.startsWith("charset=")) {
                charset = trimmed.substring("charset=".length()).replace("\"", "");
            }
        }
        return types.contains(parts[0].strip()) && charset.equals("utf-8");
    }

    private static String text(Context ctx) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes(ctx)))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new HttpProblem(Problem.MALFORMED, "the body is not UTF-8");
        }
    }

    /** Ends here when the body didn't come; one that is too large may be of no interest to the route. */
    static void requireBodyArrived(Context ctx) {
        var problem = Exchange.of(ctx).bodyProblem();
        if (problem != null && problem.problem != Problem.TOO_LARGE) {
            throw problem;
        }
    }

    private static byte[] bytes(Context ctx) {
        var exchange = Exchange.of(ctx);
        var problem = exchange.bodyProblem();
        if (problem != null) {
            throw problem;
        }
        var bytes = exchange.body();
        return bytes == null ? new byte[0] : bytes;
    }

    private static HttpProblem unsupported(String detail, Map<String, String> headers) {
        return new HttpProblem(Problem.UNSUPPORTED_TYPE, detail, List.of(), headers);
    }
}
