package dev.byline.post;

import dev.byline.Metadata;
import dev.byline.cache.CacheBytes;
import dev.byline.cache.CacheKey;
import dev.byline.cache.CacheKind;
import dev.byline.user.UserCache;
import java.util.List;

/** What is cached of posts, under which names. Pages hold what everyone may see; drafts are cached one by one only. */
final class PostCache {
    private static final CacheKind<Post> POST =
            new CacheKind<>("post", 1, PostCache::weight, PostCache::write, PostCache::read);
    private static final CacheKind<List<Post>> PAGE = new CacheKind<>(
            "posts",
            1,
            PostCache::weight,
            (posts, bytes) -> bytes.list(posts, post -> write(post, bytes)),
            bytes -> bytes.list(() -> read(bytes)));
    private static final CacheKind<PostSql.AuthorRows> AUTHOR = new CacheKind<>(
            "author",
            1,
            rows -> UserCache.weight(rows.author()) + weight(rows.posts()),
            (rows, bytes) -> {
                UserCache.write(rows.author(), bytes);
                bytes.list(rows.posts(), post -> write(post, bytes));
            },
            bytes -> new PostSql.AuthorRows(UserCache.read(bytes), bytes.list(() -> read(bytes))));

    /** The first rows of the feed. */
    static final CacheKey<List<Post>> FEED = PAGE.key("feed");

    private PostCache() {}

    /** A post, by id. */
    static CacheKey<Post> post(long id) {
        return POST.key(id);
    }

    /** A user beside the first rows of their published posts. */
    static CacheKey<PostSql.AuthorRows> author(long userId) {
        return AUTHOR.key(userId);
    }

    private static int weight(List<Post> posts) {
        return posts.stream().mapToInt(PostCache::weight).sum();
    }

    private static int weight(Post post) {
        return 300
                + 2
                        * (post.title().length()
                                + post.body().length()
                                + post.metadata().json().length());
    }

    private static void write(Post post, CacheBytes bytes) {
        bytes.number(post.id());
        bytes.number(post.userId());
        bytes.text(post.title());
        bytes.text(post.body());
        bytes.text(post.metadata().json());
        bytes.optional(post.publishedAt(), bytes::time);
        bytes.number(post.version());
        bytes.time(post.createdAt());
        bytes.time(post.updatedAt());
    }

    private static Post read(CacheBytes bytes) {
        return new Post(
                bytes.number(),
                bytes.number(),
                bytes.text(),
                bytes.text(),
                Metadata.stored(bytes.text()),
                bytes.optional(bytes::time),
                bytes.number(),
                bytes.time(),
                bytes.time());
    }
}
