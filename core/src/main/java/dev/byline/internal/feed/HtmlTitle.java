package dev.byline.internal.feed;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Set;

/**
 * Converts a title to text. RSS doesn't say whether it is HTML or plain text, and {@code Using <title> and <style>
 * tags} must not lose a word. A tag is markup if it belongs to a pair with a known name. All other tags are text, and
 * so are pairs whose tags are used like words.
 */
final class HtmlTitle {
    private static final Set<String> PAIRS = Set.of(
            "a",
            "abbr",
            "acronym",
            "address",
            "article",
            "b",
            "bdi",
            "bdo",
            "big",
            "blink",
            "blockquote",
            "center",
            "cite",
            "code",
            "data",
            "del",
            "dfn",
            "div",
            "em",
            "font",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "header",
            "i",
            "ins",
            "kbd",
            "label",
            "li",
            "mark",
            "nobr",
            "ol",
            "p",
            "pre",
            "q",
            "s",
            "samp",
            "section",
            "small",
            "span",
            "strike",
            "strong",
            "sub",
            "sup",
            "time",
            "tt",
            "u",
            "ul",
            "var");

    private static final Set<String> SINGLE = Set.of("br", "hr", "img", "wbr");

    private final String html;
    private final List<Integer> starts = new ArrayList<>();
    private final List<HtmlTag> tags = new ArrayList<>();

    /** The offset of the first character that is not white space. */
    private final int first;

    /** The offset after the last one. */
    private final int last;

    private HtmlTitle(String html) {
        this.html = html;
        this.last = html.stripTrailing().length();
        this.first = html.length() - html.stripLeading().length();
    }

    /** Converts a title. */
    static String of(String html) {
        return html.indexOf('<') < 0 ? HtmlEntities.decoded(html) : new HtmlTitle(html).text();
    }

    private String text() {
        findTags();
        var markup = markup();
        var out = new StringBuilder(html.length());
        var done = 0;
        for (int i = 0; i < tags.size(); i++) {
            if (markup[i]) {
                out.append(HtmlEntities.decoded(html.substring(done, starts.get(i))));
                out.append(replacement(tags.get(i)));
                done = tags.get(i).after();
            }
        }
        return out.append(HtmlEntities.decoded(html.substring(done))).toString();
    }

    private void findTags() {
        for (var at = html.indexOf('<'); at >= 0; at = html.indexOf('<', at)) {
            var tag = HtmlTag.begins(html, at) ? HtmlTag.read(html, at) : null;
            if (tag != null && (PAIRS.contains(tag.name()) || SINGLE.contains(tag.name()))) {
                starts.add(at);
                tags.add(tag);
            } else if (tag == null && HtmlTag.begins(html, at)) {
                return; // no later tag has an end either
            }
            at = tag == null ? at + 1 : tag.after();
        }
    }

    /** Returns for each tag whether it is markup. */
    private boolean[] markup() {
        var markup = new boolean[tags.size()];
        var open = new HashMap<String, Deque<Integer>>();
        for (int i = 0; i < markup.length; i++) {
            var tag = tags.get(i);
            if (SINGLE.contains(tag.name())) {
                markup[i] = tag.attributes() || !standsAlone(i);
            } else if (!tag.end()) {
                open.computeIfAbsent(tag.name(), name -> new ArrayDeque<>()).push(i);
            } else {
                var start = open.getOrDefault(tag.name(), new ArrayDeque<>()).poll();
                if (start != null) {
                    markup[i] = isPair(start, i);
                    markup[start] = markup[i];
                }
            }
        }
        return markup;
    }

    private boolean isPair(int start, int end) {
        var around = starts.get(start) <= first && tags.get(end).after() >= last;
        return around || tags.get(start).attributes() || !(standsAlone(start) && standsAlone(end));
    }

    /** Returns whether a tag is used like a word, between spaces or punctuation. */
    private boolean standsAlone(int i) {
        var before = starts.get(i) - 1;
        var after = tags.get(i).after();
        var from = before < 0 || HtmlTag.isSpace(html.charAt(before)) || "(\"'“‘„«".indexOf(html.charAt(before)) >= 0;
        var to = after == html.length()
                || HtmlTag.isSpace(html.charAt(after))
                || ".,:;!?)\"'”’“»".indexOf(html.charAt(after)) >= 0;
        return from && to;
    }

    private static String replacement(HtmlTag tag) {
        return switch (tag.name()) {
            case "img" -> tag.alt() == null ? "" : tag.alt();
            case "br", "hr", "p", "div", "li" -> " ";
            default -> "";
        };
    }
}
