package dev.byline.internal.feed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import dev.byline.internal.feed.FetchResult.Validators;
import dev.byline.model.BylineException;
import dev.byline.model.ImportFailure;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;
import org.apache.hc.core5.http.message.BasicClassicHttpResponse;
import org.junit.jupiter.api.Test;

/** CPU time is linear in the length of hostile texts, in each field of a feed and each header of its server. */
class FeedCpuTest {
    private static final int SIZE = 30_000;

    /** Less CPU time than this is not compared. */
    private static final long NOISE = Duration.ofMillis(40).toNanos();

    private static final String[] SHAPES = {
        "a",
        "Σ",
        "aΣ",
        "İ",
        "ﷺ",
        "e\u0301",
        "\u0301",
        "\u0085",
        "\u00a0",
        "\u2028",
        " ",
        " \n",
        "\t",
        ",",
        ";",
        "=",
        "/",
        ".",
        "..",
        "../",
        "-",
        "_",
        ":",
        "::",
        "@",
        "%",
        "%2",
        "?",
        "#",
        "[",
        "(",
        ")",
        "(\\",
        "'",
        "\"",
        "0",
        "1 ",
        "+",
        "<",
        "</",
        "<a",
        "<a ",
        "<a=",
        "<a '",
        "<a href=\"",
        "<b>",
        "</b>",
        "<b></b>",
        "<b> </b>",
        "<p><b>",
        "<br><p>",
        "<br>",
        "<img alt=x>",
        "<pre>\n",
        "<!",
        "<!--",
        "<!-- -->",
        "<![CDATA[",
        "<?",
        "<script>",
        "</script",
        "<script></scriptx>",
        "<svg>",
        "<title></title>",
        "&",
        "&amp",
        "&amp;",
        "&#",
        "&#x",
        "&#1;",
        "&aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "]]>",
        "{",
        "<table><a>",
        "\ud83d\ude00",
        "ü.",
        "xn--",
        "a; charset=",
        "text/",
        "2020-",
        "jan "
    };

    private static String repeated(String shape, int length) {
        return shape.repeat(length / shape.length());
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace("\"", "&quot;")
                .replace("]]>", "]]&gt;");
    }

    private static String json(String value) {
        var text = "\"" + String.valueOf(JsonStringEncoder.getInstance().quoteAsString(value)) + "\"";
        return """
                {
                  "version": "https://jsonfeed.org/version/1",
                  "title": HOSTILE,
                  HOSTILE: HOSTILE,
                  "items": [
                    {
                      "id": HOSTILE,
                      "url": HOSTILE,
                      "external_url": HOSTILE,
                      "title": HOSTILE,
                      "content_html": HOSTILE,
                      "summary": HOSTILE,
                      "date_published": HOSTILE,
                      HOSTILE: 1
                    }
                  ]
                }
                """.replace("HOSTILE", text);
    }

    private static String rss(String value) {
        return """
                <rss xmlns:content="http://purl.org/rss/1.0/modules/content/" version="HOSTILE">
                  <channel>
                    <title>HOSTILE</title>
                    <item xml:base="HOSTILE">
                      <title>HOSTILE</title>
                      <link>HOSTILE</link>
                      <guid isPermaLink="HOSTILE">http://HOSTILE</guid>
                      <description>HOSTILE</description>
                      <content:encoded>HOSTILE<b>x</b>HOSTILE</content:encoded>
                      <pubDate>HOSTILE</pubDate>
                      <x>HOSTILE</x>
                    </item>
                  </channel>
                </rss>
                """.replace("HOSTILE", escaped(value));
    }

    private static String atom(String value) {
        return """
                <feed xmlns="http://www.w3.org/2005/Atom" xml:base="HOSTILE">
                  <entry>
                    <id>HOSTILE</id>
                    <title type="HOSTILE">HOSTILE</title>
                    <link rel="HOSTILE" href="x"/>
                    <link href="HOSTILE"/>
                    <updated>HOSTILE</updated>
                    <content type="HOSTILE">HOSTILE</content>
                    <summary type="html">HOSTILE</summary>
                  </entry>
                </feed>
                """.replace("HOSTILE", escaped(value));
    }

    private static void parse(FeedType type, String document) {
        try {
            var url = FeedUrl.parse("https://ada.example/feed", false);
            var bytes = document.getBytes(StandardCharsets.UTF_8);
            var feed = new FetchResult.Document(url, type, null, bytes, Validators.NONE);
            for (var entry : FeedParser.parse(feed, Deadline.in(Duration.ofMinutes(5)))) {
                try {
                    var unused = FeedPost.of(entry, Instant.EPOCH);
                } catch (BylineException.Invalid e) {
                    var unused = FeedPost.failed(entry, e);
                }
            }
        } catch (FeedException e) {
            assertThat(e.reason()).isEqualTo(ImportFailure.MALFORMED);
        }
    }

    /** Reads headers of any length; the fetcher limits them to 16 KiB. */
    private static void headers(String value) {
        try (var response = new BasicClassicHttpResponse(200)) {
            for (var name : new String[] {"Content-Type", "Content-Encoding", "ETag", "Last-Modified"}) {
                response.setHeader(name, value);
            }
            response.setEntity(new ByteArrayEntity(new byte[0], ContentType.TEXT_XML));
            var unused = FeedBody.read(response, FeedUrl.parse("https://ada.example/feed", false));
        } catch (FeedException e) {
            assertThat(e.reason()).isIn(ImportFailure.WRONG_TYPE, ImportFailure.MALFORMED);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static void redirect(String value) {
        try {
            var unused = FeedUrl.parse("https://ada.example/feed", false).resolve(value, false);
        } catch (FeedException e) {
            assertThat(e.reason()).isEqualTo(ImportFailure.BAD_URL);
        }
    }

    private static Map<String, Consumer<String>> works() {
        var works = new LinkedHashMap<String, Consumer<String>>();
        works.put("JSON", value -> parse(FeedType.JSON, json(value)));
        works.put("RSS", value -> parse(FeedType.XML, rss(value)));
        works.put("Atom", value -> parse(FeedType.XML, atom(value)));
        works.put("raw XML", value -> parse(FeedType.XML, "<rss><channel><item>" + value));
        works.put("HTML", HtmlText::of);
        works.put("title", HtmlTitle::of);
        works.put("link", value -> WebLink.resolve("http://" + value, "http://a/"));
        works.put("reference", value -> UriReference.parse("http://a/b").resolve(UriReference.parse(value)));
        works.put("time", FeedTime::parse);
        works.put("declaration", value -> parse(FeedType.XML, "<?xml version='1.0' encoding='" + value + "'?><rss/>"));
        works.put("headers", FeedCpuTest::headers);
        works.put("redirect", FeedCpuTest::redirect);
        return works;
    }

    @Test
    void doublingTheTextAtMostTriplesTheCpuTime() {
        works().forEach((name, work) -> {
            for (var shape : SHAPES) {
                var small = repeated(shape, SIZE);
                var large = repeated(shape, 2 * SIZE);
                var ratio = Double.MAX_VALUE;
                for (int i = 0; i < 5 && ratio > 3; i++) {
                    var one = cpu(work, small);
                    var two = cpu(work, large);
                    ratio = two < NOISE ? 0 : (double) two / one;
                }
                assertThat(ratio).as(name + " of " + shape).isLessThanOrEqualTo(3);
            }
        });
    }

    private static long cpu(Consumer<String> work, String value) {
        var threads = ManagementFactory.getThreadMXBean();
        var start = threads.getCurrentThreadCpuTime();
        work.accept(value);
        return threads.getCurrentThreadCpuTime() - start;
    }

    /** A parser that builds a tree turns this into millions of nodes. */
    @Test
    void unclosedElementsAreNotRepeated() {
        var html = new StringBuilder("<p>");
        for (int i = 0; i < 250; i++) {
            html.append("<b a").append(i).append('>');
        }
        html.append("<p>x".repeat(240_000));
        var nanos = cpu(HtmlText::of, html.toString());
        assertThat(Duration.ofNanos(nanos)).isLessThan(Duration.ofSeconds(2));
    }

    @Test
    void parsingEndsAtTheDeadline() throws FeedException {
        var over = new Deadline(System.nanoTime());
        for (var document : new String[] {
            "<rss><channel><x/></channel></rss>", "{\"version\":\"https://jsonfeed.org/version/1\",\"items\":[]}"
        }) {
            var feed = new FetchResult.Document(
                    FeedUrl.parse("https://ada.example/feed", false),
                    document.startsWith("<") ? FeedType.XML : FeedType.JSON,
                    null,
                    document.getBytes(StandardCharsets.UTF_8),
                    Validators.NONE);
            assertThatThrownBy(() -> FeedParser.parse(feed, over))
                    .isInstanceOfSatisfying(
                            FeedException.class, e -> assertThat(e.reason()).isEqualTo(ImportFailure.BUSY));
        }
    }

    @Test
    void namespacesInScopeAreLimited() {
        var declarations = new StringBuilder();
        for (int i = 0; i < 100; i++) {
            declarations.append(" xmlns:p").append(i).append("='u'");
        }
        var open = "<a" + declarations + ">";
        assertThatThrownBy(() -> FeedParser.parse(
                        new FetchResult.Document(
                                FeedUrl.parse("https://ada.example/feed", false),
                                FeedType.XML,
                                null,
                                ("<rss>" + open.repeat(6) + "</rss>").getBytes(StandardCharsets.UTF_8),
                                Validators.NONE),
                        Deadline.in(Duration.ofMinutes(1))))
                .hasMessageContaining("namespaces");
    }
}
