package dev.byline.migrations;

import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.MigrationInfo;
import org.flywaydb.database.postgresql.PostgreSQLConfigurationExtension;

/**
 * Byline's schema, as plain SQL files in this package, applied in order and remembered in the table
 * {@code byline_schema_history}.
 *
 * <p>The statements build indexes {@code CONCURRENTLY} and may run for minutes on large tables: give a
 * DataSource of its own, without a socket or statement timeout. Several processes may call {@link #apply}
 * at once: one migrates, the others wait for it.
 */
public final class Migrations {
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
        forgetFailures(dataSource);
        return flyway(dataSource).migrate().migrationsExecuted;
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
    private static void forgetFailures(DataSource dataSource) {
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement()) {
            try (var rows = statement.executeQuery("SELECT to_regclass('" + HISTORY + "') IS NOT NULL")) {
                rows.next();
                if (!rows.getBoolean(1)) {
                    return;
                }
            }
            statement.executeUpdate("DELETE FROM " + HISTORY + " WHERE NOT success");
        } catch (SQLException e) {
            throw new FlywayException("could not read " + HISTORY, e);
        }
    }

    private static Flyway flyway(DataSource dataSource) {
        var configuration = Flyway.configure(Migrations.class.getClassLoader())
                .dataSource(dataSource)
                .locations("classpath:dev/byline/migrations")
                .table(HISTORY)
                .cleanDisabled(true)
                .lockRetryCount(-1) // wait as long as another process migrates
                .baselineOnMigrate(true)
                .baselineVersion("0")
                .loggers("slf4j");
        // Flyway's default lock is a transaction left open, for which CREATE INDEX CONCURRENTLY would wait forever.
        configuration
                .getConfigurationExtension(PostgreSQLConfigurationExtension.class)
                .setTransactionalLock(false);
        return configuration.load();
    }
}
