package dev.byline.http;

import dev.byline.model.BylineException;
import dev.byline.model.ExpectedVersion;
import dev.byline.model.Post;
import dev.byline.model.Principal;
import dev.byline.model.User;
import io.javalin.http.Context;
import io.javalin.http.HttpStatus;
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
 * ETags, and the requests that depend on them. All tags are strong: equal tags, equal bytes.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc9110#section-13">RFC 9110, 13: conditional requests</a>
 */
final class ConditionalRequests {
    /** Goes up when {@link Json} writes the same row in another way. */
    private static final String FORMAT = "1-";

    /** What a user's representation for themself and admins adds to the tag of the public one. */
    private static final String PRIVATE = "-private";

    private static final HttpField PUBLIC = new PreEncodedHttpField(HttpHeader.CACHE_CONTROL, "public, no-cache");
    private static final HttpField PRIVATE_ONLY =
            new PreEncodedHttpField(HttpHeader.CACHE_CONTROL, "private, no-cache");

    private static final Pattern VERSION = Pattern.compile("\"" + FORMAT + "([1-9][0-9]{0,17})(" + PRIVATE + ")?\"");

    private ConditionalRequests() {}

    static String tag(Post post) {
        return "\"" + FORMAT + post.version() + "\"";
    }

    static String tag(User user) {
        return "\"" + FORMAT + user.version() + (user.role() == null ? "" : PRIVATE) + "\"";
    }

    /** For what has no version of its own. */
    static String tag(byte[] body) {
        return tagOf(Digests.sha256(body));
    }

    static String tagOf(byte[] sha256) {
        return "\""
                + Base64.getUrlEncoder().withoutPadding().encodeToString(sha256).substring(0, 22) + "\"";
    }

    /**
     * Answers a GET: the body, or that the client has it already.
     *
     * @param tag its ETag
     * @param bytes about how many it takes
     * @param body writes it, unless it isn't wanted
     */
    static void json(Context ctx, String tag, long bytes, Json.Writer body) {
        send(ctx, tag, isHead -> {
            if (isHead) {
                Responses.flush(ctx); // without a length, which isn't known
            } else {
                Responses.send(ctx, Responses.JSON, Responses.render(ctx, bytes, body));
            }
        });
    }

    /** As above, for what has no version of its own. */
    static void json(Context ctx, long bytes, Json.Writer body) {
        json(ctx, RenderedPageCache.Rendering.of(ctx, bytes, body));
    }

    /** As above, for what is rendered already. */
    static void json(Context ctx, RenderedPageCache.Rendering rendering) {
        send(ctx, rendering.tag(), isHead -> {
            if (isHead) {
                Responses.head(ctx, Responses.JSON, rendering.length());
            } else {
                Responses.send(ctx, Responses.JSON, rendering.body());
            }
        });
    }

    /** Answers a GET by bytes that are in memory in any case. */
    static void constant(Context ctx, String contentType, String tag, byte[] body) {
        send(ctx, tag, isHead -> {
            if (isHead) {
                Responses.head(ctx, contentType, body.length);
            } else {
                Responses.write(ctx, contentType, body);
            }
        });
    }

    /** Sends a representation, or for HEAD its headers alone. */
    private interface Sender {
        void send(boolean isHead);
    }

    private static void send(Context ctx, String tag, Sender sender) {
        if (ctx.req().getHeader("If-Match") != null && !names(ctx, "If-Match", tag)) {
            throw new BylineException.Stale();
        }
        var known = ctx.req().getHeader("If-None-Match") != null && names(ctx, "If-None-Match", tag);
        var exchange = Exchange.of(ctx);
        exchange.answer().put(HttpHeader.ETAG, tag);
        exchange.answer().put(exchange.principal() instanceof Principal.Anonymous ? PUBLIC : PRIVATE_ONLY);
        if (known) {
            if (!ctx.req().getHeader("If-None-Match").strip().equals("*")) {
                exchange.refund(); // for who has it, not for who only says so
            }
            ctx.status(HttpStatus.NOT_MODIFIED);
            ctx.res().setContentType(null);
            Responses.flush(ctx); // else a length of 0 would be added, which isn't that of the representation
            return;
        }
        ctx.status(HttpStatus.OK);
        sender.send(Responses.isHead(ctx));
    }

    /** Whether a header names a tag; a weak one counts for If-None-Match only. */
    private static boolean names(Context ctx, String header, String tag) {
        var lines = ctx.req().getHeaders(header);
        if (tag.equals(lines.nextElement()) && !lines.hasMoreElements()) {
            return true; // what nearly all clients send
        }
        return tags(ctx, header).stream()
                .anyMatch(each -> each.equals("*")
                        || each.equals(tag)
                        || (header.equals("If-None-Match") && each.equals("W/" + tag)));
    }

    /**
     * Which versions a PATCH or DELETE is meant for. The public tag and the private one of a version count alike: what
     * they show differs, what is changed doesn't.
     */
    static ExpectedVersion expected(Context ctx, boolean required) {
        if (ctx.req().getHeader("If-None-Match") != null) {
            throw HttpProblem.malformedParameter("If-None-Match", "is for GET and HEAD");
        }
        if (ctx.req().getHeader("If-Match") == null) {
            if (required) {
                throw new HttpProblem(
                        Problem.PRECONDITION_REQUIRED,
                        "say which version you mean: If-Match with the ETag of what you read");
            }
            return ExpectedVersion.ANY;
        }
        var versions = new HashSet<Long>();
        for (var tag : tags(ctx, "If-Match")) {
            if (tag.equals("*")) {
                return ExpectedVersion.ANY;
            }
            var version = VERSION.matcher(tag);
            if (version.matches()) {
                versions.add(Long.valueOf(version.group(1)));
            }
        }
        return new ExpectedVersion(versions);
    }

    private static List<String> tags(Context ctx, String header) {
        return tags(header, String.join(",", Collections.list(ctx.req().getHeaders(header))));
    }

    static List<String> tags(String header, String text) {
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

    /** Where an entity tag ends that starts somewhere; -1 if none does. By hand: a pattern for the list would recurse. */
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
