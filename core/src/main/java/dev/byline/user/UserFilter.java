package dev.byline.user;

import dev.byline.Metadata;
import org.jspecify.annotations.Nullable;

/**
 * Which users a list holds. All that is given must hold.
 *
 * @param active only those who are, or are not, active; null for all
 * @param metadata only those whose metadata contains this: the same members with the same values, nested ones too; null or
 *     empty for all
 */
public record UserFilter(@Nullable Boolean active, @Nullable Metadata metadata) {
    /** Everyone. */
    public static final UserFilter NONE = new UserFilter(null);

    public UserFilter {
        metadata = metadata != null && metadata.equals(Metadata.EMPTY) ? null : metadata;
    }

    /**
     * Active users, inactive ones, or all.
     *
     * @param active as above
     */
    public UserFilter(@Nullable Boolean active) {
        this(active, null);
    }

    String list() {
        return "users" + (active == null ? "" : "?active=" + active)
                + (metadata == null ? "" : "?metadata=" + metadata.json());
    }
}
