package dev.byline.internal.feed;

import org.jspecify.annotations.Nullable;

/**
 * A URI reference, split and resolved by RFC 3986 in linear time. Characters are not checked.
 *
 * @param scheme without the colon
 * @param authority without the slashes
 * @param path may be empty
 * @param query without the question mark
 * @param fragment without the number sign
 * @see <a href="https://www.rfc-editor.org/rfc/rfc3986#section-5">RFC 3986, section 5</a>
 */
record UriReference(
        @Nullable String scheme,
        @Nullable String authority,
        String path,
        @Nullable String query,
        @Nullable String fragment) {

    /** Splits any text. */
    static UriReference parse(String text) {
        var rest = text;
        String fragment = null;
        var mark = rest.indexOf('#');
        if (mark >= 0) {
            fragment = rest.substring(mark + 1);
            rest = rest.substring(0, mark);
        }
        String query = null;
        mark = rest.indexOf('?');
        if (mark >= 0) {
            query = rest.substring(mark + 1);
            rest = rest.substring(0, mark);
        }
        String scheme = null;
        mark = schemeLength(rest);
        if (mark > 0) {
            scheme = rest.substring(0, mark);
            rest = rest.substring(mark + 1);
        }
        String authority = null;
        if (rest.startsWith("//")) {
            var slash = rest.indexOf('/', 2);
            authority = rest.substring(2, slash < 0 ? rest.length() : slash);
            rest = slash < 0 ? "" : rest.substring(slash);
        }
        return new UriReference(scheme, authority, rest, query, fragment);
    }

    /** Returns 0 without a scheme. */
    private static int schemeLength(String text) {
        for (int i = 0; i < text.length(); i++) {
            var c = text.charAt(i);
            if (c == ':') {
                return i;
            }
            var letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
            if (!letter && (i == 0 || !((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.'))) {
                return 0;
            }
        }
        return 0;
    }

    /** Resolves a reference against this URI (5.2.2). */
    UriReference resolve(UriReference reference) {
        if (reference.scheme != null) {
            return reference.withPath(withoutDots(reference.path));
        }
        var to = reference.fragment;
        if (reference.authority != null) {
            return new UriReference(scheme, reference.authority, withoutDots(reference.path), reference.query, to);
        }
        if (reference.path.isEmpty()) {
            return new UriReference(scheme, authority, path, reference.query == null ? query : reference.query, to);
        }
        return new UriReference(scheme, authority, withoutDots(merged(reference.path)), reference.query, to);
    }

    private String merged(String other) {
        if (other.startsWith("/")) {
            return other;
        }
        return authority != null && path.isEmpty() ? "/" + other : path.substring(0, path.lastIndexOf('/') + 1) + other;
    }

    UriReference withPath(String other) {
        return new UriReference(scheme, authority, other, query, fragment);
    }

    /** Removes dot segments (5.2.4). */
    private static String withoutDots(String path) {
        var out = new StringBuilder(path.length());
        for (int at = 0; at < path.length(); ) {
            var slash = path.indexOf('/', at + 1);
            var end = slash < 0 ? path.length() : slash;
            var segment = path.substring(path.charAt(at) == '/' ? at + 1 : at, end);
            if (segment.equals("..")) {
                out.setLength(Math.max(0, out.lastIndexOf("/")));
            }
            if (!segment.equals(".") && !segment.equals("..")) {
                out.append(path, at, end);
            } else if (slash < 0 && path.charAt(at) == '/') {
                out.append('/'); // a directory keeps its slash
            }
            at = end;
        }
        return out.toString();
    }

    /** Joins the parts (5.3). */
    @Override
    public String toString() {
        return (scheme == null ? "" : scheme + ":")
                + (authority == null ? "" : "//" + authority)
                + path
                + (query == null ? "" : "?" + query)
                + (fragment == null ? "" : "#" + fragment);
    }
}
