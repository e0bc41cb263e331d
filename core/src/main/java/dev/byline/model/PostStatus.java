package dev.byline.model;

import java.util.Locale;

/** Who may read a post. */
public enum PostStatus {
    /** Only its author and admins. */
    DRAFT,
    /** Everyone. */
    PUBLISHED;

    /** Returns the name in requests and responses: {@code draft}, {@code published}. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
