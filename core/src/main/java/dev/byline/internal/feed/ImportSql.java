package dev.byline.internal.feed;

import static dev.byline.internal.sql.generated.Tables.FEEDS;
import static dev.byline.internal.sql.generated.Tables.FEED_ITEMS;
import static dev.byline.internal.sql.generated.Tables.USERS;

import dev.byline.internal.feed.FetchResult.Validators;
import dev.byline.internal.sql.Columns;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jooq.DSLContext;
import org.jooq.Record2;
import org.jooq.Row2;
import org.jooq.Table;
import org.jooq.impl.DSL;
import org.jooq.impl.SQLDataType;
import org.jspecify.annotations.Nullable;

/** Statements for feeds and their items, one method each. */
final class ImportSql {
    /** The maximum number of keys in a statement, which keeps it short. */
    private static final int MAX_KEYS = 5_000;

    private ImportSql() {}

    /**
     * A stored feed.
     *
     * @param id the id of its row
     * @param validators the validators of the last import
     */
    record KnownFeed(long id, Validators validators) {}

    /**
     * A stored item.
     *
     * @param guid its key in the feed
     * @param postId the post, null when it was deleted
     * @param content the digest of its content at the last import
     */
    record KnownItem(Sha256 guid, @Nullable Long postId, Sha256 content) {}

    static Map<String, KnownFeed> feeds(DSLContext dsl, long userId, Collection<String> urls) {
        return dsl.select(FEEDS.URL, FEEDS.ID, FEEDS.ETAG, FEEDS.LAST_MODIFIED)
                .from(FEEDS)
                .where(FEEDS.USER_ID.eq(userId), FEEDS.URL.eq(DSL.any(urls.toArray(String[]::new))))
                .fetchMap(
                        FEEDS.URL,
                        row -> new KnownFeed(
                                row.get(FEEDS.ID), new Validators(row.get(FEEDS.ETAG), row.get(FEEDS.LAST_MODIFIED))));
    }

    /** Locks the user against deletion until the end of the transaction; false when the user was deleted. */
    static boolean lockUser(DSLContext dsl, long userId) {
        return dsl.select(USERS.ID)
                .from(USERS)
                .where(USERS.ID.eq(userId), USERS.DELETED_AT.isNull())
                .forKeyShare()
                .fetchOptional()
                .isPresent();
    }

    /** Adds a feed, unless it exists or the user has the maximum number. */
    static void addFeed(DSLContext dsl, long userId, String url, int maxFeeds) {
        var unused = dsl.insertInto(FEEDS, FEEDS.USER_ID, FEEDS.URL)
                .select(DSL.select(DSL.val(userId), DSL.val(url, SQLDataType.CLOB))
                        .where(DSL.field(DSL.selectCount().from(FEEDS).where(FEEDS.USER_ID.eq(userId)))
                                .lt(maxFeeds)))
                .onConflictDoNothing()
                .execute();
    }

    /** Locks the feed against other imports until the end of the transaction. */
    static Optional<Long> lockFeed(DSLContext dsl, long userId, String url) {
        return dsl.select(FEEDS.ID)
                .from(FEEDS)
                .where(FEEDS.USER_ID.eq(userId), FEEDS.URL.eq(url))
                .forNoKeyUpdate()
                .fetchOptional(FEEDS.ID);
    }

    /** Returns the stored items that have any key of the posts. */
    static Map<Sha256, KnownItem> items(DSLContext dsl, long feedId, Collection<FeedPost> posts) {
        var keys = posts.stream()
                .flatMap(post -> post.keys().stream())
                .distinct()
                .map(Sha256::bytes)
                .toArray(byte[][]::new);
        var items = new HashMap<Sha256, KnownItem>();
        for (int from = 0; from < keys.length; from += MAX_KEYS) {
            var part = Arrays.copyOfRange(keys, from, Math.min(keys.length, from + MAX_KEYS));
            dsl.select(FEED_ITEMS.GUID, FEED_ITEMS.POST_ID, FEED_ITEMS.CONTENT)
                    .from(FEED_ITEMS)
                    .where(FEED_ITEMS.FEED_ID.eq(feedId), FEED_ITEMS.GUID.eq(DSL.any(part)))
                    .forEach(row -> {
                        var guid = Sha256.of(row.get(FEED_ITEMS.GUID));
                        var content = Sha256.of(row.get(FEED_ITEMS.CONTENT));
                        items.put(guid, new KnownItem(guid, row.get(FEED_ITEMS.POST_ID), content));
                    });
        }
        return items;
    }

    /** Changes the keys of items, unless another item has the new key. */
    static void rename(DSLContext dsl, long feedId, Map<Sha256, Sha256> guids) {
        var rows = guids.entrySet().stream()
                .map(each -> DSL.row(
                        DSL.val(each.getKey().bytes()), DSL.val(each.getValue().bytes())))
                .toArray(Row2[]::new);
        var v = values(rows, "old", "new");
        var other = FEED_ITEMS.as("there");
        var unused = dsl.update(FEED_ITEMS)
                .set(FEED_ITEMS.GUID, Columns.v("new", SQLDataType.BLOB))
                .from(v)
                .where(FEED_ITEMS.FEED_ID.eq(feedId), FEED_ITEMS.GUID.eq(Columns.v("old", SQLDataType.BLOB)))
                .and(DSL.notExists(DSL.selectOne()
                        .from(other)
                        .where(other.FEED_ID.eq(feedId), other.GUID.eq(Columns.v("new", SQLDataType.BLOB)))))
                .execute();
    }

    static void insertItems(DSLContext dsl, long feedId, List<FeedPost> posts, List<Long> ids) {
        var insert =
                dsl.insertInto(FEED_ITEMS, FEED_ITEMS.FEED_ID, FEED_ITEMS.GUID, FEED_ITEMS.POST_ID, FEED_ITEMS.CONTENT);
        for (int i = 0; i < posts.size(); i++) {
            var post = posts.get(i);
            insert = insert.values(
                    feedId, post.guid().bytes(), ids.get(i), post.content().bytes());
        }
        var unused = insert.execute();
    }

    /** Sets the digests of items by key. */
    static void updateItems(DSLContext dsl, long feedId, Map<Sha256, Sha256> contents) {
        var rows = contents.entrySet().stream()
                .map(each -> DSL.row(
                        DSL.val(each.getKey().bytes()), DSL.val(each.getValue().bytes())))
                .toArray(Row2[]::new);
        var v = values(rows, "guid", "content");
        var unused = dsl.update(FEED_ITEMS)
                .set(FEED_ITEMS.CONTENT, Columns.v("content", SQLDataType.BLOB))
                .from(v)
                .where(FEED_ITEMS.FEED_ID.eq(feedId), FEED_ITEMS.GUID.eq(Columns.v("guid", SQLDataType.BLOB)))
                .execute();
    }

    @SuppressWarnings("unchecked")
    private static Table<Record2<byte[], byte[]>> values(Row2<?, ?>[] rows, String first, String second) {
        return DSL.values((Row2<byte[], byte[]>[]) rows).as("v", first, second);
    }

    static void updateValidators(DSLContext dsl, long feedId, Validators validators) {
        var unused = dsl.update(FEEDS)
                .set(FEEDS.ETAG, validators.etag())
                .set(FEEDS.LAST_MODIFIED, validators.lastModified())
                .where(FEEDS.ID.eq(feedId))
                .execute();
    }
}
