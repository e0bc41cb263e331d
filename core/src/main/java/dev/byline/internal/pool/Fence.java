package dev.byline.internal.pool;

import dev.byline.model.Metrics;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps connections from a server that was replaced. After a failover two servers may say that they are the primary: the
 * new one, and an old one that was frozen or cut off. A promotion increments the timeline, so of two servers of one
 * cluster the one with the higher timeline is newer. Each new connection is asked for its timeline; one that is older than
 * the newest seen is closed. Safe for use by several threads.
 *
 * @see <a href="https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-TIMELINES">PostgreSQL:
 *     timelines</a>
 */
final class Fence {
    private static final Logger LOG = LoggerFactory.getLogger(Fence.class);

    /**
     * The timeline of the current position in the write-ahead log: that of the control file is old until the first
     * checkpoint after a promotion.
     */
    private static final String QUESTION = """
            SELECT (SELECT system_identifier FROM pg_control_system()),
                CASE WHEN NOT pg_is_in_recovery()
                    THEN ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint END
            """;

    private final long kept; // nanoseconds
    private final Metrics metrics;
    private final Runnable risen;
    private final LongSupplier answeredAt;
    private final LongSupplier nanoTime;
    private final Map<Long, Newest> newest = new HashMap<>(); // by system identifier; guarded by this
    private volatile long generation;
    private volatile boolean off;
    private boolean warned; // guarded by this

    private record Newest(long timeline, long seenAt) {}

    /**
     * Creates a fence.
     *
     * @param kept how long a timeline is remembered after it was last seen; zero for no fence
     * @param answeredAt when a statement on a checked connection last succeeded: the newest server was there then
     * @param risen runs when a newer timeline was seen: connections to the older server must be closed
     * @param nanoTime as of {@link System#nanoTime}
     */
    Fence(Duration kept, Metrics metrics, LongSupplier answeredAt, Runnable risen, LongSupplier nanoTime) {
        this.answeredAt = answeredAt;
        this.kept = kept.toNanos();
        this.off = kept.isZero();
        this.metrics = metrics;
        this.risen = risen;
        this.nanoTime = nanoTime;
    }

    /** Returns a number that rises with each newer timeline. A connection from before leads to an older server. */
    long generation() {
        return generation;
    }

    /**
     * Asks a new connection. A standby is accepted: it rejects writes itself.
     *
     * @throws SQLException of class 08 when the server was replaced
     */
    void check(Connection connection) throws SQLException {
        if (off) {
            return;
        }
        long system;
        long timeline;
        try (var statement = connection.createStatement();
                var row = statement.executeQuery(QUESTION)) {
            row.next();
            system = row.getLong(1);
            timeline = row.getLong(2);
            if (row.wasNull()) {
                return; // a standby
            }
        } catch (SQLException e) {
            if (!SqlStates.isRejection(e)) {
                throw e;
            }
            off = true; // some managed services don't have these functions, or the role may not call them
            LOG.info(
                    "the server does not tell its timeline (SQLSTATE {}): a server that was replaced is not recognised",
                    e.getSQLState());
            return;
        }
        check(system, timeline);
    }

    private void check(long system, long timeline) throws SQLException {
        var known = remember(system, timeline);
        if (known != null && known > timeline) {
            metrics.connectionFenced();
            throw new SQLException(
                    "the server is on timeline " + timeline + " and was replaced by one on timeline " + known
                            + ": it must not be written to",
                    "08004");
        }
        if (known != null && known < timeline) {
            risen.run();
        }
    }

    /** Returns the newest timeline seen before; null if there is none. */
    private synchronized @Nullable Long remember(long system, long timeline) {
        var now = nanoTime.getAsLong();
        var answered = now - answeredAt.getAsLong();
        newest.values().removeIf(each -> Math.min(now - each.seenAt, answered) > kept);
        if (newest.isEmpty()) {
            warned = false;
        } else if (!newest.containsKey(system) && !warned) {
            warned = true;
            LOG.warn("the database belongs to another cluster than before (system identifier {}): accepted", system);
        }
        var before = newest.get(system);
        if (before == null || before.timeline <= timeline) {
            newest.put(system, new Newest(timeline, now));
        }
        if (before != null && before.timeline < timeline) {
            generation++;
        }
        return before == null ? null : before.timeline;
    }
}
