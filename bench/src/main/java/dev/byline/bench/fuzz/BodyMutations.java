package dev.byline.bench.fuzz;

import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** Changes of the body and its framing. */
final class BodyMutations {
    static final int MAX_BYTES = 1024 * 1024;

    private final FuzzRequest request;
    private final SeededRandom random;

    BodyMutations(FuzzRequest request, SeededRandom random) {
        this.request = request;
        this.random = random;
    }

    /** Makes one member of the object invalid. */
    void member(Values values) {
        if (request.members != null) {
            request.changed("body " + request.members.makeInvalid(values, random), "");
        }
    }

    /** Makes the whole body invalid: not an object, not JSON, not UTF-8, too large. */
    void content() {
        var kind = random.below(16);
        var at = random.below(10_000);
        var bytes = random.from("body bytes");
        var unit = random.from("body repeats");
        request.changeBody = body -> switch (kind) {
            case 0 -> "";
            case 1 -> body.substring(0, at % (body.length() + 1));
            case 2, 3, 4 -> insert(body, at % (body.length() + 1), bytes, 0);
            case 5 -> insert(body, at % Math.max(1, body.length()), bytes, 1);
            case 6 -> body + bytes;
            case 7 -> body + body;
            case 8 -> "\u00ef\u00bb\u00bf" + body; // byte order mark
            case 9 -> new String(body.getBytes(StandardCharsets.UTF_16), StandardCharsets.ISO_8859_1);
            case 10 -> " \t\r\n".repeat(at) + body;
            case 11 -> at % 20 == 0 ? unit.repeat(MAX_BYTES / unit.length()) : unit.repeat(100);
            case 12 ->
                at % 20 == 0 ? body + " ".repeat(Math.max(0, MAX_BYTES + at % 3 - 1 - body.length())) : body + " ";
            case 13 -> "[" + body + "]";
            case 14 -> body.replace('"', '\'');
            default -> unit;
        };
        request.changed("body", "kind " + kind + " " + (kind == 11 || kind == 15 ? unit : bytes));
        if (request.body == null && request.members == null) {
            request.body = "{}";
            request.set("Content-Type", "application/json");
        }
    }

    private static String insert(String body, int at, String bytes, int replaced) {
        return body.substring(0, at) + bytes + body.substring(Math.min(body.length(), at + replaced));
    }

    /** Splits the body into valid chunks: the server must respond. */
    void chunks() {
        var size = random.of(1, 7, 1000, 100_000);
        var extension = random.of("", ";a=b", ";a=\"b\"", "");
        request.framing = body -> {
            var chunks = new StringBuilder("Transfer-Encoding: chunked\r\n\r\n");
            var step = Math.max(size, body.length() / 2000);
            for (int i = 0; i < body.length(); i += step) {
                var chunk = body.substring(i, Math.min(body.length(), i + step));
                chunks.append(Integer.toHexString(chunk.length()) + extension + "\r\n" + chunk + "\r\n");
            }
            return chunks.append("0\r\n\r\n").toString();
        };
        request.changed("chunked", "by " + size);
    }

    /** Sends an invalid or ambiguous length of the body. */
    void length() {
        var kind = random.below(4);
        var coding = random.from("transfer codings");
        var length = random.from("content lengths");
        var chunks = random.from("chunks");
        request.framing = body -> switch (kind) {
            case 0 -> "Transfer-Encoding: " + coding + "\r\n\r\n" + chunk(body);
            case 1 -> "Content-Length: " + format(length, body) + "\r\n\r\n" + body;
            case 2 -> "Transfer-Encoding: chunked\r\n\r\n" + chunks;
            default -> "Content-Length: " + body.length() + "\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(body);
        };
        request.malformed = true;
        request.changed("framing", kind == 0 ? coding : kind == 1 ? length : kind == 2 ? chunks : "both");
    }

    private static String chunk(String body) {
        return (body.isEmpty() ? "" : Integer.toHexString(body.length()) + "\r\n" + body + "\r\n") + "0\r\n\r\n";
    }

    private static String format(String length, String body) {
        return length.contains("%") ? String.format(Locale.ROOT, length, body.length(), body.length()) : length;
    }
}
