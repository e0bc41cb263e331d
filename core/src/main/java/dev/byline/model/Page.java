package dev.byline.model;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A page of a list.
 *
 * @param items in the list's order
 * @param nextCursor where the next page starts, null on the last page
 * @param <T> the type of the items
 */
public record Page<T>(List<T> items, @Nullable String nextCursor) {
    public Page {
        items = List.copyOf(items);
    }

    /**
     * Returns the items of all pages of a list. Reads the first page at once and each further one when the stream gets
     * there, which blocks and may throw as the list does. Rows that are added meanwhile may be missed; none is returned
     * twice.
     *
     * @param limit the most items of a page, as in {@link PageRequest}
     * @param list reads a page, such as {@code request -> posts.feed(principal, filter, request)}
     * @param <T> the type of the items
     */
    public static <T> Stream<T> stream(int limit, Function<PageRequest, Page<T>> list) {
        return Stream.iterate(
                        Optional.of(list.apply(PageRequest.first(limit))),
                        Optional::isPresent,
                        page -> page.map(Page::nextCursor).map(cursor -> list.apply(new PageRequest(limit, cursor))))
                .flatMap(Optional::stream)
                .flatMap(page -> page.items().stream());
    }
}
