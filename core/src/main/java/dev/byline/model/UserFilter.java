package dev.byline.model;

import org.jspecify.annotations.Nullable;

/**
 * Which users a list holds. All that is given must hold.
 *
 * @param active only those who are, or are not, active; null for all
 * @param metadata as in a filter of posts; null or empty for all
 */
public record UserFilter(@Nullable Boolean active, @Nullable Metadata metadata) {
    /** Everyone. */
    public static final UserFilter NONE = new UserFilter(null);

    /** @throws dev.byline.model.BylineException.Invalid when the metadata is nothing but empty objects and arrays */
    public UserFilter {
        metadata = metadata != null && metadata.equals(Metadata.EMPTY) ? null : metadata;
        var validation = new Validation();
        validation.check(metadata == null || metadata.hasValues(), "metadata", "must hold a value to look for");
        validation.throwIfInvalid();
    }

    /**
     * Active users, inactive ones, or all.
     *
     * @param active as above
     */
    public UserFilter(@Nullable Boolean active) {
        this(active, null);
    }
}
