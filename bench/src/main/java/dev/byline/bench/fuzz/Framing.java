package dev.byline.bench.fuzz;

import java.util.Locale;

/** Changes of the version, the host and the framing of the body. */
final class Framing {
    private Framing() {}

    static void change(Draft draft, Dice dice) {
        switch (dice.below(4)) {
            case 0 -> version(draft, dice);
            case 1 -> chunked(draft, dice);
            default -> length(draft, dice);
        }
    }

    private static void version(Draft draft, Dice dice) {
        draft.version = dice.of(
                "HTTP/1.0",
                "HTTP/0.9",
                "HTTP/2.0",
                "HTTP/1.2",
                "HTTP/1.1 ",
                "http/1.1",
                "HTTP/11",
                "HTTP/1.10",
                "",
                "X",
                "HTTP/9999999999.1");
        draft.host = dice.of("Host: x", "Host: x", "", "Host: x\r\nHost: y", "Host:");
        draft.loose = true;
        draft.changed("version", draft.version);
    }

    /** Right, so that it must be answered. */
    private static void chunked(Draft draft, Dice dice) {
        var size = dice.of(1, 7, 1000, 100_000);
        var extension = dice.of("", ";a=b", ";a=\"b\"", "");
        draft.framing = body -> {
            var chunks = new StringBuilder("Transfer-Encoding: chunked\r\n\r\n");
            var step = Math.max(size, body.length() / 2000);
            for (int i = 0; i < body.length(); i += step) {
                var chunk = body.substring(i, Math.min(body.length(), i + step));
                chunks.append(Integer.toHexString(chunk.length()))
                        .append(extension)
                        .append("\r\n")
                        .append(chunk)
                        .append("\r\n");
            }
            return chunks.append("0\r\n\r\n").toString();
        };
        draft.changed("chunked", "by " + size);
    }

    private static void length(Draft draft, Dice dice) {
        var number = dice.below(4);
        var coding = dice.of(
                "foo, chunked",
                "foo",
                "identity",
                "chunked, chunked",
                "chunked, identity",
                "gzip, chunked",
                "\u000bchunked",
                "chunked;q=1",
                "CHUNKED",
                ", chunked",
                "\"chunked\"",
                "",
                "x".repeat(5000));
        var length = dice.of(
                "+%d",
                "-%d",
                "0x%x",
                "%d, %d",
                "%d,%d",
                "0%d",
                "%d.0",
                "%d a",
                "",
                " ",
                "9999999999",
                "99999999999999999999",
                "-1",
                "%d\r\nContent-Length: %d",
                "%d\r\nContent-Length: 1",
                "1",
                "0");
        var chunks = dice.of(
                "1\r\n{\r\n",
                "0\r\n\r\n",
                "zz\r\n",
                "-1\r\n",
                "ffffffffffffffff\r\n",
                "1;\r\n{\r\n0\r\n\r\n",
                "2\r\n{}\r\n0\r\nX: y\r\n\r\n",
                "2\n{}\n0\n\n",
                "2\r\n{}0\r\n\r\n",
                "00000000000000000002\r\n{}\r\n0\r\n\r\n",
                "2;" + "x".repeat(20_000) + "\r\n{}\r\n0\r\n\r\n",
                "0\r\n" + "X: y\r\n".repeat(5000) + "\r\n",
                "");
        draft.framing = body -> switch (number) {
            case 0 -> "Transfer-Encoding: " + coding + "\r\n\r\n" + chunk(body);
            case 1 -> "Content-Length: " + format(length, body) + "\r\n\r\n" + body;
            case 2 -> "Transfer-Encoding: chunked\r\n\r\n" + chunks;
            default -> "Content-Length: " + body.length() + "\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(body);
        };
        draft.loose = true;
        draft.changed(
                "framing", Bytes.show(number == 0 ? coding : number == 1 ? length : number == 2 ? chunks : "both", 60));
    }

    private static String chunk(String body) {
        return (body.isEmpty() ? "" : Integer.toHexString(body.length()) + "\r\n" + body + "\r\n") + "0\r\n\r\n";
    }

    private static String format(String length, String body) {
        return length.contains("%") ? String.format(Locale.ROOT, length, body.length(), body.length()) : length;
    }
}
