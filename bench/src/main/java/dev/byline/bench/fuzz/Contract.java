package dev.byline.bench.fuzz;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What the OpenAPI document says, its references resolved.
 *
 * @param operations all of them
 */
public record Contract(List<Operation> operations) {
    private static final Set<String> METHODS =
            Set.of("get", "put", "post", "delete", "options", "head", "patch", "trace");

    /**
     * A method of a path.
     *
     * @param body schema of the request's body, missing where there is none
     * @param types of the body
     * @param statuses that are documented
     * @param secured whether a token is needed
     */
    public record Operation(
            String method,
            String path,
            List<Parameter> parameters,
            JsonNode body,
            List<String> types,
            Set<String> statuses,
            boolean secured) {

        List<Parameter> in(String place) {
            return parameters.stream().filter(each -> each.in.equals(place)).toList();
        }

        boolean hasBody() {
            return !body.isMissingNode();
        }

        /** Whether a request may have a password hashed. */
        boolean hashes() {
            return body.path("properties").has("password");
        }

        @Override
        public String toString() {
            return method + " " + path;
        }
    }

    /** A parameter: {@code in} is path, query or header; the example may be empty. */
    public record Parameter(String name, String in, JsonNode schema, String example) {}

    /**
     * Reads a document.
     *
     * @param only a route such as "POST /users", a path, or a part of them; empty for all
     */
    public static Contract of(JsonNode document, String only) {
        var operations = new ArrayList<Operation>();
        for (var path : document.path("paths").properties()) {
            var item = resolve(document, path.getValue());
            for (var entry : item.properties()) {
                if (METHODS.contains(entry.getKey())) {
                    var operation = operation(entry.getKey(), path.getKey(), item, entry.getValue());
                    if (operation.toString().contains(only)) {
                        operations.add(operation);
                    }
                }
            }
        }
        if (operations.isEmpty()) {
            throw new IllegalArgumentException("the OpenAPI document has no route " + only);
        }
        return new Contract(operations);
    }

    private static Operation operation(String method, String path, JsonNode item, JsonNode operation) {
        var parameters = new ArrayList<Parameter>();
        for (var list : List.of(item.path("parameters"), operation.path("parameters"))) {
            list.forEach(each -> parameters.add(new Parameter(
                    each.path("name").asText(),
                    each.path("in").asText(),
                    each.path("schema"),
                    each.path("example").asText(""))));
        }
        JsonNode body = MissingNode.getInstance();
        var types = new ArrayList<String>();
        for (var type : operation.path("requestBody").path("content").properties()) {
            types.add(type.getKey());
            body = type.getValue().path("schema");
        }
        var statuses = new HashSet<String>();
        operation.path("responses").fieldNames().forEachRemaining(statuses::add);
        var secured = operation.path("security").size() == 1
                && !operation.path("security").path(0).isEmpty();
        return new Operation(
                method.toUpperCase(java.util.Locale.ROOT), path, parameters, body, types, statuses, secured);
    }

    /** A copy in which what a {@code $ref} names stands in its place. */
    private static JsonNode resolve(JsonNode document, JsonNode node) {
        if (node.path("$ref").isTextual()) {
            return resolve(document, document.at(node.path("$ref").textValue().substring(1)));
        }
        if (node instanceof ObjectNode object) {
            var copy = JsonNodeFactory.instance.objectNode();
            object.properties().forEach(each -> copy.set(each.getKey(), resolve(document, each.getValue())));
            return copy;
        }
        if (node instanceof ArrayNode array) {
            var copy = JsonNodeFactory.instance.arrayNode();
            array.forEach(each -> copy.add(resolve(document, each)));
            return copy;
        }
        return node;
    }
}
