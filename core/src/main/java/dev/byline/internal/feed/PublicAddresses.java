package dev.byline.internal.feed;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;

/**
 * Which addresses may be connected to: those of the public internet, by IANA's registries of special purpose addresses. Of
 * IPv6 only 2000::/3 is given out at all; whatever carries an IPv4 address inside is judged by that, or not let through.
 *
 * @see <a href="https://www.iana.org/assignments/iana-ipv4-special-registry/">IPv4</a>, <a
 *     href="https://www.iana.org/assignments/iana-ipv6-special-registry/">IPv6</a>
 */
final class PublicAddresses {
    private static final List<Block> FORBIDDEN = List.of(
            Block.of("0.0.0.0", 8), // this network
            Block.of("10.0.0.0", 8), // private
            Block.of("100.64.0.0", 10), // carrier's NAT; metadata of a cloud
            Block.of("127.0.0.0", 8), // loopback
            Block.of("168.63.129.16", 32), // a cloud's own services, on each of its machines
            Block.of("169.254.0.0", 16), // link-local; metadata of most clouds
            Block.of("172.16.0.0", 12), // private
            Block.of("192.0.0.0", 24), // IETF protocols; metadata of a cloud
            Block.of("192.0.2.0", 24), // documentation
            Block.of("192.88.99.0", 24), // 6to4 relays
            Block.of("192.168.0.0", 16), // private
            Block.of("198.18.0.0", 15), // benchmarks
            Block.of("198.51.100.0", 24), // documentation
            Block.of("203.0.113.0", 24), // documentation
            Block.of("224.0.0.0", 4), // multicast
            Block.of("240.0.0.0", 4), // reserved, broadcast
            Block.of("2001::", 23), // IETF protocols, Teredo among them
            Block.of("2001:db8::", 32), // documentation
            Block.of("2002::", 16), // 6to4
            Block.of("3fff::", 20)); // documentation

    private static final Block GLOBAL_IPV6 = Block.of("2000::", 3);

    /** Of NAT64: how IPv4 addresses look where there is only IPv6. The last four bytes are the address. */
    private static final Block NAT64 = Block.of("64:ff9b::", 96);

    private PublicAddresses() {}

    /** Whether anybody on the internet could be connected to it. */
    static boolean isPublic(InetAddress address) {
        var bytes = address.getAddress();
        if (NAT64.contains(bytes)) {
            bytes = Arrays.copyOfRange(bytes, 12, 16);
        }
        var given = bytes.length == 4 || GLOBAL_IPV6.contains(bytes);
        var scoped = address instanceof Inet6Address six && six.getScopeId() != 0;
        var inner = bytes;
        return given && !scoped && FORBIDDEN.stream().noneMatch(block -> block.contains(inner));
    }

    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Block(byte[] prefix, int bits) {
        static Block of(String prefix, int bits) {
            try {
                return new Block(InetAddress.getByName(prefix).getAddress(), bits);
            } catch (UnknownHostException e) {
                throw new IllegalArgumentException(prefix, e);
            }
        }

        boolean contains(byte[] address) {
            if (address.length != prefix.length) {
                return false;
            }
            for (int i = 0; i < bits; i++) {
                var mask = 0x80 >> (i % 8);
                if ((address[i / 8] & mask) != (prefix[i / 8] & mask)) {
                    return false;
                }
            }
            return true;
        }
    }
}
