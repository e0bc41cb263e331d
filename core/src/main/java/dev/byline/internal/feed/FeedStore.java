package dev.byline.internal.feed;

import dev.byline.internal.cache.CacheKeys;
import dev.byline.internal.feed.FetchResult.Validators;
import dev.byline.internal.feed.ImportSql.KnownFeed;
import dev.byline.internal.feed.ImportSql.KnownItem;
import dev.byline.internal.sql.PostWriteSql;
import dev.byline.internal.store.Store;
import dev.byline.internal.store.Tx;
import dev.byline.model.BylineException;
import dev.byline.model.ImportFailure;
import dev.byline.model.NewPost;
import dev.byline.model.Post;
import dev.byline.model.Principal;
import dev.byline.model.Role;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jooq.DSLContext;
import org.jspecify.annotations.Nullable;

/** Writes the items of a feed as posts, in short transactions. An import may stop after any of them. */
final class FeedStore {
    /** The maximum number of feeds of a user. */
    static final int MAX_FEEDS = 1000;

    private static final int BATCH = 50;

    /** The maximum text of a batch: indexing it takes much less than the statement timeout. */
    private static final int BATCH_CHARACTERS = 300_000;

    private final Store store;

    FeedStore(Store store) {
        this.store = store;
    }

    /** Returns the feeds that the user imported before, by URL. */
    Map<String, KnownFeed> known(long userId, Collection<String> urls) {
        return store.read(dsl -> ImportSql.feeds(dsl, userId, urls));
    }

    /**
     * The writes that a document needs.
     *
     * @param posts new and changed posts, in the order of the document
     * @param renamed the new key by the old key of each unchanged item whose key is no longer unique
     */
    record Changes(List<FeedPost> posts, Map<Sha256, Sha256> renamed) {}

    /** Compares the posts of a document with the stored items. Only reads. */
    Changes changes(@Nullable KnownFeed feed, List<FeedPost> posts) {
        if (feed == null || posts.isEmpty()) {
            return new Changes(posts, Map.of());
        }
        var known = store.read(dsl -> ImportSql.items(dsl, feed.id(), posts));
        var newOrChanged = new ArrayList<FeedPost>();
        var renamed = new HashMap<Sha256, Sha256>();
        for (var post : posts) {
            var stored = find(known, post);
            if (needsWrite(stored, post)) {
                newOrChanged.add(post);
            } else if (stored != null && post.keys().indexOf(stored.guid()) < post.level()) {
                renamed.put(stored.guid(), post.guid());
            }
        }
        return new Changes(newOrChanged, renamed);
    }

    /**
     * Finds the stored item of a post, by its most exact unique key first, otherwise by a key that other items share,
     * if the content is equal. Removes the item from the map, as it belongs to one post only.
     */
    private static @Nullable KnownItem find(Map<Sha256, KnownItem> known, FeedPost post) {
        for (int i = post.keys().size() - 1; i >= 0; i--) {
            var stored = known.get(post.keys().get(i));
            if (stored != null && (i >= post.level() || stored.content().equals(post.content()))) {
                known.remove(stored.guid());
                return stored;
            }
        }
        return null;
    }

    /** Returns whether the item is new or changed. An item whose post was deleted is neither. */
    private static boolean needsWrite(@Nullable KnownItem known, FeedPost post) {
        return known == null || (known.postId() != null && !known.content().equals(post.content()));
    }

    /** Numbers of posts added and changed. */
    record Written(int imported, int updated) {
        static final Written NOTHING = new Written(0, 0);

        Written plus(Written other) {
            return new Written(imported + other.imported, updated + other.updated);
        }
    }

    /** Splits posts into batches of one transaction each, in the same order. */
    static List<List<FeedPost>> batches(List<FeedPost> posts) {
        var batches = new ArrayList<List<FeedPost>>();
        var characters = 0;
        for (var post : posts) {
            var length = post.post().title().length() + post.post().body().length();
            if (batches.isEmpty() || batches.getLast().size() == BATCH || characters + length > BATCH_CHARACTERS) {
                batches.add(new ArrayList<>());
                characters = 0;
            }
            batches.getLast().add(post);
            characters += length;
        }
        return batches;
    }

    /**
     * Writes a batch in one transaction. Compares again with the stored items, as another import may have written
     * since.
     *
     * @param posts a batch of new and changed posts
     * @param renamed all new keys by old keys; repeating it has no effect
     * @throws FeedException when the user has too many feeds
     * @throws BylineException.Invalid when the user was deleted
     */
    Written write(long userId, String url, List<FeedPost> posts, Map<Sha256, Sha256> renamed) throws FeedException {
        return store.write(
                        owner(userId),
                        tx -> Optional.ofNullable(lock(tx.dsl(), userId, url))
                                .map(feed -> write(tx, userId, feed, posts, renamed)))
                .orElseThrow(FeedStore::tooMany);
    }

    private static Principal owner(long userId) {
        return new Principal.Member(userId, Role.USER);
    }

    private static FeedException tooMany() {
        return new FeedException(
                ImportFailure.TOO_MANY_FEEDS, "the user already has " + MAX_FEEDS + " feeds, the maximum");
    }

    private static @Nullable Long lock(DSLContext dsl, long userId, String url) {
        if (!ImportSql.lockUser(dsl, userId)) {
            throw new BylineException.Invalid("user_id", "names no user");
        }
        var feed = ImportSql.lockFeed(dsl, userId, url);
        if (feed.isEmpty()) {
            ImportSql.addFeed(dsl, userId, url, MAX_FEEDS);
            feed = ImportSql.lockFeed(dsl, userId, url);
        }
        return feed.orElse(null);
    }

    private static Written write(Tx tx, long userId, long feed, List<FeedPost> posts, Map<Sha256, Sha256> renamed) {
        var dsl = tx.dsl();
        if (!renamed.isEmpty()) {
            ImportSql.rename(dsl, feed, renamed);
        }
        var known = ImportSql.items(dsl, feed, posts);
        var fresh = new ArrayList<FeedPost>();
        var changed = new LinkedHashMap<Long, FeedPost>();
        var contents = new HashMap<Sha256, Sha256>();
        for (var post : posts) {
            var stored = find(known, post);
            if (stored == null) {
                fresh.add(post);
            } else if (stored.postId() != null && needsWrite(stored, post)) {
                changed.put(stored.postId(), post);
                contents.put(stored.guid(), post.content());
            }
        }
        tx.invalidate(CacheKeys.postsChanging(userId));
        if (!fresh.isEmpty()) {
            var ids = insert(dsl, userId, fresh);
            ids.forEach(id -> tx.invalidate(CacheKeys.postChanged(id, userId)));
            ImportSql.insertItems(dsl, feed, fresh, ids);
        }
        if (!changed.isEmpty()) {
            changed.keySet().forEach(id -> tx.invalidate(CacheKeys.postChanged(id, userId)));
            PostWriteSql.replaceAll(dsl, posts(changed));
            ImportSql.updateItems(dsl, feed, contents);
        }
        return new Written(fresh.size(), changed.size());
    }

    private static List<Long> insert(DSLContext dsl, long userId, List<FeedPost> posts) {
        var created = PostWriteSql.insert(
                dsl, posts.stream().map(FeedPost::post).toList(), Collections.nCopies(posts.size(), userId));
        return created.stream().map(Post::id).toList();
    }

    private static Map<Long, NewPost> posts(Map<Long, FeedPost> items) {
        var posts = new LinkedHashMap<Long, NewPost>();
        items.forEach((id, item) -> posts.put(id, item.post()));
        return posts;
    }

    /**
     * Stores the validators of a completely imported document, so that the next request is conditional. Adds the feed
     * if it is missing: a feed without items has no row yet.
     *
     * @throws FeedException when the user has too many feeds
     */
    void saveValidators(long userId, String url, Validators validators) throws FeedException {
        var found = store.write(owner(userId), tx -> {
            var dsl = tx.dsl();
            var feed = lock(dsl, userId, url);
            if (feed != null) {
                ImportSql.updateValidators(dsl, feed, validators);
            }
            return feed != null;
        });
        if (!found) {
            throw tooMany();
        }
    }
}
