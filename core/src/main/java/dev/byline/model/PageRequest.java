package dev.byline.model;

import org.jspecify.annotations.Nullable;

/**
 * Which part of a list is wanted.
 *
 * @param limit the most items, 1 to {@value #MAX_LIMIT}
 * @param cursor {@link Page#nextCursor()} of the page before, null for the first page
 */
public record PageRequest(int limit, @Nullable String cursor) {
    /** The most items of one page. */
    public static final int MAX_LIMIT = 100;

    /**
     * About the most bytes of one page as JSON: it ends before the row that would exceed them, unless that is its first. Every row
     * is smaller, so that a page is never empty for its size.
     */
    public static final int MAX_BYTES = 2 * 1024 * 1024;

    /** The items of a page when nobody says otherwise. */
    public static final int DEFAULT_LIMIT = 20;

    /** @throws dev.byline.model.BylineException.Invalid when the limit is out of range */
    public PageRequest {
        var validation = new Validation();
        validation.check(limit >= 1 && limit <= MAX_LIMIT, "limit", "must be 1 to " + MAX_LIMIT);
        validation.throwIfInvalid();
    }

    /**
     * The first page.
     *
     * @param limit the most items, 1 to {@value #MAX_LIMIT}
     */
    public static PageRequest first(int limit) {
        return new PageRequest(limit, null);
    }

    /**
     * Checks how many different things are asked for by id.
     *
     * @param number of different ids
     * @throws dev.byline.model.BylineException.Invalid when there are more than {@value #MAX_LIMIT}
     */
    public static void checkIds(int number) {
        var validation = new Validation();
        validation.check(number <= MAX_LIMIT, "ids", "must be at most " + MAX_LIMIT);
        validation.throwIfInvalid();
    }
}
