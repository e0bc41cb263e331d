package dev.byline.model;

import java.util.List;

/**
 * Rows that were requested by id or rank, in a response that ends after {@link PageRequest#MAX_BYTES} like a page.
 *
 * @param items the rows that fit, in the requested order
 * @param remainingIds the ids of the rows that exist but did not fit, in the requested order; request these next
 * @param <T> the type of the rows
 */
public record Selection<T>(List<T> items, List<Long> remainingIds) {
    public Selection {
        items = List.copyOf(items);
        remainingIds = List.copyOf(remainingIds);
    }
}
