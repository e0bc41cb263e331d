package dev.byline.model;

import org.jspecify.annotations.Nullable;

/**
 * Which published posts the feed holds. All that is given must hold.
 *
 * @param author only this user's; null for everyone's
 * @param query only those whose title or first 20,000 characters of body match, as people write searches: words,
 *     {@code "a phrase"}, {@code or}, {@code -without}; up to {@value #MAX_QUERY} characters; null for all. One in which no
 *     word is left matches nothing
 * @param metadata only those whose metadata contains this, as PostgreSQL's {@code @>} says it: the same members with the same
 *     values, nested ones too, and of arrays each element in any order; null or empty for all
 */
public record PostFilter(
        @Nullable Long author,
        @Nullable String query,
        @Nullable Metadata metadata) {
    /** The most code points of a query. */
    public static final int MAX_QUERY = 200;

    /** Everyone's. */
    public static final PostFilter NONE = new PostFilter(null);

    /** @throws dev.byline.model.BylineException.Invalid when the query is too long or not text, or the metadata nothing but empty
     *     objects and arrays */
    public PostFilter {
        metadata = metadata != null && metadata.equals(Metadata.EMPTY) ? null : metadata;
        var validation = new Validation();
        if (query != null) {
            validation.text("q", query, 0, MAX_QUERY);
        }
        validation.check(metadata == null || metadata.hasValues(), "metadata", "must hold a value to look for");
        validation.throwIfInvalid();
    }

    /**
     * One author's, or everyone's.
     *
     * @param author as above
     */
    public PostFilter(@Nullable Long author) {
        this(author, null, null);
    }

    /** Whether rows must be searched for. */
    public boolean isSearch() {
        return query != null || metadata != null;
    }
}
