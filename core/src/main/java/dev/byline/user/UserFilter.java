package dev.byline.user;

import org.jspecify.annotations.Nullable;

/**
 * Which users a list holds.
 *
 * @param active only those who are, or are not, active; null for all
 */
public record UserFilter(@Nullable Boolean active) {
    /** Everyone. */
    public static final UserFilter NONE = new UserFilter(null);

    String list() {
        return active == null ? "users" : "users?active=" + active;
    }
}
