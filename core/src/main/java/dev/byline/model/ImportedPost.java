package dev.byline.model;

import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * A published post from another system, with its author.
 *
 * @param author found by e-mail address or created
 * @param title as in {@link NewPost}
 * @param body as in {@link NewPost}
 * @param createdAt when it was written and published; truncated to microseconds
 */
public record ImportedPost(NewUser author, String title, String body, Instant createdAt) {
    /** @throws dev.byline.model.BylineException.Invalid listing every invalid field */
    public ImportedPost {
        createdAt = createdAt.truncatedTo(ChronoUnit.MICROS);
        var validation = new Validation();
        NewPost.checkTitle(validation, title);
        NewPost.checkBody(validation, body);
        NewPost.checkTime(validation, "created_at", createdAt);
        validation.throwIfInvalid();
    }
}
