package dev.byline.internal.pool;

import dev.byline.model.Metrics;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jooq.ConnectionProvider;
import org.jooq.exception.DataAccessException;

/**
 * Acquires and releases connections of any pool, and reports how long each was waited for and held. While the database
 * doesn't respond, only a few callers may wait; the others fail at once, because they would only time out and delay
 * requests that need no database.
 */
public final class TimedConnections implements ConnectionProvider {
    /** A source of connections, such as a pool. */
    public interface Source {
        Connection take() throws SQLException;

        default void giveBack(Connection connection) throws SQLException {
            connection.close();
        }
    }

    private static final Duration STUCK_AFTER = Duration.ofMillis(250);

    private final Source source;
    private final Metrics metrics;
    private final int maxWaitingInVain;
    private final AtomicInteger asking = new AtomicInteger();
    private final AtomicInteger waiting = new AtomicInteger();
    private volatile long progressAt;
    private final Map<Connection, Long> since = Collections.synchronizedMap(new IdentityHashMap<>());

    /**
     * Wraps a source.
     *
     * @param source the connections
     * @param maxWaitingInVain the most callers that may wait for a connection while the database doesn't respond
     */
    public TimedConnections(Source source, int maxWaitingInVain, Metrics metrics) {
        this.source = source;
        this.maxWaitingInVain = maxWaitingInVain;
        this.metrics = metrics;
    }

    /** Records that the database responded. */
    public void answered() {
        progressAt = System.nanoTime();
    }

    /** Returns whether no statement has succeeded for a while, although some are in progress. */
    private boolean isStuck() {
        return System.nanoTime() - progressAt > STUCK_AFTER.toNanos();
    }

    @Override
    public Connection acquire() {
        if (asking.getAndIncrement() == 0) {
            answered(); // an idle period isn't a failure
        }
        var start = System.nanoTime();
        var lent = false;
        try {
            var connection = await();
            lent = true;
            var now = System.nanoTime();
            since.put(connection, now);
            metrics.connectionAcquired(Duration.ofNanos(now - start));
            return connection;
        } catch (SQLException e) {
            metrics.connectionMissed(Duration.ofNanos(System.nanoTime() - start));
            throw new DataAccessException("no connection", e);
        } finally {
            if (!lent) {
                asking.decrementAndGet();
            }
        }
    }

    private Connection await() throws SQLException {
        try {
            if (waiting.getAndIncrement() >= maxWaitingInVain && isStuck()) {
                throw new SQLTransientConnectionException("the database answers nobody");
            }
            return source.take();
        } finally {
            waiting.decrementAndGet();
        }
    }

    @Override
    public void release(Connection connection) {
        asking.decrementAndGet();
        var start = since.remove(connection);
        try {
            source.giveBack(connection);
        } catch (SQLException e) {
            throw new DataAccessException("a connection can not be given back", e);
        } finally {
            if (start != null) {
                metrics.connectionReleased(Duration.ofNanos(System.nanoTime() - start));
            }
        }
    }
}
