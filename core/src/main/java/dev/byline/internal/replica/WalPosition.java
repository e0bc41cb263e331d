package dev.byline.internal.replica;

import java.sql.Connection;
import java.sql.SQLException;

/**
 * Positions in the write-ahead log (LSN) as numbers.
 *
 * @see <a href="https://www.postgresql.org/docs/current/datatype-pg-lsn.html">PostgreSQL: pg_lsn</a>
 */
public final class WalPosition {
    private static final int PAGE = 8192;
    private static final int PAGE_HEADER = 24;

    /** Of the first page of a segment. */
    private static final int LONG_PAGE_HEADER = 40;

    private WalPosition() {}

    /**
     * Reads the position behind everything that is committed on the primary. Not the flushed position: commits may be
     * asynchronous. Blocks for the statement.
     *
     * @throws SQLException with SQLSTATE 55000 on a standby
     */
    public static long current(Connection connection) throws SQLException {
        try (var statement = connection.createStatement();
                var row = statement.executeQuery("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")) {
            row.next();
            return withoutHeader(row.getLong(1));
        }
    }

    /**
     * At the start of a page, the next record comes after the header: a standby that has replayed all records of the
     * pages before is at the start of the page.
     */
    static long withoutHeader(long position) {
        var offset = position % PAGE;
        return offset == PAGE_HEADER || offset == LONG_PAGE_HEADER ? position - offset : position;
    }
}
