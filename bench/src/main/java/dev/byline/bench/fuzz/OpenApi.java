package dev.byline.bench.fuzz;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** The operations of an OpenAPI document, its references resolved. */
public record OpenApi(List<Operation> operations) {
    private static final Set<String> METHODS =
            Set.of("get", "put", "post", "delete", "options", "head", "patch", "trace");

    /**
     * A method of a path.
     *
     * @param body schema of the request's body, missing if there is none
     * @param types media types of the body
     * @param statuses that are documented
     * @param secured whether a token is required
     */
    public record Operation(
            String method,
            String path,
            List<Parameter> parameters,
            JsonNode body,
            List<String> types,
            Set<String> statuses,
            boolean secured) {

        /** The parameters in path, query or header. */
        List<Parameter> in(String place) {
            return parameters.stream().filter(each -> each.in.equals(place)).toList();
        }

        boolean hasBody() {
            return !body.isMissingNode();
        }

        boolean hashesPassword() {
            return body.path("properties").has("password");
        }

        @Override
        public String toString() {
            return method + " " + path;
        }
    }

    /** A parameter; the example may be empty. */
    public record Parameter(String name, String in, JsonNode schema, String example) {}

    /** Left out: the tool is an admin, who would delete or deactivate itself. /users/{id} has the same handlers. */
    private static final String CALLER = "/users/me";

    /**
     * Reads a document.
     *
     * @param only a part of the routes to read, such as "POST /users"; empty for all
     */
    public static OpenApi of(JsonNode document, String only) {
        var operations = new ArrayList<Operation>();
        for (var path : document.path("paths").properties()) {
            var item = resolve(document, path.getValue());
            item.properties().stream()
                    .filter(entry -> METHODS.contains(entry.getKey()))
                    .map(entry -> operation(entry.getKey(), path.getKey(), item, entry.getValue()))
                    .filter(operation -> operation.toString().contains(only))
                    .filter(operation -> !operation.path().equals(CALLER))
                    .forEach(operations::add);
        }
        if (operations.isEmpty()) {
            throw new IllegalArgumentException("the OpenAPI document has no route " + only);
        }
        return new OpenApi(operations);
    }

    private static Operation operation(String method, String path, JsonNode item, JsonNode operation) {
        var parameters = Stream.concat(
                        item.path("parameters").valueStream(),
                        operation.path("parameters").valueStream())
                .map(each -> new Parameter(
                        each.path("name").asText(),
                        each.path("in").asText(),
                        each.path("schema"),
                        each.path("example").asText("")))
                .toList();
        JsonNode body = MissingNode.getInstance();
        var types = new ArrayList<String>();
        for (var type : operation.path("requestBody").path("content").properties()) {
            types.add(type.getKey());
            body = type.getValue().path("schema");
        }
        var statuses = new HashSet<String>();
        operation.path("responses").fieldNames().forEachRemaining(statuses::add);
        var security = operation.path("security");
        var secured = security.size() == 1 && !security.path(0).isEmpty();
        return new Operation(method.toUpperCase(Locale.ROOT), path, parameters, body, types, statuses, secured);
    }

    /** A copy in which references are replaced by what they name. */
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

    /** The type of a schema; of several, the one that isn't null. */
    static String type(JsonNode schema) {
        var type = schema.path("type");
        return !type.isArray()
                ? type.asText()
                : StreamSupport.stream(type.spliterator(), false)
                        .map(JsonNode::asText)
                        .filter(each -> !each.equals("null"))
                        .findFirst()
                        .orElse("");
    }

    static boolean isFreeText(JsonNode schema) {
        return type(schema).equals("string") && !schema.has("enum");
    }
}
