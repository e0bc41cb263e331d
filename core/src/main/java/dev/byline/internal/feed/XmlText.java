package dev.byline.internal.feed;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Collects what stands in an element of XML. As soon as there are elements inside, it is written as HTML. */
final class XmlText {
    /** Elements that HTML doesn't close. */
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

    /** What begins otherwise would be text. */
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
