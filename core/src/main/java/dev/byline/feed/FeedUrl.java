package dev.byline.feed;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

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

    private static final Pattern VISIBLE_ASCII = Pattern.compile("[!-~]+");
    private static final Pattern NAME =
            Pattern.compile("(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*");
    private static final Pattern NUMBER_LAST = Pattern.compile("(.*\\.)?([0-9]+|0x[0-9a-f]*)");
    private static final Pattern IPV4 = Pattern.compile("(0|[1-9][0-9]{0,2})(\\.(0|[1-9][0-9]{0,2})){3}");

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
        if (text.length() > MAX_LENGTH || !VISIBLE_ASCII.matcher(text).matches()) {
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
        if (uri.getHost() == null) {
            throw bad("must name a host: a DNS name in ASCII, or an IP address");
        }
        var usual = scheme.equals("https") ? 443 : 80;
        var port = uri.getPort() < 0 ? usual : uri.getPort();
        // Nothing beside host and port: no user, no empty port, no zeros before it.
        var plain = uri.getPort() < 0 ? uri.getHost() : uri.getHost() + ":" + port;
        if (!plain.equals(uri.getRawAuthority()) || port < 1 || port > 65535) {
            throw bad("must have a host and at most a port, no user or password");
        }
        if (port != usual && !allowPrivate) {
            throw new FeedException(ImportFailure.FORBIDDEN_ADDRESS, "only the default ports 443 and 80 are asked");
        }
        var host = host(uri.getHost().toLowerCase(Locale.ROOT), allowPrivate);
        var path = uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
        return new FeedUrl(scheme, host, port, uri.getRawQuery() == null ? path : path + "?" + uri.getRawQuery());
    }

    private static String host(String host, boolean allowPrivate) throws FeedException {
        if (host.startsWith("[")) {
            return ipv6(host);
        }
        if (NUMBER_LAST.matcher(host).matches()) { // an IPv4 address to some parser or other
            if (!IPV4.matcher(host).matches()
                    || List.of(host.split("\\.")).stream().anyMatch(FeedUrl::isNoByte)) {
                throw bad("must name a host as a DNS name or a usual IP address");
            }
            return host;
        }
        if (!NAME.matcher(host).matches()) {
            throw bad("must name a host as a DNS name or a usual IP address");
        }
        var inside = !host.contains(".") || INSIDE.stream().anyMatch(name -> host.endsWith("." + name));
        if (inside && !allowPrivate) {
            throw new FeedException(ImportFailure.FORBIDDEN_ADDRESS, "is not a name on the public internet");
        }
        return host;
    }

    private static boolean isNoByte(String number) {
        return Integer.parseInt(number) > 255;
    }

    /** Written as Java writes it, so that one address has one spelling; with a zone it is nobody's business. */
    private static String ipv6(String host) throws FeedException {
        if (!host.matches("\\[[0-9a-f:.]+]")) {
            throw bad("must have an IPv6 address without a zone");
        }
        try {
            var address = InetAddress.getByName(host); // a literal: nobody is asked
            return address instanceof Inet6Address ? address.getHostAddress() : host.substring(1, host.length() - 1);
        } catch (UnknownHostException e) {
            throw new FeedException(ImportFailure.BAD_URL, "has an IPv6 address that can not be read", e);
        }
    }

    /** Where a redirect leads. */
    FeedUrl resolve(String location, boolean allowPrivate) throws FeedException {
        if (location.length() > MAX_LENGTH || !VISIBLE_ASCII.matcher(location).matches()) {
            throw bad("redirects to what is no address");
        }
        try {
            return parse(new URI(toString()).resolve(new URI(location)).toString(), allowPrivate);
        } catch (URISyntaxException e) {
            throw new FeedException(ImportFailure.BAD_URL, "redirects to what is no address", e);
        }
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
