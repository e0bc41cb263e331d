package dev.byline.internal.sql;

import dev.byline.model.Page;
import dev.byline.model.PageRequest;
import dev.byline.model.PostFilter;
import dev.byline.model.Selection;
import dev.byline.model.UserFilter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Pages by keyset: each page starts after the last row of the one before, whose position is its {@link Cursor}. Rows are fetched with one
 * more than asked for, so that a next page is known rather than guessed.
 *
 * @see <a href="https://use-the-index-luke.com/no-offset">Paging without OFFSET</a>
 */
public final class Keyset {
    private Keyset() {}

    /** Names a list of posts and what filters it, as in {@link Cursor#encode}. */
    public static String list(PostFilter filter) {
        return "posts" + (filter.author() == null ? "" : "?author=" + filter.author())
                + (filter.query() == null ? "" : "?q=" + filter.query().length() + ":" + filter.query())
                + (filter.metadata() == null
                        ? ""
                        : "?metadata=" + filter.metadata().json());
    }

    /** Names a list of users and what filters it. */
    public static String list(UserFilter filter) {
        return "users" + (filter.active() == null ? "" : "?active=" + filter.active())
                + (filter.metadata() == null
                        ? ""
                        : "?metadata=" + filter.metadata().json());
    }

    /**
     * Where the wanted page starts.
     *
     * @param list the list, as in {@link Cursor#encode}
     * @return null for the first page
     * @throws dev.byline.model.BylineException.BadCursor when the cursor belongs to another list
     */
    public static @Nullable Cursor position(PageRequest request, String list) {
        return request.cursor() == null ? null : Cursor.decode(request.cursor(), list);
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
    public static <T> Page<T> page(
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
    private static <T> int fitting(List<T> rows, int limit, ToLongFunction<? super T> bytes) {
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
     * The first items of a page as a page of its own; the same instance, when it has no more.
     *
     * @param page a longer page
     * @param limit of the shorter page
     * @param list as in {@link #page}
     * @param position as in {@link #page}
     * @param <T> what the list holds
     */
    public static <T> Page<T> first(Page<T> page, int limit, String list, Function<? super T, Cursor> position) {
        return page.items().size() <= limit
                ? page
                : page(page.items(), PageRequest.first(limit), list, position, item -> 0);
    }

    /**
     * Checks how many rows are asked for by id.
     *
     * @param ids any ids
     * @return each of them once, in the same order
     * @throws dev.byline.model.BylineException.Invalid when there are more than {@value PageRequest#MAX_LIMIT}
     */
    public static Set<Long> distinct(Collection<Long> ids) {
        var distinct = new LinkedHashSet<>(ids);
        PageRequest.checkIds(distinct.size());
        return distinct;
    }

    /**
     * Cuts a selection to what fits into one answer.
     *
     * @param found what the database sent
     * @param id a row's id
     * @param bytes how many a row takes as JSON
     * @param <T> what the rows hold
     */
    public static <T> Selection<T> selection(
            Selection<T> found, ToLongFunction<? super T> id, ToLongFunction<? super T> bytes) {
        var items = found.items();
        var count = fitting(items, items.size(), bytes);
        if (count == items.size()) {
            return found;
        }
        var remaining = new ArrayList<Long>();
        items.subList(count, items.size()).forEach(item -> remaining.add(id.applyAsLong(item)));
        remaining.addAll(found.remainingIds());
        return new Selection<>(items.subList(0, count), remaining);
    }

    /**
     * Maps rows by their ids.
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
     * Sorts rows that were found by id in the order in which they were asked for.
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
