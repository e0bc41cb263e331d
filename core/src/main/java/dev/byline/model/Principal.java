package dev.byline.model;

import org.jspecify.annotations.Nullable;

/** On whose behalf something is done: an explicit argument of every use case. */
public sealed interface Principal {
    /** Nobody in particular. */
    record Anonymous() implements Principal {}

    /**
     * A user of Byline. Whoever makes one vouches for it.
     *
     * @param userId the user's id
     * @param role the user's role
     * @param tokenId the token they came with; null for those who came in another way
     */
    record Member(long userId, Role role, @Nullable Long tokenId) implements Principal {
        /**
         * A user who came without a token of Byline's.
         *
         * @param userId the user's id
         * @param role the user's role
         */
        public Member(long userId, Role role) {
            this(userId, role, null);
        }
    }

    /** The host program itself: may do everything an admin may, and is nobody's user. */
    record Operator() implements Principal {}

    /** Whether everything is allowed. */
    default boolean isAdmin() {
        return switch (this) {
            case Anonymous ignored -> false;
            case Member member -> member.role() == Role.ADMIN;
            case Operator ignored -> true;
        };
    }

    /**
     * Tells callers apart: the same for a user, whatever token they came with.
     *
     * @param origin tells those apart who are nobody in particular
     */
    default String identity(String origin) {
        return switch (this) {
            case Anonymous ignored -> "anonymous " + origin;
            case Member member -> "user " + member.userId();
            case Operator ignored -> "operator";
        };
    }

    /**
     * Whether this is the user with that id.
     *
     * @param userId a user's id
     */
    default boolean is(long userId) {
        return this instanceof Member member && member.userId() == userId;
    }

    /**
     * Whether this may see and change whatever is that user's: themself, or an admin.
     *
     * @param userId a user's id
     */
    default boolean isAdminOr(long userId) {
        return isAdmin() || is(userId);
    }
}
