package dev.byline.model;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A post.
 *
 * @param id positive
 * @param userId its author
 * @param title 1 to 500 characters
 * @param body up to 200,000 characters, may be empty
 * @param metadata whatever its author keeps there
 * @param publishedAt when it was published, null for a draft
 * @param version 1 at first, one more with each change
 * @param createdAt when it was written
 * @param updatedAt when it last changed
 */
public record Post(
        long id,
        long userId,
        String title,
        String body,
        Metadata metadata,
        @Nullable Instant publishedAt,
        long version,
        Instant createdAt,
        Instant updatedAt) {
    /** Names, numbers and times. */
    private static final long JSON_FRAME = 400;

    /** Returns whether it is published. */
    public PostStatus status() {
        return publishedAt == null ? PostStatus.DRAFT : PostStatus.PUBLISHED;
    }

    /** About how many bytes it takes as JSON; never fewer than title and body take in the database. */
    public long jsonBytes() {
        return JSON_FRAME
                + JsonSize.of(title)
                + JsonSize.of(body)
                + metadata.json().length();
    }
}
