package dev.byline.migrations;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection that migrates one schema. It returns to the host's pool with the settings that it came with: pools don't
 * reset those of the session.
 */
final class MigrationSession implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(MigrationSession.class);

    /** What {@link #enter} sets. */
    private static final List<String> SETTINGS =
            List.of("search_path", "lock_timeout", "statement_timeout", "byline.search_language");

    /** The key of the advisory lock, one for each schema. */
    private static final String LOCK = "hashtextextended('byline_schema_history.' || ?, 0)";

    private static final Duration POLL_INTERVAL = Duration.ofMillis(200);

    private final Connection connection;
    private final boolean autoCommit;
    private final int networkTimeout;
    private final List<String> settings;
    private @Nullable String locked;

    private MigrationSession(Connection connection, boolean autoCommit, int networkTimeout) throws SQLException {
        this.connection = connection;
        this.autoCommit = autoCommit;
        this.networkTimeout = networkTimeout;
        this.settings = row(SETTINGS.stream()
                .map(name -> "coalesce(current_setting('" + name + "', true), '')")
                .collect(Collectors.joining(", ", "SELECT ", "")));
    }

    /** @throws SQLException when there is no connection, or it belongs to a transaction */
    static MigrationSession open(DataSource dataSource) throws SQLException {
        var connection = dataSource.getConnection();
        try {
            var autoCommit = connection.getAutoCommit();
            if (!autoCommit) {
                connection.setReadOnly(
                        connection.isReadOnly()); // fails inside a transaction, which the next call would commit
                connection.setAutoCommit(true);
            }
            var networkTimeout = connection.getNetworkTimeout();
            connection.setNetworkTimeout(Runnable::run, 0); // an index may take hours
            return new MigrationSession(connection, autoCommit, networkTimeout);
        } catch (SQLException | RuntimeException e) {
            try (connection) {
                throw e;
            }
        }
    }

    /** Sets the search path to one schema, and the other settings of migrations. */
    void enter(String schema, Duration lockTimeout, String searchLanguage) throws SQLException {
        var unused = row(
                "SELECT set_config('search_path', ?, false), set_config('lock_timeout', ?, false),"
                        + " set_config('statement_timeout', '0', false), set_config('byline.search_language', ?, false)",
                quoted(schema) + ", pg_temp",
                lockTimeout.toMillis() + "ms",
                searchLanguage);
    }

    static String quoted(String name) {
        return '"' + name.replace("\"", "\"\"") + '"';
    }

    /**
     * Waits until no other process migrates the schema. Polls: a statement that waits for the lock would be a
     * transaction for which CREATE INDEX CONCURRENTLY waits in turn.
     */
    void lock(String schema) throws SQLException, InterruptedException {
        while (!row("SELECT pg_try_advisory_lock(" + LOCK + ")", schema).equals(List.of("t"))) {
            TimeUnit.NANOSECONDS.sleep(POLL_INTERVAL.toNanos());
        }
        locked = schema;
    }

    /** Runs one statement outside a transaction. */
    void run(String sql) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.setEscapeProcessing(false);
            boolean ignored = statement.execute(sql);
        }
    }

    /** Work in a transaction. */
    interface Work {
        /** Runs it. */
        void run() throws SQLException;
    }

    /** Commits when the work returns, rolls back when it throws. */
    void inTransaction(Work work) throws SQLException {
        connection.setAutoCommit(false);
        try {
            work.run();
            connection.commit();
        } catch (SQLException | RuntimeException e) {
            connection.rollback();
            throw e;
        } finally {
            connection.setAutoCommit(true);
        }
    }

    /** Returns the first row of a query as text. */
    List<String> row(String sql, String... parameters) throws SQLException {
        return rows(sql, parameters).getFirst();
    }

    /** Returns the rows of a query as text. */
    List<List<String>> rows(String sql, String... parameters) throws SQLException {
        try (var statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setString(i + 1, parameters[i]);
            }
            var all = new ArrayList<List<String>>();
            try (var rows = statement.executeQuery()) {
                while (rows.next()) {
                    var columns = new ArrayList<String>();
                    for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
                        columns.add(String.valueOf(rows.getString(i)));
                    }
                    all.add(columns);
                }
            }
            return all;
        }
    }

    /** Restores the settings. A connection on which this fails is broken, and its pool finds that out. */
    @Override
    public void close() {
        try (connection) {
            if (connection.isClosed()) {
                return;
            }
            if (locked != null) {
                var unusedUnlock = row("SELECT pg_advisory_unlock(" + LOCK + ")", locked);
            }
            var unused = row(
                    SETTINGS.stream()
                            .map(name -> "set_config('" + name + "', ?, false)")
                            .collect(Collectors.joining(", ", "SELECT ", "")),
                    settings.toArray(String[]::new));
            connection.setNetworkTimeout(Runnable::run, networkTimeout);
            connection.setAutoCommit(autoCommit);
        } catch (SQLException e) {
            LOG.debug("could not restore the settings of a connection", e);
        }
    }
}
