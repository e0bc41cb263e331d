package dev.byline.internal.feed;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Collects the text of an XML element. With child elements it becomes HTML. */
final class XmlText {
    /** Elements without an end tag in HTML. */
    private static final Set<String> VOID =
            Set.of("br", "hr", "img", "input", "area", "col", "embed", "link", "meta", "wbr");

    private final StringBuilder text = new StringBuilder();
    private boolean html;

    void append(String characters) {
        text.append(html ? escaped(characters) : characters);
    }

    void open(String name, @Nullable String alt) {
        if (!html) {
            html = true;
            var before = escaped(text.toString());
            text.setLength(0);
            text.append(before);
        }
        if (!isHtml(name)) {
            return;
        }
        text.append('<').append(name);
        if (alt != null) {
            text.append(" alt=\"").append(escaped(alt)).append('"');
        }
        text.append('>');
    }

    void close(String name) {
        if (!VOID.contains(name) && isHtml(name)) {
            text.append("</").append(name).append('>');
        }
    }

    /** Returns whether HTML reads this name as a tag. */
    private static boolean isHtml(String name) {
        var first = name.charAt(0);
        return (first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z');
    }

    private static String escaped(String characters) {
        return characters.replace("&", "&amp;").replace("<", "&lt;").replace("\"", "&quot;");
    }

    FeedEntry.Text text() {
        return html
                ? new FeedEntry.Text(text.toString(), FeedEntry.Text.Kind.MARKUP)
                : FeedEntry.Text.plain(text.toString());
    }
}
