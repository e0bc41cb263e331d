package dev.byline.internal.feed;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import dev.byline.internal.feed.FeedEntry.Text.Kind;
import dev.byline.model.BylineException;
import dev.byline.model.ImportOutcome;
import dev.byline.model.Metadata;
import dev.byline.model.NewPost;
import dev.byline.model.PostStatus;
import dev.byline.model.Validation;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The post for an item of a feed.
 *
 * @param keys the possible keys of the item in its feed, from broad to exact: its id or else its address; also its
 *     address; also its title and time; also its content
 * @param level the index of the first key that is unique in the document
 * @param content the digest of the post, which shows whether the item changed
 * @param post the post, with the time of the item if it has one
 */
record FeedPost(List<Sha256> keys, int level, Sha256 content, NewPost post) {
    /** The maximum length of the HTML of a body: a post of the maximum length, and its tags. */
    static final int MAX_HTML = 1_000_000;

    /** The maximum length of the HTML of a title. */
    static final int MAX_TITLE_HTML = 20_000;

    /** The maximum length of a title that is made from the body. */
    private static final int TITLE_FROM_BODY = 80;

    /** The maximum length of the name of a failed item. */
    private static final int MAX_NAME = 200;

    /**
     * Converts an item.
     *
     * @param entry the item
     * @param now replaces a later time of publication
     * @throws BylineException.Invalid when the item breaks a rule for posts
     */
    static FeedPost of(FeedEntry entry, Instant now) {
        var link = entry.link();
        var body = text(entry.content());
        if (body.isEmpty()) {
            body = text(entry.summary());
        }
        var title = title(entry.title());
        if (title.isEmpty()) {
            title = titleOf(body, link);
        }
        var metadata = link == null
                ? Metadata.EMPTY
                : Metadata.parse("{\"link\":\""
                        + String.valueOf(JsonStringEncoder.getInstance().quoteAsString(link)) + "\"}");
        var time = entry.time() != null && entry.time().isAfter(now) ? now : entry.time();
        var post = new NewPost(title, body, metadata, PostStatus.PUBLISHED, null, time);
        var content = Sha256.of(title, body, link);
        return new FeedPost(keys(entry, body, content), 0, content, post);
    }

    private static List<Sha256> keys(FeedEntry entry, String body, Sha256 content) {
        var title = entry.title() == null ? null : entry.title().value();
        var time = entry.time() == null ? null : entry.time().toString();
        var name = entry.id() != null ? entry.id() : entry.address();
        // Without id and address: title and time, otherwise the content, so that a changed item becomes another post.
        var broad =
                name != null ? Sha256.of(name) : Sha256.of(title, time, title == null || time == null ? body : null);
        var withAddress = Sha256.of(broad.hex(), entry.address());
        var withTime = Sha256.of(withAddress.hex(), title, time);
        return List.of(broad, withAddress, withTime, Sha256.of(withTime.hex(), content.hex()));
    }

    /** Returns the key of the item. */
    Sha256 guid() {
        return keys.get(level);
    }

    /** Gives each post a unique key; drops identical items. */
    static List<FeedPost> distinct(List<FeedPost> posts) {
        var different = new LinkedHashMap<Sha256, FeedPost>();
        posts.forEach(post -> different.putIfAbsent(post.keys.getLast(), post));
        var counts = new HashMap<Sha256, Integer>();
        different.values().forEach(post -> post.keys.forEach(key -> counts.merge(key, 1, Integer::sum)));
        return different.values().stream().map(post -> post.atLevel(counts)).toList();
    }

    private FeedPost atLevel(Map<Sha256, Integer> counts) {
        var first = 0;
        while (counts.getOrDefault(keys.get(first), 1) > 1) {
            first++;
        }
        return new FeedPost(keys, first, content, post);
    }

    private static String text(FeedEntry.@Nullable Text text) {
        if (text == null) {
            return "";
        }
        if (text.value().length() > MAX_HTML) {
            throw new BylineException.Invalid("body", "is too long");
        }
        return text.kind() == Kind.PLAIN ? text.value() : HtmlText.of(text.value());
    }

    /** Returns the title on one line; empty when nothing in it is visible. */
    private static String title(FeedEntry.@Nullable Text text) {
        if (text == null) {
            return "";
        }
        if (text.value().length() > MAX_TITLE_HTML) {
            throw new BylineException.Invalid("title", "is too long");
        }
        var words = oneLine(
                switch (text.kind()) {
                    case PLAIN -> text.value();
                    case HTML -> HtmlTitle.of(text.value());
                    case MARKUP -> HtmlText.of(text.value());
                });
        return Validation.isBlank(words) ? "" : words;
    }

    private static String oneLine(String text) {
        var line = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            var c = text.charAt(i);
            if (!isSpace(c)) {
                line.append(c);
            } else if (!line.isEmpty() && line.charAt(line.length() - 1) != ' ') {
                line.append(' ');
            }
        }
        return line.toString().stripTrailing();
    }

    private static boolean isSpace(char c) {
        return c == ' ' || (c >= '\t' && c <= '\r') || c == '\u0085' || c == '\u2028' || c == '\u2029';
    }

    /** Makes a title from the first words of the body, otherwise from the link. */
    private static String titleOf(String body, @Nullable String link) {
        var line = oneLine(body.strip().lines().findFirst().orElse(""));
        if (Validation.isBlank(line)) {
            return link == null ? "Untitled" : link.substring(0, Math.min(link.length(), NewPost.MAX_TITLE));
        }
        if (line.codePointCount(0, line.length()) <= TITLE_FROM_BODY) {
            return line;
        }
        var cut = line.substring(0, line.offsetByCodePoints(0, TITLE_FROM_BODY));
        var space = cut.lastIndexOf(' ');
        return (space > 0 ? cut.substring(0, space) : cut) + "…";
    }

    /** Describes an item that can't become a post. */
    static ImportOutcome.FailedItem failed(FeedEntry entry, BylineException.Invalid why) {
        var name = entry.title() != null && !entry.title().value().isBlank()
                ? entry.title().value()
                : entry.address() != null ? entry.address() : String.valueOf(entry.id());
        var shown = name.codePoints()
                .limit(MAX_NAME)
                .map(c -> c == 0 || Character.getType(c) == Character.SURROGATE ? '?' : c)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append);
        return new ImportOutcome.FailedItem(
                shown.toString(),
                why.errors().stream()
                        .map(error -> error.field() + " " + error.message())
                        .collect(Collectors.joining("; ")));
    }
}
