package dev.byline.model;

/**
 * A post with its author.
 *
 * @param post the post
 * @param author in the public form, without e-mail address and role
 */
public record PostWithAuthor(Post post, User author) {
    /** Returns the approximate size as JSON, in bytes. */
    public long jsonBytes() {
        return post.jsonBytes() + author.jsonBytes();
    }
}
