package dev.byline.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UserRoutesTest extends ServerTest {
    private int count;

    private long newUser() {
        return post("/users", """
                {"email":"u%d@example.com","name":"U"}""".formatted(++count)).id();
    }

    /** The test of the article that Byline started from, as far as it is written there. */
    @Test
    void aCreatedUserIsReadAtItsLocation() {
        var created = post("/users", """
                {"email":"test@example.com","name":"Test User"}""");

        assertThat(created.status()).isEqualTo(201);
        assertThat(created.json().get("email").textValue()).isEqualTo("test@example.com");
        assertThat(created.header("Location")).isEqualTo("/users/" + created.id());
        assertThat(created.header("Content-Type")).isEqualTo("application/json");
        assertThat(get(created.header("Location")).json()).isEqualTo(created.json());
    }

    @Test
    void aCreatedUserHasEveryMember() {
        var user = post("/users", """
                {"email":"Look@example.com","name":"Ü 😀","metadata":{"a":[1.50]}}""");

        assertThat(user.body()).matches("""
                \\{"id":[0-9]+,"email":"Look@example.com","name":"Ü 😀","role":"user",\
                "is_active":true,"metadata":\\{"a": \\[1.50]},\
                "created_at":"[-0-9]{10}T[:0-9]{8}\\.[0-9]{6}Z","updated_at":"[-0-9]{10}T[:0-9]{8}\\.[0-9]{6}Z"}""");
    }

    @Test
    void aMemberNameWithALoneSurrogateIs400() {
        assertProblem(post("/users", """
                {"email":"a@b","name":"x","\\ud800":1}"""), 400, "malformed");
    }

    @Test
    void aTakenEmailIs409() {
        post("/users", """
                {"email":"taken@example.com","name":"A"}""");

        var taken = post("/users", """
                {"email":"TAKEN@example.com","name":"B"}""");
        assertProblem(taken, 409, "conflict");
        assertThat(taken.json().get("reason").textValue()).isEqualTo("email_taken");
        assertThat(taken.json().at("/errors/0/field").textValue()).isEqualTo("email");
        var own = newUser();
        assertThat(patch("/users/" + own, """
                {"email":"taken@example.com"}""").json().get("reason").textValue()).isEqualTo("email_taken");
    }

    @Test
    void theLastAdminIs409WithAReason() {
        var problem = send("PATCH", "/users/me", """
                {"role":"user"}""", "Content-Type", "application/json");

        assertProblem(problem, 409, "conflict");
        assertThat(problem.json().get("reason").textValue()).isEqualTo("last_admin");
        assertThat(problem.json().has("errors")).isFalse();
    }

    /** A login on a second device: address and password are all that the user has. */
    @Test
    void aLoginSaysWhoLoggedInAndMeIsThatUser() {
        var user = post("/users", """
                {"email":"second@example.com","name":"S","password":"correct horse battery"}""");
        var login = post("/tokens", """
                {"email":"SECOND@example.com","password":"correct horse battery"}""");
        var me = new String[] {
            "Authorization", "Bearer " + login.json().get("token").textValue()
        };

        assertThat(login.json().get("user_id").longValue()).isEqualTo(user.id());
        assertThat(get("/tokens", me).json().at("/tokens/0/user_id").longValue())
                .isEqualTo(user.id());
        var read = get("/users/me", me);
        assertThat(read.json()).isEqualTo(user.json());
        assertThat(read.header("ETag")).isEqualTo(user.header("ETag"));
        assertThat(read.header("Cache-Control")).isEqualTo("private, no-cache");
        assertThat(read.header("Vary")).isEqualTo("Authorization, Accept-Encoding");
        assertThat(get("/users/me?include=posts", me).json().get("posts")).isEmpty();
        assertProblem(get("/users/me", "X-Anonymous", "true"), 401, "unauthenticated");
        assertThat(get("/users/me", "X-Anonymous", "true").header("Cache-Control"))
                .isEqualTo("no-store");

        var changed = send(
                "PATCH",
                "/users/me",
                """
                {"name":"T"}""",
                "Content-Type",
                "application/json",
                "If-Match",
                read.header("ETag"),
                me[0],
                me[1]);
        assertThat(changed.json().get("name").textValue()).isEqualTo("T");
        assertThat(send("DELETE", "/users/me", "", me).status()).isEqualTo(204);
        assertProblem(get("/users/me", me), 401, "unauthenticated");
    }

    /** At one address, two people share a device: the tag of one must not match the row of the other. */
    @Test
    void theTagOfMeBelongsToOneUser() {
        var a = new String[] {"Authorization", "Bearer " + tokenOf(newUser())};
        var b = tokenOf(newUser());
        var tag = get("/users/me", a).header("ETag");

        assertThat(get("/users/me", "Authorization", a[1], "If-None-Match", tag).status())
                .isEqualTo(304);
        assertThat(get("/users/me", "Authorization", "Bearer " + b, "If-None-Match", tag)
                        .status())
                .isEqualTo(200);
        assertProblem(
                send(
                        "PATCH",
                        "/users/me",
                        """
                        {"name":"N"}""",
                        "Content-Type",
                        "application/json",
                        "If-Match",
                        tag,
                        "Authorization",
                        "Bearer " + b),
                412,
                "stale");
    }

    @Test
    void anAuthorListsTheirDrafts() {
        var id = newUser();
        var me = new String[] {"Authorization", "Bearer " + tokenOf(id)};
        for (int i = 0; i < 3; i++) {
            for (var status : new String[] {"draft", "published"}) {
                assertThat(send(
                                        "POST",
                                        "/posts",
                                        """
                        {"title":"%s %d","body":"","status":"%s"}""".formatted(status, i, status),
                                        "Content-Type",
                                        "application/json",
                                        me[0],
                                        me[1])
                                .status())
                        .isEqualTo(201);
            }
        }
        var first = get("/users/me/posts?status=draft&limit=2", me);
        assertThat(titles(first)).containsExactly("draft 2", "draft 1");
        var cursor = first.json().get("next_cursor").textValue();
        assertThat(first.header("Link")).contains("/users/me/posts?", "status=draft");
        var second = get("/users/me/posts?status=draft&limit=2&cursor=" + cursor, me);
        assertThat(titles(second)).containsExactly("draft 0");
        assertThat(second.json().get("next_cursor").isNull()).isTrue();
        assertThat(titles(get("/users/me/posts?status=published", me)))
                .containsExactly("published 2", "published 1", "published 0");
        assertThat(titles(get("/users/me/posts", me))).hasSize(6);
        assertThat(titles(get("/users/" + id + "/posts?status=draft"))).hasSize(3); // an admin
        assertThat(titles(get("/users/" + id + "/posts?status=published", "X-Anonymous", "true")))
                .hasSize(3);
        assertProblem(get("/users/" + id + "/posts?status=draft", "X-Anonymous", "true"), 403, "forbidden");
        assertProblem(get("/users/me/posts?status=all", me), 400, "malformed");
        assertProblem(get("/users/me/posts?status=", me), 400, "malformed");
        assertProblem(get("/users/me/posts?limit=2&cursor=" + cursor, me), 400, "bad-cursor");
    }

    private static List<String> titles(Answer answer) {
        var titles = new ArrayList<String>();
        answer.json().get("posts").forEach(post -> titles.add(post.get("title").textValue()));
        return titles;
    }

    @Test
    void adminsFindAUserByAddress() {
        var id = post("/users", """
                {"email":"Find+me@example.com","name":"F"}""").id();

        var found = get("/users?email=find%2BME@example.com").json();
        assertThat(found.get("users")).hasSize(1);
        assertThat(found.at("/users/0/id").longValue()).isEqualTo(id);
        assertThat(found.at("/users/0/email").textValue()).isEqualTo("Find+me@example.com");
        assertThat(found.get("next_cursor").isNull()).isTrue();
        for (var none : List.of("nobody@example.com", "find", "", "a".repeat(300) + "@example.com", "%E2%98%83")) {
            assertThat(get("/users?email=" + none).json().get("users")).as(none).isEmpty();
        }
        assertProblem(get("/users?email=find%2Bme@example.com", "X-Anonymous", "true"), 403, "forbidden");
        assertProblem(
                get("/users?email=find%2Bme@example.com", "Authorization", "Bearer " + tokenOf(id)), 403, "forbidden");
        assertProblem(get("/users?email=a@b.c&limit=5"), 400, "malformed");
        assertProblem(get("/users?email=%00"), 400, "malformed");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
                    {}                                                    | email, name
                    {"email":"bad","nam":"x"}                             | name, nam, email
                    {"email":1,"name":null}                               | email, name
                    {"email":"a@b","name":""}                             | name
                    {"email":"a@b","name":" "}                            | name
                    {"email":"a@b","name":"x","metadata":[]}              | metadata
                    {"email":"a@b","name":"x","metadata":null}            | metadata
                    {"email":"a@b","name":"x","metadata":{"a":"\\u0000"}} | metadata
                    {"email":"a@b","name":"x\\u0000"}                     | name
                    {"email":"a@b","name":"x\\ud800"}                     | name
                    {"email":"a@b","name":"x","role":"admin"}             | role
                    {"email":"a@b","name":"x","id":5,"is_active":false}   | id, is_active
                    """)
    void everyInvalidFieldIsNamed(String body, String fields) {
        var answer = post("/users", body);

        assertProblem(answer, 422, "invalid");
        var named = new ArrayList<String>();
        answer.json()
                .get("errors")
                .forEach(error -> named.add(error.get("field").textValue()));
        assertThat(named).containsExactlyInAnyOrder(fields.split(", ", -1));
    }

    @Test
    void aPageHasTheNewestUsersFirstAndALinkToTheNextPage() {
        var first = newUser();
        var second = newUser();
        var third = newUser();

        var page = get("/users?limit=2&active=true");

        assertThat(page.json().get("users").findValuesAsText("id"))
                .containsExactly(Long.toString(third), Long.toString(second));
        var cursor = page.json().get("next_cursor").textValue();
        assertThat(page.header("Link")).isEqualTo("</users?limit=2&active=true&cursor=" + cursor + ">; rel=\"next\"");
        var next = get("/users?limit=2&active=true&cursor=" + cursor);
        assertThat(next.json().get("users").get(0).get("id").longValue()).isEqualTo(first);
    }

    @Test
    void theLastPageHasNoCursorAndNoLink() {
        newUser();

        var page = get("/users?limit=100");

        assertThat(page.json().get("next_cursor").isNull()).isTrue();
        assertThat(page.header("Link")).isEmpty();
    }

    @Test
    void idsSelectUsersInTheirOrder() {
        var a = newUser();
        var b = newUser();

        var found = get("/users?ids=" + b + ",999999," + a);

        assertThat(found.json().get("users").findValuesAsText("id"))
                .containsExactly(Long.toString(b), Long.toString(a));
        assertThat(found.json().get("next_cursor").isNull()).isTrue();
        assertProblem(get("/users?ids=1,x"), 400, "malformed");
        assertProblem(get("/users?ids="), 400, "malformed");
        assertProblem(get("/users?ids=1&limit=3"), 400, "malformed");
        assertProblem(get("/users?ids=" + "1,".repeat(5) + "2,3" + ids(101)), 422, "invalid");
    }

    private static String ids(int n) {
        var ids = new StringBuilder();
        for (int i = 1; i <= n; i++) {
            ids.append(',').append(i);
        }
        return ids.toString();
    }

    @Test
    void includePostsAddsTheFirstPageOfPosts() {
        var user = newUser();
        assertThat(get("/users/" + user + "?include=posts").body()).endsWith("""
                "posts":[],"next_cursor":null}""");
        for (int i = 0; i < 21; i++) {
            post("/posts", """
                    {"user_id":%d,"title":"t%d","body":""}""".formatted(user, i));
        }

        var found = get("/users/" + user + "?include=posts").json();

        assertThat(found.get("id").longValue()).isEqualTo(user);
        assertThat(found.get("posts")).hasSize(20);
        assertThat(found.get("posts").get(0).get("title").textValue()).isEqualTo("t20");
        var rest = get(
                "/users/" + user + "/posts?cursor=" + found.get("next_cursor").textValue());
        assertThat(rest.json().get("posts").findValuesAsText("title")).containsExactly("t0");
    }

    @Test
    void changesByMergePatch() {
        var user = newUser();
        patch("/users/" + user, """
                {"metadata":{"a":{"b":1,"c":2}}}""");

        var changed = send("PATCH", "/users/" + user, """
                {"name":"New","metadata":{"a":{"b":null}},"is_active":false,"role":"admin"}""", "Content-Type", "application/merge-patch+json");

        assertThat(changed.status()).isEqualTo(200);
        assertThat(changed.body()).contains("""
                "name":"New","role":"admin","is_active":false,"metadata":{"a": {"c": 2}},""");
        assertThat(patch("/users/" + user, """
                {"metadata":null}""").json().get("metadata")).isEmpty();
        assertProblem(patch("/users/" + user, """
                {"name":null,"email":null}"""), 422, "invalid");
        assertProblem(patch("/users/" + user, """
                {"role":"root"}"""), 422, "invalid");
        assertThat(patch("/users/" + user, "{}").json().get("updated_at"))
                .isEqualTo(get("/users/" + user).json().get("updated_at"));
    }

    @Test
    void aDeletedUserIs404() {
        var user = newUser();

        var deleted = delete("/users/" + user);

        assertThat(deleted.status()).isEqualTo(204);
        assertThat(deleted.body()).isEmpty();
        assertThat(deleted.header("Content-Type")).isEmpty();
        assertProblem(get("/users/" + user), 404, "not-found");
        assertProblem(get("/users/" + user + "/posts"), 404, "not-found");
        assertProblem(delete("/users/" + user), 404, "not-found");
    }
}
