package dev.byline.bench.fuzz;

import java.nio.charset.StandardCharsets;

/** Changes of a body as a whole: what is no JSON object, no JSON, no UTF-8. */
final class Bodies {
    static final int MAX = 1024 * 1024;

    private Bodies() {}

    static void member(Draft draft, Values values, Dice dice) {
        if (draft.members != null) {
            var name = draft.members.spoil(values, dice);
            draft.changed("body " + name, "");
        }
    }

    static void bytes(Draft draft, Dice dice) {
        var number = dice.below(16);
        var at = dice.below(10_000);
        var odd = dice.of(
                "\u00ff",
                "\u0080",
                "\u00c0\u00af",
                "\u00ed\u00a0\u0080",
                "\0",
                "\u0001",
                "\"",
                "\\",
                "{",
                "}",
                ",",
                ":",
                "'",
                "/*x*/",
                "//x\n",
                "\u00a0",
                "\u00e2\u0080\u00a8",
                "\u000b");
        var big = dice.of("[", "{\"a\":", "\"", "1", " ", "-", "1e", "\\u0041", "0", "[],", "\u00ff", "{\"a\":[");
        draft.spoilBody = body -> switch (number) {
            case 0 -> "";
            case 1 -> body.substring(0, at % (body.length() + 1));
            case 2, 3, 4 -> insert(body, at % (body.length() + 1), odd);
            case 5 -> replace(body, at % Math.max(1, body.length()), odd);
            case 6 -> body + odd;
            case 7 -> body + body;
            case 8 -> "\u00ef\u00bb\u00bf" + body;
            case 9 -> new String(body.getBytes(StandardCharsets.UTF_16), StandardCharsets.ISO_8859_1);
            case 10 -> " \t\r\n".repeat(at) + body;
            case 11 -> at % 20 == 0 ? big.repeat(MAX / big.length()) : big.repeat(100);
            case 12 -> at % 20 == 0 ? body + " ".repeat(Math.max(0, MAX + at % 3 - 1 - body.length())) : body + " ";
            case 13 -> "[" + body + "]";
            case 14 -> body.replace('"', '\'');
            default -> big;
        };
        draft.changed("body", "kind " + number + " " + (number == 11 || number == 15 ? big : odd));
        if (draft.body == null && draft.members == null) {
            draft.body = "{}";
            draft.set("Content-Type", "application/json");
        }
    }

    private static String insert(String body, int at, String what) {
        return body.substring(0, at) + what + body.substring(at);
    }

    private static String replace(String body, int at, String what) {
        return body.isEmpty() ? what : body.substring(0, at) + what + body.substring(at + 1);
    }
}
