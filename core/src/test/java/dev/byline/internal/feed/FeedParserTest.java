package dev.byline.internal.feed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.byline.internal.feed.FetchResult.Validators;
import dev.byline.model.BylineException;
import dev.byline.model.ImportFailure;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class FeedParserTest {
    private static final Instant NOW = Instant.parse("2026-11-22T10:00:00Z");

    private static List<FeedEntry> parse(FeedType type, String text) throws FeedException {
        return FeedParser.parse(
                new FetchResult.Document(url(), type, null, text.getBytes(StandardCharsets.UTF_8), Validators.NONE),
                Deadline.in(Duration.ofMinutes(1)));
    }

    private static FeedUrl url() throws FeedException {
        return FeedUrl.parse("https://ada.example/feed", false);
    }

    private static FeedPost post(FeedType type, String text) throws FeedException {
        var entries = parse(type, text);
        assertThat(entries).hasSize(1);
        return FeedPost.of(entries.getFirst(), NOW);
    }

    private static void assertPost(
            FeedPost post, String title, String body, @Nullable String link, @Nullable String time) {
        assertThat(post.post().title()).isEqualTo(title);
        assertThat(post.post().body()).isEqualTo(body);
        assertThat(post.post().metadata().json()).isEqualTo(link == null ? "{}" : "{\"link\":\"" + link + "\"}");
        assertThat(post.post().publishedAt()).isEqualTo(time == null ? null : Instant.parse(time));
    }

    private static void assertMalformed(FeedType type, String text) {
        assertThatThrownBy(() -> parse(type, text))
                .as(text)
                .isInstanceOfSatisfying(
                        FeedException.class, e -> assertThat(e.reason()).isEqualTo(ImportFailure.MALFORMED));
    }

    @Test
    void jsonFeedIsParsed() throws FeedException {
        var post = post(FeedType.JSON, """
                {
                  "version": "https://jsonfeed.org/version/1.1",
                  "title": "T",
                  "items": [
                    {
                      "id": 7,
                      "url": "/a",
                      "title": "A  title",
                      "content_html": "<p>One<script>x()</script></p><p>Two &amp; <b>3</b></p>",
                      "date_published": "2020-01-01T01:00:00+01:00",
                      "authors": [{"name": "x"}]
                    }
                  ]
                }
                """);

        assertPost(post, "A title", "One\n\nTwo & 3", "https://ada.example/a", "2020-01-01T00:00:00Z");
    }

    @Test
    void rssIsParsed() throws FeedException {
        var post = post(FeedType.XML, """
                <?xml version="1.0"?>
                <rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
                    xmlns:media="http://search.yahoo.com/mrss/">
                  <channel>
                    <title>T</title>
                    <item>
                      <media:title>not this</media:title>
                      <title>Ben &amp;amp; Jerry&nbsp;s</title>
                      <guid>https://ada.example/1</guid>
                      <description>short</description>
                      <content:encoded><![CDATA[<ul><li>a<li>b</ul>]]></content:encoded>
                      <pubDate>Tue, 10 Jun 2003 04:00:00 EST</pubDate>
                    </item>
                  </channel>
                </rss>
                """);

        assertPost(post, "Ben & Jerry\u00a0s", "- a\n- b", "https://ada.example/1", "2003-06-10T09:00:00Z");
    }

    @Test
    void atomIsParsed() throws FeedException {
        var post = post(FeedType.XML, """
                <a:feed xmlns:a="http://www.w3.org/2005/Atom">
                  <a:entry>
                    <a:id>urn:1</a:id>
                    <a:title type="text">1 &lt; 2</a:title>
                    <a:link rel="self" href="x"/>
                    <a:link href="https://b.example/"/>
                    <a:content type="xhtml">
                      <div xmlns="http://www.w3.org/1999/xhtml">One<br/>Two &lt;b&gt;</div>
                    </a:content>
                    <a:updated>2020-01-01T00:00:00Z</a:updated>
                  </a:entry>
                </a:feed>
                """);

        assertPost(post, "1 < 2", "One\nTwo <b>", "https://b.example/", "2020-01-01T00:00:00Z");
    }

    @Test
    void aMissingTitleComesFromTheBody() throws FeedException {
        var words = "word ".repeat(30);
        var post = post(FeedType.JSON, """
                {"version": "https://jsonfeed.org/version/1", "items": [{"content_text": "%s"}]}
                """.formatted(words));

        assertPost(post, "word ".repeat(16).strip() + "…", words, null, null);
    }

    @Test
    void anItemWithOnlyALinkHasItAsTitle() throws FeedException {
        var post = post(FeedType.XML, """
                <rss><channel><item><link>https://b.example/</link></item></channel></rss>""");

        assertPost(post, "https://b.example/", "", "https://b.example/", null);
    }

    @Test
    void aTimeInTheFutureBecomesTheCurrentTime() throws FeedException {
        var post = post(FeedType.JSON, """
                {
                  "version": "https://jsonfeed.org/version/1",
                  "items": [{"title": "t", "date_published": "2999-01-01T00:00:00Z"}]
                }
                """);

        assertPost(post, "t", "", null, NOW.toString());
    }

    @Test
    void aLinkThatIsNotAPageIsIgnored() throws FeedException {
        var post = post(FeedType.JSON, """
                {
                  "version": "https://jsonfeed.org/version/1",
                  "items": [{"title": "t", "url": "javascript:alert(1)"}]
                }
                """);

        assertPost(post, "t", "", null, null);
    }

    @Test
    void textThatIsInvalidInAPostIsRejectedNotTruncated() {
        for (var member : List.of(
                Map.entry("content_html", "x".repeat(200_001)),
                Map.entry("content_html", "<b>".repeat(400_000)),
                Map.entry("title", "x".repeat(501)),
                Map.entry("content_text", "\\u0000"))) {
            var document = """
                    {"version": "https://jsonfeed.org/version/1", "items": [{"id": "1", "%s": "%s"}]}
                    """.formatted(member.getKey(), member.getValue());
            assertThatThrownBy(() -> post(FeedType.JSON, document))
                    .as(member.getKey())
                    .isInstanceOf(BylineException.Invalid.class);
        }
    }

    @Test
    void documentsWithADtdAreMalformed() {
        assertMalformed(FeedType.XML, """
                <?xml version="1.0"?><!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>
                <rss><channel><item><title>&x;</title></item></channel></rss>""");
        assertMalformed(FeedType.XML, """
                <?xml version="1.0"?><!DOCTYPE rss SYSTEM "http://127.0.0.1:1/x.dtd"><rss><channel/></rss>""");
        assertMalformed(FeedType.XML, """
                <!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>
                <rss><channel><item><title>&c;</title></item></channel></rss>""");
        assertMalformed(FeedType.XML, """
                <!DOCTYPE rss [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]><rss/>""");
    }

    @Test
    void deepDocumentsAreMalformed() {
        assertMalformed(FeedType.XML, "<rss><channel><item><title>" + "<b>".repeat(5000));
        assertMalformed(FeedType.XML, "<rss>" + "<b>".repeat(5000));
        assertMalformed(FeedType.JSON, "{\"x\":" + "[".repeat(100_000));
    }

    @Test
    void otherXmlIsMalformed() {
        assertMalformed(FeedType.XML, "<rss><channel><item><title>cut off");
        assertMalformed(FeedType.XML, "<html xmlns='http://www.w3.org/1999/xhtml'/>");
        assertMalformed(FeedType.XML, "");
        assertMalformed(FeedType.XML, "\u0001\u0002");
    }

    @Test
    void otherJsonIsMalformed() {
        assertMalformed(FeedType.JSON, "");
        assertMalformed(FeedType.JSON, "[]");
        assertMalformed(FeedType.JSON, """
                {"items": []}""");
        assertMalformed(FeedType.JSON, """
                {"version": "https://jsonfeed.org/version/1", "items": [{}""");
        assertMalformed(FeedType.JSON, """
                {"version": "https://jsonfeed.org/version/1", "items": []} {}""");
    }

    @Test
    void textFromHtmlContainsNoTagsAndScripts() {
        for (var html : new String[] {
            "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<style>*{}</style>",
                    "<iframe src=x></iframe>",
            "<svg><script>1</script></svg>", "<!-- x -->", "<scr<script>ipt>", "<a href='javascript:1'></a>"
        }) {
            assertThat(HtmlText.of("a" + html + "b"))
                    .as(html)
                    .doesNotContain("<")
                    .doesNotContain("alert");
        }
    }

    @Test
    void preformattedTextKeepsItsSpaces() {
        assertThat(HtmlText.of("<pre>a\n  b</pre><p> c   d <p><img alt='e'>")).isEqualTo("a\n  b\n\nc d\n\ne");
    }

    @Test
    void tagsWithoutTextAreEmpty() {
        assertThat(HtmlText.of("<b>".repeat(100_000))).isEmpty();
    }
}
