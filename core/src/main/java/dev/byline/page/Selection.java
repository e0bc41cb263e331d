package dev.byline.page;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;

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

    /**
     * Cuts a selection to what fits into one answer.
     *
     * @param found what the database sent
     * @param id a row's id
     * @param bytes how many a row takes as JSON
     * @param <T> what the rows hold
     */
    public static <T> Selection<T> of(
            Selection<T> found, ToLongFunction<? super T> id, ToLongFunction<? super T> bytes) {
        var count = Page.fitting(found.items, found.items.size(), bytes);
        if (count == found.items.size()) {
            return found;
        }
        var remaining = new ArrayList<Long>();
        found.items.subList(count, found.items.size()).forEach(item -> remaining.add(id.applyAsLong(item)));
        remaining.addAll(found.remainingIds);
        return new Selection<>(found.items.subList(0, count), remaining);
    }
}
