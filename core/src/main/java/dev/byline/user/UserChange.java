package dev.byline.user;

import dev.byline.MetadataChange;
import dev.byline.Validation;
import org.jspecify.annotations.Nullable;

/**
 * A change to a user: null leaves a field as it is.
 *
 * @param email as in {@link NewUser}
 * @param name as in {@link NewUser}
 * @param metadata how the metadata changes
 * @param active whether they may act; only admins change it
 * @param role what they may do; only admins change it
 */
public record UserChange(
        @Nullable String email,
        @Nullable String name,
        @Nullable MetadataChange metadata,
        @Nullable Boolean active,
        @Nullable Role role) {

    /** @throws dev.byline.BylineException.Invalid naming every bad field */
    public UserChange {
        var validation = new Validation();
        if (email != null) {
            NewUser.checkEmail(validation, email);
        }
        if (name != null) {
            NewUser.checkName(validation, name);
        }
        validation.throwIfInvalid();
    }

    /** Whether it changes nothing. */
    public boolean isEmpty() {
        return email == null && name == null && metadata == null && active == null && role == null;
    }
}
