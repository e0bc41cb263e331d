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
 * The post that an item becomes.
 *
 * @param keys what the item may be known by in its feed, from broad to exact: its id, else its address; with its address; with its
 *     title and time; with all it says
 * @param level the first of these that no other item of the document has
 * @param content what the post says, to tell whether it changed
 * @param post with its time, if the item has one
 */
record FeedPost(List<Sha256> keys, int level, Sha256 content, NewPost post) {
    /** The longest HTML that is made text of: tags around as much text as a post may have. */
    static final int MAX_HTML = 1_000_000;

    /** The same of a title. */
    static final int MAX_TITLE_HTML = 20_000;

    /** How much of the body becomes the title of an item without one. */
    private static final int TITLE_FROM_BODY = 80;

    private static final int MAX_SHOWN = 200;

    /**
     * Makes a post of an item.
     *
     * @param entry the item
     * @param now no post is published later
     * @throws BylineException.Invalid when it is longer than a post may be, or not text
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
        // What has neither is known by its title and time, or is another one once it changes.
        var broad =
                name != null ? Sha256.of(name) : Sha256.of(title, time, title == null || time == null ? body : null);
        var place = Sha256.of(broad.hex(), entry.address());
        var moment = Sha256.of(place.hex(), title, time);
        return List.of(broad, place, moment, Sha256.of(moment.hex(), content.hex()));
    }

    /** What the item is known by. */
    Sha256 guid() {
        return keys.get(level);
    }

    /** Sees that no two have the same guid; drops those that say the same in all. */
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

    /** As one line; empty when there is nothing to see. */
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

    /** The first words. */
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

    /** Why an item can't become a post. */
    static ImportOutcome.FailedItem failed(FeedEntry entry, BylineException.Invalid why) {
        var name = entry.title() != null && !entry.title().value().isBlank()
                ? entry.title().value()
                : entry.address() != null ? entry.address() : String.valueOf(entry.id());
        var shown = name.codePoints()
                .limit(MAX_SHOWN)
                .map(c -> c == 0 || Character.getType(c) == Character.SURROGATE ? '?' : c)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append);
        return new ImportOutcome.FailedItem(
                shown.toString(),
                why.errors().stream()
                        .map(error -> error.field() + " " + error.message())
                        .collect(Collectors.joining("; ")));
    }
}
