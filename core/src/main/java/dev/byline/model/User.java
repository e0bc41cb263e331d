package dev.byline.model;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A user, as a principal may see them.
 *
 * @param id positive
 * @param email as it was spelled; null for those who may not see it: everyone but the user and admins
 * @param name 1 to 200 characters
 * @param role null for those who may not see it, as {@code email}
 * @param active false: may not act any more
 * @param metadata public profile data
 * @param version 1 at first, one more with each change
 * @param createdAt when they signed up
 * @param updatedAt when they last changed
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
    /** Names, numbers and times. */
    private static final long JSON_FRAME = 400;

    /**
     * The user without what the viewer may not see.
     *
     * @param viewer who looks
     */
    public User seenBy(Principal viewer) {
        return viewer.isAdminOr(id) || (email == null && role == null)
                ? this
                : new User(id, null, name, null, active, metadata, version, createdAt, updatedAt);
    }

    /** About how many bytes it takes as JSON. 100 users never take more than {@link dev.byline.model.PageRequest#MAX_BYTES}. */
    public long jsonBytes() {
        return JSON_FRAME
                + (email == null ? 0 : JsonSize.of(email))
                + JsonSize.of(name)
                + metadata.json().length();
    }
}
