package dev.byline.internal.feed;

import dev.byline.internal.feed.FeedEntry.Text;
import dev.byline.internal.feed.FeedParser.Entries;
import dev.byline.model.ImportFailure;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.util.ArrayDeque;
import java.util.Deque;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;

/**
 * Parses RSS and Atom with the JDK's parser, as a stream; only the members of a post are kept in memory. A document
 * with a DTD is rejected, so the only entities are those of XML and HTML; feeds use the latter without declaring them.
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

    private static final String ALTERNATE = "http://www.iana.org/assignments/relation/alternate";
    private static final String XML = "http://www.w3.org/XML/1998/namespace";

    private static final int MAX_DEPTH = 100;

    /** The maximum number of namespaces in scope: the parser searches them all for each name. */
    private static final int MAX_NAMESPACES = 500;

    private final XMLStreamReader xml;
    private final Deadline deadline;
    private int depth;
    private int namespaces;

    /** The base URLs of the open elements. */
    private final Deque<String> bases = new ArrayDeque<>();

    private XmlFeed(XMLStreamReader xml, Deadline deadline, String base) {
        this.xml = xml;
        this.deadline = deadline;
        bases.push(base);
    }

    static void read(FetchResult.Document document, Deadline deadline, Entries entries) throws FeedException {
        try (var characters = XmlSource.open(document.body(), document.charset())) {
            var xml = factory().createXMLStreamReader(characters);
            try {
                new XmlFeed(xml, deadline, document.from().toString()).feed(entries);
            } finally {
                xml.close();
            }
        } catch (XMLStreamException | CharacterCodingException e) {
            throw new FeedException(ImportFailure.MALFORMED, "is not well-formed XML", e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Without DTDs no entity can expand to much text, so the JDK's limits on entities, which also count those of XML,
     * are off. The size of the document is the limit.
     */
    private static XMLInputFactory factory() {
        var factory = XMLInputFactory.newDefaultFactory();
        factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
        factory.setProperty(XMLInputFactory.IS_SUPPORTING_EXTERNAL_ENTITIES, false);
        factory.setProperty(XMLInputFactory.IS_REPLACING_ENTITY_REFERENCES, false);
        factory.setProperty("jdk.xml.totalEntitySizeLimit", "0");
        factory.setProperty("jdk.xml.maxGeneralEntitySizeLimit", "0");
        factory.setProperty("jdk.xml.entityExpansionLimit", "0");
        factory.setProperty("jdk.xml.entityReplacementLimit", "0");
        factory.setProperty("jdk.xml.elementAttributeLimit", "200");
        factory.setXMLResolver((publicId, systemId, base, namespace) -> InputStream.nullInputStream());
        return factory;
    }

    /** Returns the next event, within the limits on time, depth and namespaces. */
    private int next() throws XMLStreamException, FeedException {
        deadline.check();
        var event = xml.next();
        switch (event) {
            case XMLStreamConstants.START_ELEMENT -> {
                namespaces += xml.getNamespaceCount();
                if (++depth > MAX_DEPTH || namespaces > MAX_NAMESPACES) {
                    throw new FeedException(
                            ImportFailure.MALFORMED,
                            "has more than " + MAX_DEPTH + " levels, or " + MAX_NAMESPACES + " namespaces in scope");
                }
                bases.push(base());
            }
            case XMLStreamConstants.END_ELEMENT -> {
                namespaces -= xml.getNamespaceCount();
                depth--;
                bases.pop();
            }
            case XMLStreamConstants.DTD -> throw new FeedException(ImportFailure.MALFORMED, "has a DTD");
            default -> {} // text, comments
        }
        return event;
    }

    /** Returns the base URL of the element that was just opened. An invalid xml:base is ignored. */
    private String base() {
        var outer = bases.element();
        var own = xml.getAttributeValue(XML, "base");
        var resolved = own == null ? null : WebLink.resolve(own, outer);
        return resolved == null ? outer : resolved;
    }

    private void feed(Entries entries) throws XMLStreamException, FeedException {
        var item = "";
        while (xml.hasNext()) {
            if (next() == XMLStreamConstants.START_ELEMENT) {
                if (depth == 1) {
                    item = itemName();
                } else if (xml.getLocalName().equals(item) && depth <= 3) {
                    entries.add(entry(item.equals("entry")));
                }
            }
        }
    }

    /** Returns the name of the items, by the root element. */
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
            switch (next()) {
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
        var base = bases.element();
        var text = text();
        switch (name) {
            case "guid" -> {
                entry.id(text.value());
                if (permanent && WebLink.isAbsolute(text.value().strip())) {
                    entry.fallbackLink(text.value(), base);
                }
            }
            case "link" -> entry.link(text.value(), base);
            case "title" -> entry.title(text.asHtml());
            case "description" -> entry.summary(text.asHtml());
            case "pubDate" -> entry.published(text.value());
            default -> {} // not used
        }
    }

    private void extension(FeedEntry.Builder entry, String space, String name)
            throws XMLStreamException, FeedException {
        var text = text();
        if (space.equals(CONTENT) && name.equals("encoded")) {
            entry.content(text.asHtml());
        } else if (space.equals(DUBLIN_CORE) && name.equals("date")) {
            entry.modified(text.value());
        }
    }

    private void atom(FeedEntry.Builder entry, String name) throws XMLStreamException, FeedException {
        var type = AtomType.of(xml.getAttributeValue(null, "type"), xml.getAttributeValue(null, "mode"));
        var rel = xml.getAttributeValue(null, "rel");
        var href = xml.getAttributeValue(null, "href");
        var base = bases.element();
        var text = text();
        var typed = type == AtomType.HTML ? text.asHtml() : text;
        switch (name) {
            case "id" -> entry.id(text.value());
            case "link" -> {
                if (href != null && (rel == null || rel.equals("alternate") || rel.equals(ALTERNATE))) {
                    entry.link(href, base);
                }
            }
            case "title" -> entry.title(typed);
            case "content" -> {
                if (type != AtomType.BINARY || text.kind() == Text.Kind.MARKUP) {
                    entry.content(typed);
                }
            }
            case "summary" -> entry.summary(typed);
            case "published", "issued" -> entry.published(text.value());
            case "updated", "modified", "created" -> entry.modified(text.value());
            default -> {} // not used
        }
    }

    /** Reads to the end of the element that was just opened; child elements become HTML. */
    private Text text() throws XMLStreamException, FeedException {
        var text = new XmlText();
        var outside = depth - 1;
        while (depth > outside) {
            switch (next()) {
                case XMLStreamConstants.START_ELEMENT ->
                    text.open(xml.getLocalName(), xml.getAttributeValue(null, "alt"));
                case XMLStreamConstants.END_ELEMENT -> {
                    if (depth > outside) {
                        text.close(xml.getLocalName());
                    }
                }
                case XMLStreamConstants.CHARACTERS, XMLStreamConstants.CDATA, XMLStreamConstants.SPACE ->
                    text.append(xml.getText());
                case XMLStreamConstants.ENTITY_REFERENCE -> text.append(entity(xml.getLocalName()));
                default -> {} // comments
            }
        }
        return text.text();
    }

    /** Decodes an entity of HTML; an unknown one stays. */
    private static String entity(String name) {
        return HtmlEntities.decoded("&" + name + ";");
    }
}
