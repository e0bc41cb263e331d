package dev.byline.model;

import java.util.Locale;

/** A user's permissions. */
public enum Role {
    /** Only what the user owns. */
    USER,
    /** Everything. */
    ADMIN;

    /** Returns the name in requests, responses and the database: {@code user}, {@code admin}. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * Parses what {@link #text()} returns.
     *
     * @throws IllegalArgumentException for anything else
     */
    public static Role of(String text) {
        for (var role : values()) {
            if (role.text().equals(text)) {
                return role;
            }
        }
        throw new IllegalArgumentException("no such role");
    }
}
