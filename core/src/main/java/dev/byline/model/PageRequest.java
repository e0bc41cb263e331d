package dev.byline.model;

import org.jspecify.annotations.Nullable;

/**
 * Selects a page of a list.
 *
 * @param limit the most items, 1 to {@value #MAX_LIMIT}
 * @param cursor {@link Page#nextCursor()} of the previous page, null for the first page
 */
public record PageRequest(int limit, @Nullable String cursor) {
    /** The most items of one page. */
    public static final int MAX_LIMIT = 100;

    /**
     * The approximate limit of a page in bytes of JSON: the page ends before the row that would exceed it, unless that
     * is its first row. Every row is smaller, so a page is never empty because of its size.
     */
    public static final int MAX_BYTES = 2 * 1024 * 1024;

    /** The default number of items. */
    public static final int DEFAULT_LIMIT = 20;

    /** @throws dev.byline.model.BylineException.Invalid when the limit is out of range */
    public PageRequest {
        var validation = new Validation();
        validation.check(limit >= 1 && limit <= MAX_LIMIT, "limit", "must be 1 to " + MAX_LIMIT);
        validation.throwIfInvalid();
    }

    /**
     * Requests the first page.
     *
     * @param limit the most items, 1 to {@value #MAX_LIMIT}
     */
    public static PageRequest first(int limit) {
        return new PageRequest(limit, null);
    }

    /**
     * Checks the number of ids in one request.
     *
     * @param number of different ids
     * @throws dev.byline.model.BylineException.Invalid when there are more than {@value #MAX_LIMIT}
     */
    public static void checkIds(int number) {
        var validation = new Validation();
        validation.check(number <= MAX_LIMIT, "ids", "must list at most " + MAX_LIMIT + " ids");
        validation.throwIfInvalid();
    }
}
