package dev.byline.server;

import dev.byline.Byline;
import dev.byline.migrations.Migrations;
import dev.byline.model.DatabaseUrl;
import java.sql.SQLException;
import java.util.List;
import java.util.Properties;
import javax.sql.DataSource;
import org.flywaydb.core.api.FlywayException;
import org.postgresql.PGProperty;
import org.postgresql.ds.PGSimpleDataSource;

/** The schema of one database, over connections without the time limits of the pool: an index may take minutes. */
final class Schema {
    private final DataSource dataSource;
    private final String searchLanguage;

    /** Where the settings say that migrations run. */
    static Schema of(ServerConfig config, DatabaseUrl url) {
        return new Schema(
                config.database().migrateUrl() == null ? url : config.database().migrateUrl(),
                config.database().searchLanguage());
    }

    private Schema(DatabaseUrl url, String searchLanguage) {
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
        this.searchLanguage = searchLanguage;
    }

    /**
     * Refuses a database that Byline can't run on.
     *
     * @throws UsageException naming every fault
     */
    void check() {
        var faults = Byline.serverFacts(dataSource).faults();
        if (!faults.isEmpty()) {
            throw new UsageException(faults);
        }
    }

    /**
     * Checks the database, and applies what is missing if the settings allow it.
     *
     * @throws UsageException as in {@link #check}
     */
    void prepare(ServerConfig config, StopSignal stop) {
        check();
        if (config.database().migrate()) {
            stop.interruptible(this::apply);
        }
    }

    /** Names what is missing. */
    List<String> pending() {
        return Migrations.pending(dataSource);
    }

    /** Applies what is missing and returns how much that was. */
    int apply() {
        return Migrations.apply(dataSource, searchLanguage);
    }

    /** Whether a failure says that the database is away rather than that a migration is wrong. */
    static boolean isUnreachable(FlywayException e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException sql && sql.getSQLState() != null) {
                var state = sql.getSQLState();
                return state.startsWith("08") || state.startsWith("57") || state.startsWith("53");
            }
        }
        return false;
    }
}
