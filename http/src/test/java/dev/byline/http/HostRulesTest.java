package dev.byline.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** A write that a host's constraint or trigger refuses is a 409, which shows nothing of the host's schema. */
class HostRulesTest extends ServerTest {
    private long newUser(String name) {
        return post("/users", """
                {"email":"%s@example.com","name":"%s"}""".formatted(name, name)).id();
    }

    private static String body(long user) {
        return """
                {"title":"t","body":"b","user_id":%d}""".formatted(user);
    }

    private long newPost(long user) {
        return post("/posts", body(user)).id();
    }

    private void assertRefused(Answer answer, String detail) {
        assertProblem(answer, 409, "conflict");
        assertThat(answer.json().get("detail").textValue()).isEqualTo("the database refused the change: " + detail);
        assertThat(answer.body()).doesNotContain("secret", "SQL", "ERROR", "delete from", "posts_");
    }

    @Test
    void deletingAReferencedUserOrPostIs409() {
        database.run("CREATE TABLE secret_likes (user_id bigint CONSTRAINT secret_user REFERENCES users,"
                + " post_id bigint CONSTRAINT secret_post REFERENCES posts)");
        try {
            var user = newUser("liked");
            var post = newPost(user);
            database.run("INSERT INTO secret_likes VALUES (" + user + ", NULL), (NULL, " + post + ")");
            var referredTo = "rows of another table refer to what would be deleted";

            assertRefused(delete("/posts/" + post), referredTo);
            assertRefused(delete("/users/" + user), referredTo);
            assertThat(get("/posts/" + post).status()).isEqualTo(200);
            assertThat(get("/users/" + user).status()).isEqualTo(200);
        } finally {
            database.run("DROP TABLE secret_likes");
        }
    }

    @Test
    void aMissingSchemaIs503() {
        database.run("ALTER TABLE posts RENAME TO elsewhere");
        try {
            for (var path : List.of("/posts?q=x", "/posts/999999")) {
                var answer = get(path);
                assertProblem(answer, 503, "unavailable");
                assertThat(answer.json().get("detail").textValue())
                        .isEqualTo(
                                "Byline's tables are missing: run Migrations.apply or `byline migrate`, or set the schema that has them");
            }
        } finally {
            database.run("ALTER TABLE elsewhere RENAME TO posts");
        }
    }

    @Test
    void aTriggerThatRefusesAWriteIs409() {
        var user = newUser("writer");
        var post = newPost(user);
        database.run("CREATE FUNCTION secret() RETURNS trigger LANGUAGE plpgsql AS"
                + " $$ BEGIN RAISE EXCEPTION 'secret %', NEW.title USING ERRCODE = 'ZZ001'; END $$");
        database.run("CREATE TRIGGER secret BEFORE INSERT OR UPDATE ON posts FOR EACH ROW EXECUTE FUNCTION secret()");
        try {
            var rule = "it breaks a rule that was added to the schema";
            var body = body(user);

            assertRefused(post("/posts", body), rule);
            assertRefused(post("/posts/batch", """
                    {"posts":[%s]}""".formatted(body)), rule);
            assertRefused(patch("/posts/" + post, """
                    {"title":"x"}"""), rule);
        } finally {
            database.run("DROP TRIGGER secret ON posts");
            database.run("DROP FUNCTION secret()");
        }
    }
}
