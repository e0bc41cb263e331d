package dev.byline.internal.replica;

import dev.byline.internal.pool.ConnectionPool;
import dev.byline.internal.pool.SqlStates;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Samples the position of the primary ten times a second, on a connection of its own: a standby that has replayed the
 * position of a moment has everything that was committed before it. Runs one thread. Safe for use by several threads.
 */
final class PrimaryPosition implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PrimaryPosition.class);

    /** Between two samples. */
    static final Duration INTERVAL = Duration.ofMillis(100);

    /** Between two attempts to connect. */
    private static final Duration RECONNECT = Duration.ofMillis(250);

    /** Between two attempts while the primary doesn't tell its position. */
    private static final Duration UNSUPPORTED = Duration.ofSeconds(10);

    /** Between two samples of standbys that are far behind, and the most of them: those of a day. */
    private static final long OLDER_INTERVAL = TimeUnit.SECONDS.toNanos(10);

    private static final int MAX_OLDER = 8640;

    private final ConnectionPool primary;
    private final long kept; // nanoseconds
    private final ArrayDeque<Sample> samples = new ArrayDeque<>(); // newest first; guarded by itself
    private final ArrayDeque<Sample> older = new ArrayDeque<>(); // one in ten seconds; guarded by samples
    private final Thread thread;
    private volatile long seenAt = System.nanoTime();
    private volatile long connectedAt = System.nanoTime();
    private volatile Epoch epoch = new Epoch(0, new WalPosition(0, 0));
    private volatile long system;
    private volatile boolean connected;
    private volatile boolean closed;
    private @Nullable String logged; // used by the thread

    /**
     * Starts to sample.
     *
     * @param primary its pool
     * @param lag how far behind a standby may be
     */
    PrimaryPosition(ConnectionPool primary, Duration lag) {
        this.primary = primary;
        this.kept = lag.plusSeconds(2).toNanos();
        this.thread =
                Thread.ofPlatform().daemon().name("byline-primary-position").start(this::run);
    }

    /** The primary had not passed the position before this time of {@link System#nanoTime}. */
    private record Sample(long time, long lsn) {}

    /**
     * The time of one primary, or of one timeline of it.
     *
     * @param number counts them; the first is 1, zero before
     * @param start a position in it
     */
    record Epoch(long number, WalPosition start) {}

    private void run() {
        while (!closed) {
            var generation = primary.fence().generation(); // before the connection is checked
            try (var connection = primary.connect()) {
                system = system(connection);
                connected = true;
                sample(connection, generation);
            } catch (SQLException | RuntimeException e) {
                if (e instanceof SQLException sql && isResponse(sql)) {
                    seenAt = System.nanoTime();
                }
                if (!closed && !String.valueOf(e.getMessage()).equals(logged)) {
                    logged = String.valueOf(e.getMessage());
                    LOG.warn("the position of the primary is unknown: {}", logged);
                }
                samplePooled();
                pause(e instanceof SQLException sql && SqlStates.isUnsupported(sql) ? UNSUPPORTED : RECONNECT);
            }
        }
    }

    /** A primary without a free connection, or that doesn't tell its position; not a standby. */
    private static boolean isResponse(SQLException e) {
        return switch (String.valueOf(e.getSQLState())) {
            case "53300" -> true;
            case "55000" -> false;
            default -> SqlStates.isRejection(e);
        };
    }

    /** Samples once on a connection of the pool, if one is idle: the primary may only refuse a further one. */
    private void samplePooled() {
        if (closed || primary.status().idle() == 0) {
            return;
        }
        try {
            var generation = primary.fence().generation();
            var connection = primary.acquire();
            try {
                sampleOnce(connection, generation);
            } finally {
                primary.release(connection);
            }
        } catch (SQLException | RuntimeException e) {
            LOG.debug("position", e);
        }
    }

    /**
     * Samples until the server was replaced.
     *
     * @param generation of the fence, before it accepted the connection
     */
    private void sample(Connection connection, long generation) throws SQLException {
        if (epoch.number > 0 && epoch.start.timeline() == 0) {
            epoch = new Epoch(epoch.number + 1, WalPosition.current(connection)); // it may be another one
        }
        if (!sampleOnce(connection, generation)) {
            return;
        }
        connectedAt = System.nanoTime();
        logged = null;
        do {
            pause(INTERVAL);
        } while (!closed && sampleOnce(connection, generation));
    }

    /** Returns false if the server may have been replaced. */
    private boolean sampleOnce(Connection connection, long generation) throws SQLException {
        var time = System.nanoTime();
        var position = WalPosition.current(connection);
        if (generation != primary.fence().generation()) {
            return false;
        }
        if (epoch.number == 0 || position.timeline() != epoch.start.timeline()) {
            epoch = new Epoch(epoch.number + 1, position); // before a sample of it is known
        }
        add(new Sample(time, position.lsn()));
        seenAt = System.nanoTime();
        return true;
    }

    private void add(Sample sample) {
        synchronized (samples) {
            samples.addFirst(sample);
            while (sample.time - samples.getLast().time > kept) {
                keepOlder(samples.removeLast());
            }
        }
    }

    private void keepOlder(Sample sample) {
        if (older.isEmpty() || sample.time - older.getFirst().time >= OLDER_INTERVAL) {
            older.addFirst(sample);
            if (older.size() > MAX_OLDER) {
                older.removeLast();
            }
        }
    }

    /** Returns the system identifier of a cluster; zero if the server doesn't tell. */
    static long system(Connection connection) throws SQLException {
        try (var statement = connection.createStatement();
                var row = statement.executeQuery("SELECT system_identifier FROM pg_control_system()")) {
            row.next();
            return row.getLong(1);
        } catch (SQLException e) {
            if (SqlStates.isUnsupported(e)) {
                return 0;
            }
            throw e;
        }
    }

    private static void pause(Duration time) {
        try {
            TimeUnit.NANOSECONDS.sleep(time.toNanos());
        } catch (InterruptedException e) {
            // closing
        }
    }

    /**
     * Returns the time of {@link System#nanoTime} before which everything that was committed has been replayed.
     *
     * @param replayed a position on a standby
     * @return null if it is older than all samples
     */
    @Nullable
    Long currentAt(long replayed) {
        synchronized (samples) {
            return Stream.concat(samples.stream(), older.stream())
                    .filter(sample -> sample.lsn <= replayed)
                    .findFirst()
                    .map(Sample::time)
                    .orElse(null);
        }
    }

    /** Returns the current epoch. */
    Epoch epoch() {
        return epoch;
    }

    /** Returns when the primary last responded, as of {@link System#nanoTime}. */
    long seenAt() {
        return seenAt;
    }

    /** Returns when the position was first learned on the last connection to the primary, as of {@link System#nanoTime}. */
    long connectedAt() {
        return connectedAt;
    }

    /** Returns the system identifier of the primary's cluster; zero if it is unknown. */
    long system() {
        return system;
    }

    /** Returns whether a server belongs to another cluster than the primary, as far as both tell. */
    boolean isOfAnotherCluster(long other) {
        return system != 0 && other != 0 && system != other;
    }

    /** Returns whether the primary was ever reached. */
    boolean isKnown() {
        return connected;
    }

    /** Stops; doesn't wait for a statement in progress. */
    @Override
    public void close() {
        closed = true;
        thread.interrupt();
    }
}
