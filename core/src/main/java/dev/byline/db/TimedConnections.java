package dev.byline.db;

import dev.byline.Metrics;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import javax.sql.DataSource;
import org.jooq.ConnectionProvider;
import org.jooq.exception.DataAccessException;

/** Lends connections and reports how long each was waited for and held, whoever's pool they are from. */
final class TimedConnections implements ConnectionProvider {
    private final DataSource dataSource;
    private final Metrics metrics;
    private final Map<Connection, Long> since = Collections.synchronizedMap(new IdentityHashMap<>());

    TimedConnections(DataSource dataSource, Metrics metrics) {
        this.dataSource = dataSource;
        this.metrics = metrics;
    }

    @Override
    public Connection acquire() {
        var start = System.nanoTime();
        try {
            var connection = dataSource.getConnection();
            var now = System.nanoTime();
            since.put(connection, now);
            metrics.connectionAcquired(Duration.ofNanos(now - start));
            return connection;
        } catch (SQLException e) {
            metrics.connectionMissed(Duration.ofNanos(System.nanoTime() - start));
            throw new DataAccessException("no connection", e);
        }
    }

    @Override
    public void release(Connection connection) {
        var start = since.remove(connection);
        try {
            connection.close();
        } catch (SQLException e) {
            throw new DataAccessException("a connection can not be given back", e);
        } finally {
            if (start != null) {
                metrics.connectionReleased(Duration.ofNanos(System.nanoTime() - start));
            }
        }
    }
}
