package dev.byline.internal.store;

import dev.byline.internal.pool.FairSemaphore;
import dev.byline.internal.pool.NoConnectionException;
import dev.byline.internal.replica.Replica;
import dev.byline.internal.replica.Replicas;
import dev.byline.internal.replica.WalPosition;
import dev.byline.internal.replica.WrittenPositions.Required;
import dev.byline.model.BylineException;
import dev.byline.model.Metrics;
import dev.byline.model.Metrics.ReplicaRead;
import dev.byline.model.Principal;
import dev.byline.model.UnavailableReason;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jooq.DSLContext;
import org.jooq.exception.DataAccessException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs reads on replicas. A read that no replica can serve runs on the primary; if a replica should have served it, on at
 * most half of the primary's connections, so that a replica that fails doesn't take the primary with it. Safe for use by several
 * threads.
 */
public final class ReplicaReads implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ReplicaReads.class);

    /** How long a look-up whose connection breaks is repeated. */
    private static final Duration RETRIES = Duration.ofSeconds(1);

    /** How long the age of a stale result counts for those after it. */
    private static final Duration MARKED = Duration.ofSeconds(5);

    private final Database database;
    private final Replicas replicas;
    private final FairSemaphore diverted;
    private final Metrics metrics;
    private volatile @Nullable Stale lastStale;

    /**
     * Creates the reads.
     *
     * @param diverted a permit for each read on the primary that a replica should have served
     */
    ReplicaReads(Database database, Replicas replicas, FairSemaphore diverted, Metrics metrics) {
        this.database = database;
        this.replicas = replicas;
        this.diverted = diverted;
        this.metrics = metrics;
    }

    /** A read without a primary, and since when its result may be stale, as of {@link System#nanoTime}. */
    private record Stale(long at, @Nullable Long currentAt) {}

    /** Returns the replicas. */
    public Replicas replicas() {
        return replicas;
    }

    /** Runs a statement as {@link Store#readOnReplica} does. */
    <T extends @Nullable Object> T read(Principal reader, Function<DSLContext, T> query) {
        if (replicas.isReadOnly()) {
            return orStale(() -> database.read(query), query);
        }
        return switch (replicas.written().required(reader)) {
            case Required.Replayed required -> read(required, query);
            case Required.Primary ignored -> diverted(ReplicaRead.OWN_WRITE, query);
            case Required.PrimaryOnce ignored -> {
                var result = onPrimary(ReplicaRead.OWN_WRITE, query);
                learn(reader);
                yield result;
            }
        };
    }

    private <T extends @Nullable Object> T read(Required.Replayed required, Function<DSLContext, T> query) {
        try {
            var borrowed = replicas.acquire(required.suitable());
            if (borrowed != null) {
                return run(borrowed.replica(), borrowed.connection(), query, ReplicaRead.REPLICA);
            }
        } catch (DataAccessException e) {
            if (!isRetryable(e)) {
                throw database.translate(e);
            }
            return diverted(ReplicaRead.RETRIED, query);
        }
        return replicas.areOnlyUnsuitable(required.suitable())
                ? onPrimary(ReplicaRead.OWN_WRITE, query)
                : diverted(ReplicaRead.UNAVAILABLE, query);
    }

    private <T extends @Nullable Object> T run(
            Replica replica, Connection connection, Function<DSLContext, T> query, ReplicaRead outcome) {
        try {
            var result = query.apply(database.on(connection));
            replica.responded();
            metrics.replicaRead(outcome);
            return result;
        } finally {
            replica.release(connection);
        }
    }

    /** The primary may succeed where a replica failed, unless the statement itself is at fault or takes too long. */
    private static boolean isRetryable(DataAccessException e) {
        if (e instanceof NoConnectionException) {
            return true;
        }
        var cause = e.getCause(SQLException.class);
        var state = cause == null ? null : cause.getSQLState();
        return state == null
                || switch (state.substring(0, Math.min(2, state.length()))) {
                    // connection, conflict with recovery, a schema that isn't replayed yet, resources, errors of the
                    // system
                    case "08", "40", "42", "3F", "53", "58", "XX" -> true;
                    case "57" -> !state.equals("57014");
                    default -> false;
                };
    }

    private <T extends @Nullable Object> T onPrimary(ReplicaRead outcome, Function<DSLContext, T> query) {
        metrics.replicaRead(outcome);
        return orStale(() -> database.read(query), query);
    }

    private <T extends @Nullable Object> T diverted(ReplicaRead outcome, Function<DSLContext, T> query) {
        try {
            if (!diverted.acquire()) {
                var busy = new BylineException.Unavailable("the replicas are not available, and the primary is busy");
                if (replicas.mayReplacePrimary(true)) {
                    return stale(query, busy);
                }
                throw busy;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BylineException.Unavailable(e);
        }
        try {
            return onPrimary(outcome, query);
        } finally {
            diverted.release();
        }
    }

    /** Runs a look-up as {@link Store#orStale} does. */
    <T extends @Nullable Object> T orStale(Supplier<T> lookup, Function<DSLContext, T> query) {
        var start = System.nanoTime();
        while (true) {
            try {
                return lookup.get();
            } catch (BylineException.Unavailable e) {
                var isBroken = isBroken(e);
                var connectionFailed = isBroken || e.getCause() instanceof NoConnectionException;
                if (e.reason() == UnavailableReason.DATABASE && replicas.mayReplacePrimary(connectionFailed)) {
                    return stale(query, e);
                }
                // A broken connection: the server was restarted or replaced, or has just died. No cause: it has just
                // come back.
                var mayPass = isBroken || (e.getCause() == null && e.reason() == UnavailableReason.DATABASE);
                if (!mayPass || System.nanoTime() - start > RETRIES.toNanos()) {
                    throw e;
                }
            }
        }
    }

    private static boolean isBroken(BylineException.Unavailable e) {
        if (!(e.getCause() instanceof DataAccessException failed) || failed instanceof NoConnectionException) {
            return false;
        }
        var cause = failed.getCause(SQLException.class);
        var state = cause == null ? null : cause.getSQLState();
        return state != null && (state.startsWith("08") || state.startsWith("57P"));
    }

    private <T extends @Nullable Object> T stale(Function<DSLContext, T> query, BylineException.Unavailable failure) {
        for (var replica : replicas.live()) {
            try {
                var currentAt = replica.currentAt();
                var connection = replica.acquire();
                if (connection != null) {
                    var result = run(replica, connection, query, ReplicaRead.STALE);
                    noteStale(currentAt);
                    return result;
                }
            } catch (DataAccessException e) {
                failure.addSuppressed(e);
            }
        }
        throw failure;
    }

    /** Keeps the oldest time of results that may be on their way to a client. */
    private synchronized void noteStale(@Nullable Long currentAt) {
        var last = lastStale;
        var now = System.nanoTime();
        if (last == null || now - last.at > MARKED.toNanos()) {
            lastStale = new Stale(now, currentAt);
        } else {
            var isOlder = last.currentAt == null || (currentAt != null && last.currentAt - currentAt < 0);
            lastStale = new Stale(now, isOlder ? last.currentAt : currentAt);
        }
    }

    /** Notes the position of the primary after a commit, on its connection. */
    static void askPosition(Connection connection, Changes changes) {
        if (changes.hasWriters()) {
            try {
                changes.committedAt(WalPosition.current(connection));
            } catch (SQLException | RuntimeException e) {
                LOG.debug("the position of a commit stays unknown", e); // its writers read from the primary for a while
            }
        }
    }

    /** Notes the position of the primary after a commit. */
    void askPosition(Changes changes) {
        try {
            changes.committedAt(position());
        } catch (RuntimeException e) {
            LOG.debug("the position of a commit stays unknown", e);
        }
    }

    /** Records the primary's position for a reader whose own isn't known. */
    private void learn(Principal reader) {
        try {
            replicas.written().learn(reader, position());
        } catch (RuntimeException e) {
            LOG.debug("the position of a reader stays unknown", e); // the next read asks again
        }
    }

    private WalPosition position() {
        return database.read(dsl -> dsl.connectionResult(WalPosition::current));
    }

    /** Records a write. Blocks for Redis. */
    void wrote(Changes changes, boolean uncertain) {
        if (uncertain) {
            replicas.written().mayHaveWritten(changes.writers());
        } else {
            replicas.written().wrote(changes.writers(), changes.position());
        }
    }

    /**
     * Returns the age of the results that replicas returned within a time although there was no primary; empty if they
     * returned none. A day if the age is unknown.
     */
    public Optional<Duration> staleWithin(Duration time) {
        var last = lastStale;
        var now = System.nanoTime();
        return last == null || now - last.at > time.toNanos()
                ? Optional.empty()
                : Optional.of(last.currentAt == null ? Duration.ofDays(1) : Duration.ofNanos(now - last.currentAt));
    }

    @Override
    public void close() {
        diverted.close();
        replicas.close();
    }
}
