package dev.byline.feed;

import dev.byline.BylineException;
import dev.byline.cache.CacheKey;
import dev.byline.cache.TieredCache;
import dev.byline.db.Database;
import dev.byline.feed.Fetched.Validators;
import dev.byline.feed.ImportSql.KnownFeed;
import dev.byline.feed.ImportSql.KnownItem;
import dev.byline.post.Posts;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jooq.DSLContext;
import org.jspecify.annotations.Nullable;

/** Makes a user's posts say what a feed says: in short transactions, each of which may be the last. */
final class FeedStore {
    /** The most feeds of a user. */
    static final int MAX_FEEDS = 1000;

    private static final int BATCH = 50;

    /** Searchable text of so many characters is written well within the time limit of a statement. */
    private static final int BATCH_CHARACTERS = 300_000;

    private final Database database;
    private final TieredCache cache;

    FeedStore(Database database, TieredCache cache) {
        this.database = database;
        this.cache = cache;
    }

    /** Which of these the user imported before, by address. */
    Map<String, KnownFeed> known(long userId, Collection<String> urls) {
        return database.read(dsl -> ImportSql.feeds(dsl, userId, urls));
    }

    /** Those of the posts that are not there as they are, in the same order. Writes nothing. */
    List<FeedPost> missing(@Nullable KnownFeed feed, List<FeedPost> posts) {
        if (feed == null || posts.isEmpty()) {
            return posts;
        }
        var known = database.read(dsl -> ImportSql.items(dsl, feed.id(), posts));
        return posts.stream()
                .filter(post -> isMissing(known.get(post.guid()), post))
                .toList();
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
     * @throws FeedException when the user has too many feeds
     * @throws BylineException.Invalid when the user is gone
     */
    Written write(long userId, String url, List<FeedPost> posts) throws FeedException {
        return cache.writing(touched -> database.write(dsl -> Optional.ofNullable(lock(dsl, userId, url))
                        .map(feed -> write(dsl, userId, feed, posts, touched))))
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

    private static Written write(
            DSLContext dsl, long userId, long feed, List<FeedPost> posts, Set<CacheKey<?>> touched) {
        var known = ImportSql.items(dsl, feed, posts);
        var fresh = new ArrayList<FeedPost>();
        var changed = new LinkedHashMap<Long, FeedPost>();
        for (var post : posts) {
            var there = known.get(post.guid());
            if (there == null) {
                fresh.add(post);
            } else if (there.postId() != null && isMissing(there, post)) {
                changed.put(there.postId(), post);
            }
        }
        touched.add(Posts.FEED);
        touched.add(Posts.author(userId));
        if (!fresh.isEmpty()) {
            var ids = ImportSql.insertPosts(dsl, userId, fresh);
            ids.forEach(id -> touched.add(Posts.cached(id))); // somebody may have looked for a new one in vain
            ImportSql.insertItems(dsl, feed, fresh, ids);
        }
        if (!changed.isEmpty()) {
            changed.keySet().forEach(id -> touched.add(Posts.cached(id)));
            ImportSql.updatePosts(dsl, changed);
            ImportSql.updateItems(dsl, feed, changed.values());
        }
        return new Written(fresh.size(), changed.size());
    }

    /**
     * Remembers what the server knows this version of the feed by: from now on only another one is asked for. Adds the feed
     * if need be, as one without any items has none yet.
     */
    void remember(long userId, String url, Validators validators) throws FeedException {
        var there = database.write(dsl -> {
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
