package dev.byline.db;

import dev.byline.BylineException;
import java.sql.SQLException;
import java.sql.SQLTransientException;
import org.jooq.exception.DataAccessException;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;

/**
 * What the database's errors mean, by SQLSTATE and constraint name, never by message text.
 *
 * @see <a href="https://www.postgresql.org/docs/current/errcodes-appendix.html">PostgreSQL error codes</a>
 */
final class Violations {
    private Violations() {}

    /** Returns what to throw instead: the error itself when it can only be a fault in Byline. */
    static RuntimeException translate(DataAccessException e) {
        var cause = e.getCause(SQLException.class);
        if (cause == null) {
            return e;
        }
        var state = cause.getSQLState();
        if (cause instanceof SQLTransientException || state == null || isUnavailable(state)) {
            return new BylineException.Unavailable(e);
        }
        var constraint = constraint(cause);
        if (constraint == null) {
            return e;
        }
        return switch (constraint) {
            case "users_email_key" -> new BylineException.Conflict("the e-mail address is taken");
            case "posts_user_id_fkey" -> new BylineException.Invalid("user_id", "names no user");
            case "users_metadata_size_check", "posts_metadata_size_check" ->
                new BylineException.Invalid("metadata", "must take at most 16384 bytes after the change");
            default -> e;
        };
    }

    private static boolean isUnavailable(String state) {
        return switch (state.substring(0, 2)) {
            // connection, authorisation, wrong database name, resources, operator intervention and statement timeout,
            // failing disk, crash
            case "08", "28", "3D", "53", "57", "58", "XX" -> true;
            // deadlock and its kin, lock timeout, read-only after failover, a schema that isn't there yet
            default ->
                switch (state) {
                    case "40001", "40P01", "55P03", "25006", "42P01", "42703", "42883" -> true;
                    default -> false;
                };
        };
    }

    private static @Nullable String constraint(SQLException e) {
        return e instanceof PSQLException p && p.getServerErrorMessage() != null
                ? p.getServerErrorMessage().getConstraint()
                : null;
    }
}
