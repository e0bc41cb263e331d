package dev.byline.post;

import dev.byline.Metadata;
import dev.byline.cache.CacheBytes;
import dev.byline.cache.CacheKey;
import dev.byline.cache.CacheKind;
import dev.byline.page.Page;
import dev.byline.user.UserCache;

/** What is cached of posts, under which names. Pages hold what everyone may see; drafts are cached one by one only. */
final class PostCache {
    private static final CacheKind<Post> POST =
            new CacheKind<>("post", 1, PostCache::weight, PostCache::write, PostCache::read);
    private static final CacheKind<Page<Post>> PAGE =
            new CacheKind<>("posts", 2, PostCache::weight, PostCache::write, PostCache::readPage);
    private static final CacheKind<AuthorWithPosts> AUTHOR = new CacheKind<>(
            "author",
            1,
            author -> UserCache.weight(author.author()) + weight(author.posts()),
            (author, bytes) -> {
                UserCache.writePublic(author.author(), bytes);
                write(author.posts(), bytes);
            },
            bytes -> new AuthorWithPosts(UserCache.readPublic(bytes), readPage(bytes)));

    /** The first page of the feed. */
    static final CacheKey<Page<Post>> FEED = PAGE.key("feed");

    private PostCache() {}

    /** A post, by id. */
    static CacheKey<Post> post(long id) {
        return POST.key(id);
    }

    /** A user as anyone sees them, beside the first page of their published posts. */
    static CacheKey<AuthorWithPosts> author(long userId) {
        return AUTHOR.key(userId);
    }

    private static int weight(Page<Post> page) {
        return page.items().stream().mapToInt(PostCache::weight).sum();
    }

    private static int weight(Post post) {
        return 300
                + 2
                        * (post.title().length()
                                + post.body().length()
                                + post.metadata().json().length());
    }

    private static void write(Page<Post> page, CacheBytes bytes) {
        bytes.list(page.items(), post -> write(post, bytes));
        bytes.optional(page.nextCursor(), bytes::text);
    }

    private static Page<Post> readPage(CacheBytes bytes) {
        return new Page<>(bytes.list(() -> read(bytes)), bytes.optional(bytes::text));
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
                Metadata.kept(bytes.text()),
                bytes.optional(bytes::time),
                bytes.number(),
                bytes.time(),
                bytes.time());
    }
}
