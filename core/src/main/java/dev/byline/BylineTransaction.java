package dev.byline;

import java.sql.Connection;

/**
 * The use cases in one transaction. They see its uncommitted rows, use no cache and share no statement with other
 * threads. Each use case has a savepoint: one that throws undoes only itself, and the transaction goes on.
 *
 * <p>Used by one thread at a time. A use case throws {@link IllegalStateException} when another thread uses the
 * transaction, when it has ended, when the connection has auto-commit on, and when an earlier statement of the caller
 * failed. Passwords are hashed while the transaction is open (a tenth of a second); the use of tokens isn't recorded.
 */
public sealed class BylineTransaction permits JoinedTransaction {
    private final Parts parts;

    BylineTransaction(Parts parts) {
        this.parts = parts;
    }

    /** The use cases on a connection. */
    record Parts(Connection connection, Users users, Posts posts, Tokens tokens) {}

    /** Returns the connection, for statements of the caller. The caller doesn't commit, roll back or close it. */
    public Connection connection() {
        return parts.connection();
    }

    /** Returns the use cases of users. */
    public Users users() {
        return parts.users();
    }

    /** Returns the use cases of posts. */
    public Posts posts() {
        return parts.posts();
    }

    /** Returns login and tokens. */
    public Tokens tokens() {
        return parts.tokens();
    }
}
