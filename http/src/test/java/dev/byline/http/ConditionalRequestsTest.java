package dev.byline.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.byline.model.Metadata;
import dev.byline.model.NewUser;
import dev.byline.model.Principal;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConditionalRequestsTest extends ServerTest {
    private static final String JSON = "application/json";
    private static final Pattern ETAG = Pattern.compile(quoted("[!#-~]+"));

    @Override
    protected HttpConfig config() {
        return HttpConfig.local(0, "test").withLimits(new HttpConfig.RateLimits(100_000, 100_000, 0, 0, 0));
    }

    private static String quoted(String tag) {
        return '"' + tag + '"';
    }

    private int count;

    private long newUser() {
        return byline.users()
                .create(
                        new Principal.Anonymous(),
                        new NewUser("conditional" + ++count + "@example.com", "C", Metadata.EMPTY))
                .id();
    }

    private Answer newPost() {
        return post("/posts", """
                {"title":"t","body":"b"}""");
    }

    private Answer conditional(String method, String path, String header, String tag) {
        return method.equals("PATCH")
                ? send(method, path, """
                        {"title":"u"}""", "Content-Type", JSON, header, tag)
                : send(HttpRequest.newBuilder(uri(path))
                        .method(method, BodyPublishers.noBody())
                        .header(header, tag));
    }

    private static void assertNotModified(Answer answer, String tag) {
        assertThat(answer.status()).isEqualTo(304);
        assertThat(answer.body()).isEmpty();
        assertThat(answer.header("ETag")).isEqualTo(tag);
        assertThat(answer.header("Cache-Control")).contains("no-cache");
        assertThat(answer.header("Vary")).contains("Authorization");
        assertThat(answer.header("Content-Type")).isEmpty();
        assertThat(answer.header("Content-Length")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
                    1
                    "1
                    "1" "2"
                    W/
                    *, "1"
                    "1";x
                    w/"1"
                    ,
                    """)
    void aMalformedConditionIs400(String condition) {
        var path = newPost().header("Location");
        assertProblem(conditional("PATCH", path, "If-Match", condition), 400, "malformed");
        assertProblem(conditional("GET", path, "If-None-Match", condition), 400, "malformed");
    }

    @Nested
    class ETags {
        @Test
        void theETagOfAPostChangesWithThePost() {
            var created = newPost();
            var path = created.header("Location");
            var tag = created.header("ETag");
            assertThat(tag).matches(ETAG);
            assertThat(get(path).header("ETag")).isEqualTo(tag);
            assertThat(send(HttpRequest.newBuilder(uri(path)).HEAD()).header("ETag"))
                    .isEqualTo(tag);
            assertThat(get(path, "X-Anonymous", "true").header("ETag")).isEqualTo(tag);

            var changed = patch(path, """
                    {"title":"u"}""");

            assertThat(changed.header("ETag")).isNotEqualTo(tag);
            assertThat(get(path).header("ETag")).isEqualTo(changed.header("ETag"));
            assertThat(patch(path, "{}").header("ETag")).isEqualTo(changed.header("ETag"));
        }

        @Test
        void theETagOfAUserDependsOnWhatTheViewerSees() {
            var id = newUser();
            var own = get("/users/" + id, "Authorization", "Bearer " + tokenOf(id));
            var admins = get("/users/" + id);
            var everyones = get("/users/" + id, "X-Anonymous", "true");

            assertThat(own.header("ETag")).isEqualTo(admins.header("ETag")).isNotEqualTo(everyones.header("ETag"));
            assertNotModified(
                    get("/users/" + id, "X-Anonymous", "true", "If-None-Match", everyones.header("ETag")),
                    everyones.header("ETag"));
            assertThat(get("/users/" + id, "If-None-Match", everyones.header("ETag"))
                            .status())
                    .isEqualTo(200);
        }

        @Test
        void theETagOfAUserWithPostsChangesWithThePosts() {
            var path = newPost().header("Location");
            var tag = get("/users/1?include=posts").header("ETag");
            patch(path, """
                    {"title":"other"}""");

            assertThat(get("/users/1?include=posts", "If-None-Match", tag).status())
                    .isEqualTo(200);
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "/posts?limit=2",
                    "/users?limit=2",
                    "/posts?ids=1",
                    "/users?ids=1",
                    "/users/1?include=posts",
                    "/users/1/posts",
                    "/openapi.json",
                    "/docs",
                    "/docs/docs.js",
                    "/"
                })
        void listsAndDocumentsHaveETags(String path) {
            newPost();
            var tag = get(path).header("ETag");

            assertThat(tag).matches(ETAG);
            assertNotModified(get(path, "If-None-Match", tag), tag);
        }

        @Test
        void cacheControlSaysWhoMayStoreAResponse() {
            var path = newPost().header("Location");
            assertThat(get(path, "X-Anonymous", "true").header("Cache-Control")).isEqualTo("public, no-cache");
            assertThat(get(path).header("Cache-Control")).isEqualTo("private, no-cache");
            assertThat(get("/posts").header("Cache-Control")).isEqualTo("private, no-cache");
            for (var answer : List.of(
                    newPost(),
                    get("/tokens"),
                    get("/livez"),
                    get("/posts/999999"),
                    get("/nothing"),
                    patch(path, "{}"))) {
                assertThat(answer.header("Cache-Control")).isEqualTo("no-store");
                assertThat(answer.header("Vary")).contains("Authorization");
            }
        }
    }

    @Nested
    class IfNoneMatch {
        @Test
        void aMatchingIfNoneMatchIs304() {
            var created = newPost();
            var path = created.header("Location");
            var tag = created.header("ETag");
            for (var condition : List.of(
                    tag,
                    "W/" + tag,
                    quoted("other") + ", " + tag,
                    "*",
                    quoted("a,b") + " ,\t" + tag,
                    "," + quoted("a") + ",, " + tag + ", ,")) {
                assertNotModified(get(path, "If-None-Match", condition), tag);
                assertNotModified(conditional("HEAD", path, "If-None-Match", condition), tag);
            }
            assertThat(get(path, "If-None-Match", quoted("other")).status()).isEqualTo(200);
            patch(path, """
                    {"title":"u"}""");
            assertThat(get(path, "If-None-Match", tag).status()).isEqualTo(200);
        }

        @Test
        void aMatchInTheFirstOfTwoIfNoneMatchLinesIs304() {
            var post = newPost();
            var tag = post.header("ETag");

            var answer = get(post.header("Location"), "If-None-Match", tag, "If-None-Match", quoted("other"));

            assertNotModified(answer, tag);
        }

        @Test
        void aMalformedSecondIfNoneMatchLineIs400() {
            var post = newPost();

            var answer = get(post.header("Location"), "If-None-Match", post.header("ETag"), "If-None-Match", "none");

            assertProblem(answer, 400, "malformed");
        }

        @Test
        void ifNoneMatchOnAWriteIs400() {
            var path = newPost().header("Location");
            assertProblem(conditional("PATCH", path, "If-None-Match", "*"), 400, "malformed");
        }

        @Test
        void aNotModifiedResponseCostsNoRateLimit() {
            var token = "Bearer " + tokenOf(newUser());
            var path = newPost().header("Location");
            var first = get(path, "Authorization", token);
            assertThat(first.header("RateLimit")).contains("r=99999;");
            for (int i = 0; i < 5; i++) {
                var again = get(path, "Authorization", token, "If-None-Match", first.header("ETag"));
                assertThat(again.status()).isEqualTo(304);
                assertThat(again.header("RateLimit")).matches("""
                        "token";r=(99999|100000);t=[01]""");
            }
            assertThat(get(path, "Authorization", token, "If-None-Match", "*").header("RateLimit"))
                    .contains("r=99999;"); // a client without an ETag pays
        }
    }

    @Nested
    class IfMatch {
        @Test
        void aStaleIfMatchIs412() {
            var created = newPost();
            var path = created.header("Location");
            var old = created.header("ETag");
            var current = conditional("PATCH", path, "If-Match", old);
            assertThat(current.status()).isEqualTo(200);

            for (var stale : List.of(old, "W/" + old, quoted("nonsense"), old + ", " + quoted("x"))) {
                assertProblem(conditional("PATCH", path, "If-Match", stale), 412, "stale");
                assertProblem(conditional("DELETE", path, "If-Match", stale), 412, "stale");
                assertProblem(send("PATCH", path, "{}", "Content-Type", JSON, "If-Match", stale), 412, "stale");
                assertProblem(get(path, "If-Match", stale), 412, "stale");
            }
            assertThat(get(path).header("ETag")).isEqualTo(current.header("ETag"));
            assertThat(get(path, "If-Match", current.header("ETag")).status()).isEqualTo(200);
            assertThat(conditional("PATCH", path, "If-Match", "*").status()).isEqualTo(200);
            var last = get(path).header("ETag");
            assertThat(conditional("DELETE", path, "If-Match", quoted("x") + ", " + last)
                            .status())
                    .isEqualTo(204);
            assertProblem(conditional("DELETE", path, "If-Match", last), 404, "not-found");
            assertProblem(conditional("PATCH", path, "If-Match", "*"), 404, "not-found");
        }

        @Test
        void aStaleIfMatchForAUserIs412() {
            var path = "/users/" + newUser();
            var seen = get(path, "X-Anonymous", "true").header("ETag"); // the ETag of the public view works as well
            var change = """
                    {"name":"N"}""";
            assertThat(send("PATCH", path, change, "Content-Type", JSON, "If-Match", seen)
                            .status())
                    .isEqualTo(200);
            for (var body : List.of(change, "{}", """
                    {"password":"correct horse battery"}""", """
                    {"is_active":false}""")) {
                assertProblem(send("PATCH", path, body, "Content-Type", JSON, "If-Match", seen), 412, "stale");
            }
            assertProblem(conditional("DELETE", path, "If-Match", seen), 412, "stale");
            assertThat(get(path).json().get("is_active").booleanValue()).isTrue();
            assertThat(conditional("DELETE", path, "If-Match", get(path).header("ETag"))
                            .status())
                    .isEqualTo(204);
        }

        @Test
        void aForbiddenWriteIs403WhateverItsIfMatch() {
            var other = "Bearer " + tokenOf(newUser());
            var path = newPost().header("Location");

            assertProblem(
                    send("PATCH", path, """
                            {"title":"x"}""", "Content-Type", JSON, "If-Match", quoted("x"), "Authorization", other),
                    403,
                    "forbidden");
        }

        /** nginx and HAProxy weaken the tags of what they compress, Apache and Caddy add a suffix, Jetty another. */
        @Test
        void whatACompressingProxyMakesOfATagMatches() {
            var created = newPost();
            var path = created.header("Location");
            var stale = created.header("ETag");
            var current = conditional("PATCH", path, "If-Match", stale).header("ETag");
            for (var form : List.<UnaryOperator<String>>of(
                    tag -> "W/" + tag,
                    tag -> tag.replaceAll("\"$", "-gzip\""),
                    tag -> tag.replaceAll("\"$", "--gzip\""),
                    tag -> tag.replaceAll("\"$", "-br\""),
                    tag -> "W/" + tag.replaceAll("\"$", "-zstd\""))) {
                assertThat(conditional("PATCH", path, "If-Match", form.apply(stale))
                                .status())
                        .isEqualTo(412);
                assertNotModified(get(path, "If-None-Match", form.apply(current)), current);
                assertThat(get(path, "If-None-Match", form.apply(stale)).status())
                        .isEqualTo(200);
                assertThat(get(path, "If-Match", form.apply(current)).status()).isEqualTo(200);
                var changed = conditional("PATCH", path, "If-Match", form.apply(current));
                assertThat(changed.status()).isEqualTo(200);
                stale = current;
                current = changed.header("ETag");
            }
            for (var other : List.of("-gzip-gzip", "-lzma", "gzip", "-private-gzip-x")) {
                assertThat(conditional("PATCH", path, "If-Match", current.replaceAll("\"$", other + "\""))
                                .status())
                        .as(other)
                        .isEqualTo(412);
            }
            assertThat(send("DELETE", path, "", "If-Match", "W/" + current).status())
                    .isEqualTo(204);
        }

        /** The sequence of ids isn't replicated in step: after a failover that lost writes, an id is given again. */
        @Test
        void theTagOfALostRowDoesNotMatchTheRowThatGotItsId() {
            var lost = newPost();
            var path = lost.header("Location");
            var id = path.substring(path.lastIndexOf('/') + 1);
            database.run(
                    "CREATE TEMP TABLE copy AS SELECT * FROM posts WHERE id = " + id + "; DELETE FROM posts WHERE id = "
                            + id + "; INSERT INTO posts (id, user_id, title, body, published_at)"
                            + " SELECT id, user_id, 'another', '', published_at FROM copy");

            assertThat(get(path, "If-None-Match", lost.header("ETag")).status()).isEqualTo(200);
            assertProblem(conditional("PATCH", path, "If-Match", lost.header("ETag")), 412, "stale");
            assertProblem(send("DELETE", path, "", "If-Match", lost.header("ETag")), 412, "stale");
            assertThat(get(path).header("ETag")).isNotEqualTo(lost.header("ETag"));
        }

        @Test
        void theTagOfAnotherRowAndOfAnEarlierFormDoesNotMatch() {
            var created = newPost();
            var path = created.header("Location");
            for (var tag : List.of(
                    newPost().header("ETag"),
                    quoted("1-1"),
                    quoted("1-1-private"),
                    created.header("ETag").replaceFirst("-1-", "-2-"),
                    created.header("ETag").replaceFirst("^\"2-", "\"3-"))) {
                assertThat(get(path, "If-None-Match", tag).status()).as(tag).isEqualTo(200);
                assertProblem(conditional("PATCH", path, "If-Match", tag), 412, "stale");
            }
        }

        @Test
        void oneOfManyConcurrentWritesWithTheSameIfMatchSucceeds() throws Exception {
            var created = newPost();
            var path = created.header("Location");
            var tag = created.header("ETag");
            try (var threads = Executors.newFixedThreadPool(10)) {
                Callable<Integer> attempt =
                        () -> conditional("PATCH", path, "If-Match", tag).status();
                var answers = threads.invokeAll(java.util.Collections.nCopies(10, attempt));
                var won = 0;
                for (var answer : answers) {
                    won += answer.get() == 200 ? 1 : 0;
                    assertThat(answer.get()).isIn(200, 412);
                }
                assertThat(won).isEqualTo(1);
            }
        }
    }

    @Nested
    class Negotiation {
        @Test
        void everyPathAnswersOptionsAndRefusesOtherMethods() {
            var paths = Set.copyOf(server.routes().stream().map(Route::path).toList());
            for (var template : paths) {
                var path = template.replace("{id}", "1").replace("{name}", "docs.js");
                var options = send(HttpRequest.newBuilder(uri(path)).method("OPTIONS", BodyPublishers.noBody()));
                assertThat(options.status()).as(path).isEqualTo(204);
                assertThat(options.header("Accept-Patch").isEmpty())
                        .isNotEqualTo(options.header("Allow").contains("PATCH"));
                var allowed = List.of(options.header("Allow").split(", ", -1));
                for (var method : List.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "INVENTED")) {
                    var has = server.routes().stream()
                            .anyMatch(route -> route.path().equals(template)
                                    && (route.method().name().equals(method)
                                            || (method.equals("HEAD")
                                                    && route.method().name().equals("GET"))));
                    assertThat(allowed.contains(method)).as(method + " " + path).isEqualTo(has);
                    if (!has) {
                        var refused = send(HttpRequest.newBuilder(uri(path)).method(method, BodyPublishers.noBody()));
                        assertThat(refused.status()).as(method + " " + path).isEqualTo(405);
                        assertThat(refused.header("Allow")).isEqualTo(options.header("Allow"));
                    }
                }
            }
        }

        /** Generated clients send this: a problem is the only body of a DELETE. */
        @Test
        void deleteNeedsNoJsonInAccept() {
            assertThat(send(HttpRequest.newBuilder(uri(newPost().header("Location")))
                                    .DELETE()
                                    .header("Accept", "application/problem+json"))
                            .status())
                    .isEqualTo(204);
        }

        @Test
        void browsersAreRedirectedToTheDocumentation() {
            var browser = get("/", "Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
            assertThat(browser.status()).isEqualTo(303);
            assertThat(browser.header("Location")).isEqualTo("/docs");
            assertThat(browser.header("Vary")).contains("Accept");
            assertThat(get("/", "Accept", "*/*").status()).isEqualTo(200);
            assertThat(get("/", "Accept", "application/json, text/html").status())
                    .isEqualTo(200);
            assertProblem(get("/", "Accept", "image/png"), 406, "not-acceptable");
        }

        @Test
        void theDocumentationLoadsOnlyItsOwnScripts() {
            var page = get("/docs", "Accept", "text/html");
            assertThat(page.status()).isEqualTo(200);
            assertThat(page.header("Content-Type")).startsWith("text/html");
            assertThat(page.header("Content-Security-Policy"))
                    .contains("default-src 'none'", "script-src 'self'")
                    .doesNotContain("unsafe");
            assertThat(page.body()).doesNotContain("http://").doesNotContain("https://");
            for (var file : List.of("swagger-ui.css", "swagger-ui-bundle.js", "docs.js", "docs.css")) {
                assertThat(page.body()).contains("docs/" + file);
                assertThat(get("/docs/" + file).status()).isEqualTo(200);
            }
            assertThat(get("/docs/swagger-ui-bundle.js").body().length()).isGreaterThan(1_000_000);
            assertProblem(get("/docs/other.js"), 404, "not-found");
            assertProblem(get("/docs/..%2Fopenapi.json"), 400, "malformed");
        }
    }
}
