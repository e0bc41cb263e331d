package dev.byline.bench.fuzz;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** The members of a JSON object in order, by a schema; names may be repeated. */
final class JsonMembers {
    private record Member(String name, String value) {}

    private final JsonNode schema;
    private final List<Member> members = new ArrayList<>();

    private JsonMembers(JsonNode schema) {
        this.schema = schema;
    }

    /** All required members and some of the others. */
    static JsonMembers valid(Values values, SeededRandom random, JsonNode schema) {
        var valid = new JsonMembers(schema);
        var required =
                schema.path("required").valueStream().map(JsonNode::asText).toList();
        for (var property : schema.path("properties").properties()) {
            var name = property.getKey();
            var value = values.valid(name, property.getValue());
            if (required.contains(name) || random.oneIn(rarity(name))) {
                valid.members.add(new Member(Encoding.quoted(name), value));
            }
        }
        return valid;
    }

    private static int rarity(String name) {
        return switch (name) {
            case "password" -> 20;
            case "user_id", "role", "is_active" -> 10;
            default -> 2;
        };
    }

    /** Makes one member invalid and returns its name. */
    String makeInvalid(Values values, SeededRandom random) {
        var property = random.of(List.copyOf(schema.path("properties").properties()));
        var name = Encoding.quoted(property.getKey());
        switch (random.below(12)) {
            case 0 -> members.removeIf(each -> each.name.equals(name));
            case 1 -> members.addAll(List.copyOf(members)); // each twice
            case 2 -> add(random.of("x", "", "__proto__", "Email", "ID", "\0"));
            case 3 -> add(RepeatedText.random(random).codePoints(random.of(1, 30, 3000)));
            default -> put(name, values.invalid(property.getKey(), property.getValue()));
        }
        return property.getKey();
    }

    private void add(String name) {
        members.add(new Member(Encoding.quoted(name), "1"));
    }

    /** Sets a member. */
    void put(String quotedName, String value) {
        members.removeIf(each -> each.name.equals(quotedName));
        members.add(new Member(quotedName, value));
    }

    @Override
    public String toString() {
        return members.stream().map(each -> each.name + ":" + each.value).collect(Collectors.joining(",", "{", "}"));
    }
}
