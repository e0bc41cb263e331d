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
 * Pages by keyset: each page starts after the last row of the previous one, whose position is its {@link Cursor}. One
 * row more than requested is fetched: it tells whether there is a next page.
 *
 * @see <a href="https://use-the-index-luke.com/no-offset">Paging without OFFSET</a>
 */
public final class Keyset {
    private Keyset() {}

    /** Returns the name of a list of posts, including its filters, for {@link Cursor#encode}. */
    public static String list(PostFilter filter) {
        return "posts" + (filter.author() == null ? "" : "?author=" + filter.author())
                + (filter.query() == null ? "" : "?q=" + filter.query().length() + ":" + filter.query())
                + (filter.metadata() == null
                        ? ""
                        : "?metadata=" + filter.metadata().json());
    }

    /** Returns the name of a list of users, including its filters, for {@link Cursor#encode}. */
    public static String list(UserFilter filter) {
        return "users" + (filter.active() == null ? "" : "?active=" + filter.active())
                + (filter.metadata() == null
                        ? ""
                        : "?metadata=" + filter.metadata().json());
    }

    /**
     * Returns the position after which the requested page starts.
     *
     * @param list name of the list, as in {@link Cursor#encode}
     * @return null for the first page
     * @throws dev.byline.model.BylineException.BadCursor when the cursor belongs to another list
     */
    public static @Nullable Cursor position(PageRequest request, String list) {
        return request.cursor() == null ? null : Cursor.decode(request.cursor(), list);
    }

    /**
     * Makes a page of rows that were fetched with one more than requested. The page ends after {@code request.limit()}
     * rows or {@link PageRequest#MAX_BYTES}, whichever is first, and has a next page only if rows are left.
     *
     * @param rows up to {@code request.limit() + 1} rows in the list's order; fewer only at the end of the list, or
     *     when their bytes exceed {@link PageRequest#MAX_BYTES}
     * @param request the requested page
     * @param list name of the list, as in {@link Cursor#encode}
     * @param position returns the position of a row in the list
     * @param bytes returns the size of a row as JSON
     * @param <T> type of the items
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

    /** Returns how many of the first rows fit into one response: at least one, at most the limit. */
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
     * Cuts rows to those that a shorter page needs: its limit plus one.
     *
     * @param rows in the list's order
     * @param limit the limit of the shorter page
     * @param <T> type of the rows
     */
    public static <T> List<T> first(List<T> rows, int limit) {
        return rows.subList(0, Math.min(rows.size(), limit + 1));
    }

    /**
     * Returns the first items of a page as a page; the same instance if it has no more items than that.
     *
     * @param page a longer page
     * @param limit the limit of the shorter page
     * @param list as in {@link #page}
     * @param position as in {@link #page}
     * @param <T> type of the items
     */
    public static <T> Page<T> first(Page<T> page, int limit, String list, Function<? super T, Cursor> position) {
        return page.items().size() <= limit
                ? page
                : page(page.items(), PageRequest.first(limit), list, position, item -> 0);
    }

    /**
     * Removes duplicate ids and checks their number.
     *
     * @param ids any ids
     * @return each id once, in the same order
     * @throws dev.byline.model.BylineException.Invalid when more than {@value PageRequest#MAX_LIMIT} are left
     */
    public static Set<Long> distinct(Collection<Long> ids) {
        var distinct = new LinkedHashSet<>(ids);
        PageRequest.checkIds(distinct.size());
        return distinct;
    }

    /**
     * Cuts a selection to the rows that fit into one response.
     *
     * @param found the rows from the database
     * @param id returns a row's id
     * @param bytes returns the size of a row as JSON
     * @param <T> type of the rows
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
     * @param id returns a row's id
     * @param <T> type of the rows
     */
    public static <T> Map<Long, T> byId(List<T> rows, ToLongFunction<? super T> id) {
        var found = HashMap.<Long, T>newHashMap(rows.size());
        rows.forEach(row -> found.put(id.applyAsLong(row), row));
        return found;
    }

    /**
     * Sorts rows that were found by id in the order of the request.
     *
     * @param rows in any order
     * @param ids the ids in the requested order; must contain the id of each row
     * @param id returns a row's id
     * @param <T> type of the rows
     */
    public static <T> List<T> inOrder(List<T> rows, Collection<Long> ids, ToLongFunction<? super T> id) {
        var order = List.copyOf(ids);
        return rows.stream()
                .sorted(Comparator.comparingInt(row -> order.indexOf(id.applyAsLong(row))))
                .toList();
    }
}
