package dev.byline.internal.pool;

import dev.byline.model.Metrics;
import java.net.SocketTimeoutException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Limits writes, so that commits that hang leave connections for reads. A commit hangs while it waits for a synchronous
 * standby or for a disk; the driver closes the connection after two seconds, but the server's session stays, and the pool
 * opens another one. Without a limit, writes would take all sessions of the server within seconds.
 *
 * <p>Writes hold at most all connections of the pool but one. After a write whose response didn't come in time, writes
 * are rejected until a commit of a probe succeeds. The probe waits on one connection of its own, so nothing more is
 * abandoned while commits hang. Safe for use by several threads.
 */
public final class WriteGate implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WriteGate.class);

    /** Between two probes, if the server can't be reached. */
    private static final Duration RETRY = Duration.ofMillis(250);

    /** A small record in the write-ahead log, whose commit waits as that of any change does. */
    private static final String PROBE = "SELECT pg_logical_emit_message(true, 'byline', '')";

    /** How long a probe waits before it is cancelled and repeated, on the same connection if that still works. */
    private static final int PROBE_SECONDS = 30;

    private static final String SUSPENDED = "writes are suspended: commits don't return";

    private final FairSemaphore permits;
    private final ConnectionTimes times;
    private final ReconnectingDataSource connections;
    private final Metrics metrics;
    private final Duration timeout;
    private final AtomicBoolean suspended = new AtomicBoolean();
    private volatile boolean closed;
    private volatile @Nullable Connection probing;

    WriteGate(
            int poolSize,
            Duration timeout,
            ReconnectingDataSource connections,
            Watchdog watchdog,
            ConnectionTimes times,
            Metrics metrics) {
        this.times = times;
        this.permits = new FairSemaphore(watchdog, Math.max(1, poolSize - 1), timeout);
        this.timeout = timeout;
        this.connections = connections;
        this.metrics = metrics;
    }

    /**
     * Runs a write. Blocks for a permit.
     *
     * @throws NoConnectionException when writes are suspended, or none of them ended in time; nothing was sent then
     */
    public <T extends @Nullable Object> T run(Supplier<T> write) {
        acquire();
        try {
            return write.get();
        } catch (RuntimeException e) {
            if (isWithoutResponse(e)) {
                suspend();
            }
            throw e;
        } finally {
            permits.release();
        }
    }

    private void acquire() {
        if (suspended.get()) {
            throw new NoConnectionException(new SQLTransientConnectionException(SUSPENDED));
        }
        var start = System.nanoTime();
        try {
            if (!permits.acquire()) {
                throw times.missed(
                        new SQLTransientConnectionException(
                                "no permit to write within " + timeout.toMillis() + " ms: other writes take too long"),
                        start);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw times.missed(new SQLTransientConnectionException("interrupted", e), start);
        }
        if (suspended.get()) {
            permits.release();
            throw new NoConnectionException(new SQLTransientConnectionException(SUSPENDED));
        }
    }

    /** Returns the number of writes that wait for a permit. */
    int waiting() {
        return permits.waiting();
    }

    private static boolean isWithoutResponse(Throwable e) {
        if (e instanceof NoConnectionException) {
            return false; // nothing was sent
        }
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof NoResponseException || cause instanceof SocketTimeoutException) {
                return true;
            }
        }
        return false;
    }

    private void suspend() {
        if (closed || !suspended.compareAndSet(false, true)) {
            return;
        }
        LOG.warn("a write got no response: writes are rejected until a commit returns");
        try {
            metrics.writesSuspended(true);
            Thread.ofPlatform().daemon().name("byline-write-probe").start(this::probe);
        } catch (RuntimeException | Error e) {
            suspended.set(false);
            LOG.warn("writes can't be suspended", e);
        }
    }

    /** Ends when a commit returned. */
    private void probe() {
        var logged = false;
        while (!closed) {
            try (var connection = connections.connectForProbe(PROBE_SECONDS)) {
                probing = connection;
                awaitCommit(connection);
                break;
            } catch (SQLException | RuntimeException e) {
                if (e instanceof SQLException sql && SqlStates.isRejection(sql)) {
                    break; // other writes won't hang either
                }
                if (!logged) {
                    LOG.warn("the probe failed, and is repeated until it succeeds: {}", e.getMessage());
                }
                logged = true;
                pause();
            } finally {
                probing = null;
            }
        }
        metrics.writesSuspended(false);
        suspended.set(false);
        if (!closed) {
            LOG.info("commits return again: writes are accepted");
        }
    }

    private void awaitCommit(Connection connection) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.setQueryTimeout(PROBE_SECONDS); // a session that only waits would stay when its client has gone
            while (!closed) {
                statement.execute(PROBE);
                if (!CancelledWait.isIn(statement.getWarnings())) {
                    return;
                }
            }
        }
    }

    private static void pause() {
        try {
            TimeUnit.NANOSECONDS.sleep(RETRY.toNanos());
        } catch (InterruptedException e) {
            // never interrupted
        }
    }

    /** Repeats a probe that is waiting: the server was replaced. */
    void repeatProbe() {
        var connection = probing;
        if (connection != null) {
            try {
                connection.abort(Runnable::run);
            } catch (SQLException e) {
                LOG.debug("probe", e);
            }
        }
    }

    /** Stops the probe. */
    @Override
    public void close() {
        closed = true;
        permits.close();
        repeatProbe();
    }
}
