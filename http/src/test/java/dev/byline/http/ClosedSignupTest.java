package dev.byline.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.byline.http.HttpConfig.RateLimits;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ClosedSignupTest extends ServerTest {
    @Override
    protected HttpConfig config() {
        return new HttpConfig(
                "127.0.0.1", 0, "", "test", false, RateLimits.NONE, List.of(), Set.of(), false, true, true, true, 64);
    }

    @Test
    void onlyAdminsCreateUsers() {
        var body = """
                {"email":"a@example.com","name":"A"}""";
        assertProblem(
                send("POST", "/users", body, "Content-Type", "application/json", "X-Anonymous", "true"),
                401,
                "unauthenticated");
        var user = post("/users", body);
        assertThat(user.status()).isEqualTo(201);
        var bearer = "Bearer " + tokenOf(user.id());
        assertProblem(
                send("POST", "/users", body, "Content-Type", "application/json", "Authorization", bearer),
                403,
                "forbidden");
    }
}
