package dev.byline.model;

import org.jspecify.annotations.Nullable;

/**
 * A change to a post: null leaves a field unchanged.
 *
 * @param title as in {@link NewPost}
 * @param body as in {@link NewPost}
 * @param metadata how the metadata changes
 * @param status publishing a draft sets its publication time to now; a post that is already published keeps its own
 */
public record PostChange(
        @Nullable String title,
        @Nullable String body,
        @Nullable MetadataChange metadata,
        @Nullable PostStatus status) {

    /** @throws dev.byline.model.BylineException.Invalid listing every invalid field */
    public PostChange {
        var validation = new Validation();
        if (title != null) {
            NewPost.checkTitle(validation, title);
        }
        if (body != null) {
            NewPost.checkBody(validation, body);
        }
        validation.throwIfInvalid();
    }

    /** Returns whether it changes nothing. */
    public boolean isEmpty() {
        return title == null && body == null && metadata == null && status == null;
    }
}
