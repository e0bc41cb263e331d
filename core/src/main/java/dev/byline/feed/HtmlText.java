package dev.byline.feed;

import java.util.Set;
import org.jsoup.Jsoup;
import org.jsoup.nodes.Element;
import org.jsoup.nodes.Node;
import org.jsoup.nodes.TextNode;
import org.jsoup.parser.Parser;
import org.jsoup.select.NodeFilter;
import org.jsoup.select.NodeTraversor;

/**
 * HTML as text: tags are gone, what was a block of its own stands on lines of its own. What is text may look like a tag
 * afterwards; that is so with everybody's posts, and clients escape it.
 */
final class HtmlText {
    /** Read by programs, not by people. */
    private static final Set<String> DROPPED = Set.of(
            "script",
            "style",
            "template",
            "head",
            "title",
            "iframe",
            "object",
            "svg",
            "math",
            "noscript",
            "select",
            "textarea");

    private HtmlText() {}

    /** Makes text of HTML, however broken. */
    static String of(String html) {
        var writer = new Writer();
        var unused = NodeTraversor.filter(writer, Jsoup.parseBodyFragment(html).body());
        return writer.text.toString().strip();
    }

    /** What an entity of HTML stands for; itself, if there is none of that name. */
    static String entity(String name) {
        return Parser.unescapeEntities("&" + name + ";", false);
    }

    /** Writes what it is led past. */
    private static final class Writer implements NodeFilter {
        private final StringBuilder text = new StringBuilder();
        private int preformatted;

        @Override
        public FilterResult head(Node node, int depth) {
            if (node instanceof TextNode words) {
                write(words.getWholeText());
            } else if (node instanceof Element element) {
                if (DROPPED.contains(element.normalName())) {
                    return FilterResult.SKIP_ENTIRELY;
                }
                open(element);
            }
            return FilterResult.CONTINUE;
        }

        private void open(Element element) {
            switch (element.normalName()) {
                case "br" -> text.append('\n');
                case "img" -> write(element.attr("alt"));
                case "pre" -> {
                    lineBreaks(2);
                    preformatted++;
                }
                case "li" -> {
                    lineBreaks(1);
                    text.append("- ");
                }
                case "td", "th" -> write(" ");
                default -> lineBreaks(breaks(element));
            }
        }

        @Override
        public FilterResult tail(Node node, int depth) {
            if (node instanceof Element element) {
                if (element.normalName().equals("pre")) {
                    preformatted--;
                }
                lineBreaks(breaks(element));
            }
            return FilterResult.CONTINUE;
        }

        private static int breaks(Element element) {
            return switch (element.normalName()) {
                case "p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "ul", "ol", "table", "figure" -> 2;
                default -> element.isBlock() && !element.normalName().equals("body") ? 1 : 0;
            };
        }

        /** So many at the end, and no more; none at the beginning. */
        private void lineBreaks(int wanted) {
            if (wanted == 0 || text.isEmpty()) {
                return;
            }
            while (preformatted == 0 && text.length() > 0 && text.charAt(text.length() - 1) == ' ') {
                text.setLength(text.length() - 1);
            }
            var there = 0;
            while (there < text.length() && text.charAt(text.length() - 1 - there) == '\n') {
                there++;
            }
            text.repeat('\n', Math.max(0, wanted - there));
        }

        /** White space is one space, but for preformatted text. */
        private void write(String words) {
            if (preformatted > 0) {
                text.append(words);
                return;
            }
            for (int i = 0; i < words.length(); i++) {
                var c = words.charAt(i);
                if (c != ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f') {
                    text.append(c);
                } else if (!text.isEmpty() && " \n".indexOf(text.charAt(text.length() - 1)) < 0) {
                    text.append(' ');
                }
            }
        }
    }
}
