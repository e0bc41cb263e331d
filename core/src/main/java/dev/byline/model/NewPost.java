package dev.byline.model;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;

/**
 * A post to create.
 *
 * @param title 1 to {@value #MAX_TITLE} characters, at least one of which is visible
 * @param body up to {@value #MAX_BODY} characters, may be empty
 * @param metadata any data of its author
 * @param status draft, or published at once
 * @param userId its author; null for the principal; only admins write for others
 * @param publishedAt when it was published, in the past; null for now. Only admins backdate, and it is then the
 *     creation time, too. Truncated to microseconds
 */
public record NewPost(
        String title,
        String body,
        Metadata metadata,
        PostStatus status,
        @Nullable Long userId,
        @Nullable Instant publishedAt) {
    /** The most code points of a title. */
    public static final int MAX_TITLE = 500;

    /** The most code points of a body. */
    public static final int MAX_BODY = 200_000;

    /** The earliest time of a post: RFC 3339 has no earlier years. */
    private static final Instant EARLIEST = Instant.parse("0001-01-01T00:00:00Z");

    /** @throws dev.byline.model.BylineException.Invalid listing every invalid field */
    public NewPost {
        publishedAt = publishedAt == null ? null : publishedAt.truncatedTo(ChronoUnit.MICROS);
        var validation = new Validation();
        checkTitle(validation, title);
        checkBody(validation, body);
        validation.check(userId == null || userId > 0, "user_id", "must be positive");
        if (publishedAt != null
                && validation.check(status == PostStatus.PUBLISHED, "published_at", "must be absent in a draft")) {
            checkTime(validation, "published_at", publishedAt);
        }
        validation.throwIfInvalid();
    }

    static void checkTime(Validation validation, String field, Instant time) {
        validation.check(!time.isBefore(EARLIEST), field, "must not be before the year 1");
    }

    static void checkTitle(Validation validation, String title) {
        boolean ignored = validation.visibleText("title", title, MAX_TITLE);
    }

    static void checkBody(Validation validation, String body) {
        validation.text("body", body, 0, MAX_BODY);
    }
}
