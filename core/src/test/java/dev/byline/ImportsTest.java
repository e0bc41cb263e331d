package dev.byline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.byline.internal.cache.CacheSeal;
import dev.byline.internal.cache.TieredCache;
import dev.byline.internal.feed.FeedImporter;
import dev.byline.internal.feed.FeedServer;
import dev.byline.internal.store.Database;
import dev.byline.internal.store.DatabaseStore;
import dev.byline.internal.store.Store;
import dev.byline.model.BylineConfig;
import dev.byline.model.BylineException;
import dev.byline.model.ImportFailure;
import dev.byline.model.ImportOutcome;
import dev.byline.model.ImportOutcome.Failed;
import dev.byline.model.ImportOutcome.Imported;
import dev.byline.model.ImportOutcome.Unchanged;
import dev.byline.model.Metrics;
import dev.byline.model.PageRequest;
import dev.byline.model.Post;
import dev.byline.model.PostChange;
import dev.byline.model.PostFilter;
import dev.byline.model.User;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class ImportsTest extends CoreTest {
    private static final BylineConfig.Imports PRIVATE = new BylineConfig.Imports(true, 4);

    private final FeedServer server = new FeedServer();
    private final Store store = new DatabaseStore(
            Database.on(database.dataSource(), BylineConfig.Database.SCHEMA, Metrics.NONE),
            TieredCache.open(
                    BylineConfig.Cache.OFF, null, new CacheSeal(Map::of, InstantSource.system()), Metrics.NONE),
            null,
            () -> {});
    private final Imports imports = imports(PRIVATE, FeedImporter.TIME_LIMIT);
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private int paths;

    @AfterAll
    void stop() {
        threads.shutdownNow();
        imports.close();
        server.close();
    }

    private static String item(String id, String text) {
        return """
                {"id":"%s","title":"%s","content_text":"%s",\
                "date_published":"2020-01-01T00:00:00Z"}""".formatted(id, id, text);
    }

    private static String feed(List<String> items) {
        return """
                {"version":"https://jsonfeed.org/version/1.1","items":[%s]}""".formatted(String.join(",", items));
    }

    private static String feed(String... items) {
        return feed(List.of(items));
    }

    /** A URL whose feed can change. */
    private final class Changing {
        final String url;
        volatile String body;
        volatile String tag = "";

        Changing(String first) {
            this.body = first;
            var path = "/changing/" + ++paths;
            this.url = server.url(path);
            server.on(path, exchange -> {
                if (!tag.isEmpty()) {
                    exchange.getResponseHeaders().set("ETag", tag);
                    if (tag.equals(exchange.getRequestHeaders().getFirst("If-None-Match"))) {
                        exchange.sendResponseHeaders(304, -1);
                        return;
                    }
                }
                FeedServer.send(exchange, 200, "application/feed+json", body.getBytes(StandardCharsets.UTF_8));
            });
        }
    }

    private ImportOutcome run(User user, String url) {
        return imports.run(as(user), List.of(url)).getFirst();
    }

    private List<Post> posts(User user) {
        return byline.posts()
                .byAuthor(as(user), user.id(), PageRequest.first(100))
                .items();
    }

    private static Imported imported(String url, int imported, int updated) {
        return new Imported(url, imported, updated, 0, 0, 0, List.of());
    }

    private static String quoted(String text) {
        return '"' + text + '"';
    }

    private Imports imports(BylineConfig.Imports config, Duration timeLimit) {
        return new Imports(new FeedImporter(store, InstantSource.system(), Metrics.NONE, config, timeLimit), config);
    }

    @Nested
    class Items {
        @Test
        void itemsBecomePostsPublishedAtTheirTime() {
            var user = newUser();
            var feed = new Changing(feed(item("a", "A"), item("b", "B")));

            assertThat(run(user, feed.url)).isEqualTo(imported(feed.url, 2, 0));

            assertThat(posts(user))
                    .extracting(Post::title)
                    .containsExactly("a", "b"); // a feed has its newest item first
            assertThat(posts(user)).extracting(Post::publishedAt).containsOnly(Instant.parse("2020-01-01T00:00:00Z"));
            assertThat(posts(user)).extracting(Post::createdAt).containsOnly(Instant.parse("2020-01-01T00:00:00Z"));
            assertThat(byline.posts()
                            .feed(NOBODY, new PostFilter(user.id()), PageRequest.first(5))
                            .items())
                    .hasSize(2);
        }

        @Test
        void aSecondImportUpdatesChangedItemsAndKeepsDeletedPostsDeleted() {
            var user = newUser();
            var feed = new Changing(feed(item("a", "A"), item("b", "B"), item("c", "C")));
            run(user, feed.url);
            assertThat(run(user, feed.url)).isEqualTo(new Unchanged(feed.url));
            var before = posts(user);
            byline.posts().delete(as(user), before.get(1).id());

            feed.body = feed(item("d", "D"), item("a", "changed"), item("b", "changed"), item("c", "C"));

            assertThat(run(user, feed.url)).isEqualTo(imported(feed.url, 1, 1));
            var after = posts(user);
            assertThat(after).extracting(Post::title).containsExactly("d", "a", "c");
            assertThat(after.get(1).body()).isEqualTo("changed");
            assertThat(after.get(1).version()).isEqualTo(2);
            assertThat(after.get(1).createdAt()).isEqualTo(before.getFirst().createdAt());
            assertThat(after.get(2)).isEqualTo(before.get(2));
        }

        @Test
        void anUnchangedFeedCausesOneConditionalGetAndNoWrite() {
            var user = newUser();
            var feed = new Changing(feed(item("a", "A")));
            feed.tag = quoted("1");
            run(user, feed.url);
            server.requests.clear();

            var transactions = database.value("SELECT max(xmin::text::bigint) FROM feeds");

            assertThat(run(user, feed.url)).isEqualTo(new Unchanged(feed.url));

            assertThat(server.requests).singleElement().asString().endsWith(" " + feed.tag);
            assertThat(database.value("SELECT max(xmin::text::bigint) FROM feeds"))
                    .isEqualTo(transactions);
        }

        @Test
        void anItemThatIsTooLongFailsAloneInEachImport() {
            var user = newUser();
            var feed = new Changing(feed(item("long", "x".repeat(200_001)), item("a", "A")));
            feed.tag = quoted("1");
            for (int i = 0; i < 2; i++) {
                assertThat(run(user, feed.url)).isInstanceOfSatisfying(Imported.class, outcome -> {
                    assertThat(outcome.failed()).isEqualTo(1);
                    assertThat(outcome.failedItems().getFirst().item()).isEqualTo("long");
                    assertThat(outcome.failedItems().getFirst().reason()).contains("200000");
                });
            }
            assertThat(posts(user)).hasSize(1);
        }

        @Test
        void oneImportTakes500ItemsAndTheNextTakesTheRest() {
            var user = newUser();
            var feed = new Changing(feed(
                    IntStream.range(0, 1200).mapToObj(i -> item("i" + i, "x")).toList()));

            assertThat(run(user, feed.url)).isEqualTo(new Imported(feed.url, 500, 0, 700, 0, 0, List.of()));
            assertThat(posts(user).getFirst().title()).isEqualTo("i0");
            assertThat(run(user, feed.url)).isEqualTo(new Imported(feed.url, 500, 0, 200, 0, 0, List.of()));
            assertThat(run(user, feed.url)).isEqualTo(imported(feed.url, 200, 0));
            assertThat(run(user, feed.url)).isEqualTo(new Unchanged(feed.url));
        }

        /** Imports random feeds twice. */
        @Test
        void importingTwiceEqualsImportingOnce() {
            for (int seed = 0; seed < 25; seed++) {
                var random = new Random(seed);
                var user = newUser();
                var feed = new Changing("");
                for (int round = 0; round < 3; round++) {
                    feed.body = feed(random.ints(random.nextInt(60), 0, 40)
                            .mapToObj(id -> randomItem(random, id))
                            .toList());
                    run(user, feed.url);
                    var once = posts(user);
                    var again = run(user, feed.url);
                    assertThat(posts(user)).as("seed %d", seed).isEqualTo(once);
                    assertThat(again)
                            .as("seed %d", seed)
                            .satisfiesAnyOf(
                                    outcome -> assertThat(outcome).isInstanceOf(Unchanged.class),
                                    outcome -> assertThat(
                                                    ((Imported) outcome).imported() + ((Imported) outcome).updated())
                                            .isZero());
                }
            }
        }

        private static String member(String name, String value) {
            return quoted(name) + ":" + value;
        }

        private static String randomItem(Random random, int id) {
            var members = new ArrayList<String>();
            var text = "text " + random.nextInt(3) + (random.nextInt(20) == 0 ? "\\u0000" : " <b>é😀</b>");
            if (random.nextInt(4) > 0) {
                members.add(member("id", random.nextBoolean() ? "" + id : quoted("" + id)));
            }
            if (random.nextBoolean()) {
                members.add(member("title", quoted(random.nextInt(10) == 0 ? "x".repeat(600) : "title " + id)));
            }
            if (random.nextInt(3) > 0) {
                members.add(member("date_published", quoted((1990 + random.nextInt(60)) + "-01-01T00:00:00Z")));
            }
            members.add(member(random.nextBoolean() ? "content_html" : "content_text", quoted(text)));
            return "{" + String.join(",", members) + "}";
        }

        @Test
        void anAuthorsChangeOfStatusSurvivesTheNextImport() {
            var user = newUser();
            var feed = new Changing(feed(item("a", "A")));
            run(user, feed.url);
            var post = posts(user).getFirst();
            byline.posts()
                    .change(as(user), post.id(), new PostChange(null, null, null, dev.byline.model.PostStatus.DRAFT));
            feed.body = feed(item("a", "changed"));

            run(user, feed.url);

            assertThat(posts(user).getFirst().publishedAt()).isNull();
            assertThat(posts(user).getFirst().body()).isEqualTo("changed");
        }
    }

    @Nested
    class Failures {
        @Test
        void aViolatedHostConstraintFailsOnlyItsFeed() {
            var user = newUser();
            var refused = new Changing(feed(item("refused", "R")));
            var taken = new Changing(feed(item("taken", "T")));
            database.run("ALTER TABLE posts ADD CONSTRAINT host_rule CHECK (title <> 'refused')");
            try {
                var outcomes = imports.run(as(user), List.of(refused.url, taken.url));

                assertThat(outcomes.getFirst())
                        .isEqualTo(new Failed(
                                refused.url,
                                ImportFailure.UNAVAILABLE,
                                "the database refused the change: it breaks a rule that was added to the schema"));
                assertThat(outcomes.getLast()).isEqualTo(imported(taken.url, 1, 0));
            } finally {
                database.run("ALTER TABLE posts DROP CONSTRAINT host_rule");
            }
        }

        @Test
        void aFeedThatFailsDoesNotAffectOthers() {
            var user = newUser();
            var good = new Changing(feed(item("a", "A")));
            server.on("/bad/html", "text/html", "<p>");
            server.on("/bad/xml", "text/xml", "<rss>");
            var urls = List.of(
                    server.url("/bad/html"),
                    good.url,
                    "http://127.0.0.1:1/",
                    server.url("/bad/xml"),
                    "nonsense",
                    "http://\u0131/");

            assertThat(imports.run(as(user), urls))
                    .extracting(outcome -> outcome instanceof Failed failed ? failed.reason() : outcome)
                    .containsExactly(
                            ImportFailure.WRONG_TYPE,
                            imported(good.url, 1, 0),
                            ImportFailure.UNREACHABLE,
                            ImportFailure.MALFORMED,
                            ImportFailure.BAD_URL,
                            ImportFailure.BAD_URL);
        }

        @Test
        void invalidUrlListsAreRefused() {
            var user = newUser();
            var many = IntStream.range(0, 21)
                    .mapToObj(i -> "http://a.example/" + i)
                    .toList();
            for (var urls : List.of(List.<String>of(), many, List.of("a", "a"), List.of("x".repeat(2001)))) {
                assertThatThrownBy(() -> imports.run(as(user), urls)).isInstanceOf(BylineException.Invalid.class);
            }
            for (var caller : List.of(NOBODY, OPERATOR)) {
                assertThatThrownBy(() -> imports.run(caller, List.of("a")))
                        .isInstanceOf(BylineException.Forbidden.class);
            }
        }

        @Test
        void aFeedBeyondTheLimitOfFeedsFails() {
            var user = newUser();
            database.run("INSERT INTO feeds (user_id, url) SELECT " + user.id()
                    + ", n::text FROM generate_series(1, 1000) n");
            var feed = new Changing(feed(item("a", "A")));

            assertThat(run(user, feed.url))
                    .isInstanceOfSatisfying(
                            Failed.class,
                            failed -> assertThat(failed.reason()).isEqualTo(ImportFailure.TOO_MANY_FEEDS));
        }
    }

    @Nested
    class Limits {
        /** Returns URLs of feeds that are not sent before the latch opens; each request counts down the other latch. */
        private List<String> slow(int count, CountDownLatch go, CountDownLatch inside) {
            var path = "/slow/" + ++paths;
            server.on(path, exchange -> {
                inside.countDown();
                go.await();
                FeedServer.send(exchange, 200, "application/json", feed().getBytes(StandardCharsets.UTF_8));
            });
            return IntStream.range(0, count)
                    .mapToObj(i -> server.url(path + "?" + i))
                    .toList();
        }

        @Test
        void importsAreLimitedPerUserAndInTotal() throws Exception {
            var inside = new CountDownLatch(4);
            var go = new CountDownLatch(1);
            var held = slow(1, go, inside);
            var users = IntStream.range(0, 5).mapToObj(i -> newUser()).toList();
            var running = users.subList(0, 4).stream()
                    .map(user -> CompletableFuture.supplyAsync(() -> run(user, held.getFirst()), threads))
                    .toList();
            inside.await();

            assertThat(byline.poolStatus().orElseThrow().active()).isZero();
            assertThatThrownBy(() -> run(users.getFirst(), "x")).isInstanceOf(BylineException.TooMany.class);
            assertThatThrownBy(() -> run(users.get(4), "x")).isInstanceOf(BylineException.Unavailable.class);
            go.countDown();
            running.forEach(each -> assertThat(each.join()).isInstanceOf(Unchanged.class));
            assertThat(run(users.get(4), "x")).isInstanceOf(Failed.class);
        }

        @Test
        void slowFeedsOfFourUsersDoNotBlockAFifth() throws Exception {
            var inside = new CountDownLatch(6); // 2 of the 8 permits are reserved for users without a fetch
            var go = new CountDownLatch(1);
            var config = new BylineConfig.Imports(true, BylineConfig.Imports.MAX_CONCURRENT);
            var many = imports(config, FeedImporter.TIME_LIMIT);
            try {
                var feeds = slow(20, go, inside);
                var running = IntStream.range(0, 4)
                        .mapToObj(i -> as(newUser()))
                        .map(user -> CompletableFuture.supplyAsync(() -> many.run(user, feeds), threads))
                        .toList();
                inside.await();
                var quick = new Changing(feed(item("a", "A")));

                assertThat(many.run(as(newUser()), List.of(quick.url))).containsExactly(imported(quick.url, 1, 0));

                assertThat(running).noneMatch(CompletableFuture::isDone);
                go.countDown();
                running.forEach(each -> assertThat(each.join()).hasSize(20));
            } finally {
                many.close();
            }
        }

        /** A document of 5 MiB of elements, sent compressed: nearly all the time is parsing. */
        @Test
        void parsingEndsAtTheDeadline() throws Exception {
            var document = "<rss><channel>" + "<a b='c'/>".repeat(520_000) + "</channel></rss>";
            var bytes = new ByteArrayOutputStream();
            try (var gzip = new GZIPOutputStream(bytes)) {
                gzip.write(document.getBytes(StandardCharsets.UTF_8));
            }
            server.on("/long", exchange -> {
                exchange.getResponseHeaders().set("Content-Encoding", "gzip");
                FeedServer.send(exchange, 200, "text/xml", bytes.toByteArray());
            });
            var hurried = imports(PRIVATE, Duration.ofMillis(100));
            try {
                assertThat(hurried.run(as(newUser()), List.of(server.url("/long"))))
                        .singleElement()
                        .isInstanceOfSatisfying(
                                Failed.class,
                                failed -> assertThat(failed.reason()).isEqualTo(ImportFailure.BUSY));
            } finally {
                hurried.close();
            }
        }

        @Test
        void feedsAfterTheDeadlineAreBusy() throws Exception {
            var user = newUser();
            var good = new Changing(feed(item("a", "A")));
            server.on("/never", exchange -> new CountDownLatch(1).await());
            var never = IntStream.range(0, 12)
                    .mapToObj(i -> server.url("/never?" + i))
                    .toList();
            var eight = new ArrayList<String>(List.of(good.url));
            eight.addAll(never.subList(0, 7)); // half of them are fetched at a time
            var hurried = imports(PRIVATE, Duration.ofSeconds(2));
            try {
                var outcomes = new ArrayList<ImportOutcome>(hurried.run(as(user), eight));
                assertThat(outcomes.removeFirst()).isEqualTo(imported(good.url, 1, 0));
                outcomes.addAll(hurried.run(as(user), never)); // more than there are permits
                assertThat(outcomes)
                        .hasSize(19)
                        .allSatisfy(outcome ->
                                assertThat(((Failed) outcome).reason()).isEqualTo(ImportFailure.BUSY));
            } finally {
                hurried.close();
            }
        }
    }

    @Nested
    class DeletedUsers {
        @Test
        void aUserWhoIsDeletedDuringAnImportGetsNoPosts() {
            var user = newUser();
            var path = "/deleting";
            server.on(path, exchange -> {
                byline.users().delete(OPERATOR, user.id());
                FeedServer.send(
                        exchange, 200, "application/json", feed(item("a", "A")).getBytes(StandardCharsets.UTF_8));
            });

            assertThatThrownBy(() -> run(user, server.url(path))).isInstanceOf(BylineException.Invalid.class);
            assertThat(database.value("SELECT count(*) FROM posts WHERE user_id = " + user.id()))
                    .isEqualTo("0");
        }

        @Test
        void aUserWithManyItemsIsDeletedInBatches() throws InterruptedException {
            var user = newUser();
            run(user, new Changing(feed(item("a", "A"))).url);
            var feed = "(SELECT id FROM feeds WHERE user_id = " + user.id() + ")";
            database.run("INSERT INTO feed_items (feed_id, guid, content) SELECT " + feed
                    + ", sha256(n::text::bytea), sha256('') FROM generate_series(1, 20000) n");

            byline.users().delete(OPERATOR, user.id());

            var end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
            while (!database.value("SELECT count(*) FROM users WHERE id = " + user.id())
                    .equals("0")) {
                assertThat(System.nanoTime()).isLessThan(end);
                Thread.sleep(20);
            }
            assertThat(database.value("SELECT count(*) FROM feeds WHERE user_id = " + user.id()))
                    .isEqualTo("0");
        }
    }
}
