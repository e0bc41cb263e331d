package dev.byline.internal.replica;

import dev.byline.internal.pool.Fence;
import dev.byline.internal.pool.SqlStates;
import java.sql.Connection;
import java.sql.SQLException;

/**
 * A position in the write-ahead log (LSN). After a promotion the log goes on from an earlier position than others may have
 * received, so positions of different timelines are compared by their timelines.
 *
 * @param timeline zero if the server doesn't tell it
 * @param lsn bytes since the start of the log
 * @see <a href="https://www.postgresql.org/docs/current/datatype-pg-lsn.html">PostgreSQL: pg_lsn</a>
 */
public record WalPosition(long timeline, long lsn) {
    /** The position of a write that isn't known: no server has replayed it. */
    public static final WalPosition UNKNOWN = new WalPosition(Long.MAX_VALUE, Long.MAX_VALUE);

    private static final String LSN = "pg_current_wal_insert_lsn() - '0/0'::pg_lsn";

    private static final int PAGE = 8192;
    private static final int PAGE_HEADER = 24;

    /** Of the first page of a segment. */
    private static final int LONG_PAGE_HEADER = 40;

    /**
     * Reads the position behind everything that is committed on the primary. Not the flushed position: commits may be
     * asynchronous. Blocks for the statement.
     *
     * @throws SQLException with SQLSTATE 55000 on a standby
     */
    public static WalPosition current(Connection connection) throws SQLException {
        try {
            return query(connection, "SELECT " + Fence.TIMELINE + ", " + LSN);
        } catch (SQLException e) {
            if (!SqlStates.isRejection(e) || "55000".equals(e.getSQLState())) {
                throw e;
            }
            return query(connection, "SELECT 0, " + LSN); // the role may not ask for the timeline
        }
    }

    private static WalPosition query(Connection connection, String sql) throws SQLException {
        try (var statement = connection.createStatement();
                var row = statement.executeQuery(sql)) {
            row.next();
            return new WalPosition(row.getLong(1), withoutHeader(row.getLong(2)));
        }
    }

    /**
     * At the start of a page, the next record comes after the header: a standby that has replayed all records of the
     * pages before is at the start of the page.
     */
    private static long withoutHeader(long lsn) {
        var offset = lsn % PAGE;
        return offset == PAGE_HEADER || offset == LONG_PAGE_HEADER ? lsn - offset : lsn;
    }

    /** Returns whether this comes after another position. */
    boolean isAfter(WalPosition other) {
        return timeline == other.timeline ? lsn > other.lsn : timeline > other.timeline;
    }
}
