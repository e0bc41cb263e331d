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

/** Makes a user's posts say what a feed says: in short transactions, each of which may be the last. */
final class FeedStore {
    /** The most feeds of a user. */
    static final int MAX_FEEDS = 1000;

    private static final int BATCH = 50;

    /** Searchable text of so many characters is written well within the time limit of a statement. */
    private static final int BATCH_CHARACTERS = 300_000;

    private final Store store;

    FeedStore(Store store) {
        this.store = store;
    }

    /** Which of these the user imported before, by address. */
    Map<String, KnownFeed> known(long userId, Collection<String> urls) {
        return store.read(dsl -> ImportSql.feeds(dsl, userId, urls));
    }

    /**
     * What is to be written.
     *
     * @param posts those that are not there as they are, in the order of the document
     * @param renamed guids of items that are there as they are, but known by a key that isn't theirs alone any more, with the one
     *     that is
     */
    record Missing(List<FeedPost> posts, Map<Sha256, Sha256> renamed) {}

    /** Compares posts with what is there. Writes nothing. */
    Missing missing(@Nullable KnownFeed feed, List<FeedPost> posts) {
        if (feed == null || posts.isEmpty()) {
            return new Missing(posts, Map.of());
        }
        var known = store.read(dsl -> ImportSql.items(dsl, feed.id(), posts));
        var missing = new ArrayList<FeedPost>();
        var renamed = new HashMap<Sha256, Sha256>();
        for (var post : posts) {
            var there = find(known, post);
            if (isMissing(there, post)) {
                missing.add(post);
            } else if (there != null && post.keys().indexOf(there.guid()) < post.level()) {
                renamed.put(there.guid(), post.guid());
            }
        }
        return new Missing(missing, renamed);
    }

    /**
     * What a post's item is known by: a key that is its alone, the most exact first; else one that it shares with others by now, if
     * it is the one that says the same. That one is taken out: it is no other's.
     */
    private static @Nullable KnownItem find(Map<Sha256, KnownItem> known, FeedPost post) {
        for (int i = post.keys().size() - 1; i >= 0; i--) {
            var there = known.get(post.keys().get(i));
            if (there != null && (i >= post.level() || there.content().equals(post.content()))) {
                known.remove(there.guid());
                return there;
            }
        }
        return null;
    }

    /** An item whose post was deleted is not. */
    private static boolean isMissing(@Nullable KnownItem known, FeedPost post) {
        return known == null || (known.postId() != null && !known.content().equals(post.content()));
    }

    /** How many posts a write added and changed. */
    record Written(int imported, int updated) {
        static final Written NOTHING = new Written(0, 0);

        Written plus(Written other) {
            return new Written(imported + other.imported, updated + other.updated);
        }
    }

    /** Parts of the posts that fit into a transaction each, in the same order. */
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
     * Writes what is missing, in one transaction: what another import wrote meanwhile is looked at again.
     *
     * @param posts a part of what is missing
     * @param renamed all that is renamed; done once, it does nothing
     * @throws FeedException when the user has too many feeds
     * @throws BylineException.Invalid when the user is gone
     */
    Written write(long userId, String url, List<FeedPost> posts, Map<Sha256, Sha256> renamed) throws FeedException {
        return store.write(tx -> Optional.ofNullable(lock(tx.dsl(), userId, url))
                        .map(feed -> write(tx, userId, feed, posts, renamed)))
                .orElseThrow(FeedStore::tooMany);
    }

    private static FeedException tooMany() {
        return new FeedException(ImportFailure.TOO_MANY_FEEDS, "you have " + MAX_FEEDS + " feeds already");
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
            var there = find(known, post);
            if (there == null) {
                fresh.add(post);
            } else if (there.postId() != null && isMissing(there, post)) {
                changed.put(there.postId(), post);
                contents.put(there.guid(), post.content());
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
     * Remembers what the server knows this version of the feed by: from now on only another one is asked for. Adds the feed
     * if need be, as one without any items has none yet.
     */
    void remember(long userId, String url, Validators validators) throws FeedException {
        var there = store.write(tx -> {
            var dsl = tx.dsl();
            var feed = lock(dsl, userId, url);
            if (feed != null) {
                ImportSql.remember(dsl, feed, validators);
            }
            return feed != null;
        });
        if (!there) {
            throw tooMany();
        }
    }
}
