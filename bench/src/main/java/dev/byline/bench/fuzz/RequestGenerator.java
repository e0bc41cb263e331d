package dev.byline.bench.fuzz;

import dev.byline.bench.fuzz.KnownValues.Kind;
import dev.byline.bench.fuzz.OpenApi.Operation;
import java.util.List;

/**
 * Generates a sequence of requests, the same for the same seed except for values learned from responses. A third is
 * valid; the others have one to three changes.
 */
public final class RequestGenerator {
    /** Operations that always hash a password are chosen this many times less often than others. */
    private static final int LOGIN_RARITY = 6;

    private final List<Operation> operations;
    private final KnownValues known;
    private final String adminToken;
    private final long seed;

    /** Generates requests for all operations of the document. */
    public RequestGenerator(OpenApi document, KnownValues known, String adminToken, long seed) {
        this.operations = document.operations();
        this.known = known;
        this.adminToken = adminToken;
        this.seed = seed;
    }

    /** The request of an index. */
    public FuzzRequest request(long index) {
        var random = new SeededRandom(seed, index);
        var values = new Values(known, random, index);
        var operation = random.of(operations);
        if (operation.body().path("required").toString().contains("password") && !random.oneIn(LOGIN_RARITY)) {
            operation = random.of(operations);
        }
        var request = valid(index, operation, random, values);
        for (int i = random.of(0, 0, 1, 1, 1, 2, 3); i > 0; i--) {
            change(request, random, values);
        }
        return request;
    }

    FuzzRequest valid(long index, Operation operation, SeededRandom random, Values values) {
        var request = new FuzzRequest(index, operation);
        for (var parameter : operation.in("path")) {
            var value = OpenApi.isFreeText(parameter.schema()) ? parameter.example() : id(operation, random);
            request.path = request.path.replace("{" + parameter.name() + "}", value);
        }
        addQuery(request, random, values);
        if (operation.hasBody()) {
            request.members = JsonMembers.valid(values, random, operation.body());
            request.set("Content-Type", random.of(operation.types()));
        }
        authorize(request, random);
        addHeaders(request, random);
        return request;
    }

    private String id(Operation operation, SeededRandom random) {
        if (operation.path().startsWith("/users/")) {
            return known.pick(Kind.USER, random);
        }
        return known.pick(operation.path().startsWith("/posts/") ? Kind.POST : Kind.TOKEN_ID, random);
    }

    private void addQuery(FuzzRequest request, SeededRandom random, Values values) {
        var idsOnly = random.oneIn(4); // the API allows no other parameters beside ids
        for (var parameter : request.operation.in("query")) {
            var name = parameter.name();
            var value = switch (name) {
                case "cursor" -> known.pick(Kind.CURSOR, random);
                case "ids" -> known.pick(Kind.USER, random) + "," + known.pick(Kind.POST, random) + ",1,2,3";
                case "metadata" -> Encoding.percent(random.of("{}", "{\"k1\":1}", "{\"k2\":{\"n\":[1]}}"));
                default ->
                    Encoding.percent(values.valid(name, parameter.schema()).replace("\"", ""));
            };
            if (name.equals("ids") ? idsOnly : !idsOnly && random.oneIn(name.equals("cursor") ? 6 : 3)) {
                request.query.add(name + "=" + value);
            }
        }
    }

    private void authorize(FuzzRequest request, SeededRandom random) {
        var operation = request.operation;
        var choice = random.below(20);
        var userToken = known.pick(Kind.TOKEN, random);
        if (choice < (operation.secured() ? 1 : 10)) {
            return;
        }
        var revokesToken =
                operation.method().equals("DELETE") && operation.path().startsWith("/tokens");
        var asAdmin = choice >= (operation.path().endsWith("/tokens") ? 5 : 11) && !revokesToken;
        request.authorize(asAdmin ? adminToken : userToken);
    }

    private void addHeaders(FuzzRequest request, SeededRandom random) {
        var tag = known.tag(request.path);
        for (var header : request.operation.in("header")) {
            var value = switch (header.name()) {
                case "If-Match", "If-None-Match" -> tag;
                case "Idempotency-Key" -> "key-" + random.below(50);
                default -> "id-" + random.below(1000);
            };
            if (random.oneIn(4)) {
                request.set(header.name(), value);
            }
        }
    }

    private void change(FuzzRequest request, SeededRandom random, Values values) {
        var mutations = new Mutations(request, random, known);
        var bodyMutations = new BodyMutations(request, random);
        switch (random.below(24)) {
            case 0 -> mutations.method();
            case 1 -> mutations.methodOverride();
            case 2 -> mutations.id();
            case 3 -> mutations.path();
            case 4 -> mutations.target();
            case 5, 6, 7 -> mutations.query();
            case 8 -> mutations.cursor();
            case 9, 10, 11 -> mutations.header();
            case 12 -> mutations.authorization();
            case 13 -> mutations.entityTags();
            case 14 -> mutations.headerLine();
            case 15, 16 -> bodyMutations.content();
            case 17 -> {
                switch (random.below(4)) {
                    case 0 -> mutations.version();
                    case 1 -> bodyMutations.chunks();
                    default -> bodyMutations.length();
                }
            }
            default -> bodyMutations.member(values);
        }
    }
}
