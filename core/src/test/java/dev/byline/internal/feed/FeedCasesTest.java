package dev.byline.internal.feed;

import static org.assertj.core.api.Assertions.assertThat;

import dev.byline.CoreTest;
import dev.byline.internal.cache.CacheSeal;
import dev.byline.internal.cache.TieredCache;
import dev.byline.internal.store.Database;
import dev.byline.internal.store.DatabaseStore;
import dev.byline.model.BylineConfig;
import dev.byline.model.ImportFailure;
import dev.byline.model.ImportOutcome;
import dev.byline.model.ImportOutcome.Failed;
import dev.byline.model.ImportOutcome.Imported;
import dev.byline.model.ImportOutcome.Unchanged;
import dev.byline.model.Metrics;
import dev.byline.model.PageRequest;
import dev.byline.model.Post;
import dev.byline.model.User;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** Imports documents that are reduced from real feeds. */
class FeedCasesTest extends CoreTest {
    private final FeedServer server = new FeedServer();
    private final FeedImporter importer = new FeedImporter(
            new DatabaseStore(
                    Database.on(database.dataSource(), BylineConfig.Database.SCHEMA, Metrics.NONE),
                    TieredCache.open(
                            BylineConfig.Cache.OFF, null, new CacheSeal(Map::of, InstantSource.system()), Metrics.NONE),
                    null,
                    () -> {}),
            InstantSource.system(),
            Metrics.NONE,
            new BylineConfig.Imports(true, 4));
    private byte[] body = {};
    private int paths;

    @AfterAll
    void stop() {
        importer.close();
        server.close();
    }

    private static byte[] file(String name) {
        try (var in = FeedCasesTest.class.getResourceAsStream("cases/" + name)) {
            return Objects.requireNonNull(in).readAllBytes();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** Returns a new URL that serves the current {@code body}. */
    private String url() {
        var path = "/cases/" + ++paths + "/feed.xml";
        server.on(path, exchange -> {
            var type = body[0] == '{' ? "application/feed+json" : "application/xml";
            FeedServer.send(exchange, 200, type, body);
        });
        return server.url(path);
    }

    private ImportOutcome run(User user, String url, byte[] document) {
        body = document;
        return importer.run(user.id(), List.of(url), outcome -> {}).getFirst();
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private List<Post> posts(User user) {
        return byline.posts()
                .byAuthor(as(user), user.id(), PageRequest.first(100))
                .items();
    }

    private List<Post> imported(String name) {
        var user = newUser();
        assertThat(run(user, url(), file(name))).isInstanceOf(Imported.class);
        return posts(user);
    }

    private void assertCounts(ImportOutcome outcome, int imported, int updated) {
        assertThat(outcome).isInstanceOfSatisfying(Imported.class, counts -> {
            assertThat(counts.imported()).isEqualTo(imported);
            assertThat(counts.updated()).isEqualTo(updated);
        });
    }

    @Test
    void itemsWithTheSameLinkBecomeSeparatePosts() {
        var user = newUser();
        var url = url();
        var document = new String(file("same-link-no-guid.xml"), StandardCharsets.UTF_8);

        assertCounts(run(user, url, utf8(document)), 3, 0);
        assertThat(run(user, url, utf8(document))).isInstanceOf(Unchanged.class);
        assertThat(posts(user)).extracting(Post::title).containsExactly("Episode 3", "Episode 2", "Episode 1");

        var four = document.replaceFirst("<item>", """
                <item>
                  <title>Episode 4</title>
                  <link>http://pod.example/show</link>
                  <description>text 4</description>
                  <pubDate>Wed, 04 Jun 2003 09:00:00 GMT</pubDate>
                </item>
                <item>""");
        assertCounts(run(user, url, utf8(four)), 1, 0);
        assertThat(run(user, url, utf8(four))).isInstanceOf(Unchanged.class);
        assertCounts(run(user, url, utf8(four.replace("text 2", "text two"))), 0, 1);
        assertThat(posts(user)).extracting(Post::body).containsExactly("text 4", "text 3", "text two", "text 1");
    }

    @Test
    void itemsWithTheSameGuidBecomeSeparatePosts() {
        var user = newUser();
        var url = url();
        var document = new String(file("same-guid.xml"), StandardCharsets.UTF_8);

        assertCounts(run(user, url, utf8(document)), 2, 0);
        assertThat(run(user, url, utf8(document))).isInstanceOf(Unchanged.class);
        var three = document.replaceFirst("<item>", """
                <item>
                  <title>Green</title>
                  <link>http://shop.example/green</link>
                  <guid isPermaLink="false">0</guid>
                </item>
                <item>""");
        assertCounts(run(user, url, utf8(three)), 1, 0);
        assertThat(run(user, url, utf8(three))).isInstanceOf(Unchanged.class);
        assertCounts(run(user, url, utf8(three.replace("Blue", "Navy"))), 0, 1);
        assertThat(posts(user)).extracting(Post::title).containsExactlyInAnyOrder("Green", "Red", "Navy");
    }

    @Test
    void anItemKeepsItsPostWhenOthersShareItsGuidForATime() {
        var user = newUser();
        var url = url();
        var a = item("A", "one");
        var b = item("B", "two");

        assertCounts(run(user, url, rss(a)), 1, 0);
        assertCounts(run(user, url, rss(b + a)), 1, 0);
        assertThat(run(user, url, rss(b + a))).isInstanceOf(Unchanged.class);
        assertThat(run(user, url, rss(a))).isInstanceOf(Unchanged.class);
        assertThat(run(user, url, rss(b))).isInstanceOf(Unchanged.class);
        assertCounts(run(user, url, rss(item("A", "changed"))), 0, 1);
        assertCounts(run(user, url, rss(item("C", "three"))), 1, 0);
        assertThat(posts(user)).extracting(Post::body).containsExactlyInAnyOrder("changed", "two", "three");
    }

    private static String item(String title, String text) {
        return """
                <item>
                  <guid isPermaLink="false">same</guid>
                  <title>%s</title>
                  <description>%s</description>
                </item>
                """.formatted(title, text);
    }

    private static byte[] rss(String items) {
        return utf8("<rss version='2.0'><channel>" + items + "</channel></rss>");
    }

    @Test
    void identicalItemsAreImportedOnceAndCounted() {
        var user = newUser();
        var url = url();
        var outcome = run(user, url, rss(item("A", "one").repeat(3) + item("B", "two")));

        assertCounts(outcome, 2, 0);
        assertThat(((Imported) outcome).duplicates()).isEqualTo(2);
        assertThat(run(user, url, rss(item("A", "one").repeat(3) + item("B", "two"))))
                .isInstanceOf(Unchanged.class);
    }

    @Test
    void anItemMayHaveManyXmlEntities() {
        var user = newUser();
        var text = "&lt;".repeat(100_001);
        assertCounts(run(user, url(), rss("<item><guid>1</guid><description>" + text + "</description></item>")), 1, 0);
        assertThat(posts(user).getFirst().body()).isEqualTo("<".repeat(100_001));
    }

    @Test
    void aDocumentMayHaveManyXmlEntities() {
        var paragraph = "&lt;p class=&quot;x&quot;&gt;Ben &amp;amp; Jerry&lt;/p&gt;".repeat(100);
        var items = IntStream.range(0, 500)
                .mapToObj(i -> "<item><guid>" + i + "</guid><title>t</title><description>" + paragraph
                        + "</description></item>")
                .toList();
        assertCounts(run(newUser(), url(), rss(String.join("", items))), 500, 0);
    }

    @Test
    void theByteOrderMarkOverridesTheDeclaration() {
        assertThat(imported("bom-against-declaration.xml"))
                .extracting(Post::title)
                .containsExactly("café");
    }

    @Test
    void labelsOfEncodingsIgnorePunctuation() {
        assertThat(imported("encoding-name.xml")).extracting(Post::title).containsExactly("Привіт");
    }

    @Test
    void jsonWithInvalidUtf8IsMalformed() {
        assertThat(run(newUser(), url(), file("invalid-utf8.json")))
                .isInstanceOfSatisfying(
                        Failed.class, failed -> assertThat(failed.reason()).isEqualTo(ImportFailure.MALFORMED));
    }

    @Test
    void linksAreResolvedAgainstXmlBase() {
        assertThat(imported("xml-base.xml"))
                .extracting(FeedCasesTest::link)
                .containsExactly("http://www.blog.example/ongoing/2013/08/14/FC2");
    }

    @Test
    void linksAreWrittenLikeABrowser() {
        var odd = imported("odd-links.xml");
        assertThat(odd.stream().map(post -> post.title() + " " + link(post)).toList())
                .containsExactlyInAnyOrder(
                        "underscore https://my_blog.example.com/p",
                        "space https://e.example/a%20b",
                        "bar https://e.example/?a=1%7C2",
                        "idn https://xn--bcher-kva.example/",
                        "query only " + server.url("/cases/" + paths + "/feed.xml?p=12"),
                        "number as guid null");
    }

    private static String link(Post post) {
        var json = post.metadata().json();
        return json.equals("{}") ? "null" : json.replaceAll("\\{\"link\": ?\"(.*)\"}", "$1");
    }

    @Test
    void aRedirectMayConsistOfAQuery() {
        server.on("/dir/feed.php", exchange -> {
            if (exchange.getRequestURI().getQuery() == null) {
                exchange.getResponseHeaders().set("Location", "?format=rss");
                exchange.sendResponseHeaders(302, -1);
            } else {
                FeedServer.send(exchange, 200, "text/xml", rss(item("A", "one")));
            }
        });
        assertCounts(
                importer.run(newUser().id(), List.of(server.url("/dir/feed.php")), outcome -> {})
                        .getFirst(),
                1,
                0);
    }

    @Test
    void binaryContentIsIgnored() {
        assertThat(imported("binary-content.xml")).extracting(Post::body).containsExactly("A picture");
    }

    @Test
    void tagsUsedAsWordsStayInATitle() {
        var user = newUser();
        var title = "Using &lt;title&gt; and &lt;style&gt; tags";
        run(user, url(), rss("<item><guid>1</guid><title>" + title + "</title></item>"));
        assertThat(posts(user)).extracting(Post::title).containsExactly("Using <title> and <style> tags");
    }
}
