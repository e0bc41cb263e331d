package dev.byline.server;

import dev.byline.Byline;
import dev.byline.migrations.MigrationException;
import dev.byline.migrations.MigrationOptions;
import dev.byline.migrations.Migrations;
import dev.byline.model.DatabaseUrl;
import java.sql.SQLException;
import java.util.List;
import java.util.Properties;
import javax.sql.DataSource;
import org.postgresql.PGProperty;
import org.postgresql.ds.PGSimpleDataSource;

/** Checks and migrates one database, over connections without the timeouts of the pool: an index can take minutes. */
final class Schema {
    private final DataSource dataSource;
    private final MigrationOptions options;

    /** Uses {@code BYLINE_MIGRATE_URL} if it is set, otherwise the URL. */
    static Schema of(ServerConfig config, DatabaseUrl url) {
        var database = config.database();
        var options = database.schema() == null
                ? MigrationOptions.DEFAULT.currentSchema()
                : MigrationOptions.DEFAULT.schema(database.schema());
        return new Schema(
                database.migrateUrl() == null ? url : database.migrateUrl(),
                options.searchLanguage(database.searchLanguage()));
    }

    private Schema(DatabaseUrl url, MigrationOptions options) {
        var connections = new PGSimpleDataSource();
        connections.setUrl(url.jdbcUrl());
        Properties credentials = url.credentials();
        connections.setUser(credentials.getProperty(PGProperty.USER.getName()));
        connections.setPassword(credentials.getProperty(PGProperty.PASSWORD.getName()));
        connections.setApplicationName("byline-migrate");
        connections.setConnectTimeout(5);
        connections.setLoginTimeout(10);
        connections.setTcpKeepAlive(true);
        connections.setLogServerErrorDetail(false);
        this.dataSource = connections;
        this.options = options;
    }

    /**
     * Checks that Byline can run on the database.
     *
     * @throws UsageException with all reasons why it cannot
     */
    void check() {
        var faults = Byline.serverFacts(dataSource).faults();
        if (!faults.isEmpty()) {
            throw new UsageException(faults);
        }
    }

    /**
     * Checks the database, and applies pending migrations if {@code BYLINE_MIGRATE} allows it.
     *
     * @throws UsageException as in {@link #check}
     */
    void prepare(ServerConfig config, StopSignal stop) {
        check();
        if (config.database().migrate()) {
            stop.interruptible(this::apply);
        }
    }

    /** Returns the script names of pending migrations. */
    List<String> pending() {
        return Migrations.pending(dataSource, options);
    }

    /** Applies pending migrations and returns their number. */
    int apply() {
        return Migrations.apply(dataSource, options);
    }

    /** Returns whether the database was unreachable, as opposed to a migration that fails. */
    static boolean isUnreachable(MigrationException e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException sql && sql.getSQLState() != null) {
                var state = sql.getSQLState();
                return state.startsWith("08") || state.startsWith("57") || state.startsWith("53");
            }
        }
        return false;
    }
}
