package dev.byline.internal.sql;

import static dev.byline.internal.sql.generated.Tables.FEEDS;
import static dev.byline.internal.sql.generated.Tables.FEED_ITEMS;
import static dev.byline.internal.sql.generated.Tables.POSTS;
import static dev.byline.internal.sql.generated.Tables.USERS;

import dev.byline.model.ExpectedVersion;
import java.util.List;
import org.jooq.DSLContext;
import org.jooq.impl.DSL;

/**
 * Statements that delete users, one method each. A user is marked as deleted at once; their rows are deleted in
 * batches, which skip rows that another process is deleting.
 */
public final class DeletedUserSql {
    private DeletedUserSql() {}

    /**
     * Locks a user's row until the transaction ends; returns whether it exists. Waits for transactions that insert
     * posts of the user (the foreign key locks the row) and blocks new ones.
     */
    public static boolean lock(DSLContext dsl, long id) {
        return dsl.select(USERS.ID)
                .from(USERS)
                .where(USERS.ID.eq(id))
                .forUpdate()
                .fetchOptional()
                .isPresent();
    }

    /** Marks a user as deleted, which hides the user and all their data; returns whether it did. */
    public static boolean markDeleted(DSLContext dsl, long id, ExpectedVersion expected) {
        return dsl.update(USERS)
                        .set(USERS.DELETED_AT, DSL.currentInstant())
                        .where(
                                USERS.ID.eq(id),
                                USERS.DELETED_AT.isNull(),
                                VersionSql.is(USERS.VERSION, USERS.UPDATED_AT, expected))
                        .execute()
                == 1;
    }

    /** Lists the ids of users who are marked as deleted, in order. */
    public static List<Long> markedDeleted(DSLContext dsl, long after, int limit) {
        return dsl.select(USERS.ID)
                .from(USERS)
                .where(USERS.DELETED_AT.isNotNull(), USERS.ID.gt(after))
                .orderBy(USERS.ID)
                .limit(DSL.inline(limit))
                .fetch(USERS.ID);
    }

    /** Deletes up to {@code limit} rows, first posts, then feed items; returns how many. */
    public static int deleteRows(DSLContext dsl, long userId, int limit) {
        var posts = deletePosts(dsl, userId, limit);
        return posts < limit ? posts + deleteFeedItems(dsl, userId, limit - posts) : posts;
    }

    private static int deletePosts(DSLContext dsl, long userId, int limit) {
        return dsl.deleteFrom(POSTS)
                .where(POSTS.ID.in(DSL.select(POSTS.ID)
                        .from(POSTS)
                        .where(POSTS.USER_ID.eq(userId))
                        .limit(DSL.inline(limit))
                        .forUpdate()
                        .skipLocked()))
                .execute();
    }

    private static int deleteFeedItems(DSLContext dsl, long userId, int limit) {
        var items = DSL.select(FEED_ITEMS.FEED_ID, FEED_ITEMS.GUID)
                .from(FEED_ITEMS)
                .join(FEEDS)
                .on(FEEDS.ID.eq(FEED_ITEMS.FEED_ID))
                .where(FEEDS.USER_ID.eq(userId))
                .limit(DSL.inline(limit))
                .forUpdate()
                .of(FEED_ITEMS)
                .skipLocked();
        return dsl.deleteFrom(FEED_ITEMS)
                .where(DSL.row(FEED_ITEMS.FEED_ID, FEED_ITEMS.GUID).in(items))
                .execute();
    }

    /** Deletes a marked user and their feeds if no posts and no feed items are left; returns whether it did. */
    public static boolean deleteMarked(DSLContext dsl, long id) {
        return dsl.deleteFrom(USERS)
                        .where(
                                USERS.ID.eq(id),
                                USERS.DELETED_AT.isNotNull(),
                                DSL.notExists(DSL.selectOne().from(POSTS).where(POSTS.USER_ID.eq(id))),
                                DSL.notExists(DSL.selectOne()
                                        .from(FEED_ITEMS)
                                        .join(FEEDS)
                                        .on(FEEDS.ID.eq(FEED_ITEMS.FEED_ID))
                                        .where(FEEDS.USER_ID.eq(id))))
                        .execute()
                == 1;
    }
}
