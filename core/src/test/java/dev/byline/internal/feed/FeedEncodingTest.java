package dev.byline.internal.feed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.byline.internal.feed.FetchResult.Validators;
import dev.byline.model.ImportFailure;
import java.io.ByteArrayOutputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Decodes documents by byte order mark, declaration and Content-Type, in each encoding. */
class FeedEncodingTest {
    private static final byte[] NONE = {};

    /** A text in the encoding, its charset in the JDK, and its labels. */
    private static final String ENCODINGS = """
            café — “€”  | UTF-8          | utf-8 UTF8 utf_8 unicode-1-1-utf-8
            café — “€”  | windows-1252   | windows-1252 cp1252 ISO-8859-1 ISO8859-1 iso_8859_1 latin1 us-ascii x-cp1252
            žluťoučký   | ISO-8859-2     | iso-8859-2 latin2 l2
            žluťoučký € | windows-1250   | windows-1250 cp1250
            привет      | windows-1251   | windows-1251 cp1251 x-cp1251
            привет      | ISO-8859-5     | iso-8859-5 cyrillic
            привет      | KOI8-R         | koi8-r koi8
            привіт      | KOI8-U         | KOI8-U koi8-ru
            привет      | IBM866         | ibm866 866 cp866
            привет      | x-MacCyrillic  | x-mac-cyrillic mac_cyrillic
            γειά        | ISO-8859-7     | iso-8859-7 greek sun_eu_greek
            şık         | windows-1254   | windows-1254 iso-8859-9 latin5
            שלום        | ISO-8859-8     | iso-8859-8 iso-8859-8-i logical
            سلام        | windows-1256   | windows-1256
            māte        | ISO-8859-13    | iso-8859-13
            œuvre €     | ISO-8859-15    | iso-8859-15 l9
            ăț €        | ISO-8859-16    | iso-8859-16
            café “”     | x-MacRoman     | macintosh mac x-mac-roman
            สวัสดี        | x-windows-874  | windows-874 tis-620 iso-8859-11 dos-874
            日本語       | windows-31j    | shift_jis sjis Shift-JIS x-sjis windows-31j ms932
            日本語       | EUC-JP         | euc-jp x-euc-jp
            日本語       | ISO-2022-JP    | iso-2022-jp
            한국어       | x-windows-949  | euc-kr ks_c_5601-1987 windows-949
            中文         | GB18030        | gb2312 gbk gb18030 x-gbk
            中文         | Big5-HKSCS     | big5 Big5-HKSCS cn-big5
            """;

    /** Encodings with their byte order marks. */
    private static final String UNICODE = """
            UTF-8    | efbbbf
            UTF-16BE | feff
            UTF-16LE | fffe
            UTF-32BE | 0000feff
            UTF-32LE | fffe0000
            """;

    private static final String JSON = """
            {"version": "https://jsonfeed.org/version/1", "items": [{"id": "1", "title": "café 😀"}]}""";

    private static String document(String text, @Nullable String declared) {
        return "<?xml version='1.0'" + (declared == null ? "" : " encoding='" + declared + "'")
                + "?><rss version='2.0'><channel><item><title>" + text + "</title></item></channel></rss>";
    }

    private static String title(byte[] body, @Nullable String contentType) throws FeedException {
        var document = new FetchResult.Document(
                FeedUrl.parse("https://ada.example/feed", false), FeedType.XML, contentType, body, Validators.NONE);
        var title = FeedParser.parse(document, Deadline.in(Duration.ofMinutes(1)))
                .getFirst()
                .title();
        return title == null ? "" : title.value();
    }

    private static byte[] bytes(byte[] start, String text, Charset charset) {
        var bytes = new ByteArrayOutputStream();
        bytes.writeBytes(start);
        bytes.writeBytes(text.getBytes(charset));
        return bytes.toByteArray();
    }

    @Test
    void labelsAreValidInDeclarationsAndContentTypes() throws FeedException {
        for (var line : ENCODINGS.lines().toList()) {
            var cells = line.split("\\|", -1);
            var text = cells[0].strip();
            var charset = Charset.forName(cells[1].strip());
            for (var name : cells[2].strip().split(" ", -1)) {
                for (var label : List.of(name, name.toUpperCase(Locale.ROOT))) {
                    var declared = bytes(NONE, document(text, label), charset);
                    var other = bytes(NONE, document(text, "utf-8"), charset);
                    assertThat(title(declared, null)).as(label).isEqualTo(text);
                    assertThat(title(declared, "unknown")).as(label).isEqualTo(text);
                    assertThat(title(other, label)).as("Content-Type " + label).isEqualTo(text);
                }
            }
        }
    }

    @Test
    void theByteOrderMarkOverridesServerAndDeclaration() throws FeedException {
        var text = "café 語 😀";
        for (var line : UNICODE.lines().toList()) {
            var cells = line.split("\\|", -1);
            var charset = Charset.forName(cells[0].strip());
            var mark = HexFormat.of().parseHex(cells[1].strip());
            for (var declared : new String[] {null, "utf-8", "iso-8859-1", "utf-16", "UTF-16LE", "nonsense"}) {
                for (var contentType : new String[] {null, "utf-8", "windows-1251", "utf-16", "nonsense"}) {
                    var document = document(text, declared);
                    var as = line + " " + declared + " " + contentType;
                    var spaces = bytes(" \r\n\t".getBytes(charset), "", charset);
                    assertThat(title(bytes(mark, document, charset), contentType))
                            .as(as)
                            .isEqualTo(text);
                    assertThat(title(bytes(mark, "\n" + document, charset), contentType))
                            .as(as)
                            .isEqualTo(text);
                    assertThat(title(joined(spaces, bytes(mark, document, charset)), contentType))
                            .as(as)
                            .isEqualTo(text);
                    assertThat(title(
                                    joined(" \n".getBytes(StandardCharsets.US_ASCII), bytes(mark, document, charset)),
                                    contentType))
                            .as(as)
                            .isEqualTo(text);
                    assertThat(title(bytes(joined(mark, mark), document, charset), contentType))
                            .as(as)
                            .isEqualTo(text);
                }
            }
        }
    }

    @Test
    void theFirstCharacterShowsTheWidthWithoutAMark() throws FeedException {
        var text = "café 語 😀";
        for (var line : UNICODE.lines().toList()) {
            var cells = line.split("\\|", -1);
            var charset = Charset.forName(cells[0].strip());
            for (var declared : new String[] {null, cells[0].strip(), "utf-16", "utf-8"}) {
                for (var space : new String[] {"", "\n"}) {
                    var body = bytes(NONE, space + document(text, declared), charset);
                    assertThat(title(body, null)).as(line + declared).isEqualTo(text);
                    assertThat(title(body, "utf-16")).as(line + declared).isEqualTo(text);
                }
            }
        }
    }

    @Test
    void theServerOverridesTheDeclaration() throws FeedException {
        var russian = bytes(NONE, document("привет", "koi8-r"), Charset.forName("windows-1251"));
        assertThat(title(russian, "windows-1251")).isEqualTo("привет");
    }

    @Test
    void ebcdicIsDecoded() throws FeedException {
        assertThat(title(bytes(NONE, document("привет", "ibm037"), Charset.forName("Cp1025")), "cp1025"))
                .isEqualTo("привет");
        assertThat(title(bytes(NONE, document("cafe", "cp500"), Charset.forName("Cp500")), null))
                .isEqualTo("cafe");
    }

    private static byte[] joined(byte[] first, byte[] second) {
        var bytes = new ByteArrayOutputStream();
        bytes.writeBytes(first);
        bytes.writeBytes(second);
        return bytes.toByteArray();
    }

    @Test
    void declarationsMayHaveAnyValidForm() throws FeedException {
        for (var declaration : new String[] {
            "<?xml version=\"1.0\" encoding=\"koi8-r\"?>",
            "<?xml version = '1.0'  encoding = 'koi8-r' ?>",
            "<?xml version='1.0'\n encoding='koi8-r' standalone='yes'?>",
            "<?xml version='1.1' encoding='KOI8_R'?>",
            "\n <?xml version='1.0' encoding='koi8-r'?>",
        }) {
            var body = declaration + "<rss><channel><item><title>привет</title></item></channel></rss>";
            assertThat(title(body.getBytes(Charset.forName("KOI8-R")), null))
                    .as(declaration)
                    .isEqualTo("привет");
        }
    }

    @Test
    void invalidBytesAndUnknownEncodingsAreMalformed() {
        for (var body : new byte[][] {
            bytes(NONE, document("é", null), StandardCharsets.ISO_8859_1),
            bytes(NONE, document("é", "utf-8"), StandardCharsets.ISO_8859_1),
            bytes(NONE, document("e", "klingon"), StandardCharsets.UTF_8),
            bytes(NONE, document("é", "shift_jis"), StandardCharsets.ISO_8859_1),
            bytes(
                    new byte[] {(byte) 0xef, (byte) 0xbb, (byte) 0xbf},
                    document("é", "latin1"),
                    StandardCharsets.ISO_8859_1),
            bytes(NONE, document("é", null) + " ".repeat(10_000) + "<!--é-->", StandardCharsets.ISO_8859_1),
            {(byte) 0xff, (byte) 0xfe},
            {0, 0, 0},
            {0},
            {(byte) 0xfe}
        }) {
            assertThatThrownBy(() -> title(body, null))
                    .isInstanceOfSatisfying(
                            FeedException.class, e -> assertThat(e.reason()).isEqualTo(ImportFailure.MALFORMED));
        }
    }

    @Test
    void jsonIsUnicodeWhateverTheContentTypeSays() throws FeedException {
        for (var charset : List.of("UTF-8", "UTF-16BE", "UTF-16LE", "UTF-32BE", "UTF-32LE")) {
            for (var start : List.of("", "\uFEFF", "\n ", "\n\uFEFF")) {
                var body = (start + JSON).getBytes(Charset.forName(charset));
                var document = new FetchResult.Document(
                        FeedUrl.parse("https://ada.example/feed", false),
                        FeedType.JSON,
                        "latin1",
                        body,
                        Validators.NONE);
                assertThat(FeedParser.parse(document, Deadline.in(Duration.ofMinutes(1)))
                                .getFirst()
                                .title())
                        .as(charset)
                        .isEqualTo(FeedEntry.Text.plain("café 😀"));
            }
        }
    }

    @Test
    void jsonWithInvalidUtf8IsMalformed() {
        for (var bad :
                new String[] {"\u00e9 ", "\u00c0\u0080", "\u00ed\u00a0\u0080", "\u00f4\u0090\u0080\u0080", "\u00c3"}) {
            var body = JSON.replace("café", bad).replace("😀", "").getBytes(StandardCharsets.ISO_8859_1);
            assertThatThrownBy(() -> FeedParser.parse(
                            new FetchResult.Document(
                                    FeedUrl.parse("https://ada.example/feed", false),
                                    FeedType.JSON,
                                    null,
                                    body,
                                    Validators.NONE),
                            Deadline.in(Duration.ofMinutes(1))))
                    .isInstanceOfSatisfying(
                            FeedException.class, e -> assertThat(e.reason()).isEqualTo(ImportFailure.MALFORMED));
        }
    }
}
