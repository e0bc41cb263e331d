package dev.byline.model;

import java.util.List;

/**
 * Rows that were asked for all at once, in an answer that ends after {@link PageRequest#MAX_BYTES} like a page.
 *
 * @param items those that fit, in the order wanted
 * @param remainingIds the ids of those that exist but did not fit, in the order wanted; asking for these leads on
 * @param <T> what the rows hold
 */
public record Selection<T>(List<T> items, List<Long> remainingIds) {
    public Selection {
        items = List.copyOf(items);
        remainingIds = List.copyOf(remainingIds);
    }
}
