package dev.byline.internal.pool;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.pool.HikariPool;
import dev.byline.model.PoolStatus;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * HikariCP's pool with first-come, first-served order. HikariCP allows barging: a newcomer can take the connection
 * meant for a waiter, who then waits again behind all others. Under load, about one waiter in ten thousand timed out
 * after a full second.
 */
public final class FairPool implements TimedConnections.Source, AutoCloseable {
    private final HikariDataSource dataSource;
    private final HikariPool pool;
    private final FairSemaphore turns;

    /**
     * Opens the pool.
     *
     * @param watch expires waiters
     * @param config its connection timeout covers the wait for the permit and for the connection
     */
    public FairPool(Watchdog watch, HikariConfig config) {
        this.dataSource = new HikariDataSource(config);
        this.pool = (HikariPool) dataSource.getHikariPoolMXBean(); // HikariPool takes a timeout for each call
        this.turns =
                new FairSemaphore(watch, config.getMaximumPoolSize(), Duration.ofMillis(config.getConnectionTimeout()));
    }

    public int size() {
        return dataSource.getMaximumPoolSize();
    }

    @Override
    public Connection take() throws SQLException {
        var start = System.nanoTime();
        awaitTurn();
        try {
            var waited = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
            return pool.getConnection(Math.max(1, dataSource.getConnectionTimeout() - waited));
        } catch (SQLException | RuntimeException | Error e) {
            turns.giveBack();
            throw e;
        }
    }

    private void awaitTurn() throws SQLException {
        try {
            if (!turns.take()) {
                throw new SQLTransientConnectionException(
                        "no turn at a connection within " + dataSource.getConnectionTimeout() + " ms: " + status());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SQLTransientConnectionException("interrupted", e);
        }
    }

    @Override
    public void giveBack(Connection connection) throws SQLException {
        try {
            connection.close();
        } finally {
            turns.giveBack();
        }
    }

    public PoolStatus status() {
        return new PoolStatus(
                pool.getTotalConnections(),
                pool.getActiveConnections(),
                pool.getIdleConnections(),
                turns.waiting() + pool.getThreadsAwaitingConnection());
    }

    @Override
    public void close() {
        dataSource.close();
        turns.close();
    }
}
