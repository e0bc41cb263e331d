package dev.byline.internal.pool;

import dev.byline.model.Metrics;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.sql.DataSource;
import org.jooq.ConnectionProvider;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Connections of a host's DataSource. Rejects connections with auto-commit off: a single statement would be rolled back
 * without an error when the connection returns to the pool.
 */
public final class HostConnections implements ConnectionProvider {
    private static final Logger LOG = LoggerFactory.getLogger(HostConnections.class);

    /** The longest wait of {@link #open} for a connection. */
    private static final Duration OPEN_TIMEOUT = Duration.ofSeconds(1);

    private final DataSource dataSource;
    private final ConnectionTimes times;

    private HostConnections(DataSource dataSource, Metrics metrics) {
        this.dataSource = dataSource;
        this.times = new ConnectionTimes(metrics);
    }

    /**
     * Checks auto-commit on one connection, if it gets one within a second.
     *
     * @throws IllegalStateException when its auto-commit is off
     */
    public static HostConnections open(DataSource dataSource, Metrics metrics) {
        var autoCommit = new CompletableFuture<Boolean>();
        Thread.ofPlatform().daemon().name("byline-open").start(() -> look(dataSource, autoCommit));
        try {
            if (!autoCommit.get(OPEN_TIMEOUT.toNanos(), TimeUnit.NANOSECONDS)) {
                throw autoCommitOff();
            }
        } catch (TimeoutException | ExecutionException e) {
            LOG.debug("no connection yet: auto-commit is checked on each one that is borrowed", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return new HostConnections(dataSource, metrics);
    }

    private static void look(DataSource dataSource, CompletableFuture<Boolean> autoCommit) {
        boolean on;
        try (var connection = dataSource.getConnection()) {
            on = connection.getAutoCommit();
        } catch (SQLException | RuntimeException e) {
            autoCommit.completeExceptionally(e);
            return;
        }
        autoCommit.complete(on); // only after the connection was returned
    }

    /** @throws IllegalStateException when its auto-commit is off */
    @Override
    public Connection acquire() {
        var start = System.nanoTime();
        try {
            var connection = borrow();
            times.acquired(connection, start);
            return connection;
        } catch (SQLException e) {
            throw times.missed(e, start);
        }
    }

    @Override
    public void release(Connection connection) {
        times.release(connection);
    }

    private Connection borrow() throws SQLException {
        var connection = dataSource.getConnection();
        try {
            if (connection.getAutoCommit()) {
                return connection;
            }
        } catch (SQLException | RuntimeException e) {
            close(connection, e);
            throw e;
        }
        var refusal = autoCommitOff();
        close(connection, refusal);
        throw refusal;
    }

    private static void close(Connection connection, Exception failure) {
        try {
            connection.close();
        } catch (SQLException e) {
            failure.addSuppressed(e);
        }
    }

    private static IllegalStateException autoCommitOff() {
        return new IllegalStateException(
                "the DataSource returns a connection with auto-commit off: it belongs to a transaction, or its pool is set"
                        + " up that way. To run in your transaction, use Byline.in(connection); otherwise use a DataSource with"
                        + " auto-commit on (HikariCP: setAutoCommit(true))");
    }
}
