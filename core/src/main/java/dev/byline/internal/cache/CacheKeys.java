package dev.byline.internal.cache;

import dev.byline.internal.sql.TokenSql;
import dev.byline.model.AuthorWithPosts;
import dev.byline.model.Page;
import dev.byline.model.Post;
import dev.byline.model.User;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;

/**
 * What is cached under which key, and which write makes which keys stale. Nothing else names keys: a write that forgets one is a fault
 * in this file. A key that is stale whatever a statement finds is named before it, as its outcome may stay unknown; one that the
 * statement tells, such as a new id, after it. A new row's key is named because "not found" may be cached under it.
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
    private static final CacheKind<AuthorWithPosts> AUTHOR =
            new CacheKind<>("author", 1, PostCodec::weight, PostCodec::write, PostCodec::readAuthor);
    private static final CacheKind<TokenSql.Holder> TOKEN = CacheKind.local("token", holder -> 200);

    /** The first page of the feed. */
    public static final CacheKey<Page<Post>> FEED = POSTS.key("feed");

    /** The first rows of the list of all users. Whole rows: what a viewer may not see is left out when they are read. */
    public static final CacheKey<List<User>> NEWEST_USERS = USERS.key("newest");

    private CacheKeys() {}

    /** A user's whole row. */
    public static CacheKey<User> user(long id) {
        return USER.key(id);
    }

    /** A post; a draft, too. */
    public static CacheKey<Post> post(long id) {
        return POST.key(id);
    }

    /** A user as anyone sees them, beside the first page of their published posts. */
    public static CacheKey<AuthorWithPosts> author(long userId) {
        return AUTHOR.key(userId);
    }

    /** The holder of a token, by the token's SHA-256. */
    public static CacheKey<TokenSql.Holder> token(byte[] hash) {
        return TOKEN.key(HexFormat.of().formatHex(hash));
    }

    /** Before a user is created, whose id isn't known yet. */
    public static Set<CacheKey<?>> userCreating() {
        return Set.of(NEWEST_USERS);
    }

    /** A user was created or is changed. */
    public static Set<CacheKey<?>> userChanged(long id) {
        return Set.of(user(id), author(id), NEWEST_USERS);
    }

    /** A user is deleted. Cached posts of theirs are shown only while their user is there. */
    public static Set<CacheKey<?>> userDeleted(long id) {
        return Set.of(user(id), author(id), NEWEST_USERS, FEED);
    }

    /** Before posts of an author are created or changed. */
    public static Set<CacheKey<?>> postsChanging(long author) {
        return Set.of(FEED, author(author));
    }

    /** Before a post is changed or deleted, whose author isn't known yet. */
    public static Set<CacheKey<?>> postChanging(long id) {
        return Set.of(FEED, post(id));
    }

    /** A post was created, changed or deleted. */
    public static Set<CacheKey<?>> postChanged(long id, long author) {
        return Set.of(FEED, post(id), author(author));
    }

    /** A token is revoked. */
    public static Set<CacheKey<?>> tokenRevoked(byte[] hash) {
        return Set.of(token(hash));
    }
}
