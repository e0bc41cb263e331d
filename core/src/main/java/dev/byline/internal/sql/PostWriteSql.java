package dev.byline.internal.sql;

import static dev.byline.internal.sql.PostRowSql.COLUMNS;
import static dev.byline.internal.sql.PostRowSql.authorExists;
import static dev.byline.internal.sql.PostRowSql.post;
import static dev.byline.internal.sql.generated.Tables.POSTS;
import static dev.byline.internal.sql.generated.Tables.USERS;

import dev.byline.model.ExpectedVersion;
import dev.byline.model.ImportedPost;
import dev.byline.model.Metadata;
import dev.byline.model.NewPost;
import dev.byline.model.Post;
import dev.byline.model.PostChange;
import dev.byline.model.PostStatus;
import dev.byline.model.Principal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jooq.Condition;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.JSONB;
import org.jooq.Row4;
import org.jooq.Row7;
import org.jooq.impl.DSL;
import org.jooq.impl.SQLDataType;

/** Statements that insert, change and delete posts, one method each. */
public final class PostWriteSql {
    /** The columns of an insert, in the order of its values. */
    private static final List<Field<?>> INSERTED =
            List.of(POSTS.USER_ID, POSTS.TITLE, POSTS.BODY, POSTS.METADATA, POSTS.PUBLISHED_AT, POSTS.CREATED_AT);

    private static final Map<Publication, CompiledQuery> INSERTS = new ConcurrentHashMap<>();

    private PostWriteSql() {}

    /**
     * Inserts posts in order and returns them. Posts of a missing author are not inserted, so fewer may be returned.
     *
     * @param authors the author of each post; {@link NewPost#userId} is ignored
     */
    public static List<Post> insert(DSLContext dsl, List<NewPost> posts, List<Long> authors) {
        return posts.size() == 1
                ? insertOne(dsl, posts.getFirst(), authors.getFirst())
                : insertAll(dsl, posts, authors);
    }

    /** When a new post is published. */
    private enum Publication {
        NEVER,
        NOW,
        AT_GIVEN_TIME
    }

    private static List<Post> insertOne(DSLContext dsl, NewPost post, long author) {
        var values = new HashMap<String, Object>();
        values.put("author", author);
        values.put("title", post.title());
        values.put("body", post.body());
        values.put("metadata", MetadataSql.value(post.metadata()));
        var publication = post.status() == PostStatus.DRAFT ? Publication.NEVER : Publication.NOW;
        if (post.publishedAt() != null) {
            values.put("time", post.publishedAt());
            publication = Publication.AT_GIVEN_TIME;
        }
        return INSERTS.computeIfAbsent(publication, PostWriteSql::buildInsert)
                .with(dsl, values)
                .fetch(row -> post(row, POSTS));
    }

    private static CompiledQuery buildInsert(Publication publication) {
        var created = publication == Publication.AT_GIVEN_TIME ? DSL.param("time", POSTS.CREATED_AT) : UserSql.NOW;
        var published = publication == Publication.NEVER ? DSL.castNull(POSTS.PUBLISHED_AT) : created;
        var query = DSL.insertInto(POSTS, INSERTED)
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
            rows.add(row(
                    rows.size(),
                    authors.get(rows.size()),
                    post.title(),
                    post.body(),
                    post.metadata(),
                    post.status(),
                    published));
        }
        return insertRows(dsl, rows);
    }

    /** Inserts posts with the times at which they were written; those of deleted authors are left out. */
    public static List<Post> insertImported(DSLContext dsl, Map<PostSql.ImportKey, ImportedPost> posts) {
        var rows = new ArrayList<Row7<Integer, Long, String, String, JSONB, Instant, Instant>>();
        posts.forEach((key, post) -> rows.add(row(
                rows.size(),
                key.userId(),
                post.title(),
                post.body(),
                post.metadata(),
                post.status(),
                DSL.val(post.createdAt()))));
        return insertRows(dsl, rows);
    }

    private static Row7<Integer, Long, String, String, JSONB, Instant, Instant> row(
            int position,
            long author,
            String title,
            String body,
            Metadata metadata,
            PostStatus status,
            Field<Instant> created) {
        return DSL.row(
                DSL.inline(position),
                DSL.val(author),
                DSL.val(title, SQLDataType.CLOB),
                DSL.val(body, SQLDataType.CLOB),
                DSL.val(MetadataSql.value(metadata)),
                status == PostStatus.DRAFT ? DSL.castNull(SQLDataType.INSTANT) : created,
                created);
    }

    @SuppressWarnings("unchecked")
    private static List<Post> insertRows(
            DSLContext dsl, List<Row7<Integer, Long, String, String, JSONB, Instant, Instant>> rows) {
        var v = DSL.values(rows.toArray(Row7[]::new))
                .as("v", "position", "user_id", "title", "body", "metadata", "published_at", "created_at");
        return dsl.insertInto(POSTS, INSERTED)
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
     * Replaces titles and bodies, and merges metadata where the result is not too large. Publication times stay the
     * same, so lists keep their order.
     *
     * @param posts by the id of the post that each replaces
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

    /** Changes a post that the viewer may write. The statement itself checks this, so no other change can intervene. */
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
                .where(
                        POSTS.ID.eq(id),
                        isWritableBy(viewer),
                        authorExists(),
                        VersionSql.is(POSTS.VERSION, POSTS.UPDATED_AT, expected))
                .returning(COLUMNS)
                .fetchOptional(row -> post(row, POSTS));
    }

    /** Deletes a post that the viewer may write; returns the id of its author. */
    public static Optional<Long> delete(DSLContext dsl, Principal viewer, long id, ExpectedVersion expected) {
        return dsl.deleteFrom(POSTS)
                .where(
                        POSTS.ID.eq(id),
                        isWritableBy(viewer),
                        authorExists(),
                        VersionSql.is(POSTS.VERSION, POSTS.UPDATED_AT, expected))
                .returning(POSTS.USER_ID)
                .fetchOptional(POSTS.USER_ID);
    }

    private static Field<Instant> publishedAt(PostStatus status) {
        return switch (status) {
            case DRAFT -> DSL.castNull(SQLDataType.INSTANT);
            case PUBLISHED -> DSL.coalesce(POSTS.PUBLISHED_AT, DSL.currentInstant());
        };
    }

    private static Condition isWritableBy(Principal viewer) {
        return switch (viewer) {
            case Principal.Anonymous ignored -> DSL.falseCondition();
            case Principal.Member member -> member.isAdmin() ? DSL.noCondition() : POSTS.USER_ID.eq(member.userId());
            case Principal.Operator ignored -> DSL.noCondition();
        };
    }
}
