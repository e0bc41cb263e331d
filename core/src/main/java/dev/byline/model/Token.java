package dev.byline.model;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What is stored about a bearer token; the token itself isn't.
 *
 * @param id identifies it, for revoking
 * @param userId whose token it is
 * @param createdAt when it was issued
 * @param expiresAt when it expires
 * @param lastUsedAt when it was last used, up to 5 minutes late; null for never
 */
public record Token(
        long id,
        long userId,
        Instant createdAt,
        Instant expiresAt,
        @Nullable Instant lastUsedAt) {}
