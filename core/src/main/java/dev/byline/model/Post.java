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
 * @param metadata any data of its author
 * @param publishedAt when it was published, null for a draft
 * @param version starts at 1, plus one with each change
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
    /** The bytes of names, numbers and times in JSON. */
    private static final long JSON_FRAME = 400;

    /** Returns whether it is published or a draft. */
    public PostStatus status() {
        return publishedAt == null ? PostStatus.DRAFT : PostStatus.PUBLISHED;
    }

    /** Returns the approximate size in JSON in bytes; never less than title and body take in the database. */
    public long jsonBytes() {
        return JSON_FRAME
                + JsonSize.of(title)
                + JsonSize.of(body)
                + metadata.json().length();
    }
}
