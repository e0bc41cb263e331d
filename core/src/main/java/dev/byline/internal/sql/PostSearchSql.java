package dev.byline.internal.sql;

import static dev.byline.internal.sql.PostRowSql.COLUMNS;
import static dev.byline.internal.sql.PostRowSql.P;
import static dev.byline.internal.sql.PostRowSql.PLACE;
import static dev.byline.internal.sql.PostRowSql.P_COLUMNS;
import static dev.byline.internal.sql.PostRowSql.andAuthor;
import static dev.byline.internal.sql.PostRowSql.columnsWithinLimit;
import static dev.byline.internal.sql.PostRowSql.isWithinLimit;
import static dev.byline.internal.sql.PostRowSql.post;
import static dev.byline.internal.sql.PostRowSql.selection;
import static dev.byline.internal.sql.PostRowSql.sizedColumns;
import static dev.byline.internal.sql.PostRowSql.withAuthors;
import static dev.byline.internal.sql.generated.Tables.POSTS;

import dev.byline.internal.sql.generated.tables.Posts;
import dev.byline.model.Post;
import dev.byline.model.PostFilter;
import dev.byline.model.PostWithAuthor;
import dev.byline.model.Selection;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.JSONB;
import org.jooq.Record;
import org.jooq.SortField;
import org.jooq.Table;
import org.jooq.impl.DSL;
import org.jooq.impl.SQLDataType;
import org.jspecify.annotations.Nullable;

/**
 * Statements that search posts by text and metadata, one method each. The function {@code find_posts} in
 * {@code V002__posts.sql} finds the newest matches; docs/indexes.md explains it.
 */
public final class PostSearchSql {
    /** The derived table of matches with their rank. */
    private static final Posts RANKED = POSTS.as("r");

    private static final Field<Long> FOUND_ID = DSL.field(DSL.name("f", "found_id"), Long.class);

    private PostSearchSql() {}

    /** Finds the newest matches, newest first. */
    public static Found<Post> search(DSLContext dsl, PostFilter filter, @Nullable Cursor after, int limit) {
        return search(dsl, filter, after, limit, false, row -> post(row, P));
    }

    /** Finds the newest matches with their authors, newest first. */
    public static Found<PostWithAuthor> searchWithAuthors(
            DSLContext dsl, PostFilter filter, @Nullable Cursor after, int limit) {
        return search(dsl, filter, after, limit, true, PostRowSql::postWithAuthor);
    }

    private static <T> Found<T> search(
            DSLContext dsl,
            PostFilter filter,
            @Nullable Cursor after,
            int limit,
            boolean authors,
            Function<Record, T> reader) {
        var foundAt = DSL.field(DSL.name("f", "found_at"), Instant.class);
        var edgeId = DSL.field(DSL.name("f", "edge_id"), Long.class);
        var order = List.<SortField<?>>of(edgeId.asc().nullsFirst(), foundAt.desc(), FOUND_ID.desc());
        var found = DSL.select(
                        foundAt,
                        edgeId,
                        DSL.rowNumber().over(DSL.orderBy(order)).as(PLACE))
                .select(sizedColumns(POSTS, order))
                .from(found(filter, after, limit))
                .leftJoin(POSTS)
                .on(POSTS.ID.eq(FOUND_ID))
                .asTable(P);
        var at = DSL.field(DSL.name("p", "found_at"), Instant.class);
        var edgeOf = DSL.field(DSL.name("p", "edge_id"), Long.class);
        var posts = new ArrayList<T>();
        Cursor edge = null;
        for (var row : dsl.select(at, edgeOf)
                .select(authors ? andAuthor(P_COLUMNS) : P_COLUMNS)
                .from(authors ? withAuthors(found) : found)
                .where(isWithinLimit())
                .orderBy(PLACE)
                .fetch()) {
            if (row.get(edgeOf) == null) {
                posts.add(reader.apply(row));
            } else {
                edge = new Cursor(row.get(at), row.get(edgeOf));
            }
        }
        return new Found<>(posts, edge);
    }

    /**
     * The result of a search.
     *
     * @param edge where the search stopped; null when it examined all posts or found as many as requested
     */
    public record Found<T>(List<T> posts, @Nullable Cursor edge) {}

    /**
     * Ranks the newest matches and returns the best. Vectors of more than 2,000 bytes are stored outside their rows: of
     * these, the newest 2 MB are ranked, and the others rank last.
     *
     * @param candidates the most matches that are ranked
     */
    public static Selection<Post> mostRelevant(DSLContext dsl, PostFilter filter, int candidates, int limit) {
        return selection(dsl.select(columnsWithinLimit())
                .from(best(filter, candidates, limit))
                .orderBy(PLACE)
                .fetch());
    }

    /** Ranks as {@link #mostRelevant} does, and returns the authors, too. */
    public static Selection<PostWithAuthor> mostRelevantWithAuthors(
            DSLContext dsl, PostFilter filter, int candidates, int limit) {
        return selection(
                dsl.select(andAuthor(columnsWithinLimit()))
                        .from(withAuthors(best(filter, candidates, limit)))
                        .orderBy(PLACE)
                        .fetch(),
                PostRowSql::postWithAuthor);
    }

    private static Table<?> best(PostFilter filter, int candidates, int limit) {
        var rank = DSL.field(
                "CASE WHEN pg_column_size(posts.search) <= 2000 OR sum(pg_column_size(posts.search))"
                        + " FILTER (WHERE pg_column_size(posts.search) > 2000)"
                        + " OVER (ORDER BY posts.published_at DESC, posts.id DESC) <= 2000000"
                        + " THEN ts_rank(posts.search, {0}) ELSE 0 END",
                Float.class, query(filter));
        var ranked = DSL.select(COLUMNS)
                .select(rank.as("rank"))
                .from(found(filter, null, candidates))
                .join(POSTS)
                .on(POSTS.ID.eq(FOUND_ID))
                .asTable(RANKED);
        var order = List.<SortField<?>>of(
                DSL.field(DSL.name(RANKED.getName(), "rank"), Float.class).desc(),
                RANKED.PUBLISHED_AT.desc(),
                RANKED.ID.desc());
        return DSL.select(DSL.rowNumber().over(DSL.orderBy(order)).as(PLACE))
                .select(sizedColumns(RANKED, order))
                .from(ranked)
                .orderBy(order)
                .limit(DSL.inline(limit))
                .asTable(P);
    }

    private static Table<?> found(PostFilter filter, @Nullable Cursor after, int limit) {
        return SchemaSql.table(
                        "find_posts",
                        query(filter),
                        DSL.val(filter.metadata() == null ? null : MetadataSql.value(filter.metadata()), JSONB.class),
                        DSL.val(filter.author(), Long.class),
                        DSL.val(after == null ? null : after.time(), Instant.class),
                        DSL.val(after == null ? null : Long.valueOf(after.id()), Long.class),
                        DSL.inline(limit))
                .as("f");
    }

    private static Field<?> query(PostFilter filter) {
        return filter.query() == null
                ? DSL.field("null::tsquery")
                : DSL.field(
                        "websearch_to_tsquery({0}, {1})",
                        Object.class,
                        SchemaSql.literal("byline"),
                        SchemaSql.function(
                                "search_text", SQLDataType.CLOB, DSL.val(SearchQuery.websearch(filter.query()))));
    }
}
