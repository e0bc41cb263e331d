package dev.byline.internal.pool;

import java.sql.SQLException;
import java.sql.SQLWarning;
import org.jooq.ExecuteContext;
import org.jooq.ExecuteListener;
import org.jooq.ExecuteListenerProvider;
import org.jooq.exception.DataAccessException;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLWarning;

/**
 * Reports a commit as unavailable whose wait for a synchronous standby was cancelled, by an operator or a driver.
 * PostgreSQL reports success with a warning: the change is committed here, but may be lost in a failover.
 */
public final class CancelledWait implements ExecuteListener {
    private static final long serialVersionUID = 1;

    /** Checks statements with auto-commit. */
    public static final ExecuteListenerProvider LISTENER = CancelledWait::new;

    /** The function of PostgreSQL that warns; messages may be translated. */
    private static final String ROUTINE = "SyncRepWaitForLSN";

    private CancelledWait() {}

    /**
     * Checks the warnings of a commit.
     *
     * @throws SQLException of class 08 when one of them is that of a cancelled wait
     */
    public static void check(@Nullable SQLWarning warnings) throws SQLException {
        if (isIn(warnings)) {
            throw new SQLException("the wait for a synchronous standby was cancelled", "08007", warnings);
        }
    }

    /** Returns whether one of the warnings is that of a cancelled wait. */
    static boolean isIn(@Nullable SQLWarning warnings) {
        for (var warning = warnings; warning != null; warning = warning.getNextWarning()) {
            if (warning instanceof PSQLWarning own
                    && own.getServerErrorMessage() != null
                    && ROUTINE.equals(own.getServerErrorMessage().getRoutine())) {
                return true;
            }
        }
        return false;
    }

    /** Not in {@code warning}, which jOOQ doesn't call for statements that return rows. */
    @Override
    public void executeEnd(ExecuteContext context) {
        try {
            check(context.statement() == null ? null : context.statement().getWarnings());
        } catch (SQLException e) {
            throw new DataAccessException("committed, but not replicated", e);
        }
    }
}
