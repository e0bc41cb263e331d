package dev.byline.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.byline.model.Metadata;
import dev.byline.model.NewUser;
import dev.byline.model.Principal;
import dev.byline.model.Role;
import dev.byline.model.UserChange;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * Calls every route of the route table as an anonymous caller, the owner, another user and an admin. A route without a
 * row here fails. Tokens that are expired, revoked or of a deactivated user are 401 on every route.
 */
class AccessMatrixTest extends ServerTest {
    private static final Pattern EMAIL = Pattern.compile("[A-Za-z0-9._-]+@secret\\.example");

    /** Method and path; body; the statuses for an anonymous caller, the owner, another user, an admin. */
    private static final Map<String, Row> ROWS = new TreeMap<>(Map.ofEntries(
            row("POST /users", """
                    {"email":"%s@new.example","name":"N"}""", 201, 201, 201, 201),
            row("GET /users", "", 200, 200, 200, 200),
            row("GET /users/{id}", "", 200, 200, 200, 200),
            row("PATCH /users/{id}", """
                    {"name":"M"}""", 401, 200, 403, 200),
            row("DELETE /users/{id}", "", 401, 204, 403, 204),
            row("GET /users/{id}/posts", "", 200, 200, 200, 200),
            row("GET /users/me", "", 401, 200, 200, 200),
            row("PATCH /users/me", """
                    {"name":"M"}""", 401, 200, 200, 200),
            row("DELETE /users/me", "", 401, 204, 204, 204),
            row("GET /users/me/posts", "", 401, 200, 200, 200),
            row("POST /users/{id}/tokens", "", 401, 403, 403, 201),
            row("POST /posts", """
                    {"title":"t","body":""}""", 401, 201, 201, 201),
            row("POST /posts/batch", """
                    {"posts":[{"title":"t","body":""}]}""", 401, 201, 201, 201),
            row("GET /posts", "", 200, 200, 200, 200),
            row("GET /posts/{id}", "", 404, 200, 404, 200), // a draft
            row("PATCH /posts/{id}", """
                    {"title":"u"}""", 401, 200, 404, 200),
            row("DELETE /posts/{id}", "", 401, 204, 404, 204),
            row("POST /tokens", """
                    {"email":"x@y.example","password":"wrong"}""", 401, 401, 401, 401),
            row("GET /tokens", "", 401, 200, 200, 200),
            row("DELETE /tokens/{id}", "", 401, 204, 404, 204),
            row("DELETE /tokens/current", "", 401, 204, 204, 204),
            row("POST /imports", """
                    {"urls":["http://127.0.0.1/"]}""", 401, 200, 200, 200),
            row("GET /", "", 200, 200, 200, 200),
            row("GET /openapi.json", "", 200, 200, 200, 200),
            row("GET /docs", "", 200, 200, 200, 200),
            row("GET /docs/{name}", "", 200, 200, 200, 200),
            row("GET /livez", "", 200, 200, 200, 200),
            row("GET /healthz", "", 200, 200, 200, 200),
            row("GET /health", "", 200, 200, 200, 200),
            row("GET /readyz", "", 200, 200, 200, 200)));

    private record Row(String body, List<Integer> statuses) {}

    private static Map.Entry<String, Row> row(String route, String body, Integer... statuses) {
        return Map.entry(route, new Row(body, List.of(statuses)));
    }

    private int count;

    /** A user with a draft and a token; a new one for each request. */
    private final class Owner {
        final String email = "u" + ++count + "@secret.example";
        final long id = byline.users()
                .create(new Principal.Anonymous(), new NewUser(email, "U", Metadata.EMPTY))
                .id();
        final String secret = tokenOf(id);
        final long token = byline.tokens()
                .list(new Principal.Member(id, Role.USER))
                .getFirst()
                .id();
        final long draft;

        Owner() {
            draft = AccessMatrixTest.this
                    .send(request("POST", "/posts", """
                            {"title":"d","body":"","status":"draft"}""", secret))
                    .id();
        }
    }

    private HttpRequest.Builder request(String method, String path, String body, String token) {
        var request = HttpRequest.newBuilder(uri(path));
        if (token.isEmpty()) {
            request.header("X-Anonymous", "true");
        } else {
            request.header("Authorization", "Bearer " + token);
        }
        return body.isEmpty()
                ? request.method(method, BodyPublishers.noBody())
                : request.header("Content-Type", "application/json").method(method, BodyPublishers.ofString(body));
    }

    private Answer attempt(String route, Owner owner, String token) {
        var parts = route.split(" ", 2);
        var path = parts[1];
        var id = path.startsWith("/users") ? owner.id : path.startsWith("/posts") ? owner.draft : owner.token;
        var body = ROWS.get(route) == null ? "" : ROWS.get(route).body().formatted("n" + ++count);
        return send(
                request(parts[0], path.replace("{id}", Long.toString(id)).replace("{name}", "docs.js"), body, token));
    }

    private String newAdmin() {
        var admin = new Owner();
        byline.users().change(new Principal.Operator(), admin.id, new UserChange(null, null, null, null, Role.ADMIN));
        return admin.secret;
    }

    @Test
    void everyRouteHasARow() {
        var routes = new ArrayList<String>();
        server.routes().forEach(route -> routes.add(route.method().name() + " " + route.path()));

        assertThat(routes).containsExactlyInAnyOrderElementsOf(ROWS.keySet());
    }

    @Test
    void statusesMatchTheTableAndNoResponseShowsAForeignEmail() {
        ROWS.forEach((route, row) -> {
            var statuses = new ArrayList<Integer>();
            for (int who = 0; who < 4; who++) {
                var owner = new Owner();
                var other = new Owner();
                var token = who == 0 ? "" : who == 1 ? owner.secret : who == 2 ? other.secret : newAdmin();
                var answer = attempt(route, owner, token);
                statuses.add(answer.status());
                if (who == 0 || who == 2) {
                    assertShowsNoEmailExcept(who == 0 ? "" : other.email, answer);
                }
            }
            assertThat(statuses).as(route).isEqualTo(row.statuses());
        });
    }

    private static void assertShowsNoEmailExcept(String own, Answer answer) {
        var text = answer.body() + answer.response().headers().map();
        assertThat(EMAIL.matcher(text).results().map(match -> match.group()))
                .filteredOn(address -> !address.equals(own))
                .isEmpty();
        assertThat(answer.body()).doesNotContain("password_hash");
    }

    @Test
    void aTokenThatIsNoLongerValidIs401OnEveryRoute() {
        var expired = new Owner();
        var late = tokenOf(expired.id);
        database.run("UPDATE tokens SET expires_at = now() WHERE user_id = " + expired.id);
        var revoked = new Owner();
        byline.tokens().revoke(new Principal.Operator(), revoked.token);
        var deactivated = new Owner();
        byline.users().change(new Principal.Operator(), deactivated.id, new UserChange(null, null, null, false, null));
        var deleted = new Owner();
        byline.users().delete(new Principal.Operator(), deleted.id);
        for (var token : List.of(late, revoked.secret, deactivated.secret, deleted.secret, "garbage")) {
            for (var route : ROWS.keySet()) {
                var answer = attempt(route, new Owner(), token);
                if (route.endsWith("z") || route.endsWith("/health")) {
                    assertThat(answer.status()).as(route).isEqualTo(200); // probes ignore tokens
                } else {
                    assertProblem(answer, 401, "unauthenticated");
                    assertThat(answer.header("WWW-Authenticate")).startsWith("Bearer");
                }
            }
        }
    }

    @Test
    void onlyAdminsSetRoleActiveAuthorAndTime() {
        var owner = new Owner();
        for (var body : List.of("""
                {"role":"admin"}""", """
                {"is_active":true}""")) {
            assertProblem(send(request("PATCH", "/users/" + owner.id, body, owner.secret)), 403, "forbidden");
        }
        for (var body : List.of("""
                {"title":"t","body":"","user_id":1}""", """
                {"title":"t","body":"","published_at":"2020-01-01T00:00:00Z"}""")) {
            assertProblem(send(request("POST", "/posts", body, owner.secret)), 403, "forbidden");
        }
        for (var body : List.of("""
                {"email":"m@a.example","name":"x","role":"admin"}""", """
                {"email":"m@a.example","name":"x","id":7}""", """
                {"email":"m@a.example","name":"x","password_hash":"x"}""")) {
            assertProblem(send(request("POST", "/users", body, "")), 422, "invalid");
        }
    }
}
