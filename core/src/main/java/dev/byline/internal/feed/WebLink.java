package dev.byline.internal.feed;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Resolves links to pages like a browser: absolute, http or https, the host in ASCII ({@code xn--}), characters outside
 * RFC 3986 percent-encoded. Links are never fetched; {@link FeedUrl} is for that.
 *
 * @see <a href="https://url.spec.whatwg.org/">URL Standard</a>
 */
final class WebLink {
    /** Characters to encode in paths, queries and fragments, beside controls, space and non-ASCII. */
    private static final String ENCODED = "\"<>\\^`{|}";

    private static final String HEX = "0123456789ABCDEF";

    private WebLink() {}

    /**
     * Resolves a reference.
     *
     * @param base the URL of the document, from this method or {@link FeedUrl}
     * @return null when the target is not a page, or is longer than {@link FeedUrl#MAX_LENGTH}
     */
    static @Nullable String resolve(String reference, String base) {
        if (reference.length() > FeedUrl.MAX_LENGTH) {
            return null;
        }
        var from = UriReference.parse(base);
        var to = from.resolve(repaired(UriReference.parse(stripped(reference)), String.valueOf(from.scheme())));
        if (to.authority() == null || !isHttp(to.scheme())) {
            return null;
        }
        var secure = "https".equalsIgnoreCase(to.scheme());
        var authority = authority(to.authority(), secure ? "443" : "80");
        if (authority == null) {
            return null;
        }
        var link = (secure ? "https://" : "http://")
                + authority
                + (to.path().startsWith("/") ? "" : "/")
                + encoded(to.path(), "?#")
                + (to.query() == null ? "" : "?" + encoded(to.query(), "'#"))
                + (to.fragment() == null ? "" : "#" + encoded(to.fragment(), ""));
        return link.length() > FeedUrl.MAX_LENGTH ? null : link;
    }

    /** Returns whether a reference is an absolute URL of a page. */
    static boolean isAbsolute(String text) {
        return text.regionMatches(true, 0, "http://", 0, 7) || text.regionMatches(true, 0, "https://", 0, 8);
    }

    private static boolean isHttp(@Nullable String scheme) {
        return "http".equalsIgnoreCase(scheme) || "https".equalsIgnoreCase(scheme);
    }

    /** Strips controls and spaces, removes tabs and line breaks, turns backslashes of the path into slashes. */
    private static String stripped(String text) {
        var start = 0;
        var end = text.length();
        while (start < end && text.charAt(start) <= ' ') {
            start++;
        }
        while (start < end && text.charAt(end - 1) <= ' ') {
            end--;
        }
        var clean = new StringBuilder(end - start);
        var path = true;
        for (int i = start; i < end; i++) {
            var c = text.charAt(i);
            path &= c != '?' && c != '#';
            if (c != '\t' && c != '\n' && c != '\r') {
                clean.append(path && c == '\\' ? '/' : c);
            }
        }
        return clean.toString();
    }

    /** Repairs a reference like a browser: {@code http:x} is relative, and a host may follow any number of slashes. */
    private static UriReference repaired(UriReference reference, String baseScheme) {
        if (reference.scheme() != null && !isHttp(reference.scheme())) {
            return reference;
        }
        var relative = reference.scheme() == null || reference.scheme().equalsIgnoreCase(baseScheme);
        if (reference.authority() == null && relative) {
            return new UriReference(null, null, reference.path(), reference.query(), reference.fragment());
        }
        if (reference.authority() != null && !reference.authority().isEmpty()) {
            return reference;
        }
        var path = reference.path();
        var slashes = 0;
        while (slashes < path.length() && path.charAt(slashes) == '/') {
            slashes++;
        }
        var end = path.indexOf('/', slashes);
        return new UriReference(
                reference.scheme(),
                path.substring(slashes, end < 0 ? path.length() : end),
                end < 0 ? "" : path.substring(end),
                reference.query(),
                reference.fragment());
    }

    private static @Nullable String authority(String text, String defaultPort) {
        var at = text.lastIndexOf('@');
        var user = at < 0 ? "" : encoded(text.substring(0, at), "/:;=@[]?#") + "@";
        var hostAndPort = text.substring(at + 1);
        var colon = hostAndPort.lastIndexOf(':');
        var hasPort = colon >= 0 && hostAndPort.indexOf(']', colon) < 0;
        var host = WebHost.ascii(hasPort ? hostAndPort.substring(0, colon) : hostAndPort);
        var port = hasPort ? port(hostAndPort.substring(colon + 1)) : "";
        if (host == null || port == null) {
            return null;
        }
        return user.replace("%3A", ":") + host + (port.isEmpty() || port.equals(defaultPort) ? "" : ":" + port);
    }

    /** Returns the port without leading zeros; null when it is invalid. */
    private static @Nullable String port(String digits) {
        var value = 0;
        for (int i = 0; i < digits.length(); i++) {
            var c = digits.charAt(i);
            value = value * 10 + c - '0';
            if (c < '0' || c > '9' || value > 65_535) {
                return null;
            }
        }
        return digits.isEmpty() ? "" : String.valueOf(value);
    }

    /** Percent-encodes characters. Existing escapes stay; other percent signs are encoded. */
    private static String encoded(String text, String others) {
        var out = new StringBuilder(text.length());
        for (var b : text.getBytes(StandardCharsets.UTF_8)) {
            var c = (char) (b & 0xff);
            if (c <= ' ' || c >= 0x7f || ENCODED.indexOf(c) >= 0 || others.indexOf(c) >= 0) {
                out.append('%').append(HEX.charAt(c >> 4)).append(HEX.charAt(c & 15));
            } else {
                out.append(c);
            }
        }
        return escapePercent(out);
    }

    private static String escapePercent(StringBuilder text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) == '%' && !(isHex(text, i + 1) && isHex(text, i + 2))) {
                return escapePercent(text.toString(), i);
            }
        }
        return text.toString();
    }

    private static String escapePercent(String text, int from) {
        var out = new StringBuilder(text.length() + 16).append(text, 0, from);
        for (int i = from; i < text.length(); i++) {
            out.append(text.charAt(i));
            if (text.charAt(i) == '%' && !(isHex(text, i + 1) && isHex(text, i + 2))) {
                out.append("25");
            }
        }
        return out.toString();
    }

    private static boolean isHex(CharSequence text, int at) {
        return at < text.length() && Character.digit(text.charAt(at), 16) >= 0 && text.charAt(at) < 0x80;
    }
}
