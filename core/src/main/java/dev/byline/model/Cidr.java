package dev.byline.model;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.Optional;

/**
 * A block of IP addresses, such as {@code 10.0.0.0/8} or {@code fd00::/8}. A single address is a block with the longest
 * prefix. Parsing accepts only literals and never causes a DNS lookup. IPv4-mapped IPv6 addresses
 * ({@code ::ffff:192.0.2.1}) count as IPv4.
 *
 * @param network an address of the block; the bits after the prefix don't count
 * @param prefix the length of the prefix in bits: 0 to 32 for IPv4, 0 to 128 for IPv6
 * @see <a href="https://www.rfc-editor.org/rfc/rfc4632#section-3.1">RFC 4632</a>, <a
 *     href="https://www.rfc-editor.org/rfc/rfc4291#section-2.3">RFC 4291</a>
 */
public record Cidr(InetAddress network, int prefix) {
    private static final String EXPECTED = "must be addresses such as 10.0.0.0/8 or fd00::1";

    /** The maximum length of an IPv6 literal: six groups and an IPv4 address. */
    private static final int MAX_LITERAL = 45;

    /** The bytes before the IPv4 address in an IPv4-mapped IPv6 address: ::ffff:0:0/96. */
    private static final byte[] MAPPED = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1};

    /**
     * Checks the prefix.
     *
     * @throws IllegalArgumentException when the prefix is negative or longer than the address
     */
    public Cidr {
        if (prefix < 0 || prefix > bytes(network).length * 8) {
            throw new IllegalArgumentException(EXPECTED);
        }
    }

    /**
     * Parses a block.
     *
     * @param text an address literal as in {@link #parseAddress}, optionally with a slash and the prefix length in
     *     decimal digits; the prefix of an IPv4-mapped address counts its 96 mapped bits
     * @throws IllegalArgumentException when the text is not a block
     */
    public static Cidr parse(String text) {
        var slash = text.indexOf('/');
        var literal = slash < 0 ? text : text.substring(0, slash);
        var address = parseAddress(literal).orElseThrow(() -> new IllegalArgumentException(EXPECTED));
        var length = address.getAddress().length * 8;
        if (slash < 0) {
            return new Cidr(address, length);
        }
        var mappedBits = length == 32 && literal.indexOf(':') >= 0 ? MAPPED.length * 8 : 0;
        return new Cidr(address, decimal(text.substring(slash + 1), 128) - mappedBits);
    }

    /**
     * Parses an address literal: four decimal numbers without leading zeros, or IPv6 without brackets and zone. Other
     * forms, such as {@code 127.1}, are rejected: programs read them as different addresses.
     *
     * @param text any text, also untrusted
     * @return an IPv4 address for an IPv4-mapped IPv6 address; empty when the text is not a literal
     */
    public static Optional<InetAddress> parseAddress(String text) {
        if (text.length() > MAX_LITERAL) {
            return Optional.empty();
        }
        try {
            if (text.indexOf(':') < 0) {
                return isIpv4(text) ? Optional.of(InetAddress.getByName(text)) : Optional.empty();
            }
            // In brackets it can only be a literal, not a host name.
            return isIpv6(text) ? Optional.of(InetAddress.getByName("[" + text + "]")) : Optional.empty();
        } catch (UnknownHostException e) {
            return Optional.empty();
        }
    }

    private static boolean isIpv4(String text) {
        var parts = text.split("\\.", -1);
        return parts.length == 4 && Arrays.stream(parts).allMatch(part -> decimal(part, 255) >= 0);
    }

    private static boolean isIpv6(String text) {
        return text.chars().allMatch(c -> c == ':' || c == '.' || (c < 0x80 && Character.digit(c, 16) >= 0));
    }

    /** Returns -1 unless the text is a decimal number without leading zeros, at most {@code max} (below 1000). */
    private static int decimal(String digits, int max) {
        var isDecimal = !digits.isEmpty()
                && digits.length() <= 3
                && digits.chars().allMatch(c -> c >= '0' && c <= '9')
                && (digits.length() == 1 || digits.charAt(0) != '0');
        var value = isDecimal ? Integer.parseInt(digits) : -1;
        return value <= max ? value : -1;
    }

    /**
     * Returns whether an address is in this block.
     *
     * @param address IPv4 or IPv6; a zone is ignored
     */
    public boolean contains(InetAddress address) {
        var theirs = bytes(address);
        var ours = bytes(network);
        if (theirs.length != ours.length) {
            return false;
        }
        var whole = prefix / 8;
        var rest = prefix % 8;
        return Arrays.equals(theirs, 0, whole, ours, 0, whole)
                && (rest == 0 || ((theirs[whole] ^ ours[whole]) & 0xff) >> (8 - rest) == 0);
    }

    private static byte[] bytes(InetAddress address) {
        var bytes = address.getAddress();
        var isMapped = bytes.length == 16 && Arrays.equals(bytes, 0, MAPPED.length, MAPPED, 0, MAPPED.length);
        return isMapped ? Arrays.copyOfRange(bytes, MAPPED.length, 16) : bytes;
    }

    /** Returns the block as {@link #parse} reads it. */
    @Override
    public String toString() {
        return network.getHostAddress() + "/" + prefix;
    }
}
