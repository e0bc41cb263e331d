package dev.byline.internal.sql;

import static dev.byline.internal.sql.PostRowSql.COLUMNS;
import static dev.byline.internal.sql.PostRowSql.P;
import static dev.byline.internal.sql.PostRowSql.PLACE;
import static dev.byline.internal.sql.PostRowSql.P_COLUMNS;
import static dev.byline.internal.sql.PostRowSql.andAuthor;
import static dev.byline.internal.sql.PostRowSql.authorExists;
import static dev.byline.internal.sql.PostRowSql.bytesBefore;
import static dev.byline.internal.sql.PostRowSql.columnsWithinLimit;
import static dev.byline.internal.sql.PostRowSql.isWithinLimit;
import static dev.byline.internal.sql.PostRowSql.post;
import static dev.byline.internal.sql.PostRowSql.selection;
import static dev.byline.internal.sql.PostRowSql.sizedColumns;
import static dev.byline.internal.sql.PostRowSql.withAuthors;
import static dev.byline.internal.sql.generated.Tables.POSTS;
import static dev.byline.internal.sql.generated.Tables.USERS;

import dev.byline.model.ImportedPost;
import dev.byline.model.Post;
import dev.byline.model.PostFilter;
import dev.byline.model.PostWithAuthor;
import dev.byline.model.Principal;
import dev.byline.model.Selection;
import dev.byline.model.User;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jooq.Condition;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.Record;
import org.jooq.ResultQuery;
import org.jooq.Select;
import org.jooq.SortField;
import org.jooq.impl.DSL;
import org.jspecify.annotations.Nullable;

/**
 * Statements that read posts by id and in lists, one method each. {@link PostSearchSql} searches, {@link PostWriteSql}
 * writes.
 */
public final class PostSql {
    private static final List<Field<?>> AUTHOR_COLUMNS =
            Stream.concat(UserSql.COLUMNS.stream(), P_COLUMNS.stream()).toList();

    private static final CompiledQuery BY_IDS = buildByIds(true, false);
    private static final CompiledQuery PUBLISHED_BY_IDS = buildByIds(false, false);
    private static final CompiledQuery PUBLISHED_BY_IDS_WITH_AUTHORS = buildByIds(false, true);
    private static final Map<FeedShape, CompiledQuery> FEEDS = new ConcurrentHashMap<>();
    private static final Map<AuthorPageShape, CompiledQuery> BY_AUTHOR = new ConcurrentHashMap<>();

    private PostSql() {}

    public static Optional<Post> byId(DSLContext dsl, Principal viewer, long id) {
        return dsl.select(COLUMNS)
                .from(POSTS)
                .where(POSTS.ID.eq(id), isVisibleTo(viewer), authorExists())
                .fetchOptional(row -> post(row, POSTS));
    }

    /**
     * Finds posts, in the order of the ids. The caller checks who may see drafts.
     *
     * @param drafts whether to include drafts
     */
    public static Selection<Post> byIds(DSLContext dsl, boolean drafts, Collection<Long> ids) {
        return selection((drafts ? BY_IDS : PUBLISHED_BY_IDS)
                .with(dsl, Map.of("ids", ids.toArray(Long[]::new)))
                .fetch());
    }

    /** Finds published posts with their authors, in the order of the ids. */
    public static Selection<PostWithAuthor> byIdsWithAuthors(DSLContext dsl, Collection<Long> ids) {
        return selection(
                PUBLISHED_BY_IDS_WITH_AUTHORS
                        .with(dsl, Map.of("ids", ids.toArray(Long[]::new)))
                        .fetch(),
                PostRowSql::postWithAuthor);
    }

    /** Finds a post that the viewer may see, with its author. */
    public static Optional<PostWithAuthor> byIdWithAuthor(DSLContext dsl, Principal viewer, long id) {
        var found = DSL.select(COLUMNS).from(POSTS).where(POSTS.ID.eq(id), isVisibleTo(viewer), authorExists());
        return dsl.select(andAuthor(P_COLUMNS))
                .from(withAuthors(found.asTable(P)))
                .fetchOptional(PostRowSql::postWithAuthor);
    }

    private static CompiledQuery buildByIds(boolean drafts, boolean authors) {
        var ids = DSL.param("ids", POSTS.ID.getDataType().array());
        var place = DSL.field("array_position({0}, {1})", Integer.class, ids, POSTS.ID);
        var found = DSL.select(COLUMNS)
                .select(bytesBefore(POSTS, place), place.as(PLACE))
                .from(POSTS)
                .where(POSTS.ID.eq(DSL.any(ids)), authorExists())
                .and(drafts ? DSL.noCondition() : isPublished());
        return authors
                ? new CompiledQuery(
                        DSL.select(andAuthor(columnsWithinLimit()))
                                .from(withAuthors(found.asTable(P)))
                                .orderBy(PLACE),
                        andAuthor(P_COLUMNS))
                : new CompiledQuery(
                        DSL.select(columnsWithinLimit()).from(found.asTable(P)).orderBy(PLACE), P_COLUMNS);
    }

    /** What makes an imported post the same as a stored one. */
    public record ImportKey(long userId, Instant createdAt, String title, String body) {
        public static ImportKey of(long userId, ImportedPost post) {
            return new ImportKey(userId, post.createdAt(), post.title(), post.body());
        }
    }

    /** Returns which posts are stored. */
    public static Set<ImportKey> existing(DSLContext dsl, Collection<ImportKey> posts) {
        var condition = DSL.noCondition();
        for (var post : posts) {
            condition = condition.or(DSL.row(POSTS.USER_ID, POSTS.CREATED_AT).eq(post.userId(), post.createdAt()));
        }
        return new HashSet<>(dsl.select(POSTS.USER_ID, POSTS.CREATED_AT, POSTS.TITLE, POSTS.BODY)
                .from(POSTS)
                .where(condition)
                .fetch(row -> new ImportKey(row.value1(), row.value2(), row.value3(), row.value4())));
    }

    /**
     * What the text of a list's statement depends on.
     *
     * @param hasCursor whether the page starts after a position
     */
    private record PageShape(int limit, boolean hasCursor) {}

    private record FeedShape(PageShape page, boolean byAuthor, boolean authors) {}

    private record AuthorPageShape(PageShape page, Shown shown) {}

    /** Which posts of an author a list shows. */
    public enum Shown {
        ALL,
        PUBLISHED,
        DRAFTS
    }

    /** Lists published posts, of one author if the filter names one. */
    public static List<Post> feed(DSLContext dsl, PostFilter filter, @Nullable Cursor after, int limit) {
        return feed(dsl, filter, after, limit, false).fetch(row -> post(row, P));
    }

    /** Lists published posts with their authors. */
    public static List<PostWithAuthor> feedWithAuthors(
            DSLContext dsl, PostFilter filter, @Nullable Cursor after, int limit) {
        return feed(dsl, filter, after, limit, true).fetch(PostRowSql::postWithAuthor);
    }

    private static ResultQuery<Record> feed(
            DSLContext dsl, PostFilter filter, @Nullable Cursor after, int limit, boolean authors) {
        var values = position(after);
        if (filter.author() != null) {
            values.put("author", filter.author());
        }
        var shape = new FeedShape(new PageShape(limit, after != null), filter.author() != null, authors);
        return FEEDS.computeIfAbsent(shape, each -> each.byAuthor ? buildAuthorFeed(each) : buildFeed(each))
                .with(dsl, values);
    }

    private static Map<String, Object> position(@Nullable Cursor after) {
        var values = new HashMap<String, Object>();
        if (after != null) {
            values.put("after_time", after.time());
            values.put("after_id", after.id());
        }
        return values;
    }

    private static CompiledQuery buildFeed(FeedShape shape) {
        var order = List.<SortField<?>>of(POSTS.PUBLISHED_AT.desc(), POSTS.ID.desc());
        var page = DSL.select(sizedColumns(POSTS, order))
                .from(POSTS)
                .where(isPublished(), authorExists())
                .and(
                        shape.page.hasCursor
                                ? DSL.row(POSTS.PUBLISHED_AT, POSTS.ID)
                                        .lt(
                                                DSL.param("after_time", POSTS.PUBLISHED_AT),
                                                DSL.param("after_id", POSTS.ID))
                                : DSL.noCondition())
                .orderBy(order)
                .limit(DSL.inline(shape.page.limit))
                .asTable(P);
        var columns = shape.authors ? andAuthor(P_COLUMNS) : P_COLUMNS;
        var query = DSL.select(columns)
                .from(shape.authors ? withAuthors(page) : page)
                .where(isWithinLimit())
                .orderBy(P.PUBLISHED_AT.desc(), P.ID.desc());
        return new CompiledQuery(query, columns);
    }

    private static CompiledQuery buildAuthorFeed(FeedShape shape) {
        var columns = shape.authors ? andAuthor(P_COLUMNS) : P_COLUMNS;
        var page = USERS.crossJoin(DSL.lateral(
                pageOfUser(POSTS.PUBLISHED_AT, shape.page, isPublished()).asTable(P)));
        var query = DSL.select(columns)
                .from(shape.authors ? withAuthors(page) : page)
                .where(USERS.ID.eq(DSL.param("author", USERS.ID)), USERS.DELETED_AT.isNull(), isWithinLimit())
                .orderBy(P.PUBLISHED_AT.desc(), P.ID.desc());
        return new CompiledQuery(query, columns);
    }

    /** A user and a page of their posts. */
    public record AuthorRows(User author, List<Post> posts) {}

    /** Finds a user with a page of their posts; empty when the user doesn't exist. */
    public static Optional<AuthorRows> byAuthor(
            DSLContext dsl, long author, Shown shown, @Nullable Cursor after, int limit) {
        var values = position(after);
        values.put("author", author);
        var shape = new AuthorPageShape(new PageShape(limit, after != null), shown);
        var rows = BY_AUTHOR
                .computeIfAbsent(shape, PostSql::buildByAuthor)
                .with(dsl, values)
                .fetch();
        if (rows.isEmpty()) {
            return Optional.empty();
        }
        var posts = rows.get(0).get(P.ID) == null ? List.<Post>of() : rows.map(row -> post(row, P));
        return Optional.of(new AuthorRows(UserSql.user(rows.get(0)), posts));
    }

    /** Selects one row without a post when the user has none. */
    private static CompiledQuery buildByAuthor(AuthorPageShape shape) {
        var visible = switch (shape.shown) {
            case ALL -> DSL.noCondition();
            // COALESCE keeps the planner from posts_author_feed_idx, which holds these rows, too, but in another order:
            // it
            // would have to sort all posts of the author.
            case PUBLISHED -> DSL.condition(DSL.coalesce(DSL.field(isPublished()), DSL.inline(false)));
            case DRAFTS -> POSTS.PUBLISHED_AT.isNull();
        };
        var query = DSL.select(AUTHOR_COLUMNS)
                .from(USERS)
                .leftJoin(DSL.lateral(
                        pageOfUser(POSTS.CREATED_AT, shape.page, visible).asTable(P)))
                .on(isWithinLimit())
                .where(USERS.ID.eq(DSL.param("author", USERS.ID)), USERS.DELETED_AT.isNull())
                .orderBy(P.CREATED_AT.desc(), P.ID.desc());
        return new CompiledQuery(query, AUTHOR_COLUMNS);
    }

    /**
     * Selects a page of the posts of the current row of USERS. The author is compared by BETWEEN, not by equality: then
     * the planner expects many posts and reads the index in its order, so that the generic plan, which serves all
     * authors, is also good for those with many posts.
     */
    private static Select<?> pageOfUser(Field<Instant> time, PageShape shape, Condition visible) {
        var older = shape.hasCursor
                ? DSL.row(POSTS.USER_ID, time, POSTS.ID)
                        .lt(USERS.ID, DSL.param("after_time", time), DSL.param("after_id", POSTS.ID))
                : DSL.noCondition();
        var order = List.<SortField<?>>of(POSTS.USER_ID.desc(), time.desc(), POSTS.ID.desc());
        return DSL.select(sizedColumns(POSTS, order))
                .from(POSTS)
                .where(POSTS.USER_ID.between(USERS.ID, USERS.ID), older, visible)
                .orderBy(order)
                .limit(DSL.inline(shape.limit));
    }

    private static Condition isPublished() {
        return POSTS.PUBLISHED_AT.isNotNull();
    }

    private static Condition isVisibleTo(Principal viewer) {
        return switch (viewer) {
            case Principal.Anonymous ignored -> isPublished();
            case Principal.Member member ->
                member.isAdmin() ? DSL.noCondition() : isPublished().or(POSTS.USER_ID.eq(member.userId()));
            case Principal.Operator ignored -> DSL.noCondition();
        };
    }
}
