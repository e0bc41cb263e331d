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
        var start = System.nanoTime();
        try {
            if (suspended.get()) {
                throw new SQLTransientConnectionException(SUSPENDED);
            }
            if (!permits.acquire()) {
                throw new SQLTransientConnectionException(
                        "no permit to write within " + timeout.toMillis() + " ms: other writes take too long");
            }
            if (suspended.get()) {
                permits.release();
                throw new SQLTransientConnectionException(SUSPENDED);
            }
        } catch (SQLTransientConnectionException e) {
            throw times.missed(e, start);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw times.missed(new SQLTransientConnectionException("interrupted", e), start);
        }
    }

    /** Returns the number of writes that wait for a permit. */
    int waiting() {
        return permits.waiting();
    }

    private static boolean isWithoutResponse(Throwable e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof NoResponseException || cause instanceof SocketTimeoutException) {
                return true;
            }
        }
        return false;
    }

    private void suspend() {
        if (!closed && suspended.compareAndSet(false, true)) {
            LOG.warn("a write got no response: writes are rejected until a commit returns");
            metrics.writesSuspended(true);
            Thread.ofPlatform().daemon().name("byline-write-probe").start(this::probe);
        }
    }

    /** Ends when a commit returned. */
    private void probe() {
        while (!closed && !isCommitting()) {
            try {
                TimeUnit.NANOSECONDS.sleep(RETRY.toNanos());
            } catch (InterruptedException e) {
                // never interrupted
            }
        }
        if (!closed) {
            LOG.info("commits return again: writes are accepted");
        }
        suspended.set(false);
        metrics.writesSuspended(false);
    }

    /** Returns whether a commit returns, or the server rejects it: then other writes won't hang either. */
    private boolean isCommitting() {
        try (var connection = connections.connectForProbe();
                var statement = connection.createStatement()) {
            probing = connection;
            if (closed) {
                return true;
            }
            statement.execute(PROBE);
            return true;
        } catch (SQLException e) {
            var state = String.valueOf(e.getSQLState());
            LOG.debug("probe", e);
            return !state.startsWith("08") && !state.startsWith("57P") && !state.startsWith("53");
        } finally {
            probing = null;
        }
    }

    /** Stops the probe. */
    @Override
    public void close() {
        closed = true;
        permits.close();
        var connection = probing;
        if (connection != null) {
            try {
                connection.abort(Runnable::run);
            } catch (SQLException e) {
                LOG.debug("probe", e);
            }
        }
    }
}
