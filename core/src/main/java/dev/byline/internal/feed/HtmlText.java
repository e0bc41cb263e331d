package dev.byline.internal.feed;

import java.util.HashSet;
import java.util.Set;

/**
 * Converts HTML to text: removes tags and puts blocks on separate lines. The text may contain characters that look like
 * tags, like any post; clients escape it.
 *
 * <p>One pass without a tree: an HTML parser repeats unclosed elements, which turns a megabyte into millions of nodes.
 * Text that a browser drops after an unclosed element is kept.
 */
final class HtmlText {
    /** Elements that are removed with their content. */
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

    /** Blocks with an empty line before and after. */
    private static final Set<String> PARAGRAPHS =
            Set.of("p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "ul", "ol", "table", "figure");

    /** Blocks on separate lines. */
    private static final Set<String> BLOCKS = Set.of(
            "address",
            "article",
            "aside",
            "audio",
            "canvas",
            "caption",
            "center",
            "col",
            "colgroup",
            "dd",
            "details",
            "dir",
            "div",
            "dl",
            "dt",
            "fieldset",
            "figcaption",
            "footer",
            "form",
            "header",
            "hgroup",
            "hr",
            "li",
            "main",
            "menu",
            "nav",
            "section",
            "summary",
            "tbody",
            "td",
            "tfoot",
            "th",
            "thead",
            "tr",
            "video");

    private final String html;
    private final StringBuilder text = new StringBuilder();
    private final Set<String> unclosed = new HashSet<>();
    private int at;
    private int preformatted;

    private HtmlText(String html) {
        this.html = html;
    }

    /** Converts HTML, valid or not. */
    static String of(String html) {
        return new HtmlText(html).text();
    }

    private String text() {
        while (at < html.length()) {
            var mark = html.indexOf('<', at);
            var end = mark < 0 ? html.length() : mark;
            write(HtmlEntities.decoded(html.substring(at, end)));
            at = end;
            if (mark >= 0) {
                markup();
            }
        }
        return text.toString().strip();
    }

    /** Reads from a {@code <} to the end of the tag, comment or section, or only the {@code <}. */
    private void markup() {
        if (HtmlTag.begins(html, at)) {
            var tag = HtmlTag.read(html, at);
            if (tag == null) {
                write(HtmlEntities.decoded(html.substring(at)));
                at = html.length();
            } else {
                at = tag.after();
                tag(tag);
            }
        } else if (html.startsWith("<!--", at)) {
            skip("<!--", html.startsWith("<!-->", at) || html.startsWith("<!--->", at) ? ">" : "-->");
        } else if (html.startsWith("<![CDATA[", at)) {
            var start = at + "<![CDATA[".length();
            skip("<![CDATA[", "]]>");
            if (at > start) {
                write(html.substring(start, at - "]]>".length()));
            }
        } else if (html.startsWith("<!", at) || html.startsWith("<?", at) || html.startsWith("</", at)) {
            skip("<", ">");
        } else {
            write("<");
            at++;
        }
    }

    /** Skips to after the end, or only the start if the end is missing. */
    private void skip(String start, String end) {
        var found = find(end, at + start.length() - (end.equals(">") ? 1 : 0));
        at = found < 0 ? at + start.length() : found + end.length();
    }

    /** Finds text. A failed search is not repeated, so that the total time is linear. */
    private int find(String what, int from) {
        var found = unclosed.contains(what) ? -1 : html.indexOf(what, from);
        if (found < 0) {
            unclosed.add(what);
        }
        return found;
    }

    private void tag(HtmlTag tag) {
        if (tag.end()) {
            close(tag.name());
        } else if (DROPPED.contains(tag.name())) {
            drop(tag);
        } else {
            open(tag);
        }
    }

    /** Skips to after the end tag of an element, if it has one. */
    private void drop(HtmlTag tag) {
        if (tag.empty() || unclosed.contains(tag.name())) {
            return;
        }
        var length = tag.name().length();
        for (var end = html.indexOf("</", at); end >= 0; end = html.indexOf("</", end + 2)) {
            var next = end + 2 + length < html.length() ? html.charAt(end + 2 + length) : '\0';
            if (html.regionMatches(true, end + 2, tag.name(), 0, length)
                    && (HtmlTag.isSpace(next) || next == '/' || next == '>')) {
                var closing = HtmlTag.read(html, end);
                at = closing == null ? html.length() : closing.after();
                return;
            }
        }
        unclosed.add(tag.name());
    }

    private void open(HtmlTag tag) {
        switch (tag.name()) {
            case "br" -> text.append('\n');
            case "img" -> write(tag.alt() == null ? "" : tag.alt());
            case "pre" -> {
                lineBreaks(2);
                preformatted++;
                at += html.startsWith("\r\n", at) ? 2 : html.startsWith("\n", at) ? 1 : 0;
            }
            case "li" -> {
                lineBreaks(1);
                text.append("- ");
            }
            case "td", "th" -> write(" ");
            default -> lineBreaks(breaks(tag.name()));
        }
    }

    private void close(String name) {
        if (name.equals("pre") && preformatted > 0) {
            preformatted--;
        }
        if (name.equals("br")) {
            text.append('\n');
        }
        lineBreaks(breaks(name));
    }

    private static int breaks(String name) {
        return PARAGRAPHS.contains(name) ? 2 : BLOCKS.contains(name) ? 1 : 0;
    }

    /** Makes the text end with at least so many line breaks, unless it is empty. */
    private void lineBreaks(int wanted) {
        if (wanted == 0 || text.isEmpty()) {
            return;
        }
        while (preformatted == 0 && !text.isEmpty() && text.charAt(text.length() - 1) == ' ') {
            text.setLength(text.length() - 1);
        }
        var present = 0;
        while (present < wanted && present < text.length() && text.charAt(text.length() - 1 - present) == '\n') {
            present++;
        }
        text.repeat('\n', wanted - present);
    }

    /** Appends text; white space becomes one space outside of preformatted text. */
    private void write(String words) {
        if (preformatted > 0) {
            text.append(words);
            return;
        }
        for (int i = 0; i < words.length(); i++) {
            var c = words.charAt(i);
            if (!HtmlTag.isSpace(c)) {
                text.append(c);
            } else if (!text.isEmpty() && " \n".indexOf(text.charAt(text.length() - 1)) < 0) {
                text.append(' ');
            }
        }
    }
}
