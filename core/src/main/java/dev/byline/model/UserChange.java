package dev.byline.model;

import org.jspecify.annotations.Nullable;

/**
 * A change to a user: null leaves a field unchanged.
 *
 * @param email as in {@link NewUser}
 * @param name as in {@link NewUser}
 * @param password a new one; revokes the user's other tokens
 * @param metadata how the metadata changes
 * @param active whether the user may act; only admins change it
 * @param role the user's role; only admins change it
 */
public record UserChange(
        @Nullable String email,
        @Nullable String name,
        @Nullable Password password,
        @Nullable MetadataChange metadata,
        @Nullable Boolean active,
        @Nullable Role role) {

    /** @throws dev.byline.model.BylineException.Invalid listing every invalid field */
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
     * A change that keeps the password.
     *
     * @param email as in the record
     * @param name as in the record
     * @param metadata as in the record
     * @param active as in the record
     * @param role as in the record
     */
    public UserChange(
            @Nullable String email,
            @Nullable String name,
            @Nullable MetadataChange metadata,
            @Nullable Boolean active,
            @Nullable Role role) {
        this(email, name, null, metadata, active, role);
    }

    /** Returns whether it changes nothing. */
    public boolean isEmpty() {
        return email == null && name == null && password == null && metadata == null && active == null && role == null;
    }
}
