package dev.byline.internal.cache;

import dev.byline.model.Metadata;
import dev.byline.model.Role;
import dev.byline.model.User;
import java.util.Objects;

/** Writes and reads users as bytes: for Redis, and for snapshots of created ones. */
public final class UserCodec {
    private UserCodec() {}

    /**
     * Roughly how much memory a user takes, in bytes.
     *
     * @param user with or without what only some may see
     */
    public static int weight(User user) {
        return 300 + 2 * (user.name().length() + user.metadata().json().length());
    }

    /** Writes a whole row. */
    public static void write(User user, CacheBytes bytes) {
        writePublic(user, bytes);
        bytes.text(Objects.requireNonNull(user.email()));
        bytes.text(Objects.requireNonNull(user.role()).text());
    }

    /** Reads what {@link #write} wrote. */
    public static User read(CacheBytes bytes) {
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
