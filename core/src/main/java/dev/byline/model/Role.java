package dev.byline.model;

import java.util.Locale;

/** What a user may do beyond their own affairs. */
public enum Role {
    /** Only their own. */
    USER,
    /** Everything. */
    ADMIN;

    /** Returns the name on the wire and in the database: {@code user}, {@code admin}. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * Reads what {@link #text()} wrote.
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
