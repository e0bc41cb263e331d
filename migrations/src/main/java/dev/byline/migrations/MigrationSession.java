package dev.byline.migrations;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection that migrates. It returns to the host's pool with the settings that it came with, because pools don't
 * reset those of the session, and without advisory locks; if that fails, it is closed.
 */
final class MigrationSession implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(MigrationSession.class);

    private static final Duration POLL_INTERVAL = Duration.ofMillis(200);

    /** The settings that {@link #setUp} changes, of those that the server has. */
    private static final String SETTINGS =
            "('search_path', 'lock_timeout', 'statement_timeout', 'transaction_timeout')";

    private static final String LANGUAGE = "byline.search_language";

    private final Connection connection;
    private final boolean autoCommit;
    private final String backend;
    private final List<String> locks = new ArrayList<>();
    private @Nullable List<List<String>> settings; // null before they are changed
    private int networkTimeout;

    private MigrationSession(Connection connection, boolean autoCommit) throws SQLException {
        this.connection = connection;
        this.autoCommit = autoCommit;
        this.backend = backend();
    }

    /**
     * Borrows a connection.
     *
     * @throws MigrationException when it belongs to a transaction
     */
    static MigrationSession open(DataSource dataSource) throws SQLException {
        var connection = dataSource.getConnection();
        try {
            var autoCommit = connection.getAutoCommit();
            if (!autoCommit) {
                leaveTransactions(connection);
            }
            return new MigrationSession(connection, autoCommit);
        } catch (SQLException | RuntimeException e) {
            try (connection) {
                throw e;
            }
        }
    }

    /** Turns auto-commit on, unless that would commit what the host has begun. */
    private static void leaveTransactions(Connection connection) {
        try {
            connection.setReadOnly(connection.isReadOnly()); // the driver rejects this inside a transaction
            connection.setAutoCommit(true); // a transaction manager rejects this
        } catch (SQLException e) {
            throw new MigrationException("the connection belongs to a transaction: migrate outside of it", e);
        }
    }

    private String backend() throws SQLException {
        return row("SELECT pg_backend_pid()").getFirst();
    }

    static String quoted(String name) {
        return '"' + name.replace("\"", "\"\"") + '"';
    }

    /**
     * Acquires an advisory lock of the session. Polls: a statement that waits for the lock would be a transaction, for
     * which CREATE INDEX CONCURRENTLY waits in turn.
     */
    void lock(String name) throws SQLException, InterruptedException {
        var logged = false;
        while (!row("SELECT pg_try_advisory_lock(hashtextextended(?, 0))", name).equals(List.of("t"))) {
            if (!logged) {
                LOG.info("waiting for another process that migrates");
                logged = true;
            }
            TimeUnit.NANOSECONDS.sleep(POLL_INTERVAL.toNanos());
        }
        locks.add(name);
        checkBackend();
    }

    void unlock(String name) throws SQLException {
        locks.remove(name);
        if (!row("SELECT pg_advisory_unlock(hashtextextended(?, 0))", name).equals(List.of("t"))) {
            throw pooled();
        }
    }

    /** Checks that the session is still on the same server process. */
    private void checkBackend() throws SQLException {
        if (!backend().equals(backend)) {
            throw pooled();
        }
    }

    private static MigrationException pooled() {
        return new MigrationException(
                "the connection switches between server processes (PgBouncer in transaction mode?): migrate over a direct"
                        + " connection",
                null);
    }

    /** Sets the search path to one schema, and the timeouts: an index may take hours. */
    void setUp(String schema, Duration lockTimeout, String searchLanguage) throws SQLException {
        networkTimeout = connection.getNetworkTimeout();
        settings = rows("SELECT name, setting FROM pg_settings WHERE name IN " + SETTINGS + " UNION ALL SELECT '"
                + LANGUAGE + "', coalesce(current_setting('" + LANGUAGE + "', true), '')");
        connection.setNetworkTimeout(Runnable::run, 0);
        var unused = rows(
                "SELECT set_config(name, CASE name WHEN 'search_path' THEN ? WHEN 'lock_timeout' THEN ? ELSE '0' END, false)"
                        + " FROM pg_settings WHERE name IN " + SETTINGS + " UNION ALL SELECT set_config('" + LANGUAGE
                        + "', ?, false)",
                path(schema),
                lockTimeout.toMillis() + "ms",
                searchLanguage);
    }

    /** Temporary tables last: they would come first otherwise. */
    private static String path(String schema) {
        return quoted(schema) + ", pg_temp";
    }

    /** Runs statements, each outside a transaction. */
    void run(List<String> statements) throws SQLException {
        for (var statement : statements) {
            checkBackend();
            run(statement);
        }
    }

    /** Runs one or several statements. */
    void run(String sql) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.setEscapeProcessing(false);
            boolean ignored = statement.execute(sql);
        }
    }

    /** Runs statements in a transaction, whatever the pool's isolation level. */
    void runInTransaction(String... statements) throws SQLException {
        checkBackend();
        connection.setAutoCommit(false);
        try {
            run("SET TRANSACTION ISOLATION LEVEL READ COMMITTED");
            for (var statement : statements) {
                run(statement);
            }
            connection.commit();
        } catch (Throwable e) {
            try {
                connection.rollback();
                connection.setAutoCommit(true); // not before: it would commit
            } catch (SQLException suppressed) {
                e.addSuppressed(suppressed);
            }
            throw e;
        }
        connection.setAutoCommit(true);
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

    @Override
    public void close() {
        try (connection) {
            if (!connection.isClosed()) {
                restore();
            }
        } catch (SQLException | RuntimeException e) {
            LOG.warn("could not restore the settings of a connection; it is closed", e);
            abort();
        }
    }

    private void restore() throws SQLException {
        for (var lock : List.copyOf(locks)) {
            unlock(lock);
        }
        if (settings != null) {
            for (var setting : settings) {
                var unused = row("SELECT set_config(?, ?, false)", setting.toArray(String[]::new));
            }
            connection.setNetworkTimeout(Runnable::run, networkTimeout);
        }
        if (!autoCommit) {
            connection.setAutoCommit(false);
        }
    }

    private void abort() {
        try {
            connection.abort(Runnable::run);
        } catch (SQLException | RuntimeException e) {
            LOG.debug("abort", e);
        }
    }
}
