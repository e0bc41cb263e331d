package dev.byline.internal.sql;

import static dev.byline.internal.sql.generated.Tables.POSTS;
import static dev.byline.internal.sql.generated.Tables.USERS;

import dev.byline.internal.sql.generated.tables.Posts;
import dev.byline.internal.sql.generated.tables.Users;
import dev.byline.model.Metadata;
import dev.byline.model.PageRequest;
import dev.byline.model.Post;
import dev.byline.model.PostWithAuthor;
import dev.byline.model.Selection;
import dev.byline.model.User;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jooq.Condition;
import org.jooq.Field;
import org.jooq.OrderField;
import org.jooq.Record;
import org.jooq.SortField;
import org.jooq.Table;
import org.jooq.impl.DSL;
import org.jooq.impl.SQLDataType;

/** Columns and rows of posts, and the limit on the bytes of a page: shared by the statements about posts. */
final class PostRowSql {
    /** The derived table that holds the rows of a page. */
    static final Posts P = POSTS.as("p");

    /** In {@link #P}: the position of a row in the result. */
    static final Field<Integer> PLACE = DSL.field(DSL.name("p", "place"), Integer.class);

    /** In {@link #P}: the bytes of the rows before a row. */
    private static final Field<Long> BYTES_BEFORE = DSL.field(DSL.name("p", "bytes_before"), Long.class);

    static final List<Field<?>> COLUMNS = columns(POSTS);
    static final List<Field<?>> P_COLUMNS = columns(P);

    /** The author of a row of {@link #P}. */
    private static final Users U = USERS.as("u");

    private static final List<Field<?>> U_COLUMNS =
            List.of(U.ID, U.NAME, U.IS_ACTIVE, U.METADATA, U.VERSION, U.CREATED_AT, U.UPDATED_AT);

    private static final Set<Field<?>> TEXTS = Set.of(P.TITLE, P.BODY, P.METADATA);

    private PostRowSql() {}

    private static List<Field<?>> columns(Posts p) {
        return List.of(
                p.ID, p.USER_ID, p.TITLE, p.BODY, p.METADATA, p.PUBLISHED_AT, p.VERSION, p.CREATED_AT, p.UPDATED_AT);
    }

    /** Reads {@link #COLUMNS} of a table. */
    static Post post(Record row, Posts p) {
        return new Post(
                row.get(p.ID),
                row.get(p.USER_ID),
                row.get(p.TITLE),
                row.get(p.BODY),
                Metadata.stored(row.get(p.METADATA).data()),
                row.get(p.PUBLISHED_AT),
                row.get(p.VERSION),
                row.get(p.CREATED_AT),
                row.get(p.UPDATED_AT));
    }

    /** Joins the authors to {@link #P}. */
    static Table<?> withAuthors(Table<?> posts) {
        return posts.leftJoin(U).on(U.ID.eq(P.USER_ID));
    }

    /** Adds the columns of {@link #withAuthors}. */
    static List<Field<?>> andAuthor(List<Field<?>> columns) {
        return Stream.concat(columns.stream(), U_COLUMNS.stream()).toList();
    }

    /** Reads a post and its author from {@link #P} and {@link #withAuthors}. */
    static PostWithAuthor postWithAuthor(Record row) {
        var author = new User(
                row.get(U.ID),
                null,
                row.get(U.NAME),
                null,
                row.get(U.IS_ACTIVE),
                Metadata.stored(row.get(U.METADATA).data()),
                row.get(U.VERSION),
                row.get(U.CREATED_AT),
                row.get(U.UPDATED_AT));
        return new PostWithAuthor(post(row, P), author);
    }

    /**
     * Excludes the posts of deleted users, whose rows are removed later. The subquery reads a partial index that is
     * nearly always empty, once per statement: cheaper than a join, which looks up each author.
     */
    static Condition authorExists() {
        return POSTS.USER_ID.notIn(DSL.select(USERS.ID).from(USERS).where(USERS.DELETED_AT.isNotNull()));
    }

    /** Selects {@link #COLUMNS} of a table, and the bytes of the rows before each row in an order. */
    static List<Field<?>> sizedColumns(Posts p, List<SortField<?>> order) {
        return Stream.concat(columns(p).stream(), Stream.of(bytesBefore(p, order.toArray(OrderField<?>[]::new))))
                .toList();
    }

    /**
     * The bytes of the rows before a row, for {@link #isWithinLimit}. PostgreSQL reads the size of a stored text from
     * its header and fetches no body for it. Metadata, at most 16 KiB, isn't counted.
     */
    static Field<Long> bytesBefore(Posts p, OrderField<?>... order) {
        // Null in the last row of a search, which only tells where it stopped.
        var bytes = DSL.coalesce(DSL.octetLength(p.TITLE).plus(DSL.octetLength(p.BODY)), DSL.inline(0));
        return DSL.sum(bytes)
                .over(DSL.orderBy(order).rowsUnboundedPreceding())
                .minus(bytes)
                .coerce(SQLDataType.BIGINT)
                .as(BYTES_BEFORE);
    }

    /**
     * Ends a page after the first row that exceeds {@link PageRequest#MAX_BYTES}. This row is included: it shows that
     * there is a next page.
     */
    static Condition isWithinLimit() {
        return BYTES_BEFORE.le(DSL.inline((long) PageRequest.MAX_BYTES));
    }

    /** Selects all rows of {@link #P}; the texts of rows beyond the limit are null. */
    static List<Field<?>> columnsWithinLimit() {
        return columns(P).stream()
                .<Field<?>>map(column -> TEXTS.contains(column)
                        ? DSL.when(isWithinLimit(), column).as(column)
                        : column)
                .toList();
    }

    /** Reads {@link #columnsWithinLimit}. */
    static Selection<Post> selection(List<? extends Record> rows) {
        return selection(rows, row -> post(row, P));
    }

    /** Reads {@link #columnsWithinLimit} and possibly more columns. */
    static <T> Selection<T> selection(List<? extends Record> rows, Function<Record, T> reader) {
        var posts = new ArrayList<T>();
        var remaining = new ArrayList<Long>();
        for (var row : rows) {
            if (row.get(P.BODY) == null) {
                remaining.add(row.get(P.ID));
            } else {
                posts.add(reader.apply(row));
            }
        }
        return new Selection<>(posts, remaining);
    }
}
