package dev.byline.internal.cache;

import dev.byline.internal.sql.TokenSql;
import dev.byline.model.AuthorWithPosts;
import dev.byline.model.Page;
import dev.byline.model.Post;
import dev.byline.model.User;
import dev.byline.model.WithAuthors;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;

/**
 * Defines all cache keys, and which keys each write makes stale. No other class creates keys: a write that misses one
 * is a bug in this file. A key that becomes stale whatever the statement finds is added before the statement, whose
 * outcome may be unknown; a key that depends on the statement's result, such as a new id, is added after it. The key of
 * a new row is invalidated because a negative entry may be cached under it.
 */
public final class CacheKeys {
    private static final CacheKind<User> USER =
            new CacheKind<>("user", 2, UserCodec::weight, UserCodec::write, UserCodec::read);
    private static final CacheKind<List<User>> USERS = new CacheKind<>(
            "users",
            2,
            users -> users.stream().mapToInt(UserCodec::weight).sum(),
            (users, bytes) -> bytes.list(users, user -> UserCodec.write(user, bytes)),
            bytes -> bytes.list(() -> UserCodec.read(bytes)));
    private static final CacheKind<Post> POST =
            new CacheKind<>("post", 1, PostCodec::weight, PostCodec::write, PostCodec::read);
    private static final CacheKind<Page<Post>> POSTS =
            new CacheKind<>("posts", 2, PostCodec::weight, PostCodec::write, PostCodec::readPage);
    private static final CacheKind<WithAuthors<Page<Post>>> POSTS_WITH_AUTHORS =
            new CacheKind<>("posts-with-authors", 1, PostCodec::weight, PostCodec::write, PostCodec::readWithAuthors);
    private static final CacheKind<AuthorWithPosts> AUTHOR =
            new CacheKind<>("author", 1, PostCodec::weight, PostCodec::write, PostCodec::readAuthor);
    private static final CacheKind<TokenSql.Holder> TOKEN = CacheKind.local("token", holder -> 200);

    /** The first page of the feed. */
    public static final CacheKey<Page<Post>> FEED = POSTS.key("feed");

    /** The first page of the feed with its authors, whose names any change of a user may change. */
    public static final CacheKey<WithAuthors<Page<Post>>> FEED_WITH_AUTHORS = POSTS_WITH_AUTHORS.key("feed");

    /**
     * The first rows of the list of all users. Whole rows: the fields that a viewer may not see are removed after the
     * look-up.
     */
    public static final CacheKey<List<User>> NEWEST_USERS = USERS.key("newest");

    private CacheKeys() {}

    /** A user's whole row. */
    public static CacheKey<User> user(long id) {
        return USER.key(id);
    }

    /** A post, also a draft. */
    public static CacheKey<Post> post(long id) {
        return POST.key(id);
    }

    /** The public view of a user with the first page of their published posts. */
    public static CacheKey<AuthorWithPosts> author(long userId) {
        return AUTHOR.key(userId);
    }

    /** The owner of a token, by the token's SHA-256. */
    public static CacheKey<TokenSql.Holder> token(byte[] hash) {
        return TOKEN.key(HexFormat.of().formatHex(hash));
    }

    /** Before a user is created; the id isn't known yet. */
    public static Set<CacheKey<?>> userCreating() {
        return Set.of(NEWEST_USERS);
    }

    /** After a user is created, or when a user is changed. */
    public static Set<CacheKey<?>> userChanged(long id) {
        return Set.of(user(id), author(id), NEWEST_USERS, FEED_WITH_AUTHORS);
    }

    /** When a user is deleted. Their cached posts are valid only while their user exists. */
    public static Set<CacheKey<?>> userDeleted(long id) {
        return Set.of(user(id), author(id), NEWEST_USERS, FEED, FEED_WITH_AUTHORS);
    }

    /** Before posts of an author are created or changed. */
    public static Set<CacheKey<?>> postsChanging(long author) {
        return Set.of(FEED, FEED_WITH_AUTHORS, author(author));
    }

    /** Before a post is changed or deleted; its author isn't known yet. */
    public static Set<CacheKey<?>> postChanging(long id) {
        return Set.of(FEED, FEED_WITH_AUTHORS, post(id));
    }

    /** After a post was created, changed or deleted. */
    public static Set<CacheKey<?>> postChanged(long id, long author) {
        return Set.of(FEED, FEED_WITH_AUTHORS, post(id), author(author));
    }

    /** When a token is revoked. */
    public static Set<CacheKey<?>> tokenRevoked(byte[] hash) {
        return Set.of(token(hash));
    }
}
