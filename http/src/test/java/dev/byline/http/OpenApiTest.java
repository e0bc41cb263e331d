package dev.byline.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.byline.http.message.Problem;
import dev.byline.http.message.RequestId;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Holds the OpenAPI document equal to the server: its routes, its problems, its examples. */
class OpenApiTest extends ServerTest {
    private static final Contract CONTRACT = Contract.get();

    @Test
    void theDocumentHasExactlyTheServersRoutes() {
        var routes = new ArrayList<String>();
        server.routes().forEach(route -> routes.add(route.method().name() + " " + route.path()));

        assertThat(CONTRACT.operations().keySet()).containsExactlyInAnyOrderElementsOf(routes);
    }

    private static JsonNode operation(String route) {
        return Objects.requireNonNull(CONTRACT.operations().get(route), route);
    }

    @Test
    void securityMatchesTheRouteTable() {
        for (var route : server.routes()) {
            var operation = operation(route.method().name() + " " + route.path());
            var anonymous = false;
            for (var alternative : operation.get("security")) {
                anonymous |= alternative.isEmpty();
            }
            assertThat(anonymous).as(route.path()).isEqualTo(route.access() == Route.Access.ANYONE);
        }
    }

    @Test
    void theServedDocumentHasTheProgramsVersion() {
        var served = get("/openapi.json");

        assertThat(served.status()).isEqualTo(200);
        assertThat(served.json().at("/info/version").textValue()).isEqualTo("test");
        assertThat(served.json().at("/openapi").textValue()).isEqualTo("3.1.0");
    }

    @Test
    void everyReferenceResolvesAndEveryComponentIsUsed() {
        var used = new HashSet<String>();
        for (var node : CONTRACT.nodesWith("$ref")) {
            var pointer = node.get("$ref").textValue();
            assertThat(CONTRACT.document().at(pointer.substring(1)).isMissingNode())
                    .as(pointer)
                    .isFalse();
            used.add(pointer);
        }
        var defined = new TreeSet<String>();
        CONTRACT.document().get("components").properties().forEach(kind -> {
            if (!kind.getKey().equals("securitySchemes")) {
                kind.getValue()
                        .fieldNames()
                        .forEachRemaining(name -> defined.add("#/components/" + kind.getKey() + "/" + name));
            }
        });
        assertThat(defined).isSubsetOf(used);
    }

    /** A header that every operation takes is described once: a parameter is an argument of each generated method. */
    @Test
    void operationsDeclareOnlyHeadersOfTheirOwn() {
        var headers = new TreeSet<String>();
        for (var node : CONTRACT.nodesWith("in")) {
            if (node.get("in").asText().equals("header")) {
                headers.add(node.get("name").textValue());
            }
        }
        assertThat(headers).containsExactly("Idempotency-Key", "If-Match", "If-None-Match");
        assertThat(CONTRACT.document().at("/info/description").textValue())
                .contains("`" + RequestId.HEADER + "`", "`traceparent`");
    }

    /**
     * Descriptions state the defaults. Of a {@code default}, openapi-typescript makes a required member, and Kotlin
     * clients an argument that is always sent; but {@code ids} can't be combined with others.
     */
    @Test
    void noSchemaHasADefault() {
        var schemas = CONTRACT.nodesWith("default").stream()
                .filter(node -> !node.at("/default/$ref").asText().startsWith("#/components/responses/"));

        assertThat(schemas).isEmpty();
    }

    /** Swagger UI fills a parameter in with its example, and then sends it. */
    @Test
    void optionalParametersHaveNoExample() {
        var optional = CONTRACT.nodesWith("in").stream()
                .filter(node -> node.has("schema") && !node.path("required").asBoolean())
                .toList();

        assertThat(optional).hasSizeGreaterThan(10).allSatisfy(parameter -> {
            assertThat(parameter.findValue("example")).isNull();
            assertThat(parameter.findValue("examples")).isNull();
        });
    }

    @Test
    void examplesMatchTheirSchemas() {
        var count = 0;
        for (var content : CONTRACT.nodesWith("examples")) {
            if (!content.has("schema")) {
                continue; // the components themselves
            }
            for (var example : content.get("examples")) {
                var value = CONTRACT.resolve(example).get("value");
                assertThat(CONTRACT.faults(content.get("schema"), value))
                        .as(value.toString())
                        .isEmpty();
                count++;
            }
        }
        assertThat(count).isGreaterThan(50);
    }

    /**
     * A request body accepts no unknown member. {@code unevaluatedProperties} says so: of a schema with
     * {@code additionalProperties: false}, generators such as OpenAPI Generator 7.14 make a map, which sends no field.
     */
    @Test
    void requestBodiesAreClosed() {
        var closed = new TreeSet<String>();
        for (var operation : CONTRACT.operations().values()) {
            for (var content : operation.at("/requestBody/content")) {
                assertClosed(content.get("schema"), closed);
                for (var example : content.get("examples")) {
                    var body = (ObjectNode) value(example).deepCopy();
                    assertThat(CONTRACT.faults(content.get("schema"), body)).isEmpty();
                    assertThat(CONTRACT.faults(content.get("schema"), body.put("unknown", 1)))
                            .as(body.toString())
                            .isNotEmpty();
                }
            }
        }
        assertThat(closed).contains("#/components/schemas/NewPosts", "#/components/schemas/NewPost");
        assertThat(CONTRACT.nodesWith("additionalProperties"))
                .allSatisfy(
                        schema -> assertThat(schema.get("additionalProperties").asBoolean())
                                .isTrue());
    }

    /** Asserts that the objects of this schema, and those within them, have only the members that are listed. */
    private static void assertClosed(JsonNode schema, Set<String> closed) {
        if (schema.has("$ref")) {
            closed.add(schema.get("$ref").textValue());
        }
        var resolved = CONTRACT.resolve(schema);
        if (resolved.has("properties")) {
            assertThat(resolved.path("unevaluatedProperties"))
                    .as(schema.toString())
                    .isEqualTo(BooleanNode.FALSE);
            resolved.get("properties").forEach(property -> assertClosed(property, closed));
        }
        if (resolved.has("items")) {
            assertClosed(resolved.get("items"), closed);
        }
    }

    @Test
    void everyProblemIsDescribed() {
        var described = new TreeMap<String, String>();
        CONTRACT.document()
                .at("/components/responses")
                .forEach(response -> response.at("/content/application~1problem+json/examples")
                        .forEach(example -> described.put(
                                example.at("/value/type").textValue(),
                                example.at("/value/status").intValue() + " "
                                        + example.at("/value/title").textValue())));
        assertThat(described)
                .isEqualTo(Arrays.stream(Problem.values())
                        .collect(Collectors.toMap(
                                problem -> problem.type, problem -> problem.status + " " + problem.title)));
    }

    private static JsonNode normalised(String json) {
        return Contract.parse(Contract.normalised(json)
                .replaceAll("""
                        "id":[0-9]+,("user_id":[0-9]+,)?"created_at":""", """
                        $1"created_at":""")
                .replaceAll("""
                        "last_used_at":(null|"TIME")""", """
                        "last_used_at":null""")
                .replaceAll("""
                        "version":"[^"]+"(?=[,}])""", """
                        "version":0"""));
    }

    private String token = "";

    /** Sends the example of an operation and compares the response with the one in the document. */
    private String example(String route, String path) {
        var parts = route.split(" ", 2);
        var operation = operation(route);
        var request = HttpRequest.newBuilder(uri(path));
        if (token.isEmpty()) {
            request.header("X-Anonymous", "true");
        } else {
            request.header("Authorization", "Bearer " + token);
        }
        var body =
                operation.at("/requestBody/content/application~1json/examples").elements();
        if (body.hasNext()) {
            request.header("Content-Type", "application/json")
                    .method(parts[0], BodyPublishers.ofString(value(body.next()).toString()));
        }
        var answer = send(request);
        var described = CONTRACT.resolve(operation.get("responses").get(Integer.toString(answer.status())));
        var expected = described.at("/content/application~1json/examples").elements();
        var examples = Stream.iterate(expected, each -> each.hasNext(), each -> each)
                .map(each -> normalised(value(each.next()).toString()))
                .toList();
        assertThat(examples).as(route).contains(normalised(answer.body()));
        return answer.body();
    }

    private static JsonNode value(JsonNode example) {
        return CONTRACT.resolve(example).get("value");
    }

    @Test
    void examplesAreTheServersResponses() {
        example("POST /users", "/users");
        token = Contract.parse(example("POST /tokens", "/tokens")).get("token").textValue();
        example("PATCH /users/{id}", "/users/2");
        example("POST /posts", "/posts");
        example("POST /posts/batch", "/posts/batch");
        example("GET /posts/{id}", "/posts/1");
        example("PATCH /posts/{id}", "/posts/1");
        example("GET /tokens", "/tokens");
        var own = token;
        token = "";
        example("GET /users/{id}", "/users/2");
        example("GET /users", "/users?limit=1");
        example("GET /posts", "/posts?limit=1");
        example("GET /users/{id}/posts", "/users/2/posts");
        example("GET /", "/");
        example("GET /livez", "/livez");
        example("GET /readyz", "/readyz");
        token = tokenOf(1);
        example("POST /users/{id}/tokens", "/users/2/tokens");
        token = own;
    }
}
