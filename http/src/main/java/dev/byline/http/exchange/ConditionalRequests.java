package dev.byline.http.exchange;

import dev.byline.http.message.Digests;
import dev.byline.http.message.HttpProblem;
import dev.byline.http.message.Json;
import dev.byline.http.message.Problem;
import dev.byline.model.BylineException;
import dev.byline.model.ExpectedVersion;
import dev.byline.model.Post;
import dev.byline.model.Principal;
import dev.byline.model.User;
import io.javalin.http.Context;
import io.javalin.http.HttpStatus;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.regex.Pattern;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.PreEncodedHttpField;

/**
 * ETags and conditional requests. All entity tags are strong: equal tags mean equal bytes.
 *
 * <p>The tag of a row holds the format, the id, the version and the time of its last change in microseconds. The id,
 * because one address may show different rows to different callers. The time, because after a failover that lost writes
 * an id is given again, and another row starts with the same version.
 *
 * <p>Proxies that compress change tags: to a weak one (nginx, HAProxy), or with a suffix (Apache, Caddy). Such forms
 * match all the same. RFC 9110 demands a strong comparison for If-Match; this one is as safe, because a tag names a
 * version of a row and not only bytes.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc9110#section-13">RFC 9110, 13: conditional requests</a>
 */
public final class ConditionalRequests {
    /** The version of the representation: increment it when {@link Json} renders the same row differently. */
    private static final String FORMAT = "2-";

    /** The suffix of a user's tag in the representation for that user and admins, which has more fields. */
    private static final String PRIVATE = "-private";

    private static final HttpField PUBLIC = new PreEncodedHttpField(HttpHeader.CACHE_CONTROL, "public, no-cache");
    private static final HttpField PRIVATE_ONLY =
            new PreEncodedHttpField(HttpHeader.CACHE_CONTROL, "private, no-cache");

    private static final Pattern VERSION = Pattern.compile(
            "\"" + FORMAT + "([1-9][0-9]{0,17})-([1-9][0-9]{0,17})-([0-9]{1,18})(?:" + PRIVATE + ")?\"");

    /** What this server and proxies append to the tag of a response that they compress. */
    private static final List<String> CODINGS = List.of(Gzip.SUFFIX, "-gzip", "-br", "-zstd", "-deflate");

    private ConditionalRequests() {}

    public static String tag(Post post) {
        return tag(post.id(), post.version(), post.updatedAt(), "");
    }

    public static String tag(User user) {
        return tag(user.id(), user.version(), user.updatedAt(), user.role() == null ? "" : PRIVATE);
    }

    private static String tag(long id, long version, Instant updatedAt, String suffix) {
        var micros = ChronoUnit.MICROS.between(Instant.EPOCH, updatedAt);
        return "\"" + FORMAT + id + "-" + version + "-" + micros + suffix + "\"";
    }

    /** Returns the tag of a body that has no version: its hash. */
    public static String tag(byte[] body) {
        return tagOf(Digests.sha256(body));
    }

    static String tagOf(byte[] sha256) {
        return "\""
                + Base64.getUrlEncoder().withoutPadding().encodeToString(sha256).substring(0, 22) + "\"";
    }

    /**
     * Responds to a GET: 200 with the body, or 304 if the client's copy is current.
     *
     * @param tag the ETag
     * @param bytes the estimated size of the body
     * @param body writes the body; not called for HEAD and 304
     */
    public static void json(Context ctx, String tag, long bytes, Json.Writer body) {
        vary(ctx);
        var gzip = Gzip.isUsed(ctx, bytes);
        send(ctx, tag, gzip, isHead -> {
            if (isHead) {
                Responses.flush(ctx); // without Content-Length: the size is not known
            } else {
                var rendered = Responses.render(ctx, bytes, body);
                Responses.send(ctx, Responses.JSON, gzip ? Gzip.compressFast(rendered) : rendered);
            }
        });
    }

    /** Responds to a GET with a body that has no version: its tag is a hash of the body. */
    public static void json(Context ctx, long bytes, Json.Writer body) {
        json(ctx, RenderedPageCache.Rendering.of(ctx, bytes, body));
    }

    /** Responds to a GET with a rendered body. */
    public static void json(Context ctx, RenderedPageCache.Rendering rendering) {
        vary(ctx);
        var gzip = Gzip.isUsed(ctx, rendering.length());
        send(ctx, rendering.tag(), gzip, isHead -> {
            if (isHead && gzip) {
                Responses.flush(ctx); // without Content-Length: the body is not compressed for this
            } else if (isHead) {
                Responses.head(ctx, Responses.JSON, rendering.length());
            } else {
                Responses.send(ctx, Responses.JSON, gzip ? rendering.compressed() : rendering.body());
            }
        });
    }

    private static void vary(Context ctx) {
        if (Exchange.of(ctx).compression()) {
            Responses.vary(ctx, "Accept-Encoding");
        }
    }

    /** Responds to a GET with a constant body, which needs no memory of the {@link ResponseBudget}. */
    public static void constant(Context ctx, String contentType, String tag, byte[] body) {
        send(ctx, tag, false, isHead -> {
            if (isHead) {
                Responses.head(ctx, contentType, body.length);
            } else {
                Responses.write(ctx, contentType, body);
            }
        });
    }

    /** Sends a representation; for HEAD only its headers. */
    private interface Sender {
        void send(boolean isHead);
    }

    private static void send(Context ctx, String tag, boolean gzip, Sender sender) {
        if (ctx.req().getHeader("If-Match") != null && !names(ctx, "If-Match", tag)) {
            throw new BylineException.Stale();
        }
        var known = ctx.req().getHeader("If-None-Match") != null && names(ctx, "If-None-Match", tag);
        var exchange = Exchange.of(ctx);
        exchange.markStale();
        exchange.answer().put(HttpHeader.ETAG, gzip ? compressed(tag) : tag);
        exchange.answer().put(exchange.principal() instanceof Principal.Anonymous ? PUBLIC : PRIVATE_ONLY);
        if (known) {
            if (!ctx.req().getHeader("If-None-Match").strip().equals("*")) {
                exchange.refund(); // only for a matching tag: any client can send *
            }
            ctx.status(HttpStatus.NOT_MODIFIED);
            ctx.res().setContentType(null);
            Responses.flush(ctx); // else Jetty would add Content-Length: 0, which is wrong for the representation
            return;
        }
        ctx.status(HttpStatus.OK);
        if (gzip) {
            exchange.answer().put(HttpHeader.CONTENT_ENCODING, "gzip");
        }
        sender.send(Responses.isHead(ctx));
    }

    /** Returns the tag of the compressed representation. Both name the same version. */
    private static String compressed(String tag) {
        return tag.substring(0, tag.length() - 1) + Gzip.SUFFIX + "\"";
    }

    /** Returns whether a header matches a tag, or what a proxy that compresses makes of it. */
    private static boolean names(Context ctx, String header, String tag) {
        var lines = ctx.req().getHeaders(header);
        if (tag.equals(lines.nextElement()) && !lines.hasMoreElements()) {
            return true; // the usual form
        }
        return tags(ctx, header).stream()
                .anyMatch(each -> each.equals("*")
                        || strong(each).equals(tag)
                        || uncompressed(strong(each)).equals(tag));
    }

    private static String strong(String tag) {
        return tag.startsWith("W/") ? tag.substring(2) : tag;
    }

    /** Removes the suffix of a coding. */
    private static String uncompressed(String tag) {
        for (var coding : CODINGS) {
            if (tag.endsWith(coding + "\"")) {
                return tag.substring(0, tag.length() - coding.length() - 1) + "\"";
            }
        }
        return tag;
    }

    /**
     * Returns the versions that If-Match allows a PATCH or DELETE to change. The public and the private tag of a
     * version are equivalent here: the representations differ, the row is the same.
     *
     * @param id of the row; the tag of another one doesn't match
     */
    public static ExpectedVersion expected(Context ctx, long id, boolean required) {
        if (ctx.req().getHeader("If-None-Match") != null) {
            throw HttpProblem.malformedParameter("If-None-Match", "is for GET and HEAD only");
        }
        if (ctx.req().getHeader("If-Match") == null) {
            if (required) {
                throw new HttpProblem(
                        Problem.PRECONDITION_REQUIRED, "send If-Match with the ETag of the version that you read");
            }
            return ExpectedVersion.ANY;
        }
        var versions = new HashSet<ExpectedVersion.Version>();
        for (var tag : tags(ctx, "If-Match")) {
            if (tag.equals("*")) {
                return ExpectedVersion.ANY;
            }
            var version = VERSION.matcher(uncompressed(strong(tag)));
            if (version.matches() && Long.parseLong(version.group(1)) == id) {
                var updatedAt = Instant.EPOCH.plus(Long.parseLong(version.group(3)), ChronoUnit.MICROS);
                versions.add(new ExpectedVersion.Version(Long.parseLong(version.group(2)), updatedAt));
            }
        }
        return new ExpectedVersion(versions);
    }

    private static List<String> tags(Context ctx, String header) {
        return tags(header, String.join(",", Collections.list(ctx.req().getHeaders(header))));
    }

    public static List<String> tags(String header, String text) {
        if (text.strip().equals("*")) {
            return List.of("*");
        }
        var tags = new ArrayList<String>();
        for (var start = skip(" \t,", text, 0); start < text.length(); ) {
            var end = endOfTag(text, start);
            var next = end < 0 ? 0 : skip(" \t", text, end);
            if (end < 0 || (next < text.length() && text.charAt(next) != ',')) {
                throw malformedTags(header);
            }
            tags.add(text.substring(start, end));
            start = skip(" \t,", text, next);
        }
        if (tags.isEmpty()) {
            throw malformedTags(header);
        }
        return tags;
    }

    /**
     * Returns where the entity tag at an index ends; -1 if there is none. No regular expression: for a list it would
     * recurse.
     */
    private static int endOfTag(String text, int start) {
        var quote = text.startsWith("W/", start) ? start + 2 : start;
        if (!text.startsWith("\"", quote)) {
            return -1;
        }
        for (int i = quote + 1; i < text.length(); i++) {
            var c = text.charAt(i);
            if (c == '"') {
                return i + 1;
            }
            if (c < 0x21 || c == 0x7f || c > 0xff) {
                return -1;
            }
        }
        return -1;
    }

    private static int skip(String characters, String text, int from) {
        var i = from;
        while (i < text.length() && characters.indexOf(text.charAt(i)) >= 0) {
            i++;
        }
        return i;
    }

    private static HttpProblem malformedTags(String header) {
        return HttpProblem.malformedParameter(header, "must be a list of entity tags, or *");
    }
}
