package dev.byline.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLDecoder;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/**
 * Checks every exchange of the tests against the OpenAPI document: it must describe the response's status, headers and
 * body, and the request of a successful response.
 */
final class Contract {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Headers of HTTP itself, security headers, CORS. */
    private static final Set<String> COMMON_HEADERS = Set.of(
            "content-length",
            "content-type",
            "connection",
            "date",
            "transfer-encoding",
            "x-content-type-options",
            "content-security-policy",
            "referrer-policy",
            "access-control-allow-origin",
            "access-control-expose-headers");

    /** Statuses that Javalin and Jetty send before a request is matched to an operation. */
    private static final Set<String> ANY_TIME = Set.of("405", "408", "414", "417", "431", "500", "501", "505");

    private static final Contract INSTANCE = new Contract();

    private final JsonNode document;
    private final Map<String, Schema> schemas = new ConcurrentHashMap<>();
    private final SchemaRegistry registry = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
    private final JsonNode strictComponents;

    private Contract() {
        try (var in = Contract.class.getResourceAsStream("openapi.json")) {
            this.document = JSON.readTree(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        this.strictComponents = strict(document.get("components").deepCopy(), false);
    }

    static Contract get() {
        return INSTANCE;
    }

    JsonNode document() {
        return document;
    }

    /** Forbids members that a schema doesn't describe. Parts of an allOf are not strict on their own. */
    private static JsonNode strict(JsonNode node, boolean part) {
        if (node instanceof ObjectNode object) {
            if (object.has("$ref") && !part) {
                object.put("unevaluatedProperties", false);
            }
            object.properties()
                    .forEach(member -> strict(member.getValue(), member.getKey().equals("allOf")));
        } else if (node instanceof ArrayNode array) {
            array.forEach(item -> strict(item, part));
        }
        return node;
    }

    /** Resolves a reference. */
    JsonNode resolve(JsonNode node) {
        return node.has("$ref")
                ? resolve(document.at(node.get("$ref").textValue().substring(1)))
                : node;
    }

    /** Validates a value against a schema of the document. */
    List<String> faults(JsonNode schema, JsonNode value) {
        var compiled = schemas.computeIfAbsent(schema.toString(), text -> {
            var root = (ObjectNode) strict(schema.deepCopy(), false);
            root.set("components", strictComponents);
            return registry.getSchema(root);
        });
        return compiled.validate(value).stream().map(Object::toString).toList();
    }

    /** Operations by method and path. */
    Map<String, JsonNode> operations() {
        var operations = new TreeMap<String, JsonNode>();
        document.get("paths")
                .properties()
                .forEach(path -> path.getValue().properties().forEach(operation -> {
                    if (!operation.getKey().equals("parameters")) {
                        operations.put(
                                operation.getKey().toUpperCase(Locale.ROOT) + " " + path.getKey(),
                                operation.getValue());
                    }
                }));
        return operations;
    }

    private @Nullable String template(String path) {
        if (document.get("paths").has(path)) {
            return path;
        }
        for (var paths = document.get("paths").fieldNames(); paths.hasNext(); ) {
            var template = paths.next();
            if (path.matches(template.replaceAll("\\{[a-z]+}", "[^/]+"))) {
                return template;
            }
        }
        return null;
    }

    /** Checks an exchange. */
    void check(HttpRequest request, HttpResponse<String> response) {
        var what = request.method() + " " + request.uri().getPath() + " -> " + response.statusCode();
        var template = template(request.uri().getPath());
        if (template == null) {
            assertThat(response.statusCode()).as(what).isGreaterThanOrEqualTo(400);
            checkBody(what, document.at("/components/responses/NotFound"), response);
            return;
        }
        if (request.method().equals("OPTIONS")) {
            assertThat(response.headers().firstValue("Allow").isPresent() || response.statusCode() >= 400)
                    .as(what)
                    .isTrue();
            return;
        }
        var method = request.method().equals("HEAD") ? "get" : request.method().toLowerCase(Locale.ROOT);
        var path = document.get("paths").get(template);
        var operation = path.get(method);
        if (operation == null) {
            assertThat(response.statusCode()).as(what).isGreaterThanOrEqualTo(400);
            return;
        }
        var status = Integer.toString(response.statusCode());
        var responses = operation.get("responses");
        var known = responses.has(status) || ANY_TIME.contains(status);
        assertThat(known).as("%s is in the document", what).isTrue();
        var described = responses.get(responses.has(status) ? status : "default");
        var resolved = resolve(described);
        checkHeaders(what, resolved, response);
        if (!request.method().equals("HEAD")) {
            checkBody(what, resolved, response);
        }
        if (response.statusCode() < 300) {
            checkRequest(what, path, operation, request);
        }
    }

    private static void checkHeaders(String what, JsonNode described, HttpResponse<String> response) {
        var known = new HashSet<>(COMMON_HEADERS);
        described.path("headers").fieldNames().forEachRemaining(name -> known.add(name.toLowerCase(Locale.ROOT)));
        var there = response.headers().map().keySet();
        assertThat(there).as("headers of " + what).isSubsetOf(known);
        known.retainAll(Set.of("etag", "location", "cache-control", "vary", "x-request-id", "www-authenticate"));
        assertThat(there).as("headers of " + what).containsAll(known);
    }

    private void checkBody(String what, JsonNode described, HttpResponse<String> response) {
        if (!described.has("content")) {
            assertThat(response.body()).as(what).isEmpty();
            return;
        }
        var type = response.headers().firstValue("Content-Type").orElse("").replaceAll(";.*", "");
        var content = described.get("content").get(type);
        assertThat(content).as("%s as %s", what, type).isNotNull();
        if (type.endsWith("json")) {
            assertThat(faults(content.get("schema"), parse(response.body())))
                    .as(what + " " + response.body())
                    .isEmpty();
        }
    }

    private void checkRequest(String what, JsonNode path, JsonNode operation, HttpRequest request) {
        var query = new HashSet<String>();
        var headers = new HashSet<String>();
        for (var parameters : List.of(path.path("parameters"), operation.path("parameters"))) {
            for (var each : parameters) {
                var parameter = resolve(each);
                var name = parameter.get("name").textValue();
                if (parameter.get("in").textValue().equals("query")) {
                    query.add(name);
                } else {
                    headers.add(name.toLowerCase(Locale.ROOT));
                }
            }
        }
        // If-Match on a GET is part of HTTP and not listed at each route.
        var conditions = new HashSet<>(Set.of(request.method().equals("GET") ? "" : "if-match", "if-none-match"));
        conditions.retainAll(request.headers().map().keySet().stream()
                .map(name -> name.toLowerCase(Locale.ROOT))
                .toList());
        assertThat(headers).as("conditions of " + what).containsAll(conditions);
        var raw = request.uri().getRawQuery();
        for (var pair : raw == null || raw.isEmpty() ? new String[0] : raw.split("&", -1)) {
            if (!pair.isEmpty()) {
                assertThat(query)
                        .as("query of " + what)
                        .contains(URLDecoder.decode(pair.replaceAll("=.*", ""), StandardCharsets.UTF_8));
            }
        }
        var body = body(request);
        if (!body.isEmpty() && operation.has("requestBody")) {
            var type = request.headers().firstValue("Content-Type").orElse("").replaceAll(";.*", "");
            var content = operation.get("requestBody").get("content").get(type.toLowerCase(Locale.ROOT));
            assertThat(content).as("body of %s as %s", what, type).isNotNull();
            assertThat(faults(content.get("schema"), parse(body)))
                    .as(what + " " + body)
                    .isEmpty();
        }
    }

    static JsonNode parse(String json) {
        try {
            return JSON.readTree(json);
        } catch (IOException e) {
            throw new AssertionError(json, e);
        }
    }

    /** Replaces what differs from run to run: times, request IDs, tokens with their IDs, cursors. */
    static String normalised(String json) {
        return json.replaceAll("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z", "TIME")
                .replaceAll("""
                        "request_id":"[^"]+"(?=[,}])""", """
                        "request_id":0""")
                .replaceAll("""
                        "id":[0-9]+,"user_id":2,"token":"byl_[^"]{43}"(?=[,}])""", """
                        "token":0""")
                .replaceAll("""
                        "next_cursor":"[^"]{28}"(?=[,}])""", """
                        "next_cursor":0""");
    }

    private static String body(HttpRequest request) {
        var bytes = new ByteArrayOutputStream();
        request.bodyPublisher()
                .ifPresent(publisher -> publisher.subscribe(new Flow.Subscriber<ByteBuffer>() {
                    @Override
                    public void onSubscribe(Flow.Subscription subscription) {
                        subscription.request(Long.MAX_VALUE);
                    }

                    @Override
                    public void onNext(ByteBuffer part) {
                        var copy = new byte[part.remaining()];
                        part.get(copy);
                        bytes.writeBytes(copy);
                    }

                    @Override
                    public void onError(Throwable error) {
                        throw new AssertionError(error);
                    }

                    @Override
                    public void onComplete() {}
                }));
        return bytes.toString(StandardCharsets.UTF_8);
    }

    /** Returns every node that has this member. */
    List<JsonNode> nodesWith(String member) {
        var found = new ArrayList<JsonNode>();
        collect(document, member, found);
        return found;
    }

    private static void collect(JsonNode node, String member, List<JsonNode> found) {
        if (node.has(member)) {
            found.add(node);
        }
        node.forEach(child -> collect(child, member, found));
    }
}
