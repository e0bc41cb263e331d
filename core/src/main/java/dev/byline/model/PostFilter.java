package dev.byline.model;

import org.jspecify.annotations.Nullable;

/**
 * Filters the feed of published posts. A post must match all conditions.
 *
 * @param author only this user's posts; null for everyone's
 * @param query only posts whose title or first 20,000 characters of body match, in the syntax of web searches: words,
 *     {@code "a phrase"}, {@code or}, {@code -without}; up to {@value #MAX_QUERY} characters; null for all. A query
 *     without any searchable word matches nothing
 * @param metadata only posts whose metadata contains this, as PostgreSQL's {@code @>} defines it: the same members with
 *     the same values, nested ones too, and each element of arrays in any order; null or empty for all
 */
public record PostFilter(
        @Nullable Long author,
        @Nullable String query,
        @Nullable Metadata metadata) {
    /** The most code points of a query. */
    public static final int MAX_QUERY = 200;

    /** All published posts. */
    public static final PostFilter NONE = new PostFilter(null);

    /**
     * @throws dev.byline.model.BylineException.Invalid when the query is too long or not text, or the metadata contains
     *     only empty objects and arrays
     */
    public PostFilter {
        metadata = metadata != null && metadata.equals(Metadata.EMPTY) ? null : metadata;
        var validation = new Validation();
        if (query != null) {
            validation.text("q", query, 0, MAX_QUERY);
        }
        validation.check(metadata == null || metadata.hasValues(), "metadata", "must contain at least one value");
        validation.throwIfInvalid();
    }

    /**
     * Filters by author.
     *
     * @param author only this user's posts; null for everyone's
     */
    public PostFilter(@Nullable Long author) {
        this(author, null, null);
    }

    /** Returns whether it needs a search. */
    public boolean isSearch() {
        return query != null || metadata != null;
    }
}
