package dev.byline.internal.feed;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class WebLinkTest {
    private static final String BASE = "http://a/b/c/d;p?q";

    /** All examples of RFC 3986, sections 5.4.1 and 5.4.2. */
    private static final String EXAMPLES = """
            g:h           | g:h
            g             | http://a/b/c/g
            ./g           | http://a/b/c/g
            g/            | http://a/b/c/g/
            /g            | http://a/g
            //g           | http://g
            ?y            | http://a/b/c/d;p?y
            g?y           | http://a/b/c/g?y
            #s            | http://a/b/c/d;p?q#s
            g#s           | http://a/b/c/g#s
            g?y#s         | http://a/b/c/g?y#s
            ;x            | http://a/b/c/;x
            g;x           | http://a/b/c/g;x
            g;x?y#s       | http://a/b/c/g;x?y#s
                          | http://a/b/c/d;p?q
            .             | http://a/b/c/
            ./            | http://a/b/c/
            ..            | http://a/b/
            ../           | http://a/b/
            ../g          | http://a/b/g
            ../..         | http://a/
            ../../        | http://a/
            ../../g       | http://a/g
            ../../../g    | http://a/g
            ../../../../g | http://a/g
            /./g          | http://a/g
            /../g         | http://a/g
            g.            | http://a/b/c/g.
            .g            | http://a/b/c/.g
            g..           | http://a/b/c/g..
            ..g           | http://a/b/c/..g
            ./../g        | http://a/b/g
            ./g/.         | http://a/b/c/g/
            g/./h         | http://a/b/c/g/h
            g/../h        | http://a/b/c/h
            g;x=1/./y     | http://a/b/c/g;x=1/y
            g;x=1/../y    | http://a/b/c/y
            g?y/./x       | http://a/b/c/g?y/./x
            g?y/../x      | http://a/b/c/g?y/../x
            g#s/./x       | http://a/b/c/g#s/./x
            g#s/../x      | http://a/b/c/g#s/../x""";

    @Test
    void examplesOfRfc3986AreResolved() {
        for (var line : EXAMPLES.lines().toList()) {
            var cells = line.split("\\|", -1);
            var reference = cells[0].strip();
            var target = cells[1].strip();
            assertThat(UriReference.parse(BASE).resolve(UriReference.parse(reference)))
                    .as(line)
                    .hasToString(target);
            var page = target.equals("g:h") ? null : target.equals("http://g") ? "http://g/" : target;
            assertThat(WebLink.resolve(reference, BASE)).as(line).isEqualTo(page);
        }
    }

    /** RFC 3986, section 5.4.2: strict for references, like a browser for links. */
    @Test
    void aSchemeWithoutAnAuthorityIsRelativeInLinksOnly() {
        assertThat(UriReference.parse(BASE).resolve(UriReference.parse("http:g")))
                .hasToString("http:g");
        assertThat(WebLink.resolve("http:g", BASE)).isEqualTo("http://a/b/c/g");
    }

    @Test
    void aBaseWithoutAPathHasTheRootPath() {
        assertThat(UriReference.parse("http://a").resolve(UriReference.parse("b")))
                .hasToString("http://a/b");
        assertThat(UriReference.parse("http://a?q").resolve(UriReference.parse("../b")))
                .hasToString("http://a/b");
    }

    @Test
    void linksAreWrittenLikeABrowser() {
        for (var line : """
                https://e.example                      | https://e.example/
                HTTPS://E.Example:443/A                | https://e.example/A
                http://e.example:0080/                 | http://e.example/
                http://e.example:/                     | http://e.example/
                http://e.example:8080                  | http://e.example:8080/
                https://my_blog.example/_x             | https://my_blog.example/_x
                https://e.example/a b                  | https://e.example/a%20b
                https://e.example/ä?ö=ü#ß              | https://e.example/%C3%A4?%C3%B6=%C3%BC#%C3%9F
                https://e.example/%C3%A4%20            | https://e.example/%C3%A4%20
                https://e.example/100%                 | https://e.example/100%25
                https://e.example/{a}|^`<b>"           | https://e.example/%7Ba%7D%7C%5E%60%3Cb%3E%22
                https://e.example/?a[]=1|2&b='x'       | https://e.example/?a[]=1%7C2&b=%27x%27
                https://e.example/?a=http://x/../y     | https://e.example/?a=http://x/../y
                https:\\\\e.example\\a\\..\\b?\\       | https://e.example/b?%5C
                https://user:p w@e.example/            | https://user:p%20w@e.example/
                https://bücher.example/                | https://xn--bcher-kva.example/
                https://BÜCHER.example/                | https://xn--bcher-kva.example/
                https://straße.example/                | https://xn--strae-oqa.example/
                https://ΣΑΣ.example/                   | https://xn--mxa9ab.example/
                https://παράδειγμα.δοκιμή/             | https://xn--hxajbheg2az3al.xn--jxalpdlp/
                https://例子。测试/                     | https://xn--fsqu00a.xn--0zwm56d/
                https://ｅ．example/                    | https://e.example/
                https://b%C3%BCcher.example/           | https://xn--bcher-kva.example/
                https://[2606:4700::1]:80/             | https://[2606:4700::1]:80/
                //other.example/x                      | http://other.example/x
                ///other.example/x                     | http://other.example/x
                https:other.example/x                  | https://other.example/x
                """.lines().toList()) {
            var split = line.lastIndexOf(" | ");
            assertThat(WebLink.resolve(line.substring(0, split).strip(), BASE))
                    .as(line)
                    .isEqualTo(line.substring(split + 3).strip());
        }
    }

    @Test
    void spacesAndLineBreaksAreRemoved() {
        assertThat(WebLink.resolve(" \n https://e.exa\nmple/\ta ", BASE)).isEqualTo("https://e.example/a");
    }

    @Test
    void otherReferencesAreNotLinks() {
        for (var reference : new String[] {
            "javascript:alert(1)",
            "mailto:a@e.example",
            "data:text/html,x",
            "ftp://e.example/",
            "http://",
            "http://?x",
            "http://e.example:99999/",
            "http://e.example:x/",
            "http://a b/",
            "http://a<b/",
            "http://%zz/",
            "http://%ff/",
            "http://a℀b.example/",
            "http://[::1/",
            "http://[x]/",
            "http://[1::2::3]/",
            "http://[192.0.2.1]/",
            "http://" + "a".repeat(300) + "/",
            "http://" + "ü".repeat(100) + ".example/",
            "x".repeat(2001),
            "http://e.example/" + "ä".repeat(700)
        }) {
            assertThat(WebLink.resolve(reference, BASE)).as(reference).isNull();
        }
    }
}
