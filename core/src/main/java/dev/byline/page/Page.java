package dev.byline.page;

import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * A part of a list.
 *
 * @param items in the list's order
 * @param nextCursor where the next page starts, null on the last page
 * @param <T> what the list holds
 */
public record Page<T>(List<T> items, @Nullable String nextCursor) {
    public Page {
        items = List.copyOf(items);
    }

    /**
     * Makes a page of rows that were fetched with one more than asked for: it ends after {@code request.limit()} rows or {@link
     * PageRequest#MAX_BYTES}, whichever comes first, and a next page exists only if rows are left.
     *
     * @param rows up to {@code request.limit() + 1} rows in the list's order; fewer of them only at the end of the list, or once
     *     their bytes exceed {@link PageRequest#MAX_BYTES}
     * @param request what was asked for
     * @param list the list, as in {@link Cursor#encode}
     * @param position where a row stands in the list
     * @param bytes how many a row takes as JSON
     * @param <T> what the list holds
     */
    public static <T> Page<T> of(
            List<T> rows,
            PageRequest request,
            String list,
            Function<? super T, Cursor> position,
            ToLongFunction<? super T> bytes) {
        var count = fitting(rows, request.limit(), bytes);
        if (rows.size() == count) {
            return new Page<>(rows, null);
        }
        var items = rows.subList(0, count);
        return new Page<>(items, position.apply(items.getLast()).encode(list));
    }

    /** How many of the first rows fit into one answer: at least one, at most the limit. */
    static <T> int fitting(List<T> rows, int limit, ToLongFunction<? super T> bytes) {
        var most = Math.min(rows.size(), limit);
        var sum = 0L;
        for (int i = 0; i < most; i++) {
            sum += bytes.applyAsLong(rows.get(i));
            if (sum > PageRequest.MAX_BYTES && i > 0) {
                return i;
            }
        }
        return most;
    }

    /**
     * Cuts rows to what a shorter page needs: its limit, and one more.
     *
     * @param rows in the list's order
     * @param limit of the shorter page
     * @param <T> what the rows hold
     */
    public static <T> List<T> first(List<T> rows, int limit) {
        return rows.subList(0, Math.min(rows.size(), limit + 1));
    }

    /**
     * The first items of this page as a page of its own; this page, when it has no more.
     *
     * @param limit of the shorter page
     * @param list as in {@link #of}
     * @param position as in {@link #of}
     */
    public Page<T> first(int limit, String list, Function<? super T, Cursor> position) {
        return items.size() <= limit ? this : of(items, PageRequest.first(limit), list, position, item -> 0);
    }

    /**
     * Puts rows that were found by id under their ids.
     *
     * @param rows in any order
     * @param id a row's id
     * @param <T> what the rows hold
     */
    public static <T> Map<Long, T> byId(List<T> rows, ToLongFunction<? super T> id) {
        var found = HashMap.<Long, T>newHashMap(rows.size());
        rows.forEach(row -> found.put(id.applyAsLong(row), row));
        return found;
    }

    /**
     * Puts rows that were found by id in the order in which they were asked for.
     *
     * @param rows in any order
     * @param ids every id that a row has, in the order wanted
     * @param id a row's id
     * @param <T> what the rows hold
     */
    public static <T> List<T> inOrder(List<T> rows, Collection<Long> ids, ToLongFunction<? super T> id) {
        var order = List.copyOf(ids);
        return rows.stream()
                .sorted(Comparator.comparingInt(row -> order.indexOf(id.applyAsLong(row))))
                .toList();
    }
}
