package dev.byline.model;

import org.jspecify.annotations.Nullable;

/** The caller on whose behalf a use case runs: an explicit argument of every use case. */
public sealed interface Principal {
    /** A caller who isn't authenticated. */
    record Anonymous() implements Principal {}

    /**
     * A user of Byline. The code that creates it must have authenticated the user.
     *
     * @param userId the user's id
     * @param role the user's role
     * @param tokenId the token that the user presented; null for another authentication
     */
    record Member(long userId, Role role, @Nullable Long tokenId) implements Principal {
        /**
         * A user who was authenticated without a token of Byline.
         *
         * @param userId the user's id
         * @param role the user's role
         */
        public Member(long userId, Role role) {
            this(userId, role, null);
        }
    }

    /** The host program itself: has all permissions of an admin, and isn't a user. */
    record Operator() implements Principal {}

    /** Returns whether everything is permitted. */
    default boolean isAdmin() {
        return switch (this) {
            case Anonymous ignored -> false;
            case Member member -> member.role() == Role.ADMIN;
            case Operator ignored -> true;
        };
    }

    /**
     * Returns a key that identifies the caller: the same for a user, whatever token they presented.
     *
     * @param origin distinguishes anonymous callers
     */
    default String identity(String origin) {
        return switch (this) {
            case Anonymous ignored -> "anonymous " + origin;
            case Member member -> "user " + member.userId();
            case Operator ignored -> "operator";
        };
    }

    /**
     * Returns whether this is the user with that id.
     *
     * @param userId a user's id
     */
    default boolean is(long userId) {
        return this instanceof Member member && member.userId() == userId;
    }

    /**
     * Returns whether this is that user or an admin, who may see and change everything of the user.
     *
     * @param userId a user's id
     */
    default boolean isAdminOr(long userId) {
        return isAdmin() || is(userId);
    }
}
