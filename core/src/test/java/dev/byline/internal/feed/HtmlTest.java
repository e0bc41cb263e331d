package dev.byline.internal.feed;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.api.Test;

class HtmlTest {
    /** Reads a cell of a table; \n is a line break. */
    private static String cell(String text) {
        return text.strip().replace("\\n", "\n");
    }

    @Test
    void titlesKeepAllWords() {
        for (var line : """
                Using <title> and <style> tags          ~ Using <title> and <style> tags
                The <b>bold</b> <i class="x">move</i>   ~ The bold move
                Using <b> and </b>                      ~ Using <b> and </b>
                Emphasis with <em>, <strong>            ~ Emphasis with <em>, <strong>
                List<String> and Map<K, V>              ~ List<String> and Map<K, V>
                x<y and y>z, a <= b                     ~ x<y and y>z, a <= b
                <p>All of it</p>                        ~ All of it
                <p> All of it </p>                      ~ All of it
                <script>alert(1)</script> explained     ~ <script>alert(1)</script> explained
                <script src="x">                        ~ <script src="x">
                One<br>Two<br/>Three                    ~ One Two Three
                The <br> element                        ~ The <br> element
                A <img src='x' alt='cat'> sat           ~ A cat sat
                The <img> element                       ~ The <img> element
                <a href="https://e.example/">Link</a>   ~ Link
                Comments: <!-- like this -->            ~ Comments: <!-- like this -->
                I <3 you                                ~ I <3 you
                AT&amp;T &copy 2020 &nosuch; &#8217;    ~ AT&T © 2020 &nosuch; ’
                cut <a href="x                          ~ cut <a href="x
                """.lines().toList()) {
            var cells = line.split("~", -1);
            var words = FeedPost.of(
                    new FeedEntry("1", null, null, FeedEntry.Text.html(cell(cells[0])), null, null, null),
                    Instant.EPOCH);
            assertThat(words.post().title()).as(line).isEqualTo(cell(cells[1]));
        }
    }

    @Test
    void blocksOfHtmlBecomeLines() {
        for (var line : """
                <h1>Title</h1>text<p>One<p>Two</p>three       ~ Title\\n\\ntext\\n\\nOne\\n\\nTwo\\n\\nthree
                <ul><li>a<li>b</ul>after                      ~ - a\\n- b\\n\\nafter
                <div>a</div><div>b</div>                      ~ a\\nb
                a<br>b<br/>c</br>d                            ~ a\\nb\\nc\\nd
                a   b &nbsp;c                                 ~ a b \u00a0c
                <pre>\\n a\\n  b</pre> c                      ~ a\\n  b\\n\\nc
                <script>if (a < b) "</p>"</script>x           ~ x
                <SCRIPT>1</Script >x                          ~ x
                <style>a</style><title>t</title>x             ~ x
                <svg><text>1</text></svg>x<svg/>y             ~ xy
                use <title> and <script> here                 ~ use and here
                <a title="a > b" href=x>link</a>              ~ link
                <img alt="a &amp; b"><img alt=c><img>         ~ a & bc
                1 < 2 && 3 > 2                                ~ 1 < 2 && 3 > 2
                a<!-- <b> -->b<!-->c<!doctype x>d<?php x?>e   ~ abcde
                a<!-- never closed                            ~ a never closed
                x <![CDATA[y < z]]>                           ~ x y < z
                &lt;b&gt; &notit; &#x1F600;&#0;&#150;&#xD800; ~ <b> ¬it; 😀\ufffd–\ufffd
                cut <a href="http://                          ~ cut <a href="http://
                """.lines().toList()) {
            var cells = line.split("~", -1);
            assertThat(HtmlText.of(cell(cells[0]))).as(line).isEqualTo(cell(cells[1]));
        }
    }

    @Test
    void mediaTypesOfAtomAreKnown() {
        for (var line : """
                text TEXT, html HTML, HTML HTML, xhtml HTML, text/html HTML, text/html;charset=utf-8 HTML, text/plain TEXT
                application/xhtml+xml HTML, application/xml TEXT, image/svg+xml TEXT, image/png BINARY
                application/octet-stream BINARY, audio/mpeg BINARY, application/json BINARY""".lines().toList()) {
            for (var pair : line.split(", ", -1)) {
                var cells = pair.split(" ", -1);
                assertThat(AtomType.of(cells[0], null)).as(pair).isEqualTo(AtomType.valueOf(cells[1]));
            }
        }
    }

    @Test
    void atomWithoutATypeIsText() {
        assertThat(AtomType.of(null, null)).isEqualTo(AtomType.TEXT);
    }

    @Test
    void base64OfAtomIsBinary() {
        assertThat(AtomType.of("text/plain", "base64")).isEqualTo(AtomType.BINARY);
    }
}
