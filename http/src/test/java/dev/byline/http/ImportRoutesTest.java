package dev.byline.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.byline.http.metrics.PrometheusMetrics;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImportRoutesTest extends ServerTest {
    private Answer run(String body) {
        var token = tokenOf(1);
        return send("POST", "/imports", body, "Content-Type", "application/json", "Authorization", "Bearer " + token);
    }

    @Test
    void outcomesHaveTheOrderOfTheRequest() {
        var answer = run("""
                {"urls":["http://[::1]/","no address","https://10.0.0.1/feed.xml"]}""");

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.json().at("/imports/0/url").textValue()).isEqualTo("http://[::1]/");
        assertThat(answer.json().at("/imports/0/outcome").textValue()).isEqualTo("failed");
        assertThat(answer.json().at("/imports/0/reason").textValue()).isEqualTo("forbidden_address");
        assertThat(answer.json().at("/imports/1/reason").textValue()).isEqualTo("bad_url");
        assertThat(answer.json().at("/imports/2/reason").textValue()).isEqualTo("forbidden_address");
        assertThat(metrics.text()).contains("""
                byline_feeds_total{outcome="failed",}""");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", """
            {"urls":[]}""", """
            {"urls":"x"}""", """
            {"urls":[1]}""", """
            {"urls":["a","a"]}""", """
            {"urls":["a"],"x":1}"""})
    void aBodyWithoutAListOfDistinctUrlsIs422(String body) {
        assertProblem(run(body), 422, "invalid");
    }

    @Test
    void theRouteIsMissingWhenImportsAreOff() throws Exception {
        try (var other = HttpServer.start(
                config().withImports(false),
                byline,
                byline.tokens()::authenticate,
                Optional::empty,
                new PrometheusMetrics("test"))) {
            assertThat(other.routes()).noneMatch(route -> route.path().equals("/imports"));
        }
    }
}
