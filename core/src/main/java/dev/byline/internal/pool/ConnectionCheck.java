package dev.byline.internal.pool;

import java.sql.Connection;
import java.sql.SQLException;

/** Checks each new connection of a pool. Used by several threads. */
public interface ConnectionCheck {
    /**
     * Checks a connection. May run statements on it.
     *
     * @return false when this keeps the connection for itself: the pool opens another one
     * @throws SQLException when the pool must not use the connection
     */
    boolean accepts(Connection connection) throws SQLException;
}
