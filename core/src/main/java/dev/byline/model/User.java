package dev.byline.model;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A user, as visible to a principal.
 *
 * @param id positive
 * @param email with its original spelling; null when not visible: only the user and admins see it
 * @param name 1 to 200 characters
 * @param role null when not visible, as {@code email}
 * @param active false: deactivated, may not act any more
 * @param metadata public profile data
 * @param version starts at 1, plus one with each change
 * @param createdAt when the user was created
 * @param updatedAt when the user last changed
 */
public record User(
        long id,
        @Nullable String email,
        String name,
        @Nullable Role role,
        boolean active,
        Metadata metadata,
        long version,
        Instant createdAt,
        Instant updatedAt) {
    /** The bytes of names, numbers and times in JSON. */
    private static final long JSON_FRAME = 400;

    /**
     * Returns the user without the fields that the viewer may not see.
     *
     * @param viewer the principal who reads
     */
    public User seenBy(Principal viewer) {
        return viewer.isAdminOr(id) || (email == null && role == null)
                ? this
                : new User(id, null, name, null, active, metadata, version, createdAt, updatedAt);
    }

    /**
     * Returns the approximate size in JSON in bytes. 100 users never exceed
     * {@link dev.byline.model.PageRequest#MAX_BYTES}.
     */
    public long jsonBytes() {
        return JSON_FRAME
                + (email == null ? 0 : JsonSize.of(email))
                + JsonSize.of(name)
                + metadata.json().length();
    }
}
