package dev.byline.feed;

import dev.byline.feed.FeedEntry.Text;
import dev.byline.feed.FeedParser.Entries;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.util.HexFormat;
import java.util.Locale;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;
import org.jspecify.annotations.Nullable;

/**
 * Reads RSS and Atom with the JDK's own parser, as a stream: nothing of a document is kept but the members that are wanted.
 * A document with a DTD is refused, so there are no entities but those of XML and, as feeds have them, of HTML.
 *
 * @see <a href="https://www.rssboard.org/rss-specification">RSS 2.0</a>, <a
 *     href="https://www.rfc-editor.org/rfc/rfc4287">Atom</a>
 */
final class XmlFeed {
    private static final String ATOM = "http://www.w3.org/2005/Atom";
    private static final String ATOM_03 = "http://purl.org/atom/ns#";
    private static final String RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
    private static final String CONTENT = "http://purl.org/rss/1.0/modules/content/";
    private static final String DUBLIN_CORE = "http://purl.org/dc/elements/1.1/";

    private final XMLStreamReader xml;

    private XmlFeed(XMLStreamReader xml) {
        this.xml = xml;
    }

    static void read(byte[] body, @Nullable Charset charset, Entries entries) throws FeedException {
        try {
            var xml = reader(body, charset);
            try {
                new XmlFeed(xml).feed(entries);
            } finally {
                xml.close();
            }
        } catch (XMLStreamException e) {
            throw new FeedException(ImportFailure.MALFORMED, "is not well-formed XML", e);
        }
    }

    /** The byte order mark decides, then the server, then the document (RFC 7303). White space before it is forgiven. */
    private static XMLStreamReader reader(byte[] body, @Nullable Charset charset) throws XMLStreamException {
        var factory = XMLInputFactory.newDefaultFactory();
        factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
        factory.setProperty(XMLInputFactory.IS_SUPPORTING_EXTERNAL_ENTITIES, false);
        factory.setProperty(XMLInputFactory.IS_REPLACING_ENTITY_REFERENCES, false);
        factory.setXMLResolver((publicId, systemId, base, namespace) -> InputStream.nullInputStream());
        var start = 0;
        while (start < body.length && body[start] > 0 && body[start] <= ' ') {
            start++;
        }
        var in = new ByteArrayInputStream(body, start, body.length - start);
        return charset == null || hasByteOrderMark(body)
                ? factory.createXMLStreamReader(in)
                : factory.createXMLStreamReader(in, charset.name());
    }

    private static boolean hasByteOrderMark(byte[] body) {
        var start = HexFormat.of().formatHex(body, 0, Math.min(3, body.length));
        return start.equals("efbbbf") || start.startsWith("feff") || start.startsWith("fffe");
    }

    private void feed(Entries entries) throws XMLStreamException, FeedException {
        var depth = 0;
        var item = "";
        while (xml.hasNext()) {
            switch (xml.next()) {
                case XMLStreamConstants.START_ELEMENT -> {
                    if (++depth == 1) {
                        item = itemName();
                    } else if (xml.getLocalName().equals(item) && depth <= 3) {
                        entries.add(entry(item.equals("entry")));
                        depth--;
                    } else {
                        checkDepth(depth);
                    }
                }
                case XMLStreamConstants.END_ELEMENT -> depth--;
                case XMLStreamConstants.DTD -> throw new FeedException(ImportFailure.MALFORMED, "has a DTD");
                default -> {} // text between elements, comments
            }
        }
    }

    /** By the root element, what the items are called. */
    private String itemName() throws FeedException {
        var space = String.valueOf(xml.getNamespaceURI());
        var name = xml.getLocalName();
        if (name.equals("rss") || (name.equals("RDF") && space.equals(RDF))) {
            return "item";
        }
        if (name.equals("feed") && (space.equals(ATOM) || space.equals(ATOM_03))) {
            return "entry";
        }
        throw new FeedException(ImportFailure.MALFORMED, "is XML, but neither RSS nor Atom");
    }

    /** Reads to the end of the element that was just opened. */
    private FeedEntry entry(boolean atom) throws XMLStreamException, FeedException {
        var entry = new FeedEntry.Builder();
        var own = String.valueOf(xml.getNamespaceURI());
        var about = xml.getAttributeValue(RDF, "about");
        if (about != null) {
            entry.id(about);
        }
        while (true) {
            switch (xml.next()) {
                case XMLStreamConstants.START_ELEMENT -> {
                    var space = String.valueOf(xml.getNamespaceURI());
                    if (space.equals(own)) {
                        if (atom) {
                            atom(entry, xml.getLocalName());
                        } else {
                            rss(entry, xml.getLocalName());
                        }
                    } else {
                        extension(entry, space, xml.getLocalName());
                    }
                }
                case XMLStreamConstants.END_ELEMENT -> {
                    return entry.build();
                }
                default -> {} // between members
            }
        }
    }

    private void rss(FeedEntry.Builder entry, String name) throws XMLStreamException, FeedException {
        var permanent = !"false".equalsIgnoreCase(xml.getAttributeValue(null, "isPermaLink"));
        var text = text();
        switch (name) {
            case "guid" -> {
                entry.id(text.value());
                if (permanent) {
                    entry.secondLink(text.value());
                }
            }
            case "link" -> entry.link(text.value());
            case "title" -> entry.title(Text.html(text.value()));
            case "description" -> entry.summary(Text.html(text.value()));
            case "pubDate" -> entry.published(text.value());
            default -> {} // nothing that a post has
        }
    }

    private void extension(FeedEntry.Builder entry, String space, String name)
            throws XMLStreamException, FeedException {
        var text = text();
        if (space.equals(CONTENT) && name.equals("encoded")) {
            entry.content(Text.html(text.value()));
        } else if (space.equals(DUBLIN_CORE) && name.equals("date")) {
            entry.modified(text.value());
        }
    }

    private void atom(FeedEntry.Builder entry, String name) throws XMLStreamException, FeedException {
        var type = String.valueOf(xml.getAttributeValue(null, "type")).toLowerCase(Locale.ROOT);
        var rel = xml.getAttributeValue(null, "rel");
        var href = xml.getAttributeValue(null, "href");
        var text = text();
        var typed = text.html() || type.contains("html") ? Text.html(text.value()) : text;
        switch (name) {
            case "id" -> entry.id(text.value());
            case "link" -> {
                if (href != null && (rel == null || rel.equals("alternate"))) {
                    entry.link(href);
                }
            }
            case "title" -> entry.title(typed);
            case "content" -> entry.content(typed);
            case "summary" -> entry.summary(typed);
            case "published", "issued" -> entry.published(text.value());
            case "updated", "modified", "created" -> entry.modified(text.value());
            default -> {} // nothing that a post has
        }
    }

    /** Reads to the end of the element that was just opened. With elements inside, it is written as HTML. */
    private Text text() throws XMLStreamException, FeedException {
        var text = new XmlText();
        for (var depth = 1; depth > 0; ) {
            switch (xml.next()) {
                case XMLStreamConstants.START_ELEMENT -> {
                    checkDepth(++depth);
                    text.open(xml.getLocalName(), xml.getAttributeValue(null, "alt"));
                }
                case XMLStreamConstants.END_ELEMENT -> {
                    if (--depth > 0) {
                        text.close(xml.getLocalName());
                    }
                }
                case XMLStreamConstants.CHARACTERS, XMLStreamConstants.CDATA, XMLStreamConstants.SPACE ->
                    text.append(xml.getText());
                case XMLStreamConstants.ENTITY_REFERENCE -> text.append(HtmlText.entity(xml.getLocalName()));
                default -> {} // comments
            }
        }
        return text.text();
    }

    private static void checkDepth(int depth) throws FeedException {
        if (depth > 100) {
            throw new FeedException(ImportFailure.MALFORMED, "has more than 100 levels");
        }
    }
}
