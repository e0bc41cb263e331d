package dev.byline.model;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;

/**
 * A post from another system, with its author.
 *
 * @param author found by e-mail address or created
 * @param passwordHash the password of an author who is created; null for one who can't log in with a password yet. An
 *     existing author keeps theirs
 * @param title as in {@link NewPost}
 * @param body as in {@link NewPost}
 * @param metadata as in {@link NewPost}
 * @param status published at {@code createdAt}, or a draft
 * @param createdAt when it was written; truncated to microseconds
 */
public record ImportedPost(
        NewUser author,
        @Nullable PasswordHash passwordHash,
        String title,
        String body,
        Metadata metadata,
        PostStatus status,
        Instant createdAt) {
    /** @throws dev.byline.model.BylineException.Invalid listing every invalid field */
    public ImportedPost {
        createdAt = createdAt.truncatedTo(ChronoUnit.MICROS);
        var validation = new Validation();
        NewPost.checkTitle(validation, title);
        NewPost.checkBody(validation, body);
        NewPost.checkTime(validation, "created_at", createdAt);
        validation.check(author.password() == null, "password", "must be absent; give its hash");
        validation.throwIfInvalid();
    }

    /**
     * A published post without metadata, whose author has no password.
     *
     * @param author as in the record
     * @param title as in the record
     * @param body as in the record
     * @param createdAt as in the record
     */
    public ImportedPost(NewUser author, String title, String body, Instant createdAt) {
        this(author, null, title, body, Metadata.EMPTY, PostStatus.PUBLISHED, createdAt);
    }
}
