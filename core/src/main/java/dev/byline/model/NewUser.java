package dev.byline.model;

import org.jspecify.annotations.Nullable;

/**
 * A user to create.
 *
 * @param email at most {@value #MAX_EMAIL} characters, one @ with something on both sides, no white space, no control
 *     characters; unique regardless of case
 * @param name 1 to {@value #MAX_NAME} characters, at least one of which is visible
 * @param password as in {@link Password}; null for a user who can't log in with one
 * @param metadata public profile data
 */
public record NewUser(String email, String name, @Nullable Password password, Metadata metadata) {
    /** The most code points of an e-mail address. */
    public static final int MAX_EMAIL = 254;

    /** The most code points of a name. */
    public static final int MAX_NAME = 200;

    /** @throws dev.byline.model.BylineException.Invalid listing every invalid field */
    public NewUser {
        var validation = new Validation();
        var known = checkEmail(validation, email);
        checkName(validation, name);
        if (password != null) {
            password.check(validation, known ? email : null);
        }
        validation.throwIfInvalid();
    }

    /**
     * A user without a password.
     *
     * @param email as in the record
     * @param name as in the record
     * @param metadata as in the record
     */
    public NewUser(String email, String name, Metadata metadata) {
        this(email, name, null, metadata);
    }

    static boolean checkEmail(Validation validation, String email) {
        return validation.text("email", email, 3, MAX_EMAIL)
                && validation.check(
                        isAddress(email),
                        "email",
                        "must be an address with one @, without white space or control characters");
    }

    static void checkName(Validation validation, String name) {
        boolean ignored = validation.visibleText("name", name, MAX_NAME);
    }

    /**
     * Returns whether a text is short enough for an e-mail address and can be stored by PostgreSQL: the first check of
     * an address that a client sent.
     *
     * @param email any string
     */
    public static boolean isPossibleEmail(String email) {
        return Validation.isShort(email, MAX_EMAIL) && Validation.isText(email);
    }

    /** Checks only the basic form: real addresses are odd. */
    private static boolean isAddress(String email) {
        var at = email.indexOf('@');
        return at > 0
                && at == email.lastIndexOf('@')
                && at < email.length() - 1
                && email.codePoints()
                        .noneMatch(c ->
                                Character.isWhitespace(c) || Character.isSpaceChar(c) || Character.isISOControl(c));
    }
}
