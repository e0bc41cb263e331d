package dev.byline.bench.fuzz;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/** A JSON object's members in order, by a schema; names may come twice. */
final class Members {
    private record Member(String name, String value) {}

    private final JsonNode schema;
    private final List<Member> members = new ArrayList<>();

    private Members(JsonNode schema) {
        this.schema = schema;
    }

    /** What is required, and some of the rest. */
    static Members valid(Values values, Dice dice, JsonNode schema) {
        var valid = new Members(schema);
        var required = StreamSupport.stream(schema.path("required").spliterator(), false)
                .map(JsonNode::asText)
                .toList();
        for (var property : schema.path("properties").properties()) {
            var name = property.getKey();
            var rare = name.equals("password")
                    ? 20
                    : List.of("user_id", "role", "is_active").contains(name) ? 10 : 2;
            var value = values.valid(name, property.getValue());
            if (required.contains(name) || dice.oneIn(rare)) {
                valid.members.add(new Member(Bytes.quoted(name), value));
            }
        }
        return valid;
    }

    /** Makes one thing wrong; returns its name. */
    String spoil(Values values, Dice dice) {
        var properties = List.copyOf(schema.path("properties").properties());
        var property = dice.of(properties);
        var name = Bytes.quoted(property.getKey());
        switch (dice.below(12)) {
            case 0 -> members.removeIf(each -> each.name.equals(name));
            case 1 -> members.addAll(List.copyOf(members)); // each twice
            case 2 -> members.add(new Member(Bytes.quoted(dice.of("x", "", "__proto__", "Email", "ID", "\0")), "1"));
            case 3 -> members.add(new Member(Bytes.quoted(Shape.of(dice).text(dice.of(1, 30, 3000))), "1"));
            default -> put(name, values.wrong(property.getKey(), property.getValue()));
        }
        return property.getKey();
    }

    /** Sets a member's value, whether it was there or not. */
    void put(String quotedName, String value) {
        members.removeIf(each -> each.name.equals(quotedName));
        members.add(new Member(quotedName, value));
    }

    @Override
    public String toString() {
        return members.stream().map(each -> each.name + ":" + each.value).collect(Collectors.joining(",", "{", "}"));
    }
}
