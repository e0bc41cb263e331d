package dev.byline.internal.cache;

import dev.byline.model.Metadata;
import dev.byline.model.Role;
import dev.byline.model.User;
import java.util.Objects;

/** Serializes users, for Redis and for snapshots of created users. */
public final class UserCodec {
    private UserCodec() {}

    /**
     * Returns the approximate memory of a user, in bytes.
     *
     * @param user with or without the private fields
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
     * Writes the public fields of a user.
     *
     * @param user with or without the private fields
     * @param bytes to write to
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
     * @param bytes to read from
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
