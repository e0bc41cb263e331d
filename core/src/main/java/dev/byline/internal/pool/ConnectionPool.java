package dev.byline.internal.pool;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.SQLExceptionOverride;
import com.zaxxer.hikari.pool.HikariPool;
import dev.byline.model.BylineConfig;
import dev.byline.model.Metrics;
import dev.byline.model.PoolStatus;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import javax.sql.DataSource;
import org.jooq.ConnectionProvider;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * HikariCP's pool with first-come, first-served order. HikariCP allows barging: a newcomer can take the connection
 * meant for a waiter, who then waits again behind all others. Under load, about one waiter in ten thousand timed out
 * after a full second. So callers first acquire one of as many permits as there are connections.
 *
 * <p>While the database doesn't respond, as many callers wait as there are connections; the others fail at once,
 * because they would only time out and delay requests that need no database. Safe for use by several threads.
 */
public final class ConnectionPool implements ConnectionProvider, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ConnectionPool.class);

    /** The database doesn't respond if no statement has succeeded for this long, although some are in progress. */
    private static final Duration STUCK_AFTER = Duration.ofMillis(250);

    /** Between two attempts to connect to a replica, which may be the primary at the moment. */
    private static final Duration REPLICA_INTERVAL = Duration.ofMillis(500);

    private final ReconnectingDataSource connections;
    private final HikariPool pool; // HikariDataSource takes no timeout for each call
    private final FairSemaphore permits;
    private final int size;
    private final Duration timeout;
    private final ConnectionTimes times;
    private final WriteGate writes;
    private final Fence fence;
    private final AtomicInteger demand = new AtomicInteger(); // callers that wait for or hold a connection
    private final AtomicInteger waiting = new AtomicInteger();
    private volatile long respondedAt;
    private volatile long answeredAt = System.nanoTime() - Duration.ofDays(2).toNanos();

    /**
     * Opens the pool of the primary. Doesn't wait for the database: connections are made once it responds.
     *
     * @param config URL, pool size and timeouts
     * @param watchdog expires waiters and slow reads
     * @param metrics receives how long connections were waited for and held
     */
    public ConnectionPool(BylineConfig.Database config, Watchdog watchdog, Metrics metrics) {
        this("the database", config, ReconnectingDataSource.INTERVAL, watchdog, metrics, null);
    }

    /**
     * Opens the pool of a replica.
     *
     * @param name of the replica in the log
     * @param config as for the primary
     * @param watchdog as for the primary
     * @param check of each new connection
     */
    public static ConnectionPool ofReplica(
            String name, BylineConfig.Database config, Watchdog watchdog, ConnectionCheck check) {
        return new ConnectionPool(name, config, REPLICA_INTERVAL, watchdog, Metrics.NONE, check);
    }

    /** @param check null for the fence */
    private ConnectionPool(
            String name,
            BylineConfig.Database config,
            Duration interval,
            Watchdog watchdog,
            Metrics metrics,
            @Nullable ConnectionCheck check) {
        var kept = config.pgBouncer()
                ? Duration.ZERO
                : config.fence(); // each transaction may use another server connection
        this.fence = new Fence(kept, metrics, () -> answeredAt, this::evictReplaced, System::nanoTime);
        this.connections = new ReconnectingDataSource(name, config, interval, watchdog, check == null ? fence : check);
        this.size = config.poolSize();
        this.timeout = config.connectionTimeout();
        this.permits = new FairSemaphore(watchdog, size, timeout);
        this.times = new ConnectionTimes(metrics);
        this.writes = new WriteGate(size, timeout, connections, watchdog, times, metrics);
        var hikari = hikari(check == null ? "byline" : "byline " + name, config, connections);
        hikari.validate();
        this.pool = new HikariPool(hikari);
    }

    private static HikariConfig hikari(String name, BylineConfig.Database config, DataSource connections) {
        var hikari = new HikariConfig();
        hikari.setPoolName(name);
        hikari.setDataSource(connections);
        hikari.setExceptionOverride(new ReadOnlyEvicted(config.poolSize()));
        hikari.setMaximumPoolSize(config.poolSize());
        hikari.setMinimumIdle(config.poolSize());
        hikari.setConnectionTimeout(config.connectionTimeout().toMillis());
        hikari.setValidationTimeout(300);
        hikari.setKeepaliveTime(30_000);
        hikari.setMaxLifetime(config.maxLifetime().toMillis());
        hikari.setInitializationFailTimeout(-1);
        return hikari;
    }

    private void evictReplaced() {
        LOG.warn("a newer primary was seen: all connections are opened again");
        evict();
        writes.repeatProbe();
    }

    /** Closes all connections: the idle ones now, the others when they are released. */
    public void evict() {
        pool.softEvictConnections();
    }

    /** Closes a connection when it is released. */
    public void evict(Connection connection) {
        pool.evictConnection(connection);
    }

    /**
     * Opens a checked connection beside the pool. Blocks for up to two seconds.
     *
     * @throws SQLException when the server can't be reached, or the check fails
     */
    public Connection connect() throws SQLException {
        return connections.connect();
    }

    /** Returns what keeps connections from a server that was replaced. */
    public Fence fence() {
        return fence;
    }

    /** Returns what limits writes. */
    public WriteGate writes() {
        return writes;
    }

    /** Records that a statement succeeded. */
    public void responded() {
        respondedAt = System.nanoTime();
        answeredAt = respondedAt;
    }

    private boolean isStuck() {
        return System.nanoTime() - respondedAt > STUCK_AFTER.toNanos();
    }

    @Override
    public Connection acquire() {
        if (demand.getAndIncrement() == 0) {
            respondedAt = System.nanoTime(); // an idle period isn't a failure
        }
        var start = System.nanoTime();
        var acquired = false;
        try {
            var connection = await(start);
            acquired = true;
            times.acquired(connection, start);
            return connection;
        } catch (SQLException e) {
            throw times.missed(e, start);
        } finally {
            if (!acquired) {
                demand.decrementAndGet();
            }
        }
    }

    private Connection await(long start) throws SQLException {
        try {
            if (waiting.getAndIncrement() >= size && isStuck()) {
                throw new SQLTransientConnectionException("the database doesn't respond: " + status());
            }
            if (!permits.acquire()) {
                throw new SQLTransientConnectionException(
                        "no connection within " + timeout.toMillis() + " ms: " + status());
            }
            return afterPermit(start);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SQLTransientConnectionException("interrupted", e);
        } finally {
            waiting.decrementAndGet();
        }
    }

    private Connection afterPermit(long start) throws SQLException {
        try {
            while (true) {
                var waited = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
                var connection = pool.getConnection(Math.max(1, timeout.toMillis() - waited));
                if (fence.isCurrent(connection)) {
                    return connection;
                }
                pool.evictConnection(connection); // was not in the pool yet when the others were evicted
                connection.close();
            }
        } catch (SQLException | RuntimeException | Error e) {
            permits.release();
            throw e;
        }
    }

    @Override
    public void release(Connection connection) {
        demand.decrementAndGet();
        try {
            times.release(connection);
        } finally {
            permits.release();
        }
    }

    /** Returns the current state. Doesn't block. */
    public PoolStatus status() {
        return new PoolStatus(
                pool.getTotalConnections(),
                pool.getActiveConnections(),
                pool.getIdleConnections(),
                writes.waiting() + permits.waiting() + pool.getThreadsAwaitingConnection());
    }

    /** Closes the connections; waits for those in use, for some seconds at most. */
    @Override
    public void close() {
        connections.close();
        writes.close();
        permits.close();
        try {
            pool.shutdown();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Evicts connections to a server that is read-only since a failover: no write succeeds on them. If the new
     * connections are read-only as well, the whole pool is replaced at most twice a second, because reads still work.
     */
    private static final class ReadOnlyEvicted implements SQLExceptionOverride {
        private final long interval;
        private final AtomicLong next = new AtomicLong(System.nanoTime());

        ReadOnlyEvicted(int poolSize) {
            this.interval = 500_000_000L / poolSize;
        }

        @java.lang.Override
        public SQLExceptionOverride.Override adjudicate(SQLException e) {
            var now = System.nanoTime();
            var due = next.get();
            return "25006".equals(e.getSQLState()) && now - due >= 0 && next.compareAndSet(due, now + interval)
                    ? SQLExceptionOverride.Override.MUST_EVICT
                    : SQLExceptionOverride.Override.CONTINUE_EVICT;
        }
    }
}
