package dev.byline.bench.fuzz;

import java.util.Collections;
import java.util.List;

/** Changes of method, path and query. */
final class Targets {
    private static final List<String> METHODS = List.of(
            "HEAD",
            "OPTIONS",
            "PUT",
            "TRACE",
            "CONNECT",
            "GET",
            "POST",
            "DELETE",
            "PATCH",
            "PROPFIND",
            "PRI",
            "get",
            "Get",
            "X",
            "G-E_T",
            "QUERY",
            "LINK",
            "GET\t",
            "G(T");

    private static final List<String> IDS = List.of(
            "0",
            "-1",
            "1",
            "01",
            "+1",
            "1.0",
            "1e3",
            "0x1",
            "9223372036854775807",
            "9223372036854775808",
            "99999999999999999999",
            "current",
            "batch",
            "me",
            "null",
            "%20",
            "%00",
            "1%00",
            "1%0a",
            "%D9%A3",
            "%EF%BC%91",
            "1;x",
            "1%2F",
            "1%2e",
            "%31",
            "*",
            "{id}",
            "1,2",
            "%c3",
            "%ff",
            "1%2fposts",
            "١");

    private static final List<String> SEGMENTS = List.of(
            "/",
            "//",
            "/.",
            "/..",
            "/./",
            "/../",
            "/%2e",
            "/%2e%2e",
            "/%2E%2E/x",
            "/..%2f",
            "/%2f",
            "/%5c",
            "\\",
            ";",
            ";x",
            ";x=y;z",
            "/;x",
            "%00",
            "%0a",
            "%0d%0a",
            "%",
            "%zz",
            "%u0041",
            "%ff",
            "%c0%ae",
            "%ef%bb%bf",
            "%e2%80%a8",
            "/x",
            ".json",
            "~",
            "+",
            " ",
            "#x",
            "?",
            "&",
            ":",
            "@",
            "|",
            "\"",
            "<x>",
            "[",
            "^",
            "`",
            "{",
            "\u00e9",
            "\u00ff",
            "\u0085");

    private static final List<String> ODD_QUERIES = List.of(
            "",
            "=",
            "&",
            "&&",
            "x",
            "x=1",
            "limt=5",
            "=1",
            "%",
            "limit=%",
            "limit=%zz",
            "limit",
            "limit=",
            "Limit=1",
            "limit=1;cursor=",
            "limit=1&limit=1",
            "ids=1&ids=2",
            "ids=",
            "ids=,",
            "q=%ff",
            "q=\u00ff",
            "q=\u00c3\u00a9",
            "q=%c0%80",
            "q=%ed%a0%80",
            "q=%00",
            "q=a%00b",
            "q=%EF%BF%BE",
            "q=+",
            "q=%2B",
            "%71=a",
            "q[]=a",
            "metadata={}",
            "metadata=%7B%7D",
            "metadata=%7B",
            "metadata=%7B%22a%22:1e400%7D",
            "metadata=%7B%22a%22:%22%5Cu0000%22%7D",
            "metadata=%7B%22a%22:%22%5Cud800%22%7D",
            "metadata=null",
            "metadata=[]",
            "?",
            "#",
            "a?b",
            "cursor=",
            "access_token=x",
            "_method=DELETE",
            "sort=relevance",
            "sort=relevance&q=a&limit=100",
            "include=posts&include=posts",
            "active=TRUE",
            "active=1",
            "author=me",
            "limit=1e1",
            "limit=%31",
            "limit=+5",
            "limit=00000000000000000000005");

    private Targets() {}

    static void method(Draft draft, Dice dice) {
        draft.method = dice.of(METHODS);
        if (dice.oneIn(40)) {
            draft.method = "X".repeat(dice.of(100, 8000, 20_000));
        }
        if (!draft.method.equals("HEAD") || !draft.operation.method().equals("GET")) {
            draft.documented = false;
        }
        if (draft.method.equals("CONNECT") || draft.method.contains("\t") || draft.method.contains("(")) {
            draft.loose = true;
        }
        draft.changed("method", Bytes.show(draft.method, 20));
    }

    static void override(Draft draft, Dice dice) {
        var header = dice.of("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override");
        draft.set(header, dice.of("DELETE", "PATCH", "GET", "x"));
        draft.changed("header " + header, "");
    }

    /** Another id, or other words in its place. */
    static void id(Draft draft, Dice dice) {
        var id = dice.oneIn(10) ? "1".repeat(dice.of(19, 20, 300, 7000)) : dice.of(IDS);
        if (draft.operation.path().contains("{")) {
            draft.path = draft.operation
                    .path()
                    .replaceAll("\\{[a-z]+}", Bytes.utf8(id).replace("\\", "\\\\"));
            draft.documented = false;
            draft.changed("path", id);
        }
    }

    static void path(Draft draft, Dice dice) {
        var segment = dice.oneIn(20)
                ? Shape.of(dice).fill(dice.of(300, 7000, 15_000, 17_000), Bytes::percent)
                : dice.of(SEGMENTS);
        var at = dice.oneIn(2) ? draft.path.length() : dice.below(draft.path.length() + 1);
        draft.path = draft.path.substring(0, at) + segment + draft.path.substring(at);
        draft.documented = false;
        draft.loose |= segment.contains(" ") || !draft.path.startsWith("/");
        draft.changed("path", Bytes.show(draft.path, 60));
    }

    /** An absolute address, an authority, an asterisk, nothing. */
    static void form(Draft draft, Dice dice) {
        draft.path = dice.of(
                "*",
                "",
                "http://x" + draft.path,
                "HTTP://x:80" + draft.path,
                "https://other" + draft.path,
                "http://" + draft.path,
                "x:80",
                "//x" + draft.path,
                "ftp://x/",
                "http://[::1" + draft.path,
                "http://x@y:z" + draft.path,
                "javascript:x");
        draft.documented = false;
        draft.loose = true;
        draft.changed("target", draft.path);
    }

    static void query(Draft draft, Dice dice) {
        var parameters = draft.operation.in("query");
        if (parameters.isEmpty() || dice.oneIn(3)) {
            var odd = dice.of(ODD_QUERIES);
            draft.query.add(odd);
            draft.changed("query", odd);
            return;
        }
        var name = dice.of(parameters).name();
        var value = switch (dice.below(4)) {
            case 0 -> Shape.of(dice).fill(dice.of(3, 200, 600, 3000, 15_000), Bytes::percent);
            case 1 -> Bytes.percent(Shape.of(dice).text(dice.of(1, 100, 199, 200, 201)));
            case 2 ->
                Bytes.percent(dice.of("{\"a\":", "{\"a\":\"", "[", "")
                        + Shape.of(dice).text(dice.of(5, 100))
                        + dice.of("}", "\"}", ""));
            default ->
                dice.of(
                        "0",
                        "-1",
                        "1",
                        "100",
                        "101",
                        "2147483648",
                        "9223372036854775808",
                        "1.0",
                        "a",
                        "",
                        "%00",
                        "true",
                        "null",
                        ids(dice.of(1, 99, 100, 101, 2000)));
        };
        draft.query.removeIf(each -> each.startsWith(name + "="));
        draft.query.add(name + "=" + value);
        draft.changed("query " + name, Bytes.show(value, 60));
    }

    private static String ids(int count) {
        return String.join(",", Collections.nCopies(count, "7"));
    }

    /** A cursor of another list, a forged one, a damaged one. */
    static void cursor(Draft draft, Dice dice, Known known) {
        var cursor = new StringBuilder(known.cursor(dice));
        var at = dice.below(cursor.length());
        switch (dice.below(6)) {
            case 0 -> cursor.setCharAt(at, (char) (cursor.charAt(at) ^ (1 << dice.below(7))));
            case 1 -> cursor.setLength(at);
            case 2 -> cursor.append(dice.of("A", "==", "%00", ".", "AAAA"));
            case 3 -> cursor.replace(0, cursor.length(), "A".repeat(dice.of(1, 16, 64, 5000)));
            case 4 -> cursor.insert(at, dice.of("-", "_", "/", "%2B"));
            default -> {
                // as it is: mostly another list's
            }
        }
        draft.query.removeIf(each -> each.startsWith("cursor="));
        draft.query.add("cursor=" + cursor.toString().replaceAll("[^!-~]|[&#]", "%01"));
        draft.changed("query cursor", Bytes.show(cursor.toString(), 60));
    }
}
