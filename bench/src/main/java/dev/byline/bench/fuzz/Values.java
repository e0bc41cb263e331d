package dev.byline.bench.fuzz;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;

/** Values by their schema, right ones and wrong ones, as JSON in bytes. Decides by name where a schema can't say enough. */
public final class Values {
    /** Of all users that have one. */
    public static final String PASSWORD = "correct horse battery staple";

    private static final List<String> WORDS = List.of(
            "word",
            "zebra",
            "Größe",
            "ΣΊΣΥΦΟΣ",
            "İstanbul",
            "“quoted”",
            "a–b",
            "नमस्ते",
            "ภาษาไทย",
            "한국어",
            "日本",
            "e\u0301te\u0301",
            "😀",
            "<b>x</b>",
            "&amp;",
            "O'Neil",
            "1.5",
            "-x",
            "or",
            "\u200b",
            "x\u00a0y");

    private static final List<String> NUMBERS = List.of(
            "0",
            "-0",
            "-1",
            "1",
            "1.0",
            "1.5",
            "1e0",
            "1e2",
            "1E400",
            "1e-400",
            "1e999999999",
            "9007199254740993",
            "2147483647",
            "2147483648",
            "9223372036854775807",
            "9223372036854775808",
            "-9223372036854775808",
            "18446744073709551616",
            "0.1e-7",
            "01",
            "+1",
            "NaN",
            "Infinity",
            "0x1",
            ".5",
            "1.",
            "1e",
            "--1");

    private static final List<String> OTHER_TYPES = List.of(
            "null",
            "true",
            "false",
            "\"\"",
            "\" \"",
            "\"true\"",
            "\"1\"",
            "[]",
            "{}",
            "[null]",
            "[[]]",
            "[{}]",
            "{\"a\":null}",
            "{\"\":{}}");

    /** What can stand in the quotes of a string, well-formed or not. */
    private static final List<String> STRINGS = List.of(
            "\\ud800",
            "\\udc00\\ud800",
            "x\\ud83d",
            "\\ud83d\\ude00",
            "\\u0000",
            "x\\u0000y",
            "\\u00e9\\u0301",
            "\\/\\b\\f\\n\\r\\t",
            "\\x",
            "\\u12",
            "\\u",
            "\\",
            "a\nb",
            "a\tb",
            "\0",
            "\u00ff",
            "\u00c0\u0080",
            "\u00ed\u00a0\u0080",
            "\u00f4\u0090\u0080\u0080",
            "\u00e2\u0082",
            "\u0080",
            "a\u00c2",
            "\\ufeff",
            "\\uffff");

    private final Known known;
    private final Dice dice;
    private final long index;

    Values(Known known, Dice dice, long index) {
        this.known = known;
        this.dice = dice;
        this.index = index;
    }

    /** One that is most likely right. */
    String valid(String name, JsonNode schema) {
        if (schema.path("enum").isArray()) {
            return schema.path("enum")
                    .get(dice.below(schema.path("enum").size()))
                    .toString();
        }
        return switch (type(schema)) {
            case "integer" -> Long.toString(number(name, schema));
            case "boolean" -> Boolean.toString(dice.oneIn(2));
            case "array" -> {
                var count = dice.between(Math.max(1, schema.path("minItems").asInt()), 3);
                yield list(count, name, schema.path("items"));
            }
            case "object" ->
                schema.has("properties") ? Members.valid(this, dice, schema).toString() : metadata(dice.below(4));
            default -> Bytes.quoted(text(name, schema));
        };
    }

    String list(int count, String name, JsonNode items) {
        return IntStream.range(0, count).mapToObj(i -> valid(name, items)).collect(Collectors.joining(",", "[", "]"));
    }

    private String metadata(int members) {
        return IntStream.range(0, members)
                .mapToObj(i -> Bytes.quoted("k" + dice.below(9)) + ":"
                        + dice.of("1", "null", "\"v\"", "{\"n\":[1,2]}", "true", Bytes.quoted(dice.of(WORDS))))
                .distinct()
                .collect(Collectors.joining(",", "{", "}"));
    }

    private long number(String name, JsonNode schema) {
        return switch (name) {
            case "id", "ids", "user_id", "author" -> known.user(dice);
            default -> {
                var min = schema.path("minimum").asInt(0);
                yield dice.between(min, (int) Math.min(schema.path("maximum").asLong(100), min + 100L));
            }
        };
    }

    private String text(String name, JsonNode schema) {
        if (name.equals("email")) {
            var login = !schema.has("maxLength");
            return dice.oneIn(login ? 1 : 8)
                    ? known.email(dice)
                    : "u" + index + "." + dice.below(1_000_000) + "@example.com";
        }
        if (name.equals("urls")) { // never a name that would be looked up
            return "http://127.0.0.1:" + dice.between(1, 9) + "/" + dice.below(100);
        }
        if (schema.path("format").asText().equals("password")) {
            return PASSWORD;
        }
        if (schema.path("format").asText().equals("date-time")) {
            return "20" + dice.between(10, 20) + "-0" + dice.between(1, 9) + "-1" + dice.below(10) + "T1"
                    + dice.below(10) + ":00:00" + dice.of("Z", "+02:00", ".123456Z", "-11:30");
        }
        return IntStream.rangeClosed(0, dice.below(6))
                .mapToObj(i -> dice.of(WORDS))
                .collect(Collectors.joining(" "));
    }

    /** One that is at a boundary, beyond it, of another type, or hostile. */
    String wrong(String name, JsonNode schema) {
        return switch (dice.below(8)) {
            case 0 -> dice.of(OTHER_TYPES);
            case 1 -> dice.of(NUMBERS);
            case 2 -> '"' + dice.of(STRINGS) + '"';
            case 3 -> '"' + "x".repeat(dice.below(9)) + dice.of(STRINGS) + "x".repeat(dice.below(9)) + '"';
            case 4 -> nested();
            case 5 -> Bytes.quoted(Shape.of(dice).text(dice.of(1, 3, 254, 300, 5000)));
            default -> boundary(name, schema);
        };
    }

    private String nested() {
        var depth = dice.of(5, 33, 34, 35, 36, 100, 1000, 100_000);
        return dice.oneIn(2)
                ? "[".repeat(depth) + "]".repeat(dice.oneIn(5) ? 0 : depth)
                : "{\"a\":".repeat(depth) + "1" + "}".repeat(depth);
    }

    private String boundary(String name, JsonNode schema) {
        return switch (type(schema)) {
            case "integer" -> number(schema);
            case "array" -> array(name, schema);
            case "object" -> schema.has("properties") ? wrongMember(schema) : bigMetadata();
            default -> {
                if (name.equals("email")) {
                    yield Bytes.quoted(address());
                }
                var format = schema.path("format").asText();
                yield format.equals("date-time") ? Bytes.quoted(time()) : length(schema);
            }
        };
    }

    private String number(JsonNode schema) {
        var min = schema.path("minimum").asLong(0);
        var max = schema.path("maximum").asLong(Long.MAX_VALUE);
        return Long.toString(dice.of(min - 1, min, min + 1, max - 1, max, max + 1));
    }

    private String wrongMember(JsonNode schema) {
        var members = Members.valid(this, dice, schema);
        members.spoil(this, dice);
        return members.toString();
    }

    private String array(String name, JsonNode schema) {
        var items = schema.path("items");
        var max = schema.path("maxItems").asInt(20);
        return switch (dice.below(5)) {
            case 0 -> "[]";
            case 1 -> list(max, name, items);
            case 2 -> list(max + 1, name, items);
            case 3 -> {
                var item = valid(name, items);
                yield "[" + item + "," + item + "]";
            }
            default -> "[" + valid(name, items) + "," + wrong(name, items) + "]";
        };
    }

    private String length(JsonNode schema) {
        var min = schema.path("minLength").asInt(0);
        var max = schema.path("maxLength").asInt(300);
        var lengths = new ArrayList<>(List.of(0, 1, min, min + 1, Math.min(max, 500)));
        if (max < 1000 || dice.oneIn(20)) { // long texts are slow for all
            lengths.addAll(List.of(max - 1, max, max + 1, max, max + 1));
        }
        return Bytes.quoted(dice.of("x", "é", "Σ", "😀", "\u0301", "\1", " ").repeat(dice.of(lengths)));
    }

    private String address() {
        return dice.of(
                "x".repeat(dice.of(241, 242, 243)) + "@example.com",
                "😀@example.com",
                "a@b",
                "@",
                "a@b@c",
                " a@example.com",
                "İ" + index + "@example.com",
                "Σ" + index + "ΑΣ@example.com",
                "\"a b\"@example.com",
                "a@[127.0.0.1]",
                "a\u0000@example.com",
                "a@example.com\r\nX: y",
                Shape.of(dice).text(240) + "@x");
    }

    private String time() {
        return dice.of(
                "1990-12-31T23:59:60Z",
                "2020-02-30T00:00:00Z",
                "0000-01-01T00:00:00Z",
                "0001-01-01T00:00:00+18:00",
                "9999-12-31T23:59:59.999999Z",
                "9999-12-31T23:59:59.9999999-18:00",
                "-292275055-05-16T16:47:04Z",
                "+10000-01-01T00:00:00Z",
                "2020-01-01T24:00:00Z",
                "2020-01-01",
                "2020-01-01T00:00:00",
                "2020-01-01t00:00:00z",
                "2020-01-01 00:00:00Z",
                "2020-01-01T00:00:00." + "9".repeat(dice.of(7, 9, 10, 13, 1000)) + "Z",
                "4714-11-24T00:00:00Z",
                "2020-01-01T00:00:00+99:99");
    }

    private String bigMetadata() {
        var shape = Shape.of(dice);
        return switch (dice.below(8)) {
            case 0 -> members(dice.of(100, 1500, 1800));
            case 1 -> "{\"a\":\"" + "x".repeat(16_384 - dice.of(7, 8, 9)) + "\"}";
            case 2 -> "{" + Bytes.quoted(shape.text(dice.of(1, 50, 5000))) + ":1}";
            case 3 -> "{\"a\":" + Bytes.quoted(shape.text(dice.of(1, 50, 5000))) + "}";
            case 4 -> "{\"a\":1,\"a\":2}";
            case 5 -> "{\"__proto__\":{\"a\":1},\"constructor\":null,\"\":\"\"}";
            case 6 -> "{\"a\":" + dice.of(NUMBERS) + "}";
            default -> "{\"a\":\"" + dice.of(STRINGS) + "\"}";
        };
    }

    /** An object of so many members. */
    static String members(int count) {
        return IntStream.range(0, count).mapToObj(i -> "\"k" + i + "\":1").collect(Collectors.joining(",", "{", "}"));
    }

    static boolean isFreeText(JsonNode schema) {
        return type(schema).equals("string") && !schema.has("enum");
    }

    private static String type(JsonNode schema) {
        var type = schema.path("type");
        return type.isArray()
                ? StreamSupport.stream(type.spliterator(), false)
                        .map(JsonNode::asText)
                        .filter(each -> !each.equals("null"))
                        .findFirst()
                        .orElse("")
                : type.asText();
    }
}
