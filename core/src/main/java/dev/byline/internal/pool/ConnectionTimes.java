package dev.byline.internal.pool;

import dev.byline.model.Metrics;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import org.jooq.exception.DataAccessException;

/** Reports how long each connection was waited for and held. Safe for use by several threads. */
final class ConnectionTimes {
    private final Metrics metrics;
    private final Map<Connection, Long> acquiredAt = Collections.synchronizedMap(new IdentityHashMap<>());

    ConnectionTimes(Metrics metrics) {
        this.metrics = metrics;
    }

    /** Reports the wait for a connection since a value of {@link System#nanoTime}. */
    void acquired(Connection connection, long start) {
        var now = System.nanoTime();
        acquiredAt.put(connection, now);
        metrics.connectionAcquired(Duration.ofNanos(now - start));
    }

    /** Reports a wait that failed; returns the exception for jOOQ. */
    DataAccessException missed(SQLException e, long start) {
        metrics.connectionMissed(Duration.ofNanos(System.nanoTime() - start));
        return new NoConnectionException(e);
    }

    /** Closes a connection, which returns it to its pool. */
    void release(Connection connection) {
        var start = acquiredAt.remove(connection);
        try {
            connection.close();
        } catch (SQLException e) {
            throw new DataAccessException("could not release a connection", e);
        } finally {
            if (start != null) {
                metrics.connectionReleased(Duration.ofNanos(System.nanoTime() - start));
            }
        }
    }
}
