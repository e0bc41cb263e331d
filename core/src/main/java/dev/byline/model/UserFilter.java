package dev.byline.model;

import org.jspecify.annotations.Nullable;

/**
 * Filters the list of users. A user must match all conditions.
 *
 * @param active only active or only deactivated users; null for all
 * @param metadata as in {@link PostFilter}; null or empty for all
 */
public record UserFilter(@Nullable Boolean active, @Nullable Metadata metadata) {
    /** All users. */
    public static final UserFilter NONE = new UserFilter(null);

    /** @throws dev.byline.model.BylineException.Invalid when the metadata contains only empty objects and arrays */
    public UserFilter {
        metadata = metadata != null && metadata.equals(Metadata.EMPTY) ? null : metadata;
        var validation = new Validation();
        validation.check(metadata == null || metadata.hasValues(), "metadata", "must contain at least one value");
        validation.throwIfInvalid();
    }

    /**
     * Filters active users, deactivated ones, or none.
     *
     * @param active as in the record
     */
    public UserFilter(@Nullable Boolean active) {
        this(active, null);
    }
}
