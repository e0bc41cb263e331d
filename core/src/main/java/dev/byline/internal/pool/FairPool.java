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
 * HikariCP's pool, first come first served. By itself it lets whoever comes take a connection that is being handed to somebody
 * who waits, and who then waits again, behind all others: under load, of some ten thousand one waited its whole second, in vain.
 */
public final class FairPool implements TimedConnections.Source, AutoCloseable {
    private final HikariDataSource dataSource;
    private final HikariPool pool;
    private final FairSemaphore turns;

    /**
     * Opens the pool.
     *
     * @param watch looks who waits too long
     * @param config its connection timeout is for the turn and the connection together
     */
    public FairPool(Watchdog watch, HikariConfig config) {
        this.dataSource = new HikariDataSource(config);
        this.pool = (HikariPool) dataSource.getHikariPoolMXBean(); // which takes a timeout for each call
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
