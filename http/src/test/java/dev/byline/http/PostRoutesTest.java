package dev.byline.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PostRoutesTest extends ServerTest {
    private long author;

    @BeforeAll
    void author() {
        author = post("/users", """
                {"email":"author@example.com","name":"Author"}""").id();
    }

    /** Creates a post with these members besides the required ones; each ends with a comma. */
    private Answer newPost(String members) {
        return post("/posts", """
                {%s"user_id":%d,"title":"Title","body":"Body"}""".formatted(members, author));
    }

    private List<Long> listedIds(String path) {
        return get(path).json().get("posts").findValues("id").stream()
                .map(JsonNode::longValue)
                .toList();
    }

    private static List<String> fields(Answer answer) {
        var named = new ArrayList<String>();
        answer.json()
                .get("errors")
                .forEach(error -> named.add(error.get("field").textValue()));
        return named;
    }

    private Answer newDraft() {
        return newPost("""
                "status":"draft",""");
    }

    @Nested
    class Authors {
        private long another;

        private void create() {
            another = post("/users", """
                    {"email":"u%d@example.com","name":"Another","metadata":{"bio":"x"}}""".formatted(System.nanoTime())).id();
            for (var each : new long[] {author, another, another}) {
                post("/posts", """
                        {"user_id":%d,"title":"zebra","body":"Body"}""".formatted(each));
            }
        }

        @Test
        void everyListHasItsAuthorsOnceInThePublicForm() {
            create();
            var ids = listedIds("/posts?limit=3");
            var last = get("/posts?limit=2&include=author")
                    .json()
                    .get("next_cursor")
                    .textValue();
            for (var path : List.of(
                    "/posts?limit=3",
                    "/posts?ids=" + ids.get(0) + "," + ids.get(1) + "," + ids.get(2),
                    "/posts?q=zebra&limit=3",
                    "/posts?q=zebra&sort=relevance&limit=3",
                    "/posts?author=" + another + "&limit=2",
                    "/posts?limit=2&cursor=" + last)) {
                var plain = get(path).json();
                var with = get(path + "&include=author");

                assertThat(with.status()).as(path).isEqualTo(200);
                assertThat(with.json().get("posts")).as(path).isEqualTo(plain.get("posts"));
                assertThat(with.json().get("next_cursor")).as(path).isEqualTo(plain.get("next_cursor"));
                assertThat(with.json().get("authors").findValues("id"))
                        .as(path)
                        .containsExactlyElementsOf(plain.get("posts").findValues("user_id").stream()
                                .distinct()
                                .toList());
                with.json().get("authors").forEach(each -> {
                    assertThat(each.has("email")).isFalse();
                    assertThat(each.has("role")).isFalse();
                    assertThat(each)
                            .isEqualTo(get("/users/" + each.get("id"), "X-Anonymous", "true")
                                    .json());
                });
            }
            assertThat(get("/posts?limit=1&include=author").header("Link")).contains("include=author");
        }

        @Test
        void theTagCoversTheAuthorsAndIsNoPosts() {
            create();
            var id = listedIds("/posts?limit=1").getFirst();
            var one = get("/posts/" + id + "?include=author");
            var list = get("/posts?include=author");
            assertThat(one.json().at("/author/name").textValue()).isEqualTo("Another");
            assertThat(get("/posts/" + id + "?include=author", "If-None-Match", one.header("ETag"))
                            .status())
                    .isEqualTo(304);
            assertThat(get("/posts?include=author", "If-None-Match", list.header("ETag"))
                            .status())
                    .isEqualTo(304);
            assertProblem(
                    send(
                            "PATCH",
                            "/posts/" + id,
                            "{}",
                            "Content-Type",
                            "application/json",
                            "If-Match",
                            one.header("ETag")),
                    412,
                    "stale");

            assertThat(patch("/users/" + another, """
                    {"name":"Renamed"}""").status()).isEqualTo(200);

            var renamed = get("/posts/" + id + "?include=author", "If-None-Match", one.header("ETag"));
            assertThat(renamed.status()).isEqualTo(200);
            assertThat(renamed.json().at("/author/name").textValue()).isEqualTo("Renamed");
            var feed = get("/posts?include=author", "If-None-Match", list.header("ETag"));
            assertThat(feed.status()).isEqualTo(200);
            assertThat(feed.json().get("authors").findValuesAsText("name")).contains("Renamed");
        }

        @Test
        void onlyTheAuthorCanBeIncludedAndOnlyOfVisiblePosts() {
            var draft = newDraft().id();
            assertThat(get("/posts/" + draft + "?include=author")
                            .json()
                            .at("/author/id")
                            .longValue())
                    .isEqualTo(author);
            assertProblem(get("/posts/" + draft + "?include=author", "X-Anonymous", "true"), 404, "not-found");
            for (var path : List.of("/posts?include=", "/posts?include=posts", "/posts/1?include=author,user")) {
                assertProblem(get(path), 400, "malformed");
            }
            assertProblem(get("/posts?include=author&include=author"), 400, "malformed");
        }
    }

    @Nested
    class Creating {
        @Test
        void aCreatedPostHasEveryMember() {
            var post = newPost("""
                    "metadata":{"a":1},""");

            assertThat(post.status()).isEqualTo(201);
            assertThat(post.header("Location")).isEqualTo("/posts/" + post.id());
            assertThat(post.body()).matches("""
                    \\{"id":[0-9]+,"user_id":%d,"title":"Title","body":"Body","metadata":\\{"a": 1},\
                    "status":"published",\
                    "published_at":"[^"]+Z","created_at":"[^"]+Z","updated_at":"[^"]+Z"}""".formatted(author));
            assertThat(get("/posts/" + post.id()).json()).isEqualTo(post.json());
        }

        @Test
        void aDraftHasNoTimeOfPublication() {
            assertThat(newDraft().body()).contains("""
                    "status":"draft","published_at":null""");
        }

        @Test
        void aTimeWithAnOffsetIsReturnedInUtc() {
            var post = newPost("""
                    "published_at":"2020-02-29T12:00:00.1234567+05:30",""").json();

            assertThat(post.get("published_at").textValue()).isEqualTo("2020-02-29T06:30:00.123456Z");
            assertThat(post.get("created_at").textValue()).startsWith("2020-02-29T06:30:00");
        }

        /** RFC 3339: any number of digits, cut after six; a leap second is the last microsecond of its minute. */
        @ParameterizedTest
        @CsvSource({
            "1990-12-31T23:59:60Z, 1990-12-31T23:59:59.999999Z",
            "1990-12-31T15:59:60-08:00, 1990-12-31T23:59:59.999999Z",
            "2017-01-01T05:29:60.25+05:30, 2016-12-31T23:59:59.999999Z",
            "2016-12-31t23:59:60z, 2016-12-31T23:59:59.999999Z",
            "2020-02-29T12:00:00.1234567890123Z, 2020-02-29T12:00:00.123456Z",
            "2020-02-29T12:00:00.9999999999999999999999999Z, 2020-02-29T12:00:00.999999Z",
            "2020-02-29T12:00:00.5Z, 2020-02-29T12:00:00.500000Z",
            "2020-02-29t12:00:00.000000z, 2020-02-29T12:00:00.000000Z",
            "2020-02-29T12:00:00-00:00, 2020-02-29T12:00:00.000000Z",
            "2020-02-29T23:59:59+23:59, 2020-02-29T00:00:59.000000Z",
            "2020-02-29T00:00:00-23:59, 2020-02-29T23:59:00.000000Z"
        })
        void everyTimeOfRfc3339IsAccepted(String sent, String shown) {
            var post = newPost("""
                    "published_at":"%s",""".formatted(sent));

            assertThat(post.json().path("published_at").textValue())
                    .as(post.body())
                    .isEqualTo(shown);
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "1990-12-31T23:58:60Z",
                    "1990-12-31T12:59:60Z",
                    "1990-12-31T23:59:60+01:00",
                    "1990-12-31T23:59:61Z",
                    "2020-02-29 12:00:00Z",
                    "2020-02-29T12:00:00",
                    "2020-02-29T12:00:00.Z",
                    "2020-02-29T12:00:00,5Z",
                    "2020-02-29T24:00:00Z",
                    "2020-02-29T12:60:00Z",
                    "2021-02-29T12:00:00Z",
                    "2020-00-10T12:00:00Z",
                    "2020-01-00T12:00:00Z",
                    "2020-02-29T12:00:00+24:00",
                    "2020-02-29T12:00:00+01:60",
                    "2020-02-29T12:00:00+0100",
                    "2020-02-29T12:00:00Zx",
                    "+2020-02-29T12:00:00Z",
                    "12020-02-29T12:00:00Z",
                    "\u0662020-02-29T12:00:00Z",
                    "\u0662\u0660\u0662\u0660-02-29T12:00:00Z",
                    "0000-01-01T00:00:00Z",
                    "0001-01-01T00:00:00+00:01",
                    "",
                })
        void aTimeThatIsNotRfc3339Is422(String sent) {
            var answer = newPost("""
                    "published_at":"%s",""".formatted(sent));

            assertProblem(answer, 422, "invalid");
            assertThat(fields(answer)).containsExactly("published_at");
        }

        /** What a reader sees as empty is: white space, what is not shown, blank glyphs. */
        @ParameterizedTest
        @ValueSource(
                strings = {
                    " ",
                    "\\t",
                    "\\n",
                    "\u0085",
                    "\u00a0",
                    "\u1680",
                    "\u2003",
                    "\u2028",
                    "\u202f",
                    "\u3000",
                    "\u00ad",
                    "\u034f",
                    "\u061c",
                    "\u115f",
                    "\u1160",
                    "\u17b4",
                    "\u180b",
                    "\u180e",
                    "\u200b",
                    "\u200d",
                    "\u200e",
                    "\u202e",
                    "\u2060",
                    "\u2064",
                    "\u206f",
                    "\u2800",
                    "\u3164",
                    "\ufe0f",
                    "\ufeff",
                    "\uffa0",
                    "\ufff9",
                    "\\u0001",
                    "\\u001b",
                    "\u007f",
                    "\u009f",
                    "\ud834\udd73",
                    "\udb40\udc01",
                    "\udb40\udc41",
                    "\udb40\udd00",
                    " \u200b\u2800\\u0001\u3164 ",
                })
        void textWithoutAVisibleCharacterIsBlank(String blank) {
            var title = post("/posts", """
                    {"user_id":%d,"title":"%s","body":""}""".formatted(author, blank));
            assertProblem(title, 422, "invalid");
            assertThat(title.body()).contains("title must not be blank");
            var name = post("/users", """
                    {"email":"blank@example.com","name":"%s"}""".formatted(blank));
            assertProblem(name, 422, "invalid");
            assertThat(name.body()).contains("name must not be blank");
            assertProblem(patch("/users/" + author, """
                    {"name":"%s"}""".formatted(blank)), 422, "invalid");
            assertThat(newPost("""
                    "metadata":{"a":"%s"},""".formatted(blank)).status())
                    .as("metadata may be blank")
                    .isEqualTo(201);
            var word = blank + "x" + blank;
            assertThat(post("/posts", """
                    {"user_id":%d,"title":"%s","body":""}""".formatted(author, word)).status()).isEqualTo(201);
        }

        @ParameterizedTest
        @ValueSource(
                strings = {".", "-", "\u0301", "\ufffd", "\u4e00", "\u0e33", "\ud83d\ude00", "\ud83c\uddea", "\ue000"})
        void oneVisibleCharacterIsATitle(String title) {
            assertThat(post("/posts", """
                    {"user_id":%d,"title":"%s","body":""}""".formatted(author, title)).status()).isEqualTo(201);
        }

        @ParameterizedTest
        @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
                        {}                                                       | title, body
                        {"title":"x","body":null}                                | body
                        {"title":1,"body":"x"}                                   | title
                        {"title":"x","body":"x","user_id":"1"}                   | user_id
                        {"title":"x","body":"x","user_id":1.5}                   | user_id
                        {"title":"x","body":"x","user_id":9223372036854775808}   | user_id
                        {"title":"x","body":"x","user_id":999999}                | user_id
                        {"title":"x","body":"x","status":"gone"}                 | status
                        {"title":"x","body":"x","status":1}                      | status
                        {"title":"x","body":"x","published_at":"2020-02-30T00:00:00Z"} | published_at
                        {"title":"x","body":"x","published_at":"2020-02-01"}     | published_at
                        {"title":"x","body":"x","published_at":"2020-02-01T00:00Z"} | published_at
                        {"title":"x","body":"x","published_at":1}                | published_at
                        {"title":"x","body":"x","user_id":1,"published_at":"9999-01-01T00:00:00Z"} | published_at
                        {"title":"x","body":"x","status":"draft","published_at":"2020-01-01T00:00:00Z"} | published_at
                        {"title":"x","body":"x","version":1}                     | version
                        """)
        void everyInvalidFieldIsNamed(String body, String fields) {
            var answer = post("/posts", body);

            assertProblem(answer, 422, "invalid");
            assertThat(fields(answer)).containsExactlyInAnyOrder(fields.split(", ", -1));
        }

        @Test
        void limitsAreCountedInCodePoints() {
            assertThat(post("/posts", json("😀".repeat(500), "😀".repeat(200_000)))
                            .status())
                    .isEqualTo(201);
            assertThat(fields(post("/posts", json("x".repeat(501), "x".repeat(200_001)))))
                    .containsExactly("title", "body");
        }

        private String json(String title, String body) {
            return """
                    {"user_id":%d,"title":"%s","body":"%s"}""".formatted(author, title, body);
        }
    }

    @Nested
    class Batches {
        private static String item(long user, String title) {
            return """
                    {"user_id":%d,"title":"%s","body":""}""".formatted(user, title);
        }

        private Answer postBatch(String... posts) {
            return post("/posts/batch", """
                    {"posts":[%s]}""".formatted(String.join(",", posts)));
        }

        @Test
        void aBatchIsCreatedInItsOrder() {
            var batch = postBatch(item(author, "one"), item(author, "two"));

            assertThat(batch.status()).isEqualTo(201);
            assertThat(batch.json().get("posts").findValuesAsText("title")).containsExactly("one", "two");
        }

        @Test
        void aBatchWithInvalidPostsNamesEachFieldAndCreatesNothing() {
            var before = database.value("SELECT count(*) FROM posts");

            var refused = postBatch(item(author, "ok"), """
                    {"title":"","bodi":1}""", "7", item(999_999, "x"));

            assertProblem(refused, 422, "invalid");
            assertThat(fields(refused))
                    .containsExactlyInAnyOrder("/posts/1/title", "/posts/1/body", "/posts/1/bodi", "/posts/2");
            assertThat(database.value("SELECT count(*) FROM posts")).isEqualTo(before);
        }

        @Test
        void aBatchWithAnUnknownAuthorNamesThePostAndCreatesNothing() {
            var before = database.value("SELECT count(*) FROM posts");

            var refused = postBatch(item(author, "ok"), item(999_999, "x"));

            assertThat(fields(refused)).containsExactly("/posts/1/user_id");
            assertThat(database.value("SELECT count(*) FROM posts")).isEqualTo(before);
        }

        @Test
        void aBatchHas1To100Posts() {
            var tooMany = """
                    {"posts":[%s]}""".formatted("1,".repeat(100) + "1");
            for (var body : List.of("{}", """
                    {"posts":[]}""", """
                    {"posts":{}}""", tooMany)) {
                assertThat(fields(post("/posts/batch", body))).containsExactly("posts");
            }
        }
    }

    @Nested
    class ChangingAndDeleting {
        @Test
        void aPatchChangesTheNamedFields() {
            var id = newPost("").id();

            assertThat(patch("/posts/" + id, """
                    {"title":"New","body":""}""").body()).contains("""
                    "title":"New","body":"",""");
        }

        @Test
        void aPatchCannotChangeTheAuthor() {
            assertProblem(patch("/posts/" + newPost("").id(), """
                    {"user_id":5}"""), 422, "invalid");
        }

        @Test
        void aPatchThatIsNoObjectIs400() {
            assertProblem(patch("/posts/" + newPost("").id(), "[]"), 400, "malformed");
        }

        @Test
        void aDraftThatIsPublishedIsListed() {
            var draft = newDraft();

            var published = patch("/posts/" + draft.id(), """
                    {"status":"published"}""");

            assertThat(published.json().get("status").textValue()).isEqualTo("published");
            assertThat(listedIds("/posts?limit=1")).containsExactly(draft.id());
        }

        @Test
        void aDeletedPostIs404() {
            var path = newPost("").header("Location");

            assertThat(delete(path).status()).isEqualTo(204);
            assertProblem(get(path), 404, "not-found");
            assertProblem(patch(path, "{}"), 404, "not-found");
            assertProblem(delete(path), 404, "not-found");
        }

        @Test
        void aMethodOverrideHeaderIsIgnored() {
            var path = "/posts/" + newPost("").id();

            assertThat(get(path, "X-HTTP-Method-Override", "DELETE").status()).isEqualTo(200);
            assertThat(send("PATCH", path, "{}", "Content-Type", "application/json", "X-HTTP-Method-Override", "DELETE")
                            .status())
                    .isEqualTo(200);
            assertThat(get(path).status()).isEqualTo(200);
            assertThat(send("DELETE", path, "", "X-HTTP-Method-Override", "GET").status())
                    .isEqualTo(204);
        }
    }

    @Nested
    class Listing {
        @Test
        void aDraftIsListedOnlyAmongItsAuthorsPosts() {
            var draft = newDraft();

            assertThat(listedIds("/posts?author=" + author)).doesNotContain(draft.id());
            var repeated = listedIds("/posts?limit=2");
            assertThat(listedIds("/posts?ids=" + repeated.get(1) + "&ids=" + repeated.get(0)))
                    .containsExactly(repeated.get(1), repeated.get(0));
            assertThat(get("/posts?ids=" + draft.id()).body()).isEqualTo("""
                    {"posts":[],"next_cursor":null,"remaining_ids":[]}""");
            assertThat(listedIds("/users/" + author + "/posts?limit=1")).containsExactly(draft.id());
        }

        @Test
        void pagesOfTheFeedHaveEachPostOnceNewestFirst() {
            for (int i = 0; i < 25; i++) {
                newPost("""
                        "published_at":"2018-01-0%dT00:00:00Z",""".formatted(1 + i % 3));
            }
            var all = new ArrayList<String>();
            var times = new ArrayList<String>();
            var next = "/posts?limit=7&author=" + author;
            while (!next.isEmpty()) {
                var page = get(next);
                all.addAll(page.json().get("posts").findValuesAsText("id"));
                times.addAll(page.json().get("posts").findValuesAsText("published_at"));
                next = page.header("Link").replaceFirst("^<(.*)>; rel=.next.$", "$1");
            }

            assertThat(all).doesNotHaveDuplicates();
            assertThat(times).isSortedAccordingTo(java.util.Comparator.reverseOrder());
            assertThat(all)
                    .hasSize(Integer.parseInt(database.value(
                            "SELECT count(*) FROM posts WHERE published_at IS NOT NULL AND user_id = " + author)));
        }
    }

    @Nested
    class Searching {
        @Test
        void postsAreFoundByWordsAndMetadata() {
            post("/posts", """
                    {"title":"Zebra crossing","body":"stripes","metadata":{"kind":"road"}}""");
            post("/posts", """
                    {"title":"Stripes","body":"a zébra has them","metadata":{"kind":"animal"}}""");

            assertThat(titles("/posts?q=zebras")).isEqualTo("Stripes,Zebra crossing");
            assertThat(titles("/posts?q=zebra&sort=relevance")).isEqualTo("Zebra crossing,Stripes");
            assertThat(titles("/posts?q=zebra+-crossing")).isEqualTo("Stripes");
            assertThat(titles("/posts?metadata=%7B%22kind%22:%22road%22%7D")).isEqualTo("Zebra crossing");
            assertThat(titles("/posts?q=stripes&metadata=%7B%22kind%22:%22animal%22%7D&author=1"))
                    .isEqualTo("Stripes");
            assertThat(titles("/posts?q=")).isEmpty();
            var first = get("/posts?q=zebra&limit=1");
            assertThat(first.header("Link")).contains("q=zebra");
            assertThat(titles("/posts?q=zebra&limit=1&cursor="
                            + first.json().get("next_cursor").textValue()))
                    .isEqualTo("Zebra crossing");
            assertThat(get("/users?metadata=%7B%22nobody%22:1%7D").json().get("users"))
                    .isEmpty();
            assertThat(get("/users?metadata=%7B%7D").json().get("users")).isNotEmpty();
        }

        private String titles(String path) {
            var titles = new ArrayList<String>();
            get(path)
                    .json()
                    .get("posts")
                    .forEach(post -> titles.add(post.get("title").textValue()));
            return String.join(",", titles);
        }

        @Test
        void anInvalidSearchIsRefused() {
            assertProblem(get("/posts?q=a%00b"), 400, "malformed");
            assertProblem(get("/posts?q=%ff"), 400, "malformed");
            assertProblem(get("/posts?q=" + "x".repeat(201)), 422, "invalid");
            assertProblem(get("/posts?sort=relevance"), 400, "malformed");
            assertProblem(get("/posts?q=x&sort=oldest"), 400, "malformed");
            assertProblem(get("/posts?q=x&sort=relevance&cursor=x"), 400, "malformed");
            assertProblem(get("/posts?ids=1&q=x"), 400, "malformed");
            assertProblem(get("/posts?" + "ids=7&".repeat(20) + "ids=x"), 400, "malformed");
            var many = new StringBuilder("/posts?ids=1");
            for (int i = 2; i < 1500; i++) {
                many.append("&ids=").append(i);
            }
            assertProblem(get(many.toString()), 422, "invalid");
            for (var path : List.of("/posts", "/users")) {
                assertProblem(get(path + "?metadata=%7Bx"), 400, "malformed");
                assertProblem(get(path + "?metadata="), 400, "malformed");
                assertProblem(get(path + "?metadata=%7B%22a%22:1,%22a%22:2%7D"), 400, "malformed");
                assertProblem(get(path + "?metadata=%5B1%5D"), 422, "invalid");
                assertProblem(get(path + "?metadata=1"), 422, "invalid");
                assertProblem(get(path + "?metadata=%7B%22a%22:%22%5Cu0000%22%7D"), 422, "invalid");
            }
        }
    }
}
