package dev.byline.internal.feed;

import dev.byline.model.Cidr;
import dev.byline.model.ImportFailure;
import java.net.Inet6Address;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Locale;

/**
 * The URL of a feed, in a form that all parsers read alike: a URL whose host parsers could read differently is
 * rejected, not repaired.
 *
 * @param scheme http or https
 * @param host a DNS name in lower case, or an IP address, IPv6 without brackets
 * @param port the port
 * @param target path and query
 */
record FeedUrl(String scheme, String host, int port, String target) {
    /** The maximum length. */
    static final int MAX_LENGTH = 2000;

    // maximum lengths in DNS
    private static final int MAX_NAME = 253;

    private static final int MAX_LABEL = 63;

    /** Domains that are never public: resolving their names would reveal the internal network. */
    private static final List<String> PRIVATE_DOMAINS = List.of(
            "localhost",
            "localdomain",
            "local",
            "internal",
            "intranet",
            "private",
            "lan",
            "home",
            "corp",
            "home.arpa",
            "onion");

    /**
     * Parses a URL.
     *
     * @param allowPrivate whether private names and other ports are allowed
     * @throws FeedException when the URL is invalid or forbidden
     */
    static FeedUrl parse(String text, boolean allowPrivate) throws FeedException {
        if (!isVisibleAscii(text)) {
            throw invalid("must have at most " + MAX_LENGTH + " characters, all of them visible ASCII");
        }
        URI uri;
        try {
            uri = new URI(text);
        } catch (URISyntaxException e) {
            throw new FeedException(ImportFailure.BAD_URL, "is not a valid URL", e);
        }
        var scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
        if (!scheme.equals("http") && !scheme.equals("https")) {
            throw invalid("must begin with https:// or http://");
        }
        if (uri.getRawAuthority() == null) {
            throw invalid("must name a host: a DNS name in ASCII, or an IP address");
        }
        // java.net.URI rejects host names with an underscore. A user is rejected with the host or port.
        var authority = uri.getRawAuthority();
        var colon = authority.lastIndexOf(':');
        var hasPort = colon > authority.lastIndexOf(']');
        var defaultPort = scheme.equals("https") ? 443 : 80;
        var port = hasPort ? port(authority.substring(colon + 1)) : defaultPort;
        if (port != defaultPort && !allowPrivate) {
            throw new FeedException(
                    ImportFailure.FORBIDDEN_ADDRESS, "must have the default port: 443 for https, 80 for http");
        }
        var name = hasPort ? authority.substring(0, colon) : authority;
        var host = host(name.toLowerCase(Locale.ROOT), allowPrivate);
        var path = uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
        return new FeedUrl(scheme, host, port, uri.getRawQuery() == null ? path : path + "?" + uri.getRawQuery());
    }

    private static boolean isVisibleAscii(String text) {
        return !text.isEmpty() && text.length() <= MAX_LENGTH && text.chars().allMatch(c -> c > ' ' && c <= '~');
    }

    /** Parses a port without leading zeros. */
    private static int port(String digits) throws FeedException {
        var plain = digits.length() <= 5 && isNumber(digits) && digits.charAt(0) != '0';
        var port = plain ? Integer.parseInt(digits) : 0;
        if (port < 1 || port > 65_535) {
            throw invalid("must have a host and an optional port, without user and password");
        }
        return port;
    }

    private static String host(String host, boolean allowPrivate) throws FeedException {
        if (host.startsWith("[")) {
            return ipv6(host);
        }
        var labels = List.of(host.split("\\.", -1));
        var last = labels.getLast();
        if (isNumber(last) || last.startsWith("0x")) { // some parsers read it as an IPv4 address
            if (host.indexOf(':') >= 0 || Cidr.parseAddress(host).isEmpty()) {
                throw invalid("must have a DNS name or an IP address such as 192.0.2.1 as its host");
            }
            return host;
        }
        if (host.length() > MAX_NAME || !labels.stream().allMatch(FeedUrl::isLabel)) {
            throw invalid("must have a DNS name or an IP address such as 192.0.2.1 as its host");
        }
        var isPrivate = labels.size() == 1 || PRIVATE_DOMAINS.stream().anyMatch(name -> host.endsWith("." + name));
        if (isPrivate && !allowPrivate) {
            throw new FeedException(ImportFailure.FORBIDDEN_ADDRESS, "must have a public host name");
        }
        return host;
    }

    private static boolean isNumber(String text) {
        return !text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9');
    }

    /** Returns whether a label is valid in a host name; some have an underscore. */
    private static boolean isLabel(String text) {
        return !text.isEmpty()
                && text.length() <= MAX_LABEL
                && text.charAt(0) != '-'
                && text.charAt(text.length() - 1) != '-'
                && text.chars().allMatch(c -> (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_');
    }

    /**
     * Returns an address in Java's form, so that each has only one. Rejects zones, which name interfaces of this
     * machine.
     */
    private static String ipv6(String host) throws FeedException {
        var literal = host.endsWith("]") ? host.substring(1, host.length() - 1) : "";
        var address =
                literal.indexOf(':') < 0 ? null : Cidr.parseAddress(literal).orElse(null);
        if (address == null) {
            throw invalid("must have a valid IPv6 address without a zone");
        }
        return address instanceof Inet6Address ? address.getHostAddress() : literal;
    }

    /** Resolves the target of a redirect. */
    FeedUrl resolve(String location, boolean allowPrivate) throws FeedException {
        if (!isVisibleAscii(location)) {
            throw invalid("redirects to an invalid URL");
        }
        return parse(
                UriReference.parse(toString())
                        .resolve(UriReference.parse(location))
                        .toString(),
                allowPrivate);
    }

    private static FeedException invalid(String what) {
        return new FeedException(ImportFailure.BAD_URL, what);
    }

    /** Returns the canonical form, without the default port and fragment. */
    @Override
    public String toString() {
        var isDefault = port == (scheme.equals("https") ? 443 : 80);
        return scheme + "://" + (host.contains(":") ? "[" + host + "]" : host) + (isDefault ? "" : ":" + port) + target;
    }
}
