package dev.byline.post;

import org.jspecify.annotations.Nullable;

/**
 * Which published posts the feed holds.
 *
 * @param author only this user's; null for everyone's
 */
public record PostFilter(@Nullable Long author) {
    /** Everyone's. */
    public static final PostFilter NONE = new PostFilter(null);

    String list() {
        return author == null ? "posts" : "posts?author=" + author;
    }
}
