package dev.byline.http;

import io.javalin.http.Context;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;

/** Where a request comes from, as a key for limits. */
final class ClientAddress {
    private static final String LITERAL = "[0-9]+\\.[0-9]+\\.[0-9]+\\.[0-9]+|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*";

    private final List<Cidr> trustedProxies;

    ClientAddress(List<Cidr> trustedProxies) {
        this.trustedProxies = trustedProxies;
    }

    /** An IPv4 address, or the /64 of an IPv6 one: whoever has one of those has all of them. */
    String key(Context ctx) {
        var bytes = of(ctx).getAddress();
        return HexFormat.of().formatHex(bytes.length == 16 ? Arrays.copyOf(bytes, 8) : bytes);
    }

    /**
     * The peer; or behind trusted proxies the last address of X-Forwarded-For that is not one of theirs. What stands
     * further left, anyone may have written.
     */
    private InetAddress of(Context ctx) {
        var address = literal(ctx.req().getRemoteAddr());
        var forwarded = String.join(",", Collections.list(ctx.req().getHeaders("X-Forwarded-For")))
                .split(",", -1);
        for (int i = forwarded.length - 1; i >= 0 && isTrusted(address); i--) {
            var text = forwarded[i].strip();
            if (!text.matches(LITERAL)) {
                break;
            }
            address = literal(text);
        }
        return address;
    }

    private boolean isTrusted(InetAddress address) {
        return trustedProxies.stream().anyMatch(proxy -> proxy.contains(address));
    }

    private static InetAddress literal(String text) {
        try {
            return InetAddress.getByName(text);
        } catch (UnknownHostException e) {
            return InetAddress.getLoopbackAddress(); // no address at all, such as 999.1.1.1
        }
    }
}
