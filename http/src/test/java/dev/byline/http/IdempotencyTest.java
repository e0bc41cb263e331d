package dev.byline.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.byline.model.Cidr;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IdempotencyTest extends ServerTest {
    private static final String POST = """
            {"title":"t","body":"b"}""";
    private static final String BATCH = """
            {"posts":[{"title":"a","body":""},{"title":"b","body":""}]}""";
    private static final String PASSWORD = "correct horse battery";

    @Override
    protected HttpConfig config() {
        return new HttpConfig(
                "127.0.0.1",
                0,
                "",
                "test",
                true,
                HttpConfig.RateLimits.NONE,
                List.of(Cidr.parse("127.0.0.1")),
                Set.of(),
                false,
                true,
                true,
                true,
                64);
    }

    private Answer keyed(String path, String body, String key, String... headers) {
        var request = HttpRequest.newBuilder(uri(path)).POST(BodyPublishers.ofString(body));
        request.headers("Content-Type", "application/json", "Idempotency-Key", key);
        return send(headers.length == 0 ? request : request.headers(headers));
    }

    private static void assertReplayed(Answer again, Answer first) {
        assertThat(again.status()).isEqualTo(first.status()).isEqualTo(201);
        assertThat(again.body()).isEqualTo(first.body());
        assertThat(again.header("Location")).isEqualTo(first.header("Location"));
        assertThat(again.header("ETag")).isEqualTo(first.header("ETag"));
        assertThat(first.header("Idempotency-Replayed")).isEmpty();
        assertThat(again.header("Idempotency-Replayed")).isEqualTo("true");
    }

    private String posts() {
        return database.value("SELECT count(*) FROM posts");
    }

    @Test
    void aRepeatedRequestIsExecutedOnce() {
        var first = keyed("/posts", POST, "once");
        var before = posts();

        assertReplayed(keyed("/posts", POST, "once"), first);
        assertReplayed(keyed("/posts", """
                {"body": "b", "title": "t"}""", "once"), first);
        patch(first.header("Location"), """
                {"title":"changed since"}""");
        assertReplayed(keyed("/posts", POST, "once"), first);
        assertThat(posts()).isEqualTo(before);
    }

    @Test
    void aRepeatedBatchIsExecutedOnce() {
        var first = keyed("/posts/batch", BATCH, "batch");
        var before = posts();

        assertReplayed(keyed("/posts/batch", BATCH, "batch"), first);
        assertThat(posts()).isEqualTo(before);
        assertProblem(keyed("/posts/batch", """
                {"posts":[{"title":"a","body":""},{"title":"c","body":""}]}""", "batch"), 422, "key-reused");
    }

    @Test
    void anotherRequestWithTheSameKeyIs422() {
        keyed("/posts", POST, "other");
        var before = posts();
        for (var body : List.of("""
                {"title":"u","body":"b"}""", """
                {"title":"t","body":""}""", """
                {"title":"tb","body":""}""", """
                {"title":"t","body":"b","status":"draft"}""", """
                {"title":"t","body":"b","metadata":{"a":1}}""", """
                {"title":"t","body":"b","user_id":1}""", """
                {"title":"t","body":"b","published_at":"2020-01-01T00:00:00Z"}""")) {
            assertProblem(keyed("/posts", body, "other"), 422, "key-reused");
        }
        assertThat(posts()).isEqualTo(before);
    }

    @Test
    void aKeyIsScopedToItsRouteAndCaller() {
        var first = keyed("/posts", POST, "shared");
        var user = keyed("/users", """
                {"email":"scope@example.com","name":"S"}""", "shared");
        assertThat(user.status()).isEqualTo(201);
        assertThat(keyed("/posts/batch", BATCH, "shared").status()).isEqualTo(201);

        var others = keyed("/posts", POST, "shared", "Authorization", "Bearer " + tokenOf(user.id()));
        assertThat(others.status()).isEqualTo(201);
        assertThat(others.header("Location")).isNotEqualTo(first.header("Location"));
        // the same caller with another token
        assertReplayed(keyed("/posts", POST, "shared", "Authorization", "Bearer " + tokenOf(user.id())), others);
    }

    @Test
    void anonymousCallersAreDistinguishedByAddress() {
        var ada = """
                {"email":"ada-address@example.com","name":"A"}""";
        var first = keyed("/users", ada, "mine", "X-Anonymous", "true", "X-Forwarded-For", "192.0.2.1");
        assertThat(first.status()).isEqualTo(201);
        assertReplayed(keyed("/users", ada, "mine", "X-Anonymous", "true", "X-Forwarded-For", "192.0.2.1"), first);

        assertProblem(
                keyed("/users", ada, "mine", "X-Anonymous", "true", "X-Forwarded-For", "192.0.2.2"), 409, "conflict");
    }

    @Test
    void aSignUpIsReplayedOnlyForTheSamePassword() {
        var body = """
                {"email":"secret@example.com","name":"S","password":"%s"}""";
        var first = keyed("/users", body.formatted(PASSWORD), "signup", "X-Anonymous", "true");
        assertThat(first.status()).isEqualTo(201);

        assertReplayed(keyed("/users", body.formatted(PASSWORD), "signup", "X-Anonymous", "true"), first);
        assertProblem(
                keyed("/users", body.formatted("a quite different one"), "signup", "X-Anonymous", "true"),
                422,
                "key-reused");
        assertProblem(keyed("/users", """
                {"email":"secret@example.com","name":"S"}""", "signup", "X-Anonymous", "true"), 422, "key-reused");
        assertThat(database.value("SELECT string_agg(encode(answer, 'escape'), '') FROM idempotency_keys"))
                .doesNotContain(PASSWORD)
                .doesNotContain("argon2");
    }

    @Test
    void theResponseOfADeletedUserIsNotReplayed() {
        var body = """
                {"email":"gone@example.com","name":"G"}""";
        var first = keyed("/users", body, "gone");
        delete(first.header("Location"));

        assertProblem(keyed("/users", body, "gone"), 422, "key-reused");
    }

    @Test
    void aBatchIsNotReplayedOnceOneOfItsAuthorsIsDeleted() {
        var author = keyed("/users", """
                {"email":"ghost@example.com","name":"G"}""", "ghost");
        var body = """
                {"posts":[{"title":"mine","body":""},{"title":"theirs","body":"","user_id":%d}]}""".formatted(author.id());
        assertThat(keyed("/posts/batch", body, "ghosts").status()).isEqualTo(201);
        delete(author.header("Location"));

        assertProblem(keyed("/posts/batch", body, "ghosts"), 422, "key-reused");
    }

    @Test
    void concurrentSignUpsWithOneKeyCreateOneUser() throws Exception {
        var body = """
                {"email":"many@example.com","name":"M","password":"%s"}""".formatted(PASSWORD);
        try (var threads = Executors.newFixedThreadPool(30)) {
            Callable<Answer> attempt = () -> keyed("/users", body, "many", "X-Anonymous", "true");
            var created = 0;
            for (var answer : threads.invokeAll(Collections.nCopies(30, attempt))) {
                created += answer.get().status() == 201 ? 1 : 0;
                assertThat(answer.get().status()).as(answer.get().body()).isIn(201, 409, 503);
                if (answer.get().status() == 503) {
                    // arrived after the first had finished: too many password checks at once
                    assertThat(answer.get().body()).contains("passwords");
                }
            }
            assertThat(created).isPositive();
        }
        assertThat(database.value("SELECT count(*) FROM users WHERE email = 'many@example.com'"))
                .isEqualTo("1");
    }

    @Test
    void aFailedRequestStoresNoResponse() {
        assertProblem(keyed("/posts", """
                {"title":"","body":""}""", "failed"), 422, "invalid");
        assertProblem(keyed("/posts", """
                {"title":"t","body":"","user_id":999999}""", "failed"), 422, "invalid");
        assertThat(keyed("/posts", POST, "failed").status()).isEqualTo(201);

        var taken = """
                {"email":"admin@localhost","name":"T"}""";
        assertProblem(keyed("/users", taken, "taken"), 409, "conflict");
        assertThat(keyed("/users", """
                {"email":"free@example.com","name":"T"}""", "taken").status()).isEqualTo(201);
    }

    @Test
    void aKeyExpiresAfterADay() {
        var first = keyed("/posts", POST, "old");
        database.run("UPDATE idempotency_keys SET created_at = now() - interval '24 hours 1 second'");

        var second = keyed("/posts", POST, "old");
        assertThat(second.status()).isEqualTo(201);
        assertThat(second.header("Location")).isNotEqualTo(first.header("Location"));
        assertReplayed(keyed("/posts", POST, "old"), second);
    }

    @Test
    void aRepetitionOfARequestInFlightIs409() throws Exception {
        database.run("CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS"
                + " $$ BEGIN IF NEW.title = 'slow' THEN PERFORM pg_sleep(1); END IF; RETURN NEW; END $$");
        database.run("CREATE TRIGGER slow BEFORE INSERT ON posts FOR EACH ROW EXECUTE FUNCTION slow()");
        var slow = """
                {"title":"slow","body":""}""";
        try (var thread = Executors.newSingleThreadExecutor()) {
            var first = thread.submit(() -> keyed("/posts", slow, "slow"));
            while (database.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database ="
                            + " (SELECT oid FROM pg_database WHERE datname = current_database())")
                    .equals("0")) {
                assertThat(first.isDone()).isFalse();
            }
            var second = keyed("/posts", slow, "slow");
            assertProblem(second, 409, "in-progress");
            assertThat(second.header("Retry-After")).isEqualTo("1");
            assertReplayed(again(first.get(), slow), first.get());
        } finally {
            database.run("DROP TRIGGER slow ON posts");
        }
    }

    private Answer again(Answer first, String body) {
        assertThat(first.status()).isEqualTo(201);
        return keyed("/posts", body, "slow");
    }

    @Test
    void fiftyConcurrentRequestsWithOneKeyAreExecutedOnce() throws Exception {
        for (var path : List.of("/posts", "/posts/batch", "/users")) {
            var body = path.equals("/posts") ? POST : path.equals("/posts/batch") ? BATCH : """
                    {"email":"fifty@example.com","name":"F"}""";
            var before = Long.parseLong(posts());
            var bodies = new HashSet<String>();
            var created = 0;
            try (var threads = Executors.newFixedThreadPool(50)) {
                Callable<Answer> attempt = () -> keyed(path, body, "fifty");
                for (var answer : threads.invokeAll(Collections.nCopies(50, attempt))) {
                    if (answer.get().status() == 201) {
                        bodies.add(answer.get().body());
                        created += answer.get().header("Idempotency-Replayed").isEmpty() ? 1 : 0;
                    } else {
                        assertProblem(answer.get(), 409, "in-progress");
                    }
                }
            }
            assertThat(created).isEqualTo(1);
            assertThat(bodies).hasSize(1);
            var rows = path.equals("/posts") ? 1 : path.equals("/posts/batch") ? 2 : 0;
            assertThat(Long.parseLong(posts()) - before).isEqualTo(rows);
        }
    }

    @Test
    void loginsIgnoreTheKey() {
        keyed("/users", """
                {"email":"login@example.com","name":"L","password":"%s"}""".formatted(PASSWORD), "x");
        var login = """
                {"email":"login@example.com","password":"%s"}""".formatted(PASSWORD);
        var first = keyed("/tokens", login, "login");
        var second = keyed("/tokens", login, "login");

        assertThat(first.status()).isEqualTo(201);
        assertThat(second.status()).isEqualTo(201);
        assertThat(second.json().get("token")).isNotEqualTo(first.json().get("token"));
        assertThat(database.value(
                        "SELECT count(*) FROM idempotency_keys WHERE encode(answer, 'escape') LIKE '%byl\\_%'"))
                .isEqualTo("0");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "tab\there", "LONG"})
    void anInvalidKeyIs400(String key) {
        assertProblem(keyed("/posts", POST, key.equals("LONG") ? "k".repeat(256) : key), 400, "malformed");
    }

    @Test
    void twoKeysAre400() {
        assertProblem(keyed("/posts", POST, "one", "Idempotency-Key", "two"), 400, "malformed");
    }
}
