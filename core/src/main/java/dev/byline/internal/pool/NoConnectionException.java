package dev.byline.internal.pool;

import java.sql.SQLException;
import org.jooq.exception.DataAccessException;

/** No connection could be acquired: no statement was sent. */
public final class NoConnectionException extends DataAccessException {
    private static final long serialVersionUID = 1;

    NoConnectionException(SQLException cause) {
        super("no connection", cause);
    }
}
