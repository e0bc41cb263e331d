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
 * Byline's schema, as plain SQL files in this package, applied in order and remembered in the table
 * {@code byline_schema_history}.
 *
 * <p>The statements build indexes {@code CONCURRENTLY} and may run for minutes on large tables: give a
 * DataSource of its own, without a socket or statement timeout. Several processes may call {@link #apply}
 * at once: one migrates, the others wait for it.
 */
public final class Migrations {
    private static final Logger LOG = LoggerFactory.getLogger(Migrations.class);
    /** Everybody behind a migration waits as long as it does: less than a statement of theirs may take. */
    private static final Duration LOCK_TIMEOUT = Duration.ofMillis(500);

    private static final Duration LOCK_PAUSE = Duration.ofSeconds(3);
    private static final Duration LOCK_DEADLINE = Duration.ofMinutes(30);

    private static final String HISTORY = "byline_schema_history";

    private Migrations() {}

    /**
     * Applies what is pending. Blocks until the schema is current.
     *
     * @param dataSource connections that may create tables, functions and indexes in their current schema
     * @return how many migrations were applied, 0 when the schema was current
     * @throws org.flywaydb.core.api.FlywayException when a migration fails, the history does not fit this
     *     version of Byline, or the database can't be reached
     */
    public static int apply(DataSource dataSource) {
        return apply(dataSource, "english");
    }

    /**
     * Brings the schema up to date, as {@link #apply(DataSource)}. A lock that somebody else holds is waited for half a
     * second at a time, as everyone behind waits too, and tried again after 3 s, for half an hour.
     *
     * @param dataSource as there
     * @param searchLanguage the language of posts, as PostgreSQL names text search configurations, such as {@code german} or
     *     {@code simple}; counts when the tables are made
     * @return how many migrations were applied
     * @throws IllegalArgumentException when the language is no such name
     */
    public static int apply(DataSource dataSource, String searchLanguage) {
        if (!searchLanguage.matches("[a-z_]{1,40}")) {
            throw new IllegalArgumentException("not the name of a language: " + searchLanguage);
        }
        var settings = "SET lock_timeout = '" + LOCK_TIMEOUT.toMillis() + "ms'; SET byline.search_language = '"
                + searchLanguage + "'";
        var applied = 0;
        var end = System.nanoTime() + LOCK_DEADLINE.toNanos();
        while (true) {
            var before = pending(dataSource).size();
            var begun = hasHistory(dataSource);
            try {
                forgetFailures(dataSource);
                return applied + flyway(dataSource, settings).migrate().migrationsExecuted;
            } catch (FlywayException e) {
                if (!begun && hasHistory(dataSource)) {
                    continue; // somebody else's, made between Flyway's look for it and its own attempt to make one
                }
                if (e instanceof FlywayValidateException
                        && System.nanoTime() - end < 0
                        && forgetFailures(dataSource) > 0) {
                    continue; // somebody else's, while this waited for its turn
                }
                if (System.nanoTime() - end > 0 || !isLockTimeout(e)) {
                    throw e;
                }
                applied += Math.max(0, before - pending(dataSource).size());
                LOG.info("a migration needs a lock that somebody holds, will try again in {}", LOCK_PAUSE);
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
            TimeUnit.NANOSECONDS.sleep(LOCK_PAUSE.toNanos());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new FlywayException("interrupted", e);
        }
    }

    /**
     * Names the migrations that the database lacks. Blocks for a few short queries and changes nothing.
     *
     * @param dataSource connections that may read the history table
     * @return script names in the order in which they would be applied, empty when the schema is current
     * @throws org.flywaydb.core.api.FlywayException when the database can't be reached
     */
    public static List<String> pending(DataSource dataSource) {
        return Arrays.stream(flyway(dataSource).info().pending())
                .map(MigrationInfo::getScript)
                .toList();
    }

    /**
     * Lets a script that failed outside a transaction run again: such scripts are written to be repeated. Flyway's own
     * repair would also accept scripts that were changed after they were applied.
     */
    private static int forgetFailures(DataSource dataSource) {
        if (!hasHistory(dataSource)) {
            return 0;
        }
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement()) {
            return statement.executeUpdate("DELETE FROM " + HISTORY + " WHERE NOT success");
        } catch (SQLException e) {
            throw new FlywayException("could not read " + HISTORY, e);
        }
    }

    private static boolean hasHistory(DataSource dataSource) {
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement();
                var rows = statement.executeQuery("SELECT to_regclass('" + HISTORY + "') IS NOT NULL")) {
            return rows.next() && rows.getBoolean(1);
        } catch (SQLException e) {
            throw new FlywayException("could not look for " + HISTORY, e);
        }
    }

    private static Flyway flyway(DataSource dataSource) {
        return flyway(dataSource, "");
    }

    private static Flyway flyway(DataSource dataSource, String settings) {
        var configuration = Flyway.configure(Migrations.class.getClassLoader())
                .dataSource(dataSource)
                .locations(new String[0]) // the resource provider has the files
                .resourceProvider(new Scripts())
                .javaMigrationClassProvider(List::of)
                .table(HISTORY)
                .cleanDisabled(true)
                .lockRetryCount(-1) // wait as long as another process migrates
                .baselineOnMigrate(true)
                .baselineVersion("0")
                .callbacks(new AfterConnect(settings))
                .loggers("slf4j");
        // Flyway's default lock is a transaction left open, for which CREATE INDEX CONCURRENTLY would wait forever.
        configuration
                .getConfigurationExtension(PostgreSQLConfigurationExtension.class)
                .setTransactionalLock(false);
        return configuration.load();
    }

    /** Settings of the connections that migrate. */
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
                throw new FlywayException("could not set up the connection", e);
            }
        }

        @Override
        public String getCallbackName() {
            return "settings";
        }
    }
}
