package dev.byline.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A server that requires If-Match and has no documentation. */
class StrictServerTest extends ServerTest {
    @Override
    protected HttpConfig config() {
        return new HttpConfig(
                "127.0.0.1",
                0,
                "",
                "test",
                true,
                HttpConfig.RateLimits.NONE,
                List.of(),
                Set.of(),
                true,
                false,
                true,
                true,
                64);
    }

    @Test
    void aWriteWithoutIfMatchIs428() {
        var created = post("/posts", """
                {"title":"t","body":""}""");
        var path = created.header("Location");
        for (var address : List.of(path, "/users/1")) {
            assertProblem(patch(address, """
                    {"metadata":{}}"""), 428, "precondition-required");
            assertProblem(delete(address), 428, "precondition-required");
        }
        var type = "application/json";
        assertThat(send("PATCH", path, """
                {"title":"u"}""", "Content-Type", type, "If-Match", created.header("ETag"))
                        .status())
                .isEqualTo(200);
        assertThat(send("PATCH", path, """
                {"title":"v"}""", "Content-Type", type, "If-Match", "*")
                        .status())
                .isEqualTo(200);
    }

    @Test
    void tokensAreDeletedWithoutIfMatch() {
        var issued = post("/users/1/tokens", "{}");

        assertThat(delete("/tokens/" + issued.id()).status()).isEqualTo(204);
    }

    @Test
    void theDocumentationIs404() {
        assertThat(get("/", "Accept", "text/html, */*").status()).isEqualTo(200);
        assertThat(get("/").json().has("docs")).isFalse();
        assertProblem(get("/docs"), 404, "not-found");
        assertProblem(get("/docs/docs.js"), 404, "not-found");
        assertThat(get("/openapi.json").status()).isEqualTo(200);
    }
}
