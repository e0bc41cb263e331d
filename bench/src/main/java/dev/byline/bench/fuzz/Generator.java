package dev.byline.bench.fuzz;

import dev.byline.bench.fuzz.Contract.Operation;
import java.util.List;

/**
 * Makes the requests of a sequence: from the same seed and index the same one, but for what was learned from answers. A third
 * is valid, the others have one to three things wrong.
 */
public final class Generator {
    private static final int LOGINS = 6;

    private final List<Operation> operations;
    private final Known known;
    private final String adminToken;
    private final long seed;

    /** All operations of the contract come equally often, but those that always hash a password. */
    public Generator(Contract contract, Known known, String adminToken, long seed) {
        this.operations = contract.operations();
        this.known = known;
        this.adminToken = adminToken;
        this.seed = seed;
    }

    /** The request of an index. */
    public Request request(long index) {
        var dice = new Dice(seed, index);
        var values = new Values(known, dice, index);
        var operation = dice.of(operations);
        if (operation.body().path("required").toString().contains("password") && !dice.oneIn(LOGINS)) {
            operation = dice.of(operations);
        }
        var draft = valid(operation, dice, values);
        for (int i = dice.of(0, 0, 1, 1, 1, 2, 3); i > 0; i--) {
            change(draft, dice, values);
        }
        return draft.build(index);
    }

    Draft valid(Operation operation, Dice dice, Values values) {
        var draft = new Draft(operation);
        for (var parameter : operation.in("path")) {
            var id = parameter.schema().path("type").asText().equals("string")
                    ? parameter.example()
                    : Long.toString(
                            operation.path().startsWith("/users/")
                                    ? known.user(dice)
                                    : operation.path().startsWith("/posts/") ? known.post(dice) : known.tokenId(dice));
            draft.path = draft.path.replace("{" + parameter.name() + "}", id);
        }
        query(draft, dice, values);
        if (operation.hasBody()) {
            draft.members = Members.valid(values, dice, operation.body());
            draft.set("Content-Type", dice.of(operation.types()));
        }
        authorize(draft, dice);
        conditions(draft, dice);
        return draft;
    }

    private void query(Draft draft, Dice dice, Values values) {
        var parameters = draft.operation.in("query");
        var idsOnly = dice.oneIn(4);
        for (var parameter : parameters) {
            var name = parameter.name();
            var value = switch (name) {
                case "cursor" -> known.cursor(dice);
                case "ids" -> known.user(dice) + "," + known.post(dice) + ",1,2,3";
                case "metadata" -> Bytes.percent(dice.of("{}", "{\"k1\":1}", "{\"k2\":{\"n\":[1]}}"));
                default -> Bytes.percent(values.valid(name, parameter.schema()).replace("\"", ""));
            };
            if (name.equals("ids") ? idsOnly : !idsOnly && dice.oneIn(name.equals("cursor") ? 6 : 3)) {
                draft.query.add(name + "=" + value);
            }
        }
    }

    private void authorize(Draft draft, Dice dice) {
        var who = dice.below(20);
        var token = known.token(dice);
        if (who >= (draft.operation.secured() ? 1 : 10)) {
            var admin = who >= (draft.operation.path().endsWith("/tokens") ? 5 : 11) && !revokes(draft.operation);
            draft.token = admin ? adminToken : token;
            draft.set("Authorization", "Bearer " + draft.token);
        }
    }

    /** The admin's own token must live. */
    private static boolean revokes(Operation operation) {
        return operation.method().equals("DELETE") && operation.path().startsWith("/tokens");
    }

    private void conditions(Draft draft, Dice dice) {
        var tag = known.tag(draft.path);
        var headers = draft.operation.in("header");
        for (var header : headers) {
            var value = switch (header.name()) {
                case "If-Match", "If-None-Match" -> tag;
                case "Idempotency-Key" -> "key-" + dice.below(50);
                default -> "id-" + dice.below(1000);
            };
            if (dice.oneIn(4)) {
                draft.set(header.name(), value);
            }
        }
    }

    private void change(Draft draft, Dice dice, Values values) {
        switch (dice.below(24)) {
            case 0 -> Targets.method(draft, dice);
            case 1 -> Targets.override(draft, dice);
            case 2 -> Targets.id(draft, dice);
            case 3 -> Targets.path(draft, dice);
            case 4 -> Targets.form(draft, dice);
            case 5, 6, 7 -> Targets.query(draft, dice);
            case 8 -> Targets.cursor(draft, dice, known);
            case 9, 10, 11 -> Headers.value(draft, dice);
            case 12 -> Headers.authorization(draft, dice, known);
            case 13 -> Headers.tags(draft, dice, known);
            case 14 -> Headers.broken(draft, dice);
            case 15, 16 -> Bodies.bytes(draft, dice);
            case 17 -> Framing.change(draft, dice);
            default -> Bodies.member(draft, values, dice);
        }
    }
}
