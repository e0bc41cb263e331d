package dev.byline.model;

import org.jspecify.annotations.Nullable;

/**
 * A change to a user: null leaves a field as it is.
 *
 * @param email as in {@link NewUser}
 * @param name as in {@link NewUser}
 * @param password a new one; the user's other tokens are revoked with it
 * @param metadata how the metadata changes
 * @param active whether they may act; only admins change it
 * @param role what they may do; only admins change it
 */
public record UserChange(
        @Nullable String email,
        @Nullable String name,
        @Nullable Password password,
        @Nullable MetadataChange metadata,
        @Nullable Boolean active,
        @Nullable Role role) {

    /** @throws dev.byline.model.BylineException.Invalid naming every bad field */
    public UserChange {
        var validation = new Validation();
        if (email != null) {
            boolean ignored = NewUser.checkEmail(validation, email);
        }
        if (name != null) {
            NewUser.checkName(validation, name);
        }
        validation.throwIfInvalid();
    }

    /**
     * A change that leaves the password alone.
     *
     * @param email as above
     * @param name as above
     * @param metadata as above
     * @param active as above
     * @param role as above
     */
    public UserChange(
            @Nullable String email,
            @Nullable String name,
            @Nullable MetadataChange metadata,
            @Nullable Boolean active,
            @Nullable Role role) {
        this(email, name, null, metadata, active, role);
    }

    /** Whether it changes nothing. */
    public boolean isEmpty() {
        return email == null && name == null && password == null && metadata == null && active == null && role == null;
    }
}
