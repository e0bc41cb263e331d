package dev.byline.bench.fuzz;

import com.fasterxml.jackson.databind.JsonNode;
import dev.byline.bench.fuzz.OpenApi.Operation;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.StringJoiner;
import java.util.function.UnaryOperator;

/**
 * Puts hostile texts of maximum size into every header, parameter and field, to find what takes more than linear time.
 * The seed decides the order.
 */
public final class HostileCases {
    /** The server accepts 16 KiB of request line and headers. */
    private static final int HEADER_BYTES = 15_000;

    private static final int BODY_BYTES = BodyMutations.MAX_BYTES - 2000;
    private static final int METADATA_BYTES = 16_000;

    /** One in this many texts is used in places that a server has little reason to parse. */
    private static final int SELDOM = 6;

    /** Puts a text into a request; of its size only 1/divisor. */
    private interface Placement {
        void put(FuzzRequest request, int divisor);
    }

    private record Case(Operation operation, String place, RepeatedText text, Placement placement) {}

    private final List<Case> cases = new ArrayList<>();
    private final List<Operation> operations;
    private final RequestGenerator generator;
    private final KnownValues known;
    private final long seed;
    private final SeededRandom seldom;

    /** Enumerates all cases. */
    public HostileCases(OpenApi document, RequestGenerator generator, KnownValues known, long seed) {
        this.operations = document.operations();
        this.generator = generator;
        this.known = known;
        this.seed = seed;
        this.seldom = new SeededRandom(seed, -2);
        var random = new SeededRandom(seed, -1);
        for (var unit : RepeatedText.UNITS) {
            addHeaders(unit, random);
            for (var operation : operations) {
                addAddress(operation, new RepeatedText(unit, random.from("tails")));
                if (operation.hasBody()) {
                    addFields(operation, "", operation.body(), new RepeatedText(unit, random.from("tails")));
                    if (isSelected()) {
                        addDocument(operation, new RepeatedText(unit, random.from("tails")));
                    }
                }
            }
        }
        Collections.shuffle(cases, new Random(seed));
    }

    private boolean isSelected() {
        return seldom.oneIn(SELDOM);
    }

    /** The number of cases. */
    public int size() {
        return cases.size();
    }

    /** A case as the request of an index; with its text of 1/divisor of the size. */
    public FuzzRequest request(long index, int number, int divisor) {
        var chosen = cases.get(number);
        var random = new SeededRandom(seed, index);
        var request = generator.valid(index, chosen.operation, random, new Values(known, random, index));
        chosen.placement.put(request, divisor);
        request.changed(chosen.place, chosen.text + (divisor > 1 ? ", 1/" + divisor + " of it" : ""));
        return request;
    }

    private void add(Operation operation, String place, RepeatedText text, Placement placement) {
        cases.add(new Case(operation, place, text, placement));
    }

    private void addHeaders(String unit, SeededRandom random) {
        var parsed = Corpus.list("headers that a server reads");
        for (var name : Corpus.HEADERS.keySet()) {
            if (!parsed.contains(name) && !isSelected()) {
                continue;
            }
            for (var tail : List.of("", "x\u0085")) {
                var text = new RepeatedText(unit, tail);
                add(
                        random.of(operationsWith(name)),
                        "header " + name,
                        text,
                        (request, divisor) -> request.set(name, text.fill(HEADER_BYTES / divisor, Encoding::header)));
            }
        }
    }

    /** The operations that document a header; all if none does. */
    private List<Operation> operationsWith(String header) {
        var documented = operations.stream()
                .filter(operation -> operation.in("header").stream()
                                .anyMatch(each -> each.name().equals(header))
                        || (header.startsWith("Content-") && operation.hasBody()))
                .toList();
        return documented.isEmpty() ? operations : documented;
    }

    private void addAddress(Operation operation, RepeatedText text) {
        for (var parameter : operation.in("query")) {
            var name = parameter.name();
            if (!OpenApi.isFreeText(parameter.schema()) && !isSelected()) {
                continue;
            }
            addQuery(operation, name, "", "", Encoding::percent, text);
            if (name.equals("metadata")) {
                addQuery(operation, name, "{\"a\":\"", "\"}", Encoding::jsonInQuery, text);
            }
            var max = parameter.schema().path("maxLength").asInt();
            if (max > 0) {
                add(
                        operation,
                        "query " + name + " of full length",
                        text,
                        (request, divisor) ->
                                request.query.add(name + "=" + Encoding.percent(text.codePoints(max / divisor))));
            }
        }
        if (!operation.in("path").isEmpty() && isSelected()) {
            add(operation, "path", text, (request, divisor) -> {
                var prefix = operation.path().split("\\{", 2)[0];
                request.path = prefix + text.fill(HEADER_BYTES / divisor, Encoding::percent);
                request.documented = false;
            });
        }
    }

    private void addQuery(
            Operation operation,
            String name,
            String start,
            String end,
            UnaryOperator<String> encode,
            RepeatedText text) {
        add(operation, "query " + name, text, (request, divisor) -> {
            request.query.clear();
            request.query.add(name + "=" + Encoding.percent(start) + text.fill(HEADER_BYTES / divisor, encode)
                    + Encoding.percent(end));
        });
    }

    /** Adds each property of a schema; of arrays, one item. */
    private void addFields(Operation operation, String parent, JsonNode schema, RepeatedText text) {
        for (var property : schema.path("properties").properties()) {
            var name = property.getKey();
            var items = property.getValue().path("items");
            if (items.has("properties")) {
                if (isSelected()) { // only some: another operation has the same fields
                    addFields(operation, name, items, text);
                }
            } else if (OpenApi.type(property.getValue()).equals("object")) {
                addField(operation, parent, name, "{\"", "\":1}", BODY_BYTES, text);
                addField(operation, parent, name, "{\"a\":\"", "\"}", BODY_BYTES, text);
                addField(operation, parent, name, "{\"a\":\"", "\"}", METADATA_BYTES, text);
            } else if (items.isObject()) {
                addField(operation, parent, name, "[\"", "\"]", BODY_BYTES, text);
            } else if (OpenApi.isFreeText(property.getValue()) || isSelected()) {
                addField(operation, parent, name, "\"", "\"", BODY_BYTES, text);
                var max = property.getValue().path("maxLength").asInt();
                if (max > 0) {
                    add(
                            operation,
                            "body " + name + " of full length",
                            text,
                            (request, divisor) ->
                                    putField(request, parent, name, Encoding.quoted(text.codePoints(max / divisor))));
                }
            }
        }
    }

    private void addField(
            Operation operation, String parent, String name, String start, String end, int bytes, RepeatedText text) {
        add(
                operation,
                "body " + name,
                text,
                (request, divisor) ->
                        putField(request, parent, name, start + text.fill(bytes / divisor, Encoding::json) + end));
    }

    private static void putField(FuzzRequest request, String parent, String name, String value) {
        if (request.members != null && parent.isEmpty()) {
            request.members.put(Encoding.quoted(name), value);
        } else {
            var item = new StringJoiner(",", "{", "}");
            List.of("title", "body").stream()
                    .filter(each -> !each.equals(name))
                    .forEach(each -> item.add("\"" + each + "\":\"x\""));
            request.body = "{\"" + parent + "\":[" + item.add("\"" + name + "\":" + value) + "]}";
        }
    }

    private void addDocument(Operation operation, RepeatedText text) {
        add(
                operation,
                "body",
                text,
                (request, divisor) -> request.body = text.fill(BODY_BYTES / divisor, Encoding::utf8));
        add(
                operation,
                "body's members",
                text,
                (request, divisor) -> request.body = "{\"" + text.fill(BODY_BYTES / divisor, Encoding::json) + "\":1}");
        if (text.tail().isEmpty()) {
            add(
                    operation,
                    "body, members",
                    text,
                    (request, divisor) -> request.body = Values.objectOf(60_000 / divisor));
        }
    }
}
