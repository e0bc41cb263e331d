package dev.byline.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BasePathTest extends ServerTest {
    @Override
    protected HttpConfig config() {
        return super.config().withBasePath("/api/v1");
    }

    @Test
    void addressesInResponsesHaveTheBasePath() {
        var user = post("/api/v1/users", """
                {"email":"a@example.com","name":"A"}""");
        assertThat(user.status()).isEqualTo(201);
        assertThat(user.header("Location")).isEqualTo("/api/v1/users/" + user.id());
        assertThat(get(user.header("Location")).json()).isEqualTo(user.json());
        for (int i = 0; i < 2; i++) {
            assertThat(post("/api/v1/posts", """
                    {"title":"t","body":""}""").header("Location")).startsWith("/api/v1/posts/");
        }
        var link = get("/api/v1/posts?limit=1").header("Link");
        assertThat(link).startsWith("</api/v1/posts?limit=1&cursor=");
        assertThat(get(link.substring(1, link.indexOf('>'))).json().get("posts"))
                .hasSize(1);
        assertThat(get("/api/v1/").json().get("posts").textValue()).isEqualTo("/api/v1/posts");
        assertThat(get("/api/v1").json()).isEqualTo(get("/api/v1/").json());
        assertThat(get("/api/v1/", "Accept", "text/html").header("Location")).isEqualTo("/api/v1/docs");
        assertThat(get("/api/v1/docs").body()).contains("src=\"docs/docs.js\"");
        assertThat(get("/api/v1/docs/docs.js").status()).isEqualTo(200);
        assertThat(get("/api/v1/openapi.json").json().at("/servers/0/url").textValue())
                .isEqualTo("/api/v1/");
        assertThat(metric("http_requests_total{method=\"POST\",endpoint=\"/users\",status=\"201\",}"))
                .isEqualTo(1);
    }

    @Test
    void probesWorkWithAndWithoutIt() {
        for (var path : List.of("/livez", "/readyz", "/api/v1/livez", "/api/v1/readyz")) {
            assertThat(get(path, "X-Anonymous", "true").status()).as(path).isEqualTo(200);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/",
                "/users",
                "/posts?limit=1",
                "/api",
                "/api/v1users",
                "/api/v11/users",
                "/API/v1/users",
                "//api/v1"
            })
    void whatIsOutsideIs404(String path) {
        var answer = get(path, "X-Anonymous", "true");

        assertThat(answer.status()).as(answer.body()).isIn(404, 400);
        assertThat(answer.header("Content-Type")).isEqualTo("application/problem+json");
        assertThat(answer.body()).doesNotContain("outside-of");
    }
}
