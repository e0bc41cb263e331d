package dev.byline.internal.feed;

import dev.byline.model.Cidr;
import dev.byline.model.ImportFailure;
import java.net.Inet6Address;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Locale;

/**
 * The address of a feed, in the one spelling that every parser reads alike: anything that two of them could take for
 * different hosts is refused instead of repaired.
 *
 * @param scheme http or https
 * @param host a DNS name in lower case, or an IP address, of IPv6 without brackets
 * @param port the port
 * @param target path and query
 */
record FeedUrl(String scheme, String host, int port, String target) {
    /** The most characters. */
    static final int MAX_LENGTH = 2000;

    /** The most characters of a name, and of a label, as DNS has them. */
    private static final int MAX_NAME = 253;

    private static final int MAX_LABEL = 63;

    /** Names that are never anybody's on the internet: asking for them would tell what there is inside. */
    private static final List<String> INSIDE = List.of(
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
     * Reads an address.
     *
     * @param allowPrivate whether names and ports of private networks are fine
     * @throws FeedException when it may not be asked for
     */
    static FeedUrl parse(String text, boolean allowPrivate) throws FeedException {
        if (!isVisibleAscii(text)) {
            throw bad("must have at most " + MAX_LENGTH + " characters, all of them visible ASCII");
        }
        URI uri;
        try {
            uri = new URI(text);
        } catch (URISyntaxException e) {
            throw new FeedException(ImportFailure.BAD_URL, "can not be read as an address", e);
        }
        var scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
        if (!scheme.equals("http") && !scheme.equals("https")) {
            throw bad("must begin with https:// or http://");
        }
        if (uri.getRawAuthority() == null) {
            throw bad("must name a host: a DNS name in ASCII, or an IP address");
        }
        // Not by java.net.URI, which knows no names with an underscore. Nothing beside host and port: no user.
        var authority = uri.getRawAuthority();
        var colon = authority.lastIndexOf(':');
        var hasPort = colon > authority.lastIndexOf(']');
        var usual = scheme.equals("https") ? 443 : 80;
        var port = hasPort ? port(authority.substring(colon + 1)) : usual;
        if (port != usual && !allowPrivate) {
            throw new FeedException(ImportFailure.FORBIDDEN_ADDRESS, "only the default ports 443 and 80 are asked");
        }
        var name = hasPort ? authority.substring(0, colon) : authority;
        var host = host(name.toLowerCase(Locale.ROOT), allowPrivate);
        var path = uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
        return new FeedUrl(scheme, host, port, uri.getRawQuery() == null ? path : path + "?" + uri.getRawQuery());
    }

    private static boolean isVisibleAscii(String text) {
        return !text.isEmpty() && text.length() <= MAX_LENGTH && text.chars().allMatch(c -> c > ' ' && c <= '~');
    }

    /** Not empty, no zeros before it. */
    private static int port(String digits) throws FeedException {
        var plain = digits.length() <= 5 && isNumber(digits) && digits.charAt(0) != '0';
        var port = plain ? Integer.parseInt(digits) : 0;
        if (port < 1 || port > 65_535) {
            throw bad("must have a host and at most a port, no user or password");
        }
        return port;
    }

    private static String host(String host, boolean allowPrivate) throws FeedException {
        if (host.startsWith("[")) {
            return ipv6(host);
        }
        var labels = List.of(host.split("\\.", -1));
        var last = labels.getLast();
        if (isNumber(last) || last.startsWith("0x")) { // an IPv4 address to some parser or other
            if (host.indexOf(':') >= 0 || Cidr.parseAddress(host).isEmpty()) {
                throw bad("must name a host as a DNS name or a usual IP address");
            }
            return host;
        }
        if (host.length() > MAX_NAME || !labels.stream().allMatch(FeedUrl::isLabel)) {
            throw bad("must name a host as a DNS name or a usual IP address");
        }
        var inside = labels.size() == 1 || INSIDE.stream().anyMatch(name -> host.endsWith("." + name));
        if (inside && !allowPrivate) {
            throw new FeedException(ImportFailure.FORBIDDEN_ADDRESS, "is not a name on the public internet");
        }
        return host;
    }

    private static boolean isNumber(String text) {
        return !text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9');
    }

    /** As DNS has names of hosts, with the underscore that some have all the same. */
    private static boolean isLabel(String text) {
        return !text.isEmpty()
                && text.length() <= MAX_LABEL
                && text.charAt(0) != '-'
                && text.charAt(text.length() - 1) != '-'
                && text.chars().allMatch(c -> (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_');
    }

    /** Returns Java's spelling, so that an address has one; without a zone, which names an interface of this machine. */
    private static String ipv6(String host) throws FeedException {
        var literal = host.endsWith("]") ? host.substring(1, host.length() - 1) : "";
        var address =
                literal.indexOf(':') < 0 ? null : Cidr.parseAddress(literal).orElse(null);
        if (address == null) {
            throw bad("must have a valid IPv6 address without a zone");
        }
        return address instanceof Inet6Address ? address.getHostAddress() : literal;
    }

    /** Where a redirect leads. */
    FeedUrl resolve(String location, boolean allowPrivate) throws FeedException {
        if (!isVisibleAscii(location)) {
            throw bad("redirects to what is no address");
        }
        return parse(
                UriReference.parse(toString())
                        .resolve(UriReference.parse(location))
                        .toString(),
                allowPrivate);
    }

    private static FeedException bad(String what) {
        return new FeedException(ImportFailure.BAD_URL, what);
    }

    /** The same for all spellings of an address. */
    @Override
    public String toString() {
        var usual = port == (scheme.equals("https") ? 443 : 80);
        return scheme + "://" + (host.contains(":") ? "[" + host + "]" : host) + (usual ? "" : ":" + port) + target;
    }
}
