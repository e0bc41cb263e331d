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
            new CacheKind<>("user", 1, UserCache::weight, UserCache::write, UserCache::read);
    private static final CacheKind<List<User>> PAGE = new CacheKind<>(
            "users",
            1,
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
     * @param user a whole row
     */
    public static int weight(User user) {
        return 300 + 2 * (user.name().length() + user.metadata().json().length());
    }

    /**
     * Writes a user.
     *
     * @param user a whole row
     * @param bytes where to
     */
    public static void write(User user, CacheBytes bytes) {
        bytes.number(user.id());
        bytes.text(Objects.requireNonNull(user.email()));
        bytes.text(user.name());
        bytes.text(Objects.requireNonNull(user.role()).text());
        bytes.flag(user.active());
        bytes.text(user.metadata().json());
        bytes.number(user.version());
        bytes.time(user.createdAt());
        bytes.time(user.updatedAt());
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @param bytes where from
     */
    public static User read(CacheBytes bytes) {
        return new User(
                bytes.number(),
                bytes.text(),
                bytes.text(),
                Role.of(bytes.text()),
                bytes.flag(),
                Metadata.stored(bytes.text()),
                bytes.number(),
                bytes.time(),
                bytes.time());
    }
}
