package dev.byline.user;

import dev.byline.Metadata;
import dev.byline.cache.CacheBytes;
import dev.byline.cache.CacheKey;
import dev.byline.cache.CacheKind;
import java.util.List;
import java.util.Objects;

/** What is cached of users, under which names. Whole rows: what a viewer may not see is left out when it is read. */
public final class UserCache {
    private static final CacheKind<User> USER =
            new CacheKind<>("user", 2, UserCache::weight, UserCache::write, UserCache::read);
    private static final CacheKind<List<User>> PAGE = new CacheKind<>(
            "users",
            2,
            users -> users.stream().mapToInt(UserCache::weight).sum(),
            (users, bytes) -> bytes.list(users, user -> write(user, bytes)),
            bytes -> bytes.list(() -> read(bytes)));

    /** The first rows of the list of all users. */
    static final CacheKey<List<User>> NEWEST = PAGE.key("newest");

    private UserCache() {}

    /** A user, by id. */
    static CacheKey<User> user(long id) {
        return USER.key(id);
    }

    /**
     * Roughly how much memory a user takes, in bytes.
     *
     * @param user with or without what only some may see
     */
    public static int weight(User user) {
        return 300 + 2 * (user.name().length() + user.metadata().json().length());
    }

    private static void write(User user, CacheBytes bytes) {
        writePublic(user, bytes);
        bytes.text(Objects.requireNonNull(user.email()));
        bytes.text(Objects.requireNonNull(user.role()).text());
    }

    private static User read(CacheBytes bytes) {
        var user = readPublic(bytes);
        return new User(
                user.id(),
                bytes.text(),
                user.name(),
                Role.of(bytes.text()),
                user.active(),
                user.metadata(),
                user.version(),
                user.createdAt(),
                user.updatedAt());
    }

    /**
     * Writes what anyone may see of a user.
     *
     * @param user with or without the rest
     * @param bytes where to
     */
    public static void writePublic(User user, CacheBytes bytes) {
        bytes.number(user.id());
        bytes.text(user.name());
        bytes.flag(user.active());
        bytes.text(user.metadata().json());
        bytes.number(user.version());
        bytes.time(user.createdAt());
        bytes.time(user.updatedAt());
    }

    /**
     * Reads what {@link #writePublic} wrote.
     *
     * @param bytes where from
     */
    public static User readPublic(CacheBytes bytes) {
        return new User(
                bytes.number(),
                null,
                bytes.text(),
                null,
                bytes.flag(),
                Metadata.kept(bytes.text()),
                bytes.number(),
                bytes.time(),
                bytes.time());
    }
}
