package dev.byline.model;

import java.util.Locale;

/** Whether the world may read a post. */
public enum PostStatus {
    /** Only its author and admins. */
    DRAFT,
    /** Everyone. */
    PUBLISHED;

    /** Returns the name on the wire: {@code draft}, {@code published}. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
