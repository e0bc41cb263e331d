package dev.byline.migrations;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.MigrationInfo;
import org.flywaydb.core.api.callback.Callback;
import org.flywaydb.core.api.callback.Context;
import org.flywaydb.core.api.callback.Event;
import org.flywaydb.core.api.exception.FlywayValidateException;
import org.flywaydb.database.postgresql.PostgreSQLConfigurationExtension;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Applies Byline's schema: plain SQL files in this package, in order, recorded in the table
 * {@code byline_schema_history}.
 *
 * <p>Statements build indexes {@code CONCURRENTLY} and may run for minutes on large tables: use a separate DataSource
 * without a socket or statement timeout. Several processes may call {@link #apply} at the same time: one migrates, the
 * others wait for it.
 */
public final class Migrations {
    private static final Logger LOG = LoggerFactory.getLogger(Migrations.class);

    /** Shorter than the statement timeout: later statements on a table wait while a migration waits for its lock. */
    private static final Duration LOCK_TIMEOUT = Duration.ofMillis(500);

    private static final Duration LOCK_RETRY_INTERVAL = Duration.ofSeconds(3);
    private static final Duration LOCK_DEADLINE = Duration.ofMinutes(30);

    private static final String HISTORY = "byline_schema_history";

    private Migrations() {}

    /**
     * Applies pending migrations, as {@link #apply(DataSource, String)} with {@code english}.
     *
     * @param dataSource as there
     * @return how many migrations were applied, 0 when the schema was current
     * @throws org.flywaydb.core.api.FlywayException as there
     */
    public static int apply(DataSource dataSource) {
        return apply(dataSource, "english");
    }

    /**
     * Applies pending migrations. Blocks until the schema is current. Waits 0.5 s for a lock, then retries after 3 s,
     * for up to 30 minutes.
     *
     * @param dataSource connections that may create tables, functions and indexes in their current schema
     * @param searchLanguage the language of posts, as PostgreSQL names text search configurations, such as
     *     {@code german} or {@code simple}; used only when the tables are created
     * @return how many migrations were applied, 0 when the schema was current
     * @throws org.flywaydb.core.api.FlywayException when a migration fails, the history doesn't match this version of
     *     Byline, or the database can't be reached
     * @throws IllegalArgumentException when the language can't be such a name
     * @throws IllegalStateException when Flyway is older than 11.14
     */
    public static int apply(DataSource dataSource, String searchLanguage) {
        if (!searchLanguage.matches("[a-z_]{1,40}")) {
            throw new IllegalArgumentException("not the name of a text search configuration: " + searchLanguage);
        }
        var settings = "SET lock_timeout = '" + LOCK_TIMEOUT.toMillis() + "ms'; SET byline.search_language = '"
                + searchLanguage + "'";
        var applied = 0;
        var deadline = System.nanoTime() + LOCK_DEADLINE.toNanos();
        while (true) {
            var before = pending(dataSource).size();
            var hadHistory = hasHistory(dataSource);
            try {
                deleteFailures(dataSource);
                return applied + flyway(dataSource, settings).migrate().migrationsExecuted;
            } catch (FlywayException e) {
                if (!hadHistory && hasHistory(dataSource)) {
                    continue; // another process created the history after Flyway had checked for it
                }
                if (e instanceof FlywayValidateException
                        && System.nanoTime() - deadline < 0
                        && deleteFailures(dataSource) > 0) {
                    continue; // another process failed while this one waited for it
                }
                if (System.nanoTime() - deadline > 0 || !isLockTimeout(e)) {
                    throw e;
                }
                applied += Math.max(0, before - pending(dataSource).size());
                LOG.info("a migration timed out waiting for a lock; will retry in {}", LOCK_RETRY_INTERVAL);
                pause();
            }
        }
    }

    private static boolean isLockTimeout(Throwable e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException sql && "55P03".equals(sql.getSQLState())) {
                return true;
            }
        }
        return false;
    }

    private static void pause() {
        try {
            TimeUnit.NANOSECONDS.sleep(LOCK_RETRY_INTERVAL.toNanos());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new FlywayException("interrupted", e);
        }
    }

    /**
     * Returns the pending migrations. Blocks for a few short queries and changes nothing.
     *
     * @param dataSource connections that may read the history table
     * @return file names in the order in which they would be applied, empty when the schema is current
     * @throws org.flywaydb.core.api.FlywayException when the database can't be reached
     */
    public static List<String> pending(DataSource dataSource) {
        return Arrays.stream(flyway(dataSource).info().pending())
                .map(MigrationInfo::getScript)
                .toList();
    }

    /**
     * Makes scripts that failed outside a transaction run again: such scripts can be repeated. Flyway's own repair
     * would also accept scripts that changed after they were applied.
     */
    private static int deleteFailures(DataSource dataSource) {
        if (!hasHistory(dataSource)) {
            return 0;
        }
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement()) {
            return statement.executeUpdate("DELETE FROM " + HISTORY + " WHERE NOT success");
        } catch (SQLException e) {
            throw new FlywayException("could not delete failed migrations from " + HISTORY, e);
        }
    }

    private static boolean hasHistory(DataSource dataSource) {
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement();
                var rows = statement.executeQuery("SELECT to_regclass('" + HISTORY + "') IS NOT NULL")) {
            return rows.next() && rows.getBoolean(1);
        } catch (SQLException e) {
            throw new FlywayException("could not check for " + HISTORY, e);
        }
    }

    private static Flyway flyway(DataSource dataSource) {
        return flyway(dataSource, "");
    }

    private static Flyway flyway(DataSource dataSource, String settings) {
        FlywayVersion.check();
        var configuration = Flyway.configure(Migrations.class.getClassLoader())
                .dataSource(RestoredConnections.of(dataSource))
                .locations(new String[0]) // Scripts provides the files
                .resourceProvider(new Scripts())
                .javaMigrationClassProvider(List::of)
                .table(HISTORY)
                .cleanDisabled(true)
                .lockRetryCount(-1) // wait until no other process migrates
                .baselineOnMigrate(true)
                .baselineVersion("0")
                .callbacks(new AfterConnect(settings))
                .loggers("slf4j");
        // Flyway's default lock is an open transaction, and CREATE INDEX CONCURRENTLY would wait for it forever.
        configuration
                .getConfigurationExtension(PostgreSQLConfigurationExtension.class)
                .setTransactionalLock(false);
        return configuration.load();
    }

    /** Settings of the connections, as SQL. */
    private record AfterConnect(String settings) implements Callback {
        @Override
        public boolean supports(Event event, Context context) {
            return event == Event.AFTER_CONNECT && !settings.isEmpty();
        }

        @Override
        public boolean canHandleInTransaction(Event event, Context context) {
            return true;
        }

        @Override
        public void handle(Event event, Context context) {
            try (var statement = context.getConnection().createStatement()) {
                statement.execute(settings);
            } catch (SQLException e) {
                throw new FlywayException("could not apply the connection's settings", e);
            }
        }

        @Override
        public String getCallbackName() {
            return "settings";
        }
    }
}
