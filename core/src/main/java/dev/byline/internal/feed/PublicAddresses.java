package dev.byline.internal.feed;

import dev.byline.model.Cidr;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;

/**
 * Tells public addresses from those that fetches must not reach, by IANA's registries of special purpose addresses.
 * Only 2000::/3 of IPv6 is allocated. Of addresses with an IPv4 address inside, NAT64 counts by that address; Teredo
 * and 6to4 are forbidden.
 *
 * @see <a href="https://www.iana.org/assignments/iana-ipv4-special-registry/">IPv4</a>, <a
 *     href="https://www.iana.org/assignments/iana-ipv6-special-registry/">IPv6</a>
 */
final class PublicAddresses {
    private static final List<Cidr> FORBIDDEN = List.of(
            Cidr.parse("0.0.0.0/8"), // this network
            Cidr.parse("10.0.0.0/8"), // private
            Cidr.parse("100.64.0.0/10"), // carrier-grade NAT; a cloud's metadata service
            Cidr.parse("127.0.0.0/8"), // loopback
            Cidr.parse("168.63.129.16/32"), // a cloud's services, reachable from its machines
            Cidr.parse("169.254.0.0/16"), // link-local; metadata service of most clouds
            Cidr.parse("172.16.0.0/12"), // private
            Cidr.parse("192.0.0.0/24"), // IETF protocols; a cloud's metadata service
            Cidr.parse("192.0.2.0/24"), // documentation
            Cidr.parse("192.88.99.0/24"), // 6to4 relays
            Cidr.parse("192.168.0.0/16"), // private
            Cidr.parse("198.18.0.0/15"), // benchmarking
            Cidr.parse("198.51.100.0/24"), // documentation
            Cidr.parse("203.0.113.0/24"), // documentation
            Cidr.parse("224.0.0.0/4"), // multicast
            Cidr.parse("240.0.0.0/4"), // reserved, broadcast
            Cidr.parse("2001::/23"), // IETF protocols, also Teredo
            Cidr.parse("2001:db8::/32"), // documentation
            Cidr.parse("2002::/16"), // 6to4
            Cidr.parse("3fff::/20")); // documentation

    private static final Cidr GLOBAL_IPV6 = Cidr.parse("2000::/3");

    /** NAT64: an IPv4 address in the last four bytes. */
    private static final Cidr NAT64 = Cidr.parse("64:ff9b::/96");

    private PublicAddresses() {}

    /** Returns whether an address is on the public internet. */
    static boolean isPublic(InetAddress address) {
        var target = NAT64.contains(address) ? embedded(address) : address;
        var isAllocated = target instanceof Inet4Address || GLOBAL_IPV6.contains(target);
        var hasZone = address instanceof Inet6Address six && six.getScopeId() != 0;
        return isAllocated && !hasZone && FORBIDDEN.stream().noneMatch(block -> block.contains(target));
    }

    private static InetAddress embedded(InetAddress nat64) {
        try {
            return InetAddress.getByAddress(Arrays.copyOfRange(nat64.getAddress(), 12, 16));
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an IPv4 address has four bytes", e);
        }
    }
}
