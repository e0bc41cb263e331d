package dev.byline.http.admission;

import java.net.InetAddress;
import java.net.UnknownHostException;

/**
 * A range of IP addresses, such as {@code 10.0.0.0/8}, {@code fd00::/8} or a single address.
 *
 * @param network the network address
 * @param bits the prefix length
 */
public record Cidr(InetAddress network, int bits) {
    /**
     * Parses a range.
     *
     * @param text an IP address literal, optionally with a slash and the prefix length
     * @throws IllegalArgumentException when the text is not a range
     */
    public static Cidr parse(String text) {
        var slash = text.indexOf('/');
        var literal = slash < 0 ? text : text.substring(0, slash);
        if (!literal.matches("[0-9.]+|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*")) {
            throw new IllegalArgumentException("must be addresses such as 10.0.0.0/8 or fd00::1");
        }
        try {
            var network = InetAddress.getByName(literal);
            var most = network.getAddress().length * 8;
            var bits = slash < 0 ? most : Integer.parseInt(text.substring(slash + 1));
            if (bits >= 0 && bits <= most) {
                return new Cidr(network, bits);
            }
        } catch (UnknownHostException | NumberFormatException e) {
            throw new IllegalArgumentException("must be addresses such as 10.0.0.0/8 or fd00::1", e);
        }
        throw new IllegalArgumentException("must be addresses such as 10.0.0.0/8 or fd00::1");
    }

    /**
     * Returns whether the range contains an address.
     *
     * @param address an IPv4 or IPv6 address
     */
    public boolean contains(InetAddress address) {
        var a = address.getAddress();
        var b = network.getAddress();
        if (a.length != b.length) {
            return false;
        }
        for (int bit = 0; bit < bits; bit++) {
            if (((a[bit / 8] ^ b[bit / 8]) >> (7 - bit % 8) & 1) != 0) {
                return false;
            }
        }
        return true;
    }
}
