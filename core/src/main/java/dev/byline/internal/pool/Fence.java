package dev.byline.internal.pool;

import dev.byline.model.Metrics;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.postgresql.jdbc.PgConnection;
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
public final class Fence implements ConnectionCheck {
    private static final Logger LOG = LoggerFactory.getLogger(Fence.class);

    /**
     * An SQL expression for the timeline of a primary: that of its current position in the write-ahead log. The one in the
     * control file is old until the first checkpoint after a promotion.
     */
    public static final String TIMELINE =
            "('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint";

    private static final String QUESTION = """
            SELECT (SELECT system_identifier FROM pg_control_system()), CASE WHEN NOT pg_is_in_recovery() THEN %s END
            """.formatted(TIMELINE);

    private final long kept; // nanoseconds
    private final Metrics metrics;
    private final Runnable risen;
    private final LongSupplier answeredAt;
    private final LongSupplier nanoTime;
    private final Map<Long, Newest> newest = new HashMap<>(); // by system identifier; guarded by this
    private final Map<Connection, Long> acceptedIn = Collections.synchronizedMap(new WeakHashMap<>());
    private volatile long generation;
    private volatile boolean off;
    private volatile @Nullable Sharing sharing;
    private final Lock asking = new ReentrantLock();
    private volatile boolean asked;
    private volatile boolean shared;
    private boolean standbyAccepted; // guarded by this
    private volatile long acceptedAt;

    /** A timeline, also after it is forgotten: connections from then may still be open. */
    private record Newest(long timeline, long seenAt) {}

    /** Shares timelines with other processes. */
    public interface Sharing {
        /**
         * Tells the others the newest timeline that this process knows. May block for some milliseconds.
         *
         * @param system the system identifier of the cluster
         * @param timeline the newest one seen
         * @param age the time since it was last seen
         * @return a newer timeline that another process saw, with the time since then; the given one if there is none;
         *     null if the others can't be asked
         */
        @Nullable
        Seen exchange(long system, long timeline, Duration age);

        /** Prepares {@link #exchange}; may block for the database. */
        void prepare();
    }

    /**
     * A timeline, and the time since a process last saw it.
     *
     * @param timeline of a primary
     * @param age zero or longer
     */
    public record Seen(long timeline, Duration age) {}

    /**
     * Creates a fence.
     *
     * @param kept how long a timeline is remembered after it was last seen; zero for no fence
     * @param answeredAt when a statement on a checked connection last succeeded: the newest server was there then
     * @param risen runs when a newer timeline was seen, or a primary after a standby: earlier connections must be closed
     * @param nanoTime as of {@link System#nanoTime}
     */
    Fence(Duration kept, Metrics metrics, LongSupplier answeredAt, Runnable risen, LongSupplier nanoTime) {
        this.answeredAt = answeredAt;
        this.kept = kept.toNanos();
        this.off = kept.isZero();
        this.metrics = metrics;
        this.risen = risen;
        this.nanoTime = nanoTime;
        this.acceptedAt = nanoTime.getAsLong() - Duration.ofDays(2).toNanos();
    }

    /** Returns a number that rises with each newer timeline. A connection from before leads to an older server. */
    public long generation() {
        return generation;
    }

    @Override
    public boolean accepts(Connection connection) throws SQLException {
        long seen;
        do { // until no newer server was seen meanwhile
            seen = generation;
            check(connection);
        } while (seen != generation);
        acceptedIn.put(connection, seen);
        return true;
    }

    /** Returns whether a connection was accepted since the last newer timeline was seen. */
    boolean isCurrent(Connection connection) throws SQLException {
        if (generation == 0) {
            return true; // the usual case
        }
        var accepted = acceptedIn.get(connection.unwrap(PgConnection.class));
        return accepted != null && accepted == generation;
    }

    /**
     * Asks a new connection. A standby is accepted before a primary of its cluster was seen: it rejects writes itself.
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
                refuseStandby(system);
                return;
            }
        } catch (SQLException e) {
            if (!isUnsupported(e)) {
                throw e;
            }
            off = true;
            LOG.info(
                    "the server does not tell its timeline (SQLSTATE {}): a server that was replaced is not recognised",
                    e.getSQLState());
            return;
        }
        check(system, timeline);
    }

    /** Until a timeline was seen, any rejection counts; afterwards it may be an error that passes. */
    private synchronized boolean isUnsupported(SQLException e) {
        return SqlStates.isUnsupported(e) || (newest.isEmpty() && SqlStates.isRejection(e));
    }

    /** Returns how long a timeline is remembered after it was last seen; zero for no fence. */
    public Duration kept() {
        return Duration.ofNanos(kept);
    }

    /** What a standby returns may be old, and must not get into the cache. */
    private synchronized void refuseStandby(long system) throws SQLException {
        if (newest(system) > 0) {
            throw new SQLException("the server is a standby", "08004");
        }
        standbyAccepted = true;
    }

    /** Returns when a connection to a primary was last accepted, as of {@link System#nanoTime}. */
    public long acceptedAt() {
        return acceptedAt;
    }

    /** Returns the newest timeline that is known of a cluster; zero if none is. */
    public synchronized long newest(long system) {
        var known = newest.get(system);
        return known == null || isForgotten(known) ? 0 : known.timeline;
    }

    /** Sets how timelines are shared with other processes; without it, each process sees for itself. */
    public void share(Sharing value) {
        this.sharing = value;
    }

    /**
     * Asks the other processes before the first write of this one, and until they answer once. May block for the database
     * and for them; concurrent first writes wait for one of them to ask.
     */
    public void beforeWrite() {
        var others = sharing;
        if (others == null || shared || off) {
            return;
        }
        if (asked) {
            ask(others);
            return;
        }
        asking.lock();
        try {
            if (!asked) {
                ask(others);
                asked = true;
            }
        } finally {
            asking.unlock();
        }
    }

    private void ask(Sharing others) {
        others.prepare();
        exchange();
    }

    /** Exchanges the newest timelines with other processes. Must not run while a connection is held. */
    public void exchange() {
        var others = sharing;
        if (others == null || off) {
            return;
        }
        known().forEach((system, seen) -> {
            var answer = others.exchange(system, seen.timeline, seen.age);
            shared |= answer != null;
            if (answer != null && answer.timeline > seen.timeline) {
                if (isNewer(system, answer.timeline)) {
                    LOG.warn("another process has seen timeline {} of the database", answer.timeline);
                }
                var unused = remember(system, answer.timeline, nanoTime.getAsLong() - answer.age.toNanos());
            }
        });
    }

    private synchronized boolean isNewer(long system, long timeline) {
        var before = newest.get(system);
        return before != null && before.timeline < timeline;
    }

    /** Of a cluster whose timeline is forgotten, zero: what others have seen of it is still asked. */
    private synchronized Map<Long, Seen> known() {
        var known = new HashMap<Long, Seen>();
        newest.forEach((system, each) -> known.put(
                system,
                isForgotten(each)
                        ? new Seen(0, Duration.ZERO)
                        : new Seen(each.timeline, Duration.ofNanos(Math.max(0, age(each))))));
        return known;
    }

    private void check(long system, long timeline) throws SQLException {
        var newestKnown = remember(system, timeline, nanoTime.getAsLong());
        if (newestKnown > timeline) {
            metrics.connectionFenced();
            throw new SQLException(
                    "the server is on timeline " + timeline + " and was replaced by one on timeline " + newestKnown
                            + ": it must not be written to",
                    "08004");
        }
        acceptedAt = nanoTime.getAsLong();
    }

    /** Returns the newest timeline that is known, this one included. */
    private long remember(long system, long timeline, long seenAt) {
        boolean rises;
        long known;
        synchronized (this) {
            warnOfAnotherCluster(system);
            known = newest(system);
            rises = (known == 0 && standbyAccepted) || isNewer(system, timeline);
            if (known <= timeline) {
                newest.put(system, new Newest(timeline, seenAt));
            }
            if (rises) {
                generation++;
            }
            standbyAccepted = false;
        }
        if (rises) {
            risen.run();
        }
        return Math.max(known, timeline);
    }

    private synchronized void warnOfAnotherCluster(long system) {
        if (!newest.isEmpty() && !newest.containsKey(system)) {
            LOG.warn("the database belongs to another cluster than before (system identifier {}): accepted", system);
        }
    }

    private boolean isForgotten(Newest each) {
        return age(each) > kept;
    }

    /** Returns the time since it was seen, or since a statement last succeeded: the newest server was there then. */
    private long age(Newest each) {
        var now = nanoTime.getAsLong();
        return Math.min(now - each.seenAt, now - answeredAt.getAsLong());
    }
}
