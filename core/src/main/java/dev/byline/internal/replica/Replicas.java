package dev.byline.internal.replica;

import dev.byline.internal.cache.SharedNumbers;
import dev.byline.internal.pool.ConnectionPool;
import dev.byline.internal.pool.Watchdog;
import dev.byline.model.BylineConfig;
import dev.byline.model.ReplicaStatus;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.jooq.exception.DataAccessException;
import org.jspecify.annotations.Nullable;

/**
 * The replicas of a database, and whether it has a primary. Runs one thread for the primary and one for each server behind
 * the replicas' addresses. Safe for use by several threads.
 */
public final class Replicas implements AutoCloseable {
    /** There is no primary if it hasn't responded for this long. */
    private static final long SILENCE = TimeUnit.MILLISECONDS.toNanos(700);

    /** There is probably none if it hasn't responded for this long, and a read has failed. */
    private static final long DOUBTFUL_SILENCE = TimeUnit.MILLISECONDS.toNanos(250);

    /** How long the pool of a primary that is back may need to fill. */
    private static final long RETURN = TimeUnit.SECONDS.toNanos(5);

    /** The longest wait for a connection to a replica: the primary can serve the read as well. */
    private static final Duration CONNECTION_TIMEOUT = Duration.ofMillis(250);

    /** The lag of a replica whose position isn't known. */
    private static final Duration UNKNOWN = Duration.ofDays(2);

    private final BylineConfig.Replicas config;
    private final PrimaryPosition primary;
    private final ConnectionPool pool;
    private final LongSupplier answeredAt;
    private final List<Replica> all;
    private final WrittenPositions written;
    private final AtomicInteger next = new AtomicInteger();

    /**
     * Opens the pools. Doesn't wait for a server.
     *
     * @param config the replicas; with a URL
     * @param database timeouts and other settings of the primary's connections
     * @param pool of the primary
     * @param answeredAt when a statement last succeeded on the primary, as of {@link System#nanoTime}
     * @param watchdog expires waiters and slow reads
     * @param shared numbers in Redis; null without it
     */
    public Replicas(
            BylineConfig.Replicas config,
            BylineConfig.Database database,
            ConnectionPool pool,
            LongSupplier answeredAt,
            Watchdog watchdog,
            @Nullable SharedNumbers shared) {
        this.config = config;
        this.pool = pool;
        this.answeredAt = answeredAt;
        this.primary = new PrimaryPosition(pool, config.lag());
        this.written = new WrittenPositions(config.lag(), shared);
        var settings =
                database.withPoolSize(config.poolSize()).withTimeouts(CONNECTION_TIMEOUT, database.statementTimeout());
        this.all = Objects.requireNonNull(config.url()).hosts().entrySet().stream()
                .map(host ->
                        new Replica(host.getKey(), settings.withUrl(host.getValue()), primary, pool.fence(), watchdog))
                .toList();
    }

    /** Returns the positions of users' last writes. */
    public WrittenPositions written() {
        return written;
    }

    /** A connection to a replica. */
    public record Borrowed(Replica replica, Connection connection) {}

    /**
     * Acquires a connection to a replica that is current enough for everybody, and in a suitable state. Blocks for it.
     *
     * @return null if there is none
     * @throws DataAccessException when none could be acquired in time
     */
    public @Nullable Borrowed acquire(Predicate<StandbyServer.State> suitable) {
        var wanted = current().and(suitable);
        @Nullable DataAccessException failure = null;
        for (var replica : inTurn()) {
            try {
                var connection = replica.acquire(wanted);
                if (connection != null) {
                    return new Borrowed(replica, connection);
                }
            } catch (DataAccessException e) {
                failure = e;
            }
        }
        if (failure != null) {
            throw failure;
        }
        return null;
    }

    private Predicate<StandbyServer.State> current() {
        return state -> state.epoch() == primary.epoch().number()
                && state.isCurrent(System.nanoTime(), config.lag().toNanos());
    }

    /** Returns whether a replica is current enough for everybody, and none of these in a suitable state. Doesn't block. */
    public boolean areOnlyUnsuitable(Predicate<StandbyServer.State> suitable) {
        var states = all.stream()
                .flatMap(replica -> replica.states().stream())
                .filter(current())
                .toList();
        return !states.isEmpty() && states.stream().noneMatch(suitable);
    }

    /** Returns the replicas, a different one first each time. */
    private List<Replica> inTurn() {
        var first = Math.floorMod(next.getAndIncrement(), all.size());
        return IntStream.range(0, all.size())
                .mapToObj(i -> all.get((first + i) % all.size()))
                .toList();
    }

    /** Returns the replicas that respond, however far behind they are, in the order to try them. Doesn't block. */
    public List<Replica> live() {
        return inTurn().stream().filter(Replica::isLive).toList();
    }

    /** Returns whether reads are served without a primary. Doesn't block. */
    public boolean isReadOnly() {
        return isSilent(SILENCE) && all.stream().anyMatch(Replica::isLive);
    }

    /**
     * Returns whether a read that failed on the primary may run on any replica. Doesn't block.
     *
     * @param connectionFailed whether it got no connection, or its connection broke
     */
    public boolean mayReplacePrimary(boolean connectionFailed) {
        return isSilent(DOUBTFUL_SILENCE) || (connectionFailed && hasPrimaryReturned());
    }

    private boolean hasPrimaryReturned() {
        return !config.readOnly().isZero() && System.nanoTime() - primary.connectedAt() < RETURN;
    }

    private boolean isSilent(long least) {
        var silence = silence();
        return silence > least && silence <= config.readOnly().toNanos();
    }

    /** Returns the time since the primary last responded, in nanoseconds. */
    private long silence() {
        var now = System.nanoTime();
        return Math.min(
                now - primary.seenAt(),
                Math.min(now - answeredAt.getAsLong(), now - pool.fence().acceptedAt()));
    }

    /** Returns the state of each replica. Doesn't block. */
    public List<ReplicaStatus> status() {
        var now = System.nanoTime();
        return all.stream().map(replica -> status(replica, now)).toList();
    }

    private ReplicaStatus status(Replica replica, long now) {
        var states = replica.states();
        var usable = states.stream().anyMatch(current());
        var behind = states.stream()
                .map(StandbyServer.State::currentAt)
                .filter(Objects::nonNull)
                .mapToLong(currentAt -> now - currentAt)
                .min();
        return new ReplicaStatus(
                replica.host(), usable, behind.isPresent() ? Duration.ofNanos(behind.getAsLong()) : UNKNOWN);
    }

    @Override
    public void close() {
        primary.close();
        all.forEach(Replica::close);
    }
}
