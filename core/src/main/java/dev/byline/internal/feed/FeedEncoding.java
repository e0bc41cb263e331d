package dev.byline.internal.feed;

import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.IllegalCharsetNameException;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.nio.charset.UnsupportedCharsetException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A character encoding, found by its label in the WHATWG Encoding Standard, whose punctuation is ignored, otherwise by
 * its name in the JDK. As in the standard, ISO-8859-1 and ASCII are windows-1252, GB2312 is GB18030, Shift_JIS is
 * windows-31j, and undefined bytes from 0x80 to 0x9F of a single-byte encoding are C1 controls. Unlike in the standard,
 * invalid bytes are an error.
 *
 * @param charset the JDK's charset; with a table, only its name is used
 * @param table the characters of the 256 bytes, U+FFFD where undefined; null for a multi-byte encoding
 * @see <a href="https://encoding.spec.whatwg.org/#names-and-labels">Encoding Standard</a>
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record FeedEncoding(Charset charset, char @Nullable [] table) {
    static final FeedEncoding UTF_8 = new FeedEncoding(StandardCharsets.UTF_8, null);
    static final FeedEncoding UTF_16BE = new FeedEncoding(StandardCharsets.UTF_16BE, null);
    static final FeedEncoding UTF_16LE = new FeedEncoding(StandardCharsets.UTF_16LE, null);
    static final FeedEncoding UTF_32BE = new FeedEncoding(Charset.forName("UTF-32BE"), null);
    static final FeedEncoding UTF_32LE = new FeedEncoding(Charset.forName("UTF-32LE"), null);

    /** The maximum length of a label. */
    private static final int MAX_LABEL = 60;

    private static final char UNDEFINED = '\uFFFD';

    /** ISO-8859-10 and -14 from 0xA1 on, which the JDK lacks. */
    private static final String LATIN_6 =
            "ĄĒĢĪĨĶ§ĻĐŠŦŽ\u00adŪŊ°ąēģīĩķ·ļđšŧž―ūŋĀÁÂÃÄÅÆĮČÉĘËĖÍÎÏÐŅŌÓÔÕÖŨØŲÚÛÜÝÞßāáâãäåæįčéęëėíîïðņōóôõöũøųúûüýþĸ";

    private static final String LATIN_8 =
            "Ḃḃ£ĊċḊ§Ẁ©ẂḋỲ\u00ad®ŸḞḟĠġṀṁ¶ṖẁṗẃṠỳẄẅṡÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏŴÑÒÓÔÕÖṪØÙÚÛÜÝŶßàáâãäåæçèéêëìíîïŵñòóôõöṫøùúûüýŷÿ";

    /** By label, reduced to letters and digits. */
    private static final Map<String, FeedEncoding> LABELS = labels();

    /** Returns the encoding with a label. */
    static Optional<FeedEncoding> of(String label) {
        if (label.length() > MAX_LABEL) {
            return Optional.empty();
        }
        var plain = new StringBuilder();
        for (int i = 0; i < label.length(); i++) {
            var c = label.charAt(i);
            if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
                plain.append(c);
            } else if (c >= 'A' && c <= 'Z') {
                plain.append((char) (c + 32));
            }
        }
        return Optional.ofNullable(LABELS.get(plain.toString())).or(() -> ofJdk(label.strip()));
    }

    private static Optional<FeedEncoding> ofJdk(String name) {
        try {
            return Optional.of(new FeedEncoding(Charset.forName(name.replace('_', '-')), null));
        } catch (IllegalCharsetNameException | UnsupportedCharsetException e) {
            return Optional.empty();
        }
    }

    /** Returns the size of the character {@code <} in bytes. */
    int width() {
        return charset.name().startsWith("UTF-16") ? 2 : charset.name().startsWith("UTF-32") ? 4 : 1;
    }

    /** Decodes bytes; throws {@link java.nio.charset.CharacterCodingException} at invalid ones. */
    Reader reader(byte[] bytes, int from) {
        if (table != null) {
            return new TableReader(bytes, from, table);
        }
        return new InputStreamReader(
                new ByteArrayInputStream(bytes, from, bytes.length - from),
                charset.newDecoder()
                        .onMalformedInput(CodingErrorAction.REPORT)
                        .onUnmappableCharacter(CodingErrorAction.REPORT));
    }

    /** Decodes a single-byte encoding. */
    private static final class TableReader extends Reader {
        private final byte[] bytes;
        private final char[] table;
        private int at;

        TableReader(byte[] bytes, int from, char[] table) {
            this.bytes = bytes;
            this.at = from;
            this.table = table;
        }

        @Override
        public int read(char[] to, int offset, int length) throws MalformedInputException {
            if (at == bytes.length) {
                return -1;
            }
            var count = Math.min(length, bytes.length - at);
            for (int i = 0; i < count; i++) {
                var c = table[bytes[at++] & 0xff];
                if (c == UNDEFINED) {
                    throw new MalformedInputException(1);
                }
                to[offset + i] = c;
            }
            return count;
        }

        @Override
        public void close() {}
    }

    private static Map<String, FeedEncoding> labels() {
        var labels = new HashMap<String, FeedEncoding>();
        add(labels, UTF_8, "utf8 unicode11utf8 unicode20utf8 xunicode20utf8 cp65001");
        add(labels, UTF_16BE, "utf16be unicodefffe");
        add(labels, UTF_16LE, "utf16le utf16 u16 unicode csunicode iso10646ucs2 ucs2 unicodefeff");
        add(labels, UTF_32BE, "utf32be utf32 iso10646ucs4 csucs4 ucs4");
        add(labels, UTF_32LE, "utf32le");
        single(labels, "IBM866", "ibm866 866 cp866 csibm866");
        single(labels, "ISO-8859-2", "iso88592 csisolatin2 isoir101 iso885921987 l2 latin2");
        single(labels, "ISO-8859-3", "iso88593 csisolatin3 isoir109 iso885931988 l3 latin3");
        single(labels, "ISO-8859-4", "iso88594 csisolatin4 isoir110 iso885941988 l4 latin4");
        single(labels, "ISO-8859-5", "iso88595 csisolatincyrillic cyrillic isoir144 iso885951988");
        single(
                labels,
                "ISO-8859-6",
                "iso88596 arabic asmo708 csiso88596e csiso88596i csisolatinarabic ecma114 iso88596e iso88596i isoir127"
                        + " iso885961987");
        single(
                labels,
                "ISO-8859-7",
                "iso88597 csisolatingreek ecma118 elot928 greek greek8 isoir126 iso885971987 suneugreek");
        single(
                labels,
                "ISO-8859-8",
                "iso88598 csiso88598e csisolatinhebrew hebrew iso88598e isoir138 iso885981988 visual csiso88598i"
                        + " iso88598i logical");
        add(labels, latin(LATIN_6), "iso885910 csisolatin6 isoir157 l6 latin6");
        single(labels, "ISO-8859-13", "iso885913");
        add(labels, latin(LATIN_8), "iso885914");
        single(labels, "ISO-8859-15", "iso885915 csisolatin9 l9");
        single(labels, "ISO-8859-16", "iso885916");
        single(labels, "KOI8-R", "koi8r cskoi8r koi koi8");
        single(labels, "KOI8-U", "koi8u koi8ru");
        single(labels, "x-MacRoman", "macintosh csmacintosh mac xmacroman macroman");
        single(labels, "x-MacUkraine", "xmaccyrillic xmacukrainian maccyrillic");
        single(labels, "x-windows-874", "windows874 dos874 iso885911 tis620 cp874");
        for (int page = 1250; page <= 1258; page++) {
            single(labels, "windows-" + page, "windows%1$d cp%1$d xcp%1$d".formatted(page));
        }
        single(
                labels,
                "windows-1252",
                "ansix341968 ascii usascii cp819 csisolatin1 ibm819 iso88591 isoir100 iso885911987 l1 latin1");
        single(labels, "windows-1254", "csisolatin5 iso88599 isoir148 iso885991989 l5 latin5");
        multiple(
                labels,
                "GB18030",
                "gb18030 gbk chinese csgb2312 csiso58gb231280 gb2312 gb231280 isoir58 xgbk euccn cp936 windows936");
        multiple(labels, "Big5-HKSCS", "big5 big5hkscs cnbig5 csbig5 xxbig5");
        multiple(labels, "EUC-JP", "eucjp cseucpkdfmtjapanese xeucjp");
        multiple(labels, "ISO-2022-JP", "iso2022jp csiso2022jp");
        multiple(labels, "windows-31j", "shiftjis csshiftjis ms932 mskanji sjis windows31j xsjis cp932 windows932");
        multiple(
                labels,
                "x-windows-949",
                "euckr cseuckr csksc56011987 isoir149 korean ksc56011987 ksc56011989 ksc5601 windows949 cp949");
        return Map.copyOf(labels);
    }

    private static void add(Map<String, FeedEncoding> labels, FeedEncoding encoding, String names) {
        for (var name : names.split(" ", -1)) {
            labels.put(name, encoding);
        }
    }

    /** Adds an encoding unless the run-time image lacks it: some are in the module jdk.charsets. */
    private static void multiple(Map<String, FeedEncoding> labels, String charset, String names) {
        if (Charset.isSupported(charset)) {
            add(labels, new FeedEncoding(Charset.forName(charset), null), names);
        }
    }

    private static void single(Map<String, FeedEncoding> labels, String name, String names) {
        if (!Charset.isSupported(name)) {
            return;
        }
        var charset = Charset.forName(name);
        var table = new char[256];
        for (int i = 0; i < 256; i++) {
            var c = charset.decode(ByteBuffer.wrap(new byte[] {(byte) i})).get(0);
            table[i] = c == UNDEFINED && i >= 0x80 && i < 0xA0 ? (char) i : c;
        }
        add(labels, new FeedEncoding(charset, table), names);
    }

    /** Returns Latin 1 with other characters from 0xA1 on. */
    private static FeedEncoding latin(String upper) {
        var table = new char[256];
        for (int i = 0; i < 256; i++) {
            table[i] = i <= 0xA0 ? (char) i : upper.charAt(i - 0xA1);
        }
        return new FeedEncoding(StandardCharsets.ISO_8859_1, table);
    }
}
