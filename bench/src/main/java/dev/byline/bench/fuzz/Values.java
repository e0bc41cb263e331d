package dev.byline.bench.fuzz;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Valid and invalid values as JSON, by schema, and by name where the schema doesn't say enough. */
public final class Values {
    /** The password of every user that has one. */
    public static final String PASSWORD = "correct horse battery staple";

    private final KnownValues known;
    private final SeededRandom random;
    private final long index;

    Values(KnownValues known, SeededRandom random, long index) {
        this.known = known;
        this.random = random;
        this.index = index;
    }

    /** A value that is most likely valid. */
    String valid(String name, JsonNode schema) {
        if (schema.has("enum")) {
            var values = schema.path("enum");
            return values.get(random.below(values.size())).toString();
        }
        return switch (OpenApi.type(schema)) {
            case "integer" -> number(name, schema);
            case "boolean" -> Boolean.toString(random.oneIn(2));
            case "array" -> {
                var min = Math.max(1, schema.path("minItems").asInt());
                yield array(random.between(min, 3), name, schema.path("items"));
            }
            case "object" ->
                schema.has("properties")
                        ? JsonMembers.valid(this, random, schema).toString()
                        : metadata();
            default -> Encoding.quoted(text(name, schema));
        };
    }

    private String array(int count, String name, JsonNode items) {
        return IntStream.range(0, count).mapToObj(i -> valid(name, items)).collect(Collectors.joining(",", "[", "]"));
    }

    private String metadata() {
        return IntStream.range(0, random.below(4))
                .mapToObj(i -> "\"k" + random.below(9) + "\":"
                        + random.of(
                                "1", "null", "\"v\"", "{\"n\":[1,2]}", "true", Encoding.quoted(random.from("words"))))
                .distinct()
                .collect(Collectors.joining(",", "{", "}"));
    }

    private String number(String name, JsonNode schema) {
        if (List.of("id", "ids", "user_id", "author").contains(name)) {
            return known.pick(KnownValues.Kind.USER, random);
        }
        var min = schema.path("minimum").asInt(0);
        var max = Math.min(schema.path("maximum").asLong(100), min + 100L);
        return Integer.toString(random.between(min, (int) max));
    }

    private String text(String name, JsonNode schema) {
        var format = schema.path("format").asText();
        if (name.equals("email")) {
            var isLogin = !schema.has("maxLength");
            return random.oneIn(isLogin ? 1 : 8)
                    ? known.pick(KnownValues.Kind.EMAIL, random)
                    : "u" + index + "." + random.below(1_000_000) + "@example.com";
        }
        if (name.equals("urls")) { // without a name that the server would look up
            return "http://127.0.0.1:" + random.between(1, 9) + "/" + random.below(100);
        }
        if (format.equals("password")) {
            return PASSWORD;
        }
        if (format.equals("date-time")) {
            var zone = random.of("Z", "+02:00", ".123456Z", "-11:30");
            return "20%d-0%d-1%dT1%d:00:00%s"
                    .formatted(random.between(10, 20), random.between(1, 9), random.below(10), random.below(10), zone);
        }
        return IntStream.rangeClosed(0, random.below(6))
                .mapToObj(i -> random.from("words"))
                .collect(Collectors.joining(" "));
    }

    /** A value at or beyond a limit, of another type, or hostile. */
    String invalid(String name, JsonNode schema) {
        return switch (random.below(8)) {
            case 0 -> random.from("json of other types");
            case 1 -> random.from("json numbers");
            case 2 -> '"' + random.from("json strings") + '"';
            case 3 ->
                '"' + "x".repeat(random.below(9)) + random.from("json strings") + "x".repeat(random.below(9)) + '"';
            case 4 -> nested();
            case 5 -> Encoding.quoted(RepeatedText.random(random).codePoints(random.of(1, 3, 254, 300, 5000)));
            default -> atLimit(name, schema);
        };
    }

    private String nested() {
        var depth = random.of(5, 33, 34, 35, 36, 100, 1000, 100_000);
        return random.oneIn(2)
                ? "[".repeat(depth) + "]".repeat(random.oneIn(5) ? 0 : depth)
                : "{\"a\":".repeat(depth) + "1" + "}".repeat(depth);
    }

    private String atLimit(String name, JsonNode schema) {
        return switch (OpenApi.type(schema)) {
            case "integer" -> {
                var min = schema.path("minimum").asLong(0);
                var max = schema.path("maximum").asLong(Long.MAX_VALUE);
                yield Long.toString(random.of(min - 1, min, min + 1, max - 1, max, max + 1));
            }
            case "array" -> arrayAtLimit(name, schema);
            case "object" -> schema.has("properties") ? invalidObject(schema) : metadataAtLimit();
            default ->
                name.equals("email")
                        ? Encoding.quoted(emailAtLimit())
                        : schema.path("format").asText().equals("date-time")
                                ? Encoding.quoted(random.from("times"))
                                : textAtLimit(schema);
        };
    }

    private String invalidObject(JsonNode schema) {
        var members = JsonMembers.valid(this, random, schema);
        members.makeInvalid(this, random);
        return members.toString();
    }

    private String arrayAtLimit(String name, JsonNode schema) {
        var items = schema.path("items");
        var max = schema.path("maxItems").asInt(20);
        return switch (random.below(5)) {
            case 0 -> "[]";
            case 1 -> array(max, name, items);
            case 2 -> array(max + 1, name, items);
            case 3 -> {
                var item = valid(name, items);
                yield "[" + item + "," + item + "]";
            }
            default -> "[" + valid(name, items) + "," + invalid(name, items) + "]";
        };
    }

    private String textAtLimit(JsonNode schema) {
        var min = schema.path("minLength").asInt(0);
        var max = schema.path("maxLength").asInt(300);
        var lengths = new ArrayList<>(List.of(0, 1, min, min + 1, Math.min(max, 500)));
        if (max < 1000 || random.oneIn(20)) { // long texts are slow for all
            lengths.addAll(List.of(max - 1, max, max + 1, max, max + 1));
        }
        return Encoding.quoted(
                random.of("x", "é", "Σ", "😀", "\u0301", "\1", " ").repeat(random.of(lengths)));
    }

    private String emailAtLimit() {
        return random.of(
                "x".repeat(random.of(241, 242, 243)) + "@example.com",
                "İ" + index + "@example.com",
                "Σ" + index + "ΑΣ@example.com",
                RepeatedText.random(random).codePoints(240) + "@x",
                random.of("😀@example.com", "a@b", "@", "a@b@c", " a@example.com", "\"a b\"@example.com"),
                random.of("a@[127.0.0.1]", "a\u0000@example.com", "a@example.com\r\nX: y"));
    }

    private String metadataAtLimit() {
        var text = Encoding.quoted(RepeatedText.random(random).codePoints(random.of(1, 50, 5000)));
        return switch (random.below(8)) {
            case 0 -> objectOf(random.of(100, 1500, 1800));
            case 1 -> "{\"a\":\"" + "x".repeat(16_384 - random.of(7, 8, 9)) + "\"}";
            case 2 -> "{" + text + ":1}";
            case 3 -> "{\"a\":" + text + "}";
            case 4 -> "{\"a\":1,\"a\":2}";
            case 5 -> "{\"__proto__\":{\"a\":1},\"constructor\":null,\"\":\"\"}";
            case 6 -> "{\"a\":" + random.from("json numbers") + "}";
            default -> "{\"a\":\"" + random.from("json strings") + "\"}";
        };
    }

    /** An object of so many members. */
    static String objectOf(int count) {
        return IntStream.range(0, count).mapToObj(i -> "\"k" + i + "\":1").collect(Collectors.joining(",", "{", "}"));
    }
}
