package dev.byline.internal.replica;

import dev.byline.internal.pool.Fence;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A server behind a replica's address. Asks it ten times a second, on a connection of its own, up to which position it
 * has replayed. Ends with the connection. Runs one thread. Safe for use by several threads.
 */
final class StandbyServer {
    private static final Logger LOG = LoggerFactory.getLogger(StandbyServer.class);

    /** A server that hasn't responded for this long serves no reads. */
    private static final long SILENCE = TimeUnit.MILLISECONDS.toNanos(500);

    /** The timeline of the WAL receiver is visible to roles with pg_read_all_stats only. */
    private static final String POLL = """
            SELECT pg_is_in_recovery(), pg_last_wal_replay_lsn() - '0/0'::pg_lsn,
                pg_last_wal_receive_lsn() - '0/0'::pg_lsn, (SELECT received_tli FROM pg_stat_wal_receiver)
            """;

    private final String name;
    private final long system;
    private final Connection connection;
    private final PrimaryPosition primary;
    private final Fence fence;
    private final Consumer<StandbyServer> whenEnded;
    private volatile @Nullable State state;
    private @Nullable Long promotedAt; // these are used by the thread, and before it starts
    private long knownEpoch;
    private boolean isFollowing;
    private long oldEnd; // of what it may have of an earlier epoch
    private volatile boolean ended;
    private volatile boolean closed;

    /**
     * Creates the server; {@link #start} starts to ask it.
     *
     * @param name of its replica in the log
     * @param system the system identifier of its cluster, zero if it doesn't tell
     * @param connection is closed at the end
     * @param ended runs when the server can't be used any more
     */
    StandbyServer(
            String name,
            long system,
            Connection connection,
            PrimaryPosition primary,
            Fence fence,
            Consumer<StandbyServer> ended) {
        this.name = name;
        this.system = system;
        this.connection = connection;
        this.primary = primary;
        this.fence = fence;
        this.whenEnded = ended;
    }

    /**
     * What is known of a server. Times are those of {@link System#nanoTime}.
     *
     * @param standby whether it is in recovery, and follows the primary as far as is known
     * @param epoch the number of the primary's epoch in which this was found out
     * @param replayed its position
     * @param currentAt everything that was committed before has been replayed; null if that is unknown
     * @param asked when it was asked
     */
    record State(
            boolean standby,
            long epoch,
            WalPosition replayed,
            @Nullable Long currentAt,
            long asked) {
        boolean isAlive(long now) {
            return now - asked < SILENCE;
        }

        boolean isCurrent(long now, long lag) {
            return standby && isAlive(now) && currentAt != null && now - currentAt <= lag;
        }
    }

    void start() {
        Thread.ofPlatform().daemon().name("byline-" + name).start(this::run);
    }

    /** Returns the last known state; null before the first one. */
    @Nullable
    State state() {
        return state;
    }

    private void run() {
        try (connection) {
            while (!closed) {
                poll();
                TimeUnit.NANOSECONDS.sleep(PrimaryPosition.INTERVAL.toNanos());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (SQLException | RuntimeException e) {
            if (!closed) {
                LOG.warn("{} fails: {}", name, e.getMessage());
            }
        } finally {
            state = null;
            ended = true;
            whenEnded.accept(this);
        }
    }

    /** Asks the server. For use by the thread, and once before {@link #start}. */
    void poll() throws SQLException {
        var asked = System.nanoTime();
        try (var statement = connection.createStatement();
                var row = statement.executeQuery(POLL)) {
            row.next();
            var standby = row.getBoolean(1);
            if (!standby) {
                promoted(asked);
            }
            var replayed = row.getLong(2);
            var epoch = primary.epoch();
            var usable = standby && follows(epoch, replayed, row.getLong(3), row.getLong(4));
            var position = new WalPosition(epoch.start().timeline(), replayed);
            state = primary.isKnown() && !primary.isOfAnotherCluster(system)
                    ? new State(usable, epoch.number(), position, primary.currentAt(replayed), asked)
                    : null;
        }
    }

    /**
     * Returns whether this follows the primary of an epoch. A standby may have received more of the old timeline than the
     * server that was promoted: its position says nothing until it receives the new timeline. Where that can't be seen:
     * until it has replayed more than it had received, and passed a position of the new epoch.
     *
     * @param received the position up to which it has received, zero if it receives nothing
     * @param timeline that it receives, zero if that is unknown
     */
    private boolean follows(PrimaryPosition.Epoch epoch, long replayed, long received, long timeline) {
        if (epoch.number() != knownEpoch) {
            isFollowing = epoch.number() == 1; // nothing is known of an earlier one
            knownEpoch = epoch.number();
            oldEnd = Math.max(replayed, received);
        }
        if (timeline != 0 && timeline < fence.newest(primary.system())) {
            return false;
        }
        var isVisible = timeline != 0 && epoch.start().timeline() != 0;
        isFollowing |= isVisible
                ? timeline >= epoch.start().timeline()
                : replayed > oldEnd && replayed >= epoch.start().lsn();
        return isFollowing;
    }

    /** A server that was promoted is used until there is a primary again. */
    private void promoted(long now) throws SQLException {
        if (promotedAt == null) {
            promotedAt = now;
        }
        if (primary.seenAt() - promotedAt > 0) {
            throw new SQLException("it was promoted", "25006");
        }
    }

    /** Returns whether it isn't watched any more. */
    boolean hasEnded() {
        return ended;
    }

    /** Ends at once. */
    void close() {
        closed = true;
        try {
            connection.abort(Runnable::run);
        } catch (SQLException e) {
            LOG.debug("close", e);
        }
    }
}
