package dev.byline.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CidrTest {
    private static InetAddress address(String literal) {
        return Cidr.parseAddress(literal).orElseThrow();
    }

    @ParameterizedTest
    @CsvSource({
        "10.0.0.0/8, 10.0.0.0, true",
        "10.0.0.0/8, 10.255.255.255, true",
        "10.0.0.0/8, 11.0.0.0, false",
        "10.1.2.3/8, 10.9.9.9, true",
        "172.16.0.0/12, 172.31.255.255, true",
        "172.16.0.0/12, 172.32.0.0, false",
        "192.0.2.129/25, 192.0.2.128, true",
        "192.0.2.129/25, 192.0.2.127, false",
        "192.0.2.1, 192.0.2.1, true",
        "192.0.2.1, 192.0.2.0, false",
        "0.0.0.0/0, 255.255.255.255, true",
        "0.0.0.0/0, ::1, false",
        "::/0, ::1, true",
        "::/0, 127.0.0.1, false",
        "2000::/3, 3fff::1, true",
        "2000::/3, 4000::, false",
        "2001:db8::1, 2001:db8::1, true",
        "2001:db8::1, 2001:db8::, false",
        "10.0.0.0/8, ::ffff:10.1.2.3, true",
        "::ffff:10.0.0.0/104, 10.1.2.3, true",
        "::ffff:10.0.0.0/104, 11.1.2.3, false",
        "::ffff:10.0.0.0, 10.0.0.0, true"
    })
    void containsAddressesWithTheSamePrefix(String block, String address, boolean contained) {
        assertThat(Cidr.parse(block).contains(address(address))).isEqualTo(contained);
    }

    @Test
    void aMappedAddressOfSixteenBytesCountsAsIpv4() throws UnknownHostException {
        var bytes = new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, 10, 0, 0, 1};
        var mapped = Inet6Address.getByAddress(null, bytes, 0);

        assertThat(Cidr.parse("10.0.0.0/8").contains(mapped)).isTrue();
        assertThat(Cidr.parse("::/0").contains(mapped)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/",
                "/8",
                "10.0.0.0/",
                "10.0.0.0/-1",
                "10.0.0.0/+8",
                "10.0.0.0/08",
                "10.0.0.0/33",
                "10.0.0.0/8/8",
                "10.0.0.0/4294967304",
                "::/129",
                "::ffff:10.0.0.0/95",
                "10/8",
                "localhost",
                "[::1]/128"
            })
    void otherTextIsNotABlock(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> Cidr.parse(text));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "127.1",
                "2130706433",
                "0x7f.0.0.1",
                "127.0.0.01",
                "256.0.0.1",
                "1.2.3.4.",
                "1.2.3.4.5",
                "١.2.3.4",
                "999.999",
                "a.b.c.d",
                ".:",
                ":",
                ":::",
                "1::2::3",
                "1:2:3:4:5:6:7",
                "::fffff",
                "::g",
                "::１",
                "fe80::1%1",
                "fe80::1%eth0",
                "::ffff:1.2.3",
                "::ffff:1.2.3.256",
                "[::1]",
                "::1 "
            })
    void otherTextIsNotAnAddress(String text) {
        assertThat(Cidr.parseAddress(text)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"10.0.0.0/8", "192.0.2.1/32", "fd00:0:0:0:0:0:0:0/8"})
    void toStringIsWhatParseReads(String text) {
        assertThat(Cidr.parse(text)).hasToString(text);
    }
}
