package dev.byline.feed;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import dev.byline.BylineException;
import dev.byline.Metadata;
import dev.byline.post.NewPost;
import dev.byline.post.PostStatus;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Instant;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The post that an item becomes.
 *
 * @param guid what the item is known by in its feed
 * @param content what the post says, to tell whether it changed
 * @param post with its time, if the item has one
 */
record FeedPost(Sha256 guid, Sha256 content, NewPost post) {
    /** The longest HTML that is made text of: tags around as much text as a post may have. */
    static final int MAX_HTML = 1_000_000;

    /** How much of the body becomes the title of an item without one. */
    private static final int TITLE_FROM_BODY = 80;

    private static final int MAX_SHOWN = 200;

    /**
     * Makes a post of an item.
     *
     * @param entry the item
     * @param feed where its feed is, which its links may be relative to
     * @param now no post is published later
     * @throws BylineException.Invalid when it is longer than a post may be, or not text
     */
    static FeedPost of(FeedEntry entry, FeedUrl feed, Instant now) {
        var link = link(entry.link(), feed);
        var body = entry.content() == null ? "" : text("body", entry.content());
        var title = entry.title() == null
                ? ""
                : text("title", entry.title()).replaceAll("\\s+", " ").strip();
        if (title.isEmpty()) {
            title = titleOf(body, link);
        }
        var metadata = link == null
                ? Metadata.EMPTY
                : Metadata.parse("{\"link\":\""
                        + String.valueOf(JsonStringEncoder.getInstance().quoteAsString(link)) + "\"}");
        var time = entry.time() != null && entry.time().isAfter(now) ? now : entry.time();
        var post = new NewPost(title, body, metadata, PostStatus.PUBLISHED, null, time);
        return new FeedPost(guid(entry, body), Sha256.of(title, body, link), post);
    }

    /** By its id, or its address; what has neither is known by its title and time, or is another one once it changes. */
    private static Sha256 guid(FeedEntry entry, String body) {
        if (entry.id() != null || entry.link() != null) {
            return Sha256.of(entry.id() != null ? entry.id() : entry.link());
        }
        var title = entry.title() == null ? null : entry.title().value();
        var time = entry.time() == null ? null : entry.time().toString();
        return Sha256.of(title, time, title == null || time == null ? body : null);
    }

    private static String text(String field, FeedEntry.Text text) {
        if (text.value().length() > MAX_HTML) {
            throw new BylineException.Invalid(field, "is too long");
        }
        return text.html() ? HtmlText.of(text.value()) : text.value();
    }

    /** The first words. */
    private static String titleOf(String body, @Nullable String link) {
        var line = body.strip().lines().findFirst().orElse("").strip();
        if (line.isEmpty()) {
            return link == null ? "Untitled" : link.substring(0, Math.min(link.length(), NewPost.MAX_TITLE));
        }
        if (line.codePointCount(0, line.length()) <= TITLE_FROM_BODY) {
            return line;
        }
        var cut = line.substring(0, line.offsetByCodePoints(0, TITLE_FROM_BODY));
        var space = cut.lastIndexOf(' ');
        return (space > 0 ? cut.substring(0, space) : cut) + "…";
    }

    /** Only what a browser opens as a page. */
    private static @Nullable String link(@Nullable String link, FeedUrl feed) {
        if (link == null || link.length() > FeedUrl.MAX_LENGTH) {
            return null;
        }
        try {
            var absolute = new URI(feed.toString()).resolve(new URI(link));
            var web = "http".equalsIgnoreCase(absolute.getScheme()) || "https".equalsIgnoreCase(absolute.getScheme());
            return web && absolute.getHost() != null ? absolute.toString() : null;
        } catch (URISyntaxException e) {
            return null;
        }
    }

    /** Why an item can't become a post. */
    static ImportOutcome.FailedItem failed(FeedEntry entry, BylineException.Invalid why) {
        var name = entry.title() != null && !entry.title().value().isBlank()
                ? entry.title().value()
                : entry.link() != null ? entry.link() : String.valueOf(entry.id());
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
