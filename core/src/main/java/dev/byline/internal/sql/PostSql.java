package dev.byline.internal.sql;

import static dev.byline.internal.sql.generated.Tables.POSTS;
import static dev.byline.internal.sql.generated.Tables.USERS;

import dev.byline.model.ExpectedVersion;
import dev.byline.model.Metadata;
import dev.byline.model.NewPost;
import dev.byline.model.NewUser;
import dev.byline.model.PageRequest;
import dev.byline.model.Post;
import dev.byline.model.PostChange;
import dev.byline.model.PostFilter;
import dev.byline.model.PostStatus;
import dev.byline.model.Principal;
import dev.byline.model.Selection;
import dev.byline.model.User;
import java.time.Instant;
import java.util.ArrayList;
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
import org.jooq.JSONB;
import org.jooq.OrderField;
import org.jooq.Record;
import org.jooq.ResultQuery;
import org.jooq.Row4;
import org.jooq.Row7;
import org.jooq.Select;
import org.jooq.SortField;
import org.jooq.Table;
import org.jooq.impl.DSL;
import org.jooq.impl.SQLDataType;
import org.jspecify.annotations.Nullable;

/** The statements about posts, one method each. */
public final class PostSql {
    private static final Field<Long> FOUND_ID = DSL.field(DSL.name("f", "found_id"), Long.class);

    /** Posts of a page that is joined to its author. */
    private static final dev.byline.internal.sql.generated.tables.Posts P = POSTS.as("p");

    /** In {@link #P}: the bytes of the rows before a row. */
    private static final Field<Long> BYTES_BEFORE = DSL.field(DSL.name("p", "bytes_before"), Long.class);

    /** In {@link #P}: where a row was asked for. */
    private static final Field<Integer> PLACE = DSL.field(DSL.name("p", "place"), Integer.class);

    private static final List<Field<?>> COLUMNS = columns(POSTS);
    private static final List<Field<?>> P_COLUMNS = columns(P);
    private static final List<Field<?>> AUTHOR_COLUMNS =
            Stream.concat(UserSql.COLUMNS.stream(), P_COLUMNS.stream()).toList();

    /** What an insert says of a post, in this order. */
    private static final List<Field<?>> WRITTEN =
            List.of(POSTS.USER_ID, POSTS.TITLE, POSTS.BODY, POSTS.METADATA, POSTS.PUBLISHED_AT, POSTS.CREATED_AT);

    private static final Set<Field<?>> TEXTS = Set.of(P.TITLE, P.BODY, P.METADATA);

    private static final CompiledQuery BY_IDS = byIds(true);
    private static final CompiledQuery PUBLISHED_BY_IDS = byIds(false);
    private static final Map<Time, CompiledQuery> INSERTS = new ConcurrentHashMap<>();
    private static final Map<Part, CompiledQuery> FEEDS = new ConcurrentHashMap<>();
    private static final Map<Part, CompiledQuery> AUTHORS_FEEDS = new ConcurrentHashMap<>();
    private static final Map<AuthorsPart, CompiledQuery> BY_AUTHOR = new ConcurrentHashMap<>();

    private PostSql() {}

    /**
     * Inserts posts of users who exist, in order, and returns what was written: fewer rows than asked for when an
     * author is missing.
     *
     * @param authors of each post; what the posts themselves say of their authors doesn't count
     */
    public static List<Post> insert(DSLContext dsl, List<NewPost> posts, List<Long> authors) {
        return posts.size() == 1 ? insert(dsl, posts.getFirst(), authors.getFirst()) : insertAll(dsl, posts, authors);
    }

    /** When a new post is published. */
    private enum Time {
        NEVER,
        NOW,
        GIVEN
    }

    private static List<Post> insert(DSLContext dsl, NewPost post, long author) {
        var values = new HashMap<String, Object>();
        values.put("author", author);
        values.put("title", post.title());
        values.put("body", post.body());
        values.put("metadata", MetadataSql.value(post.metadata()));
        var time = post.status() == PostStatus.DRAFT ? Time.NEVER : Time.NOW;
        if (post.publishedAt() != null) {
            values.put("time", post.publishedAt());
            time = Time.GIVEN;
        }
        return INSERTS.computeIfAbsent(time, PostSql::insert).with(dsl, values).fetch(row -> post(row, POSTS));
    }

    private static CompiledQuery insert(Time time) {
        var created = time == Time.GIVEN ? DSL.param("time", POSTS.CREATED_AT) : UserSql.NOW;
        var published = time == Time.NEVER ? DSL.castNull(POSTS.PUBLISHED_AT) : created;
        var query = DSL.insertInto(POSTS, WRITTEN)
                .select(DSL.select(
                                USERS.ID,
                                DSL.param("title", POSTS.TITLE),
                                DSL.param("body", POSTS.BODY),
                                DSL.param("metadata", POSTS.METADATA),
                                published,
                                created)
                        .from(USERS)
                        .where(USERS.ID.eq(DSL.param("author", USERS.ID)), USERS.DELETED_AT.isNull()))
                .returning(COLUMNS);
        return new CompiledQuery(query, COLUMNS);
    }

    private static List<Post> insertAll(DSLContext dsl, List<NewPost> posts, List<Long> authors) {
        var rows = new ArrayList<Row7<Integer, Long, String, String, JSONB, Instant, Instant>>();
        for (var post : posts) {
            var published = post.publishedAt() == null ? DSL.currentInstant() : DSL.val(post.publishedAt());
            rows.add(DSL.row(
                    DSL.inline(rows.size()),
                    DSL.val(authors.get(rows.size())),
                    DSL.val(post.title(), SQLDataType.CLOB),
                    DSL.val(post.body(), SQLDataType.CLOB),
                    DSL.val(MetadataSql.value(post.metadata())),
                    post.status() == PostStatus.DRAFT ? DSL.castNull(SQLDataType.INSTANT) : published,
                    published));
        }
        return insert(dsl, rows);
    }

    @SuppressWarnings("unchecked")
    private static List<Post> insert(
            DSLContext dsl, List<Row7<Integer, Long, String, String, JSONB, Instant, Instant>> rows) {
        var v = DSL.values(rows.toArray(Row7[]::new))
                .as("v", "position", "user_id", "title", "body", "metadata", "published_at", "created_at");
        return dsl.insertInto(POSTS, WRITTEN)
                .select(DSL.select(
                                USERS.ID,
                                Columns.v("title", SQLDataType.CLOB),
                                Columns.v("body", SQLDataType.CLOB),
                                Columns.v("metadata", SQLDataType.JSONB),
                                Columns.v("published_at", SQLDataType.INSTANT),
                                Columns.v("created_at", SQLDataType.INSTANT))
                        .from(v)
                        .join(USERS)
                        .on(USERS.ID.eq(Columns.v("user_id", SQLDataType.BIGINT)), USERS.DELETED_AT.isNull())
                        .orderBy(Columns.v("position", SQLDataType.INTEGER)))
                .returning(COLUMNS)
                .fetch(row -> post(row, POSTS));
    }

    /**
     * Replaces titles and bodies, and merges metadata if there is room. When the posts were published stays, so that lists don't
     * change their order.
     *
     * @param posts by the ids of the posts that they replace
     */
    @SuppressWarnings("unchecked")
    public static void replaceAll(DSLContext dsl, Map<Long, NewPost> posts) {
        var rows = posts.entrySet().stream()
                .map(each -> DSL.row(
                        DSL.val(each.getKey()),
                        DSL.val(each.getValue().title(), SQLDataType.CLOB),
                        DSL.val(each.getValue().body(), SQLDataType.CLOB),
                        DSL.val(MetadataSql.value(each.getValue().metadata()))))
                .toArray(Row4[]::new);
        var v = DSL.values((Row4<Long, String, String, JSONB>[]) rows).as("v", "id", "title", "body", "metadata");
        var merged = DSL.field(
                "CASE WHEN octet_length(({0} || {1})::text) <= {2} THEN {0} || {1} ELSE {0} END",
                SQLDataType.JSONB,
                POSTS.METADATA,
                Columns.v("metadata", SQLDataType.JSONB),
                DSL.inline(Metadata.MAX_BYTES));
        var unused = dsl.update(POSTS)
                .set(POSTS.TITLE, Columns.v("title", SQLDataType.CLOB))
                .set(POSTS.BODY, Columns.v("body", SQLDataType.CLOB))
                .set(POSTS.METADATA, merged)
                .set(POSTS.VERSION, POSTS.VERSION.plus(1))
                .set(POSTS.UPDATED_AT, UserSql.CLOCK)
                .from(v)
                .where(POSTS.ID.eq(Columns.v("id", SQLDataType.BIGINT)))
                .execute();
    }

    public static Set<Long> existingUsers(DSLContext dsl, Collection<Long> ids) {
        return dsl.select(USERS.ID)
                .from(USERS)
                .where(USERS.ID.eq(DSL.any(ids.toArray(Long[]::new))), USERS.DELETED_AT.isNull())
                .fetchSet(USERS.ID);
    }

    public static Optional<Post> byId(DSLContext dsl, Principal viewer, long id) {
        return dsl.select(COLUMNS)
                .from(POSTS)
                .where(POSTS.ID.eq(id), visibleTo(viewer), authorExists())
                .fetchOptional(row -> post(row, POSTS));
    }

    /** Drafts as well if so asked; who may see them is not decided here. In the order of the ids. */
    public static Selection<Post> byIds(DSLContext dsl, boolean drafts, Collection<Long> ids) {
        return selection((drafts ? BY_IDS : PUBLISHED_BY_IDS).with(dsl, Map.of("ids", ids.toArray(Long[]::new))));
    }

    private static CompiledQuery byIds(boolean drafts) {
        var ids = DSL.param("ids", POSTS.ID.getDataType().array());
        var place = DSL.field("array_position({0}, {1})", Integer.class, ids, POSTS.ID);
        var found = DSL.select(COLUMNS)
                .select(bytesBefore(place).as(BYTES_BEFORE), place.as(PLACE))
                .from(POSTS)
                .where(POSTS.ID.eq(DSL.any(ids)), authorExists())
                .and(drafts ? DSL.noCondition() : published());
        var query = DSL.select(whatFits()).from(found.asTable(P)).orderBy(PLACE);
        return new CompiledQuery(query, P_COLUMNS);
    }

    /** All rows, but the texts of those that the answer has no room for are null. */
    private static List<Field<?>> whatFits() {
        return columns(P).stream()
                .<Field<?>>map(column ->
                        TEXTS.contains(column) ? DSL.when(fits(), column).as(column) : column)
                .toList();
    }

    private static Selection<Post> selection(ResultQuery<? extends Record> query) {
        var posts = new ArrayList<Post>();
        var remaining = new ArrayList<Long>();
        for (var row : query.fetch()) {
            if (row.get(P.BODY) == null) {
                remaining.add(row.get(P.ID));
            } else {
                posts.add(post(row, P));
            }
        }
        return new Selection<>(posts, remaining);
    }

    /**
     * The bytes of the rows before this one. The size of a stored text is read from its header: no body is fetched for it.
     * Metadata, of at most 16 KiB, isn't counted.
     */
    private static Field<Long> bytesBefore(OrderField<?>... order) {
        // Null in the row of a search that says where it ended.
        var bytes = DSL.coalesce(DSL.octetLength(POSTS.TITLE).plus(DSL.octetLength(POSTS.BODY)), DSL.inline(0));
        return DSL.sum(bytes)
                .over(DSL.orderBy(order).rowsUnboundedPreceding())
                .minus(bytes)
                .coerce(SQLDataType.BIGINT);
    }

    private static List<Field<?>> sized(List<SortField<?>> order) {
        return Stream.concat(
                        COLUMNS.stream(),
                        Stream.of(
                                bytesBefore(order.toArray(OrderField<?>[]::new)).as(BYTES_BEFORE)))
                .toList();
    }

    /** Leaves out what comes after the first row that the page has no room for. */
    private static Condition fits() {
        return BYTES_BEFORE.le(DSL.inline((long) PageRequest.MAX_BYTES));
    }

    /** A part of a list: its length, and whether it begins after a position. */
    private record Part(int limit, boolean after) {}

    public static List<Post> feed(DSLContext dsl, PostFilter filter, @Nullable Cursor after, int limit) {
        var part = new Part(limit, after != null);
        var values = position(after);
        if (filter.author() == null) {
            return FEEDS.computeIfAbsent(part, PostSql::feed).with(dsl, values).fetch(row -> post(row, P));
        }
        values.put("author", filter.author());
        return AUTHORS_FEEDS
                .computeIfAbsent(part, PostSql::authorsFeed)
                .with(dsl, values)
                .fetch(row -> post(row, P));
    }

    private static Map<String, Object> position(@Nullable Cursor after) {
        var values = new HashMap<String, Object>();
        if (after != null) {
            values.put("after_time", after.time());
            values.put("after_id", after.id());
        }
        return values;
    }

    private static CompiledQuery feed(Part part) {
        var order = List.<SortField<?>>of(POSTS.PUBLISHED_AT.desc(), POSTS.ID.desc());
        var page = DSL.select(sized(order))
                .from(POSTS)
                .where(published(), authorExists())
                .and(
                        part.after
                                ? DSL.row(POSTS.PUBLISHED_AT, POSTS.ID)
                                        .lt(
                                                DSL.param("after_time", POSTS.PUBLISHED_AT),
                                                DSL.param("after_id", POSTS.ID))
                                : DSL.noCondition())
                .orderBy(order)
                .limit(DSL.inline(part.limit));
        var query =
                DSL.select(P_COLUMNS).from(page.asTable(P)).where(fits()).orderBy(P.PUBLISHED_AT.desc(), P.ID.desc());
        return new CompiledQuery(query, P_COLUMNS);
    }

    private static CompiledQuery authorsFeed(Part part) {
        var query = DSL.select(P_COLUMNS)
                .from(USERS)
                .crossJoin(DSL.lateral(
                        pageOfUser(POSTS.PUBLISHED_AT, part, published()).asTable(P)))
                .where(USERS.ID.eq(DSL.param("author", USERS.ID)), USERS.DELETED_AT.isNull(), fits())
                .orderBy(P.PUBLISHED_AT.desc(), P.ID.desc());
        return new CompiledQuery(query, P_COLUMNS);
    }

    /** The newest that match, by find_posts, which V002__posts.sql explains; and how far it got if it gave up before. */
    public static Found search(DSLContext dsl, PostFilter filter, @Nullable Cursor after, int limit) {
        var foundAt = DSL.field(DSL.name("f", "found_at"), Instant.class);
        var edgeId = DSL.field(DSL.name("f", "edge_id"), Long.class);
        var order = List.<SortField<?>>of(edgeId.asc().nullsFirst(), foundAt.desc(), FOUND_ID.desc());
        var found = DSL.select(
                        foundAt,
                        edgeId,
                        DSL.rowNumber().over(DSL.orderBy(order)).as(PLACE))
                .select(sized(order))
                .from(found(filter, after, limit))
                .leftJoin(POSTS)
                .on(POSTS.ID.eq(FOUND_ID));
        var at = DSL.field(DSL.name("p", "found_at"), Instant.class);
        var edgeOf = DSL.field(DSL.name("p", "edge_id"), Long.class);
        var posts = new ArrayList<Post>();
        Cursor edge = null;
        for (var row : dsl.select(at, edgeOf)
                .select(P_COLUMNS)
                .from(found.asTable(P))
                .where(fits())
                .orderBy(PLACE)
                .fetch()) {
            if (row.get(edgeOf) == null) {
                posts.add(post(row, P));
            } else {
                edge = new Cursor(row.get(at), row.get(edgeOf));
            }
        }
        return new Found(posts, edge);
    }

    /** What a search found, and where to go on if it didn't look at everything. */
    public record Found(List<Post> posts, @Nullable Cursor edge) {}

    /**
     * The best of the newest that match. Of long vectors, which lie outside of their rows, the newest 2 MB are ranked; the posts with the
     * others come last.
     */
    public static Selection<Post> mostRelevant(DSLContext dsl, PostFilter filter, int candidates, int limit) {
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
                .asTable(POSTS.getName());
        var order = List.<SortField<?>>of(
                DSL.field(DSL.name(POSTS.getName(), "rank"), Float.class).desc(),
                POSTS.PUBLISHED_AT.desc(),
                POSTS.ID.desc());
        var best = DSL.select(DSL.rowNumber().over(DSL.orderBy(order)).as(PLACE))
                .select(sized(order))
                .from(ranked)
                .orderBy(order)
                .limit(DSL.inline(limit));
        return selection(dsl.select(whatFits()).from(best.asTable(P)).orderBy(PLACE));
    }

    private static Table<?> found(PostFilter filter, @Nullable Cursor after, int limit) {
        return DSL.table(
                        "find_posts({0}, {1}, {2}, {3}, {4}, {5})",
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
                        "websearch_to_tsquery('byline', search_text({0}))",
                        Object.class, DSL.val(SearchQuery.websearch(filter.query())));
    }

    /** A user beside a page of their posts; empty when the user is missing. */
    public static Optional<AuthorRows> byAuthor(
            DSLContext dsl, long author, boolean drafts, @Nullable Cursor after, int limit) {
        var values = position(after);
        values.put("author", author);
        var shape = new AuthorsPart(new Part(limit, after != null), drafts);
        var rows = BY_AUTHOR
                .computeIfAbsent(shape, PostSql::byAuthor)
                .with(dsl, values)
                .fetch();
        if (rows.isEmpty()) {
            return Optional.empty();
        }
        var posts = rows.get(0).get(P.ID) == null ? List.<Post>of() : rows.map(row -> post(row, P));
        return Optional.of(new AuthorRows(UserSql.user(rows.get(0)), posts));
    }

    private record AuthorsPart(Part part, boolean drafts) {}

    /** One row without a post when there is none. */
    private static CompiledQuery byAuthor(AuthorsPart shape) {
        // COALESCE hides that posts_author_feed_idx holds these, too: the planner might take it, and sort all of an
        // author's.
        var shown = shape.drafts
                ? DSL.noCondition()
                : DSL.condition(DSL.coalesce(DSL.field(published()), DSL.inline(false)));
        var query = DSL.select(AUTHOR_COLUMNS)
                .from(USERS)
                .leftJoin(DSL.lateral(
                        pageOfUser(POSTS.CREATED_AT, shape.part, shown).asTable(P)))
                .on(fits())
                .where(USERS.ID.eq(DSL.param("author", USERS.ID)), USERS.DELETED_AT.isNull())
                .orderBy(P.CREATED_AT.desc(), P.ID.desc());
        return new CompiledQuery(query, AUTHOR_COLUMNS);
    }

    /**
     * Posts of the user of the row of USERS that this is joined to. The author is a range of one, which is no equality to the
     * planner: it takes the author for one of many posts, walks the index, and the one plan for all authors suits the
     * prolific ones.
     */
    private static Select<?> pageOfUser(Field<Instant> time, Part part, Condition shown) {
        var older = part.after
                ? DSL.row(POSTS.USER_ID, time, POSTS.ID)
                        .lt(USERS.ID, DSL.param("after_time", time), DSL.param("after_id", POSTS.ID))
                : DSL.noCondition();
        var order = List.<SortField<?>>of(POSTS.USER_ID.desc(), time.desc(), POSTS.ID.desc());
        return DSL.select(sized(order))
                .from(POSTS)
                .where(POSTS.USER_ID.between(USERS.ID, USERS.ID), older, shown)
                .orderBy(order)
                .limit(DSL.inline(part.limit));
    }

    public record AuthorRows(User author, List<Post> posts) {}

    /** Only if the viewer may write it; the check stands in the statement, so that nothing slips in between. */
    public static Optional<Post> update(
            DSLContext dsl, Principal viewer, long id, PostChange change, ExpectedVersion expected) {
        Map<Field<?>, Object> set = new HashMap<>();
        if (change.title() != null) {
            set.put(POSTS.TITLE, change.title());
        }
        if (change.body() != null) {
            set.put(POSTS.BODY, change.body());
        }
        if (change.metadata() != null) {
            set.put(POSTS.METADATA, MetadataSql.changed(POSTS.METADATA, change.metadata()));
        }
        if (change.status() != null) {
            set.put(POSTS.PUBLISHED_AT, publishedAt(change.status()));
        }
        set.put(POSTS.VERSION, POSTS.VERSION.plus(1));
        set.put(POSTS.UPDATED_AT, UserSql.CLOCK);
        return dsl.update(POSTS)
                .set(set)
                .where(POSTS.ID.eq(id), writableBy(viewer), authorExists(), VersionSql.is(POSTS.VERSION, expected))
                .returning(COLUMNS)
                .fetchOptional(row -> post(row, POSTS));
    }

    /** Returns whose it was. */
    public static Optional<Long> delete(DSLContext dsl, Principal viewer, long id, ExpectedVersion expected) {
        return dsl.deleteFrom(POSTS)
                .where(POSTS.ID.eq(id), writableBy(viewer), authorExists(), VersionSql.is(POSTS.VERSION, expected))
                .returning(POSTS.USER_ID)
                .fetchOptional(POSTS.USER_ID);
    }

    /** Creates the users whose address is unknown. */
    public static void ensureUsers(DSLContext dsl, Collection<NewUser> users) {
        var insert = dsl.insertInto(USERS, USERS.EMAIL, USERS.NAME, USERS.METADATA);
        for (var user : users) {
            insert = insert.values(user.email(), user.name(), MetadataSql.value(user.metadata()));
        }
        var unused = insert.onConflict(UserSql.emailKey(USERS.EMAIL))
                .where(USERS.DELETED_AT.isNull())
                .doNothing()
                .execute();
    }

    /** Finds users by address, in whatever case: address as asked for, id. */
    public static Map<String, Long> idsByEmail(DSLContext dsl, Set<String> emails) {
        var v = DSL.unnest(emails.toArray(String[]::new)).as("v", "email");
        var email = Columns.v("email", SQLDataType.CLOB);
        return dsl.select(email, USERS.ID)
                .from(v)
                .join(USERS)
                .on(UserSql.emailKey(USERS.EMAIL).eq(UserSql.emailKey(email)), USERS.DELETED_AT.isNull())
                .fetchMap(email, USERS.ID);
    }

    /** Which of these are there already: author, time, title and body are the same. */
    public static Set<NewPost> alreadyThere(DSLContext dsl, Collection<NewPost> posts) {
        var condition = DSL.noCondition();
        for (var post : posts) {
            condition = condition.or(DSL.row(POSTS.USER_ID, POSTS.CREATED_AT).eq(post.userId(), post.publishedAt()));
        }
        return new HashSet<>(dsl.select(COLUMNS).from(POSTS).where(condition).fetch(row -> {
            var post = post(row, POSTS);
            return new NewPost(
                    post.title(), post.body(), Metadata.EMPTY, PostStatus.PUBLISHED, post.userId(), post.createdAt());
        }));
    }

    private static List<Field<?>> columns(dev.byline.internal.sql.generated.tables.Posts p) {
        return List.of(
                p.ID, p.USER_ID, p.TITLE, p.BODY, p.METADATA, p.PUBLISHED_AT, p.VERSION, p.CREATED_AT, p.UPDATED_AT);
    }

    private static Post post(Record row, dev.byline.internal.sql.generated.tables.Posts p) {
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

    private static Field<Instant> publishedAt(PostStatus status) {
        return switch (status) {
            case DRAFT -> DSL.castNull(SQLDataType.INSTANT);
            case PUBLISHED -> DSL.coalesce(POSTS.PUBLISHED_AT, DSL.currentInstant());
        };
    }

    private static Condition published() {
        return POSTS.PUBLISHED_AT.isNotNull();
    }

    private static Condition visibleTo(Principal viewer) {
        return switch (viewer) {
            case Principal.Anonymous ignored -> published();
            case Principal.Member member ->
                member.isAdmin() ? DSL.noCondition() : published().or(POSTS.USER_ID.eq(member.userId()));
            case Principal.Operator ignored -> DSL.noCondition();
        };
    }

    private static Condition writableBy(Principal viewer) {
        return switch (viewer) {
            case Principal.Anonymous ignored -> DSL.falseCondition();
            case Principal.Member member -> member.isAdmin() ? DSL.noCondition() : POSTS.USER_ID.eq(member.userId());
            case Principal.Operator ignored -> DSL.noCondition();
        };
    }

    /**
     * Leaves out the posts of users whose rows are still being removed. The subquery reads a partial index that is
     * nearly always empty, once a statement: cheaper than a join that looks at each author.
     */
    private static Condition authorExists() {
        return POSTS.USER_ID.notIn(DSL.select(USERS.ID).from(USERS).where(USERS.DELETED_AT.isNotNull()));
    }
}
