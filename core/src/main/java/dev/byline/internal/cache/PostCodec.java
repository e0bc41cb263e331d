package dev.byline.internal.cache;

import dev.byline.model.AuthorWithPosts;
import dev.byline.model.Metadata;
import dev.byline.model.Page;
import dev.byline.model.Post;
import dev.byline.model.WithAuthors;

/** Serializes posts, for Redis and for snapshots of created posts. */
public final class PostCodec {
    private PostCodec() {}

    static int weight(AuthorWithPosts author) {
        return UserCodec.weight(author.author()) + weight(author.posts());
    }

    static void write(AuthorWithPosts author, CacheBytes bytes) {
        UserCodec.writePublic(author.author(), bytes);
        write(author.posts(), bytes);
    }

    static AuthorWithPosts readAuthor(CacheBytes bytes) {
        return new AuthorWithPosts(UserCodec.readPublic(bytes), readPage(bytes));
    }

    static int weight(WithAuthors<Page<Post>> page) {
        return weight(page.posts())
                + page.authors().stream().mapToInt(UserCodec::weight).sum();
    }

    static void write(WithAuthors<Page<Post>> page, CacheBytes bytes) {
        write(page.posts(), bytes);
        bytes.list(page.authors(), author -> UserCodec.writePublic(author, bytes));
    }

    static WithAuthors<Page<Post>> readWithAuthors(CacheBytes bytes) {
        return new WithAuthors<>(readPage(bytes), bytes.list(() -> UserCodec.readPublic(bytes)));
    }

    static int weight(Page<Post> page) {
        return page.items().stream().mapToInt(PostCodec::weight).sum();
    }

    /** Returns the approximate memory of a post, in bytes. */
    static int weight(Post post) {
        return 300
                + 2
                        * (post.title().length()
                                + post.body().length()
                                + post.metadata().json().length());
    }

    static void write(Page<Post> page, CacheBytes bytes) {
        bytes.list(page.items(), post -> write(post, bytes));
        bytes.optional(page.nextCursor(), bytes::text);
    }

    static Page<Post> readPage(CacheBytes bytes) {
        return new Page<>(bytes.list(() -> read(bytes)), bytes.optional(bytes::text));
    }

    /** Writes a row. */
    public static void write(Post post, CacheBytes bytes) {
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

    /** Reads what {@link #write(Post, CacheBytes)} wrote. */
    public static Post read(CacheBytes bytes) {
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
