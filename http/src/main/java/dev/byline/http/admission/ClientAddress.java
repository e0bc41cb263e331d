package dev.byline.http.admission;

import dev.byline.http.exchange.Exchange;
import dev.byline.model.Cidr;
import io.javalin.http.Context;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Determines the client address of a request, as a key for rate limits. */
public final class ClientAddress {
    /** The maximum length of an address literal with brackets, zone and port. */
    private static final int MAX_LITERAL = 100;

    private static final Pattern V4 = Pattern.compile("([0-9.]++)(?::[0-9]{1,5})?");
    private static final Pattern V6 =
            Pattern.compile("\\[?([0-9a-fA-F.]*+:[0-9a-fA-F:.]*+)(?:%[^\\]]*+)?(?:](?::[0-9]{1,5})?)?");

    private final List<Cidr> trustedProxies;

    public ClientAddress(List<Cidr> trustedProxies) {
        this.trustedProxies = trustedProxies;
    }

    /** Returns the IPv4 address, or the /64 prefix of an IPv6 address: a client usually controls a whole /64. */
    public String key(Context ctx) {
        var bytes = of(ctx).getAddress();
        return HexFormat.of().formatHex(bytes.length == 16 ? Arrays.copyOf(bytes, 8) : bytes);
    }

    /**
     * Returns the remote address; behind trusted proxies the last address in X-Forwarded-For that is not a trusted
     * proxy. Clients can forge all entries to its left.
     */
    private InetAddress of(Context ctx) {
        var address = Exchange.of(ctx).peer();
        if (trustedProxies.isEmpty()) {
            return address;
        }
        var forwarded = String.join(",", Collections.list(ctx.req().getHeaders("X-Forwarded-For")))
                .split(",", -1);
        for (int i = forwarded.length - 1; i >= 0 && isTrusted(address); i--) {
            var next = parse(forwarded[i].strip());
            if (next.isEmpty()) {
                break; // keeps the last valid address
            }
            address = next.get();
        }
        return address;
    }

    private boolean isTrusted(InetAddress address) {
        return trustedProxies.stream().anyMatch(proxy -> proxy.contains(address));
    }

    /**
     * Parses an address literal, with a port if the proxy adds one. Rejects host names: they would cause a DNS lookup.
     */
    public static Optional<InetAddress> parse(String text) {
        if (text.length() > MAX_LITERAL) {
            return Optional.empty();
        }
        return Stream.of(V4, V6)
                .map(pattern -> pattern.matcher(text))
                .filter(Matcher::matches)
                .findFirst()
                .flatMap(address -> Cidr.parseAddress(address.group(1)));
    }
}
