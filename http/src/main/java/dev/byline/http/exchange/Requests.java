package dev.byline.http.exchange;

import dev.byline.http.message.HttpProblem;
import dev.byline.http.message.JsonFields;
import dev.byline.http.message.Problem;
import dev.byline.http.message.QueryParameters;
import dev.byline.model.BylineException;
import dev.byline.model.IdempotencyKey;
import io.javalin.http.Context;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Parses requests strictly: rejects what is unknown or malformed instead of ignoring it. */
public final class Requests {
    /** Media types of a PATCH: JSON merge patch (RFC 7396). */
    static final String PATCH_TYPES = "application/merge-patch+json, application/json";

    private Requests() {}

    public static long pathId(Context ctx) {
        return QueryParameters.id("id", ctx.pathParam("id"));
    }

    /** Returns the parsed query parameters. */
    public static QueryParameters query(Context ctx) {
        return Exchange.of(ctx).query();
    }

    /** Parses the body as a JSON object. */
    public static JsonFields body(Context ctx) {
        requireType(ctx, List.of("application/json"), Map.of());
        return JsonFields.parse(text(ctx));
    }

    /** Parses the body as a JSON object; without a body, returns an empty one. */
    public static JsonFields optionalBody(Context ctx) {
        return announcesBody(ctx) ? body(ctx) : JsonFields.parse("{}");
    }

    private static boolean announcesBody(Context ctx) {
        return ctx.req().getContentLengthLong() > 0 || ctx.req().getHeader("Transfer-Encoding") != null;
    }

    /** Parses the body as a JSON merge patch (RFC 7396). */
    public static JsonFields patch(Context ctx) {
        requireType(
                ctx, List.of("application/merge-patch+json", "application/json"), Map.of("Accept-Patch", PATCH_TYPES));
        return JsonFields.parse(text(ctx));
    }

    /**
     * Returns the Idempotency-Key, null if the request has none.
     *
     * @param origin separates the keys of anonymous callers
     */
    public static @Nullable IdempotencyKey idempotencyKey(Context ctx, String origin) {
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

    /** Rejects a request whose Accept excludes JSON. The most specific media range decides (RFC 9110, 12.5.1). */
    public static void requireJsonWanted(Context ctx) {
        var headers = ctx.req().getHeaders("Accept");
        var first = headers.hasMoreElements() ? headers.nextElement() : "*/*";
        if (!headers.hasMoreElements() && (first.equals("*/*") || first.equals("application/json"))) {
            return; // what most clients send
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
            throw new HttpProblem(Problem.NOT_ACCEPTABLE, "Accept must allow application/json");
        }
    }

    /** Returns whether the client is a browser: browsers name text/html in Accept, programs JSON or any type. */
    public static boolean isHtmlWanted(Context ctx) {
        var ranges = accepted(ctx);
        return ranges.getOrDefault("text/html", false) && !ranges.containsKey("application/json");
    }

    /** Returns the media ranges of Accept; false marks one with quality 0 (not acceptable). */
    private static Map<String, Boolean> accepted(Context ctx) {
        return accepted(String.join(",", Collections.list(ctx.req().getHeaders("Accept"))));
    }

    public static Map<String, Boolean> accepted(String accept) {
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

    /** Lower-cases ASCII only: HTTP tokens have no other letters, and the JDK's mapping isn't linear for some. */
    private static String lower(String text) {
        var lower = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            var c = text.charAt(i);
            lower.append(c >= 'A' && c <= 'Z' ? (char) (c + ('a' - 'A')) : c);
        }
        return lower.toString();
    }

    private static void requireType(Context ctx, List<String> types, Map<String, String> headers) {
        var header = ctx.req().getHeader("Content-Type"); // getContentType() throws at an unknown charset
        if (header == null || !isUtf8(header, types)) {
            throw unsupported("Content-Type must be " + String.join(" or ", types) + " in UTF-8", headers);
        }
        var coding = ctx.req().getHeader("Content-Encoding");
        if (coding != null && !coding.equalsIgnoreCase("identity")) {
            throw unsupported("the body must not be compressed: omit Content-Encoding", headers);
        }
    }

    public static boolean isUtf8(String contentType, Collection<String> types) {
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
            throw new HttpProblem(Problem.MALFORMED, "the body is not valid UTF-8");
        }
    }

    /** Rejects a request whose body was not read. Too large is reported later, only by routes that use the body. */
    public static void requireBodyArrived(Context ctx) {
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
