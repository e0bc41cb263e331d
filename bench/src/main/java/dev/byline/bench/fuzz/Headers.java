package dev.byline.bench.fuzz;

import java.util.List;
import java.util.Map;
import java.util.Set;

/** Changes of request headers: those that the contract names, and others that HTTP knows. */
final class Headers {
    /** What a server may look into, each with values that are right or nearly so. */
    static final Map<String, List<String>> COMMON = Map.ofEntries(
            Map.entry(
                    "Accept",
                    List.of(
                            "*/*",
                            "application/json",
                            "application/*;q=0.5, text/html",
                            "text/html",
                            "application/json;q=0",
                            "*/*;q=0.000",
                            "a/b;q=0;c=d",
                            ",",
                            "x",
                            "application/json;v=\"a,b\"")),
            Map.entry("Accept-Charset", List.of("utf-8", "*;q=0")),
            Map.entry("Accept-Encoding", List.of("gzip", "br;q=1, gzip;q=0", "*;q=0", "identity;q=0", "x-gzip")),
            Map.entry("Accept-Language", List.of("de", "*", "i-klingon")),
            Map.entry("Access-Control-Request-Headers", List.of("authorization")),
            Map.entry("Access-Control-Request-Method", List.of("PATCH", "X")),
            Map.entry(
                    "Authorization",
                    List.of(
                            "Bearer x",
                            "bearer  x ",
                            "Bearer",
                            "Basic eDp5",
                            "Bearer a b",
                            "Bearer byl_",
                            "byl_x",
                            "Digest a=\"b\"",
                            "Bearer " + "A".repeat(43),
                            "Bearer byl_" + "A".repeat(43))),
            Map.entry(
                    "Connection",
                    List.of("close", "keep-alive", "upgrade", "close, keep-alive", "x, Authorization", "TE")),
            Map.entry("Content-Encoding", List.of("gzip", "identity", "br, gzip", "x", "IDENTITY", "")),
            Map.entry(
                    "Content-Type",
                    List.of(
                            "application/json",
                            "application/json; charset=utf-8",
                            "application/json;charset=\"UTF-8\"",
                            "application/json; charset=utf-16",
                            "application/json; charset=x\"",
                            "text/plain",
                            "application/x-www-form-urlencoded",
                            "multipart/form-data; boundary=x",
                            "multipart/form-data",
                            "application/merge-patch+json",
                            "application/json-patch+json",
                            "APPLICATION/JSON",
                            "application/json;",
                            ";",
                            "",
                            "application/json, text/plain",
                            "*/*",
                            "application/json; charset=")),
            Map.entry("Cookie", List.of("a=b", "a=\"b;c\"", "=;=", "$Version=1; a=b", "JSESSIONID=x")),
            Map.entry("Expect", List.of("100-continue", "100-Continue", "x", "100-continue, x", "")),
            Map.entry("Forwarded", List.of("for=1.2.3.4;proto=https", "for=\"[::1]:5\"", "for")),
            Map.entry("Host", List.of("x", "x:80", "x:99999", "[::1]", "[::1", "", "a b", "x/y", "user@x")),
            Map.entry(
                    "Idempotency-Key",
                    List.of(
                            "k1",
                            "k2",
                            "k3",
                            "\"k\"",
                            "",
                            " ",
                            "k".repeat(255),
                            "k".repeat(256),
                            "a b",
                            "\u00e9",
                            "\u00ff")),
            Map.entry(
                    "If-Match",
                    List.of(
                            "*",
                            "\"1-1\"",
                            "W/\"1-1\"",
                            "\"x\", \"y\"",
                            "\"",
                            "x",
                            "",
                            "\"1-99999999999999999999\"",
                            "\"1-1-private\"",
                            "\"a,b\"",
                            "*, \"x\"",
                            ",")),
            Map.entry(
                    "If-Modified-Since",
                    List.of("Sat, 01 Jan 2000 00:00:00 GMT", "Thu, 01 Jan 9999 00:00:00 GMT", "x")),
            Map.entry(
                    "If-None-Match",
                    List.of("*", "\"1-1\"", "W/\"1-1\"", "\"x\", W/\"y\"", "\"", "x", "", ", ,\"x\"", "\"\u00ff\"")),
            Map.entry("If-Range", List.of("\"1-1\"")),
            Map.entry("If-Unmodified-Since", List.of("Sat, 01 Jan 2000 00:00:00 GMT")),
            Map.entry("Max-Forwards", List.of("0", "-1")),
            Map.entry("Origin", List.of("http://x", "null", "", "http://x, http://y", "\u0085")),
            Map.entry("Prefer", List.of("return=minimal")),
            Map.entry("Proxy-Authorization", List.of("Basic eDp5")),
            Map.entry(
                    "Range",
                    List.of(
                            "bytes=0-1",
                            "bytes=-1",
                            "bytes=5-1",
                            "bytes=0-0,2-3",
                            "bytes=99999999999999999999-",
                            "x=1")),
            Map.entry("Referer", List.of("http://x/")),
            Map.entry("TE", List.of("trailers", "chunked;q=0")),
            Map.entry("Trailer", List.of("x")),
            Map.entry("Upgrade", List.of("h2c", "websocket")),
            Map.entry("User-Agent", List.of("x", "")),
            Map.entry(
                    "X-Forwarded-For",
                    List.of("1.2.3.4", "::1", "1.2.3.4, x", ",", "[::1]:80", "fe80::1%eth0", "999.1.1.1")),
            Map.entry("X-Request-Id", List.of("a", "x".repeat(128), "x".repeat(129), "", "a b", "\u00e9", "a\tb")),
            Map.entry(
                    "traceparent",
                    List.of(
                            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                            "00-" + "0".repeat(32) + "-b7ad6b7169203331-01",
                            "x",
                            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x")),
            Map.entry("tracestate", List.of("a=b")));

    /** Those that a server of this kind reads. */
    static final Set<String> READ = Set.of(
            "Accept",
            "Accept-Encoding",
            "Access-Control-Request-Headers",
            "Authorization",
            "Connection",
            "Content-Encoding",
            "Content-Type",
            "Cookie",
            "Expect",
            "Host",
            "Idempotency-Key",
            "If-Match",
            "If-None-Match",
            "Origin",
            "X-Forwarded-For",
            "X-Request-Id",
            "traceparent");

    static final List<String> NAMES = COMMON.keySet().stream().sorted().toList();

    private Headers() {}

    static void value(Draft draft, Dice dice) {
        var name = dice.of(NAMES);
        var value = switch (dice.below(4)) {
            case 0 -> Shape.of(dice).fill(dice.of(5, 50, 500, 5000), Bytes::header);
            case 1 ->
                dice.of(COMMON.getOrDefault(name, List.of("")))
                        + Shape.of(dice).fill(dice.of(1, 10, 100), Bytes::header);
            default -> dice.of(COMMON.getOrDefault(name, List.of("")));
        };
        switch (dice.below(6)) {
            case 0 -> draft.headers.add(name + ": " + value); // a second one, perhaps
            case 1 -> draft.headers.addAll(java.util.Collections.nCopies(dice.of(2, 3, 100), name + ": " + value));
            default -> draft.set(name, value);
        }
        if (name.equals("Authorization")) {
            draft.token = "";
        }
        if (name.equals("Host")) {
            draft.host = "";
        }
        draft.loose |= List.of("Host", "Connection", "Upgrade", "Expect").contains(name);
        draft.changed("header " + name, Bytes.show(value, 60));
    }

    /** Another user's token, or a damaged one. */
    static void authorization(Draft draft, Dice dice, Known known) {
        var token = new StringBuilder(known.token(dice));
        switch (dice.below(4)) {
            case 0 -> token.setCharAt(dice.below(token.length()), 'x');
            case 1 -> token.append('x');
            case 2 -> token.setLength(dice.below(token.length()));
            default -> {
                // another user's
            }
        }
        draft.token = "";
        draft.set("Authorization", dice.of("Bearer ", "bearer ", "Bearer  ", "Token ", "") + token);
        draft.changed("header Authorization", "");
    }

    /** Lists of tags among which the right one may be. */
    static void tags(Draft draft, Dice dice, Known known) {
        var tag = known.tag(draft.path);
        var value = dice.of(
                tag,
                "W/" + tag,
                "\"x\", " + tag,
                tag + ",",
                ",,," + tag,
                tag + " x",
                tag.repeat(2),
                tag + ", *",
                tag.toUpperCase(java.util.Locale.ROOT),
                "\"x\",".repeat(1000) + tag);
        var header = dice.of("If-Match", "If-None-Match");
        draft.set(header, value);
        draft.changed("header " + header, Bytes.show(value, 60));
    }

    /** Header lines that are none, or bytes that may not stand there. */
    static void broken(Draft draft, Dice dice) {
        var line = dice.of(
                "X",
                "X Y: z",
                "X : y",
                " X: y",
                ": y",
                "X\0: y",
                "X: a\0b",
                "X: a\rb",
                "X: a\nb",
                "X: a\r\n folded",
                "X: a\r\n\tfolded",
                "X: \u0001\u007f",
                "\u00ff: y",
                "X:\u000by",
                "X(y): z",
                "X".repeat(9000) + ": y",
                "X: " + "y".repeat(17_000),
                "X: y\r\n".repeat(dice.of(100, 1500)) + "Z: z",
                "__proto__: x",
                "X:",
                "Content-Length : 5",
                "Transfer-Encoding : chunked");
        draft.headers.add(line);
        draft.loose = true;
        draft.changed("header line", Bytes.show(line, 60));
    }
}
