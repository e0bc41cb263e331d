package dev.byline.bench.fuzz;

import com.fasterxml.jackson.databind.JsonNode;
import dev.byline.bench.fuzz.Contract.Operation;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.StringJoiner;
import java.util.function.BiConsumer;

/**
 * Hostile texts in every place that takes text, each as long as may be: what takes more than linear time shows here. All
 * cases come in an order that the seed decides.
 */
public final class Hostile {
    /** Beside the other headers and the request line, of 16 KiB. */
    private static final int HEADER_BYTES = 15_000;

    /** How many of the texts go to places that a server has little reason to look into. */
    private static final int SELDOM = 6;

    private static final int BODY_BYTES = Bodies.MAX - 2000;

    /** One kind of text in one place; the consumer puts a text of so many bytes there. */
    private record Case(Operation operation, String place, Shape shape, BiConsumer<Draft, Integer> put) {}

    private final List<Case> cases = new ArrayList<>();
    private final List<Operation> operations;
    private final Generator generator;
    private final Known known;
    private final long seed;
    private final Dice seldom;

    /** Enumerates all cases. */
    public Hostile(Contract contract, Generator generator, Known known, long seed) {
        this.operations = contract.operations();
        this.generator = generator;
        this.known = known;
        this.seed = seed;
        this.seldom = new Dice(seed, -2);
        var dice = new Dice(seed, -1);
        for (var unit : Shape.UNITS) {
            headers(unit, dice);
            for (var operation : operations) {
                address(operation, new Shape(unit, dice.of(Shape.TAILS)));
                if (operation.hasBody()) {
                    fields(operation, "", operation.body(), new Shape(unit, dice.of(Shape.TAILS)));
                    if (seldom.oneIn(SELDOM)) {
                        document(operation, new Shape(unit, dice.of(Shape.TAILS)));
                    }
                }
            }
        }
        Collections.shuffle(cases, new Random(seed));
    }

    /** How many there are. */
    public int size() {
        return cases.size();
    }

    /** A case, in full size or a part of it. */
    public Request request(long index, int number, int divisor) {
        var chosen = cases.get(number);
        var dice = new Dice(seed, index);
        var draft = generator.valid(chosen.operation, dice, new Values(known, dice, index));
        chosen.put.accept(draft, divisor);
        draft.changed(chosen.place, chosen.shape + (divisor > 1 ? ", 1/" + divisor + " of it" : ""));
        return draft.build(index);
    }

    private void headers(String unit, Dice dice) {
        for (var name : Headers.NAMES) {
            if (!Headers.READ.contains(name) && !seldom.oneIn(SELDOM)) {
                continue;
            }
            for (var tail : List.of("", "x\u0085")) {
                var operation = dice.of(withHeader(name));
                var shape = new Shape(unit, tail);
                cases.add(new Case(operation, "header " + name, shape, (draft, divisor) -> {
                    draft.set(name, shape.fill(HEADER_BYTES / divisor, Bytes::header));
                    draft.loose =
                            List.of("Host", "Connection", "Upgrade", "Expect").contains(name);
                    if (name.equals("Authorization")) {
                        draft.token = "";
                    }
                    if (name.equals("Host")) {
                        draft.host = "";
                    }
                }));
            }
        }
    }

    private List<Operation> withHeader(String name) {
        var documented = operations.stream()
                .filter(operation -> operation.in("header").stream()
                                .anyMatch(each -> each.name().equals(name))
                        || (name.startsWith("Content-") && operation.hasBody()))
                .toList();
        return documented.isEmpty() ? operations : documented;
    }

    private void address(Operation operation, Shape shape) {
        for (var parameter : operation.in("query")) {
            if (!Values.isFreeText(parameter.schema()) && !seldom.oneIn(SELDOM)) {
                continue;
            }
            query(operation, parameter.name(), "", shape);
            if (parameter.name().equals("metadata")) {
                query(operation, "metadata", "{\"a\":\"", shape);
            }
            var max = parameter.schema().path("maxLength").asInt();
            if (max > 0) {
                cases.add(new Case(
                        operation,
                        "query " + parameter.name() + " of full length",
                        shape,
                        (draft, divisor) ->
                                draft.query.add(parameter.name() + "=" + Bytes.percent(shape.text(max / divisor)))));
            }
        }
        if (!operation.in("path").isEmpty() && seldom.oneIn(SELDOM)) {
            cases.add(new Case(operation, "path", shape, (draft, divisor) -> {
                draft.path = operation.path().split("\\{", 2)[0] + shape.fill(HEADER_BYTES / divisor, Bytes::percent);
                draft.documented = false;
            }));
        }
    }

    private void query(Operation operation, String name, String before, Shape shape) {
        var after = before.isEmpty() ? "" : "\"}";
        cases.add(new Case(operation, "query " + name, shape, (draft, divisor) -> {
            draft.query.clear();
            draft.query.add(name + "=" + Bytes.percent(before)
                    + shape.fill(HEADER_BYTES / divisor, before.isEmpty() ? Bytes::percent : Bytes::jsonInQuery)
                    + Bytes.percent(after));
        }));
    }

    /** Each property of a schema; of arrays, one item. */
    private void fields(Operation operation, String parent, JsonNode schema, Shape shape) {
        for (var property : schema.path("properties").properties()) {
            var name = property.getKey();
            var items = property.getValue().path("items");
            if (items.has("properties")) {
                if (!seldom.oneIn(SELDOM)) {
                    continue; // they have an operation of their own
                }
                fields(operation, name, items, shape);
            } else if (property.getValue().path("type").toString().contains("object")) {
                field(operation, parent, name, "{\"", "\":1}", shape, BODY_BYTES);
                field(operation, parent, name, "{\"a\":\"", "\"}", shape, BODY_BYTES);
                field(operation, parent, name, "{\"a\":\"", "\"}", shape, 16_000);
            } else if (items.isObject() || Values.isFreeText(property.getValue()) || seldom.oneIn(SELDOM)) {
                var array = items.isObject();
                field(operation, parent, name, array ? "[\"" : "\"", array ? "\"]" : "\"", shape, BODY_BYTES);
                var max = property.getValue().path("maxLength").asInt();
                if (max > 0) {
                    cases.add(new Case(
                            operation,
                            "body " + name + " of full length",
                            shape,
                            (draft, divisor) -> put(draft, parent, name, Bytes.quoted(shape.text(max / divisor)))));
                }
            }
        }
    }

    private void field(
            Operation operation, String parent, String name, String before, String after, Shape shape, int bytes) {
        cases.add(new Case(
                operation,
                "body " + name,
                shape,
                (draft, divisor) ->
                        put(draft, parent, name, before + shape.fill(bytes / divisor, Bytes::json) + after)));
    }

    private static void put(Draft draft, String parent, String name, String value) {
        if (draft.members != null && parent.isEmpty()) {
            draft.members.put(Bytes.quoted(name), value);
        } else {
            var item = new StringJoiner(",", "{", "}");
            List.of("title", "body").stream()
                    .filter(each -> !each.equals(name))
                    .forEach(each -> item.add("\"" + each + "\":\"x\""));
            draft.body = "{\"" + parent + "\":[" + item.add("\"" + name + "\":" + value) + "]}";
        }
    }

    private void document(Operation operation, Shape shape) {
        cases.add(new Case(
                operation,
                "body",
                shape,
                (draft, divisor) -> draft.body = shape.fill(BODY_BYTES / divisor, Bytes::utf8)));
        cases.add(new Case(
                operation,
                "body's members",
                shape,
                (draft, divisor) -> draft.body = "{\"" + shape.fill(BODY_BYTES / divisor, Bytes::json) + "\":1}"));
        if (shape.tail().isEmpty()) {
            cases.add(new Case(
                    operation,
                    "body, members",
                    shape,
                    (draft, divisor) -> draft.body = Values.members(60_000 / divisor)));
        }
    }
}
