package dev.byline.db;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.byline.BylineConfig;
import dev.byline.BylineException;
import java.util.Objects;
import java.util.Optional;
import java.util.Properties;
import java.util.function.Function;
import javax.sql.DataSource;
import org.jooq.DSLContext;
import org.jooq.SQLDialect;
import org.jooq.conf.RenderQuotedNames;
import org.jooq.conf.Settings;
import org.jooq.exception.DataAccessException;
import org.jooq.impl.DSL;
import org.jspecify.annotations.Nullable;

/**
 * Connections and transactions. Callbacks borrow a connection and never keep it: it is back in the pool when they
 * return. Never call anything slow but the database from inside one.
 */
public final class Database implements AutoCloseable {
    private final DSLContext dsl;
    private final @Nullable HikariDataSource pool;

    private Database(DataSource dataSource, @Nullable HikariDataSource pool) {
        this.pool = pool;
        this.dsl = DSL.using(
                dataSource,
                SQLDialect.POSTGRES,
                new Settings()
                        .withExecuteLogging(false)
                        .withRenderSchema(false)
                        .withRenderQuotedNames(RenderQuotedNames.NEVER)
                        .withAttachRecords(false));
    }

    /**
     * Opens a pool. Does not wait for the database: connections come when it answers.
     *
     * @param config where and how many
     */
    public static Database open(BylineConfig.Database config) {
        var pool = new HikariDataSource(hikari(config));
        return new Database(pool, pool);
    }

    /**
     * Uses somebody else's pool, which stays open when this is closed.
     *
     * @param dataSource connections with auto-commit on
     */
    public static Database on(DataSource dataSource) {
        return new Database(dataSource, null);
    }

    private static HikariConfig hikari(BylineConfig.Database config) {
        var hikari = new HikariConfig();
        hikari.setPoolName("byline");
        hikari.setJdbcUrl(config.url().jdbcUrl());
        hikari.setDataSourceProperties(driverProperties(config));
        hikari.setMaximumPoolSize(config.poolSize());
        hikari.setMinimumIdle(config.poolSize());
        hikari.setConnectionTimeout(config.connectionTimeout().toMillis());
        hikari.setValidationTimeout(500);
        hikari.setKeepaliveTime(30_000);
        hikari.setMaxLifetime(config.maxLifetime().toMillis());
        hikari.setInitializationFailTimeout(-1);
        return hikari;
    }

    /** The driver's own defaults wait for ever: a frozen database would hang the whole pool. */
    private static Properties driverProperties(BylineConfig.Database config) {
        var properties = config.url().credentials();
        properties.setProperty("ApplicationName", "byline");
        properties.setProperty("tcpKeepAlive", "true");
        properties.setProperty("logServerErrorDetail", "false");
        properties.setProperty("connectTimeout", "2");
        properties.setProperty("loginTimeout", "2");
        properties.setProperty("socketTimeout", "2");
        properties.setProperty("cancelSignalTimeout", "1");
        properties.setProperty(
                "options",
                "-c statement_timeout=" + config.statementTimeout().toMillis()
                        + " -c idle_in_transaction_session_timeout=10000");
        return properties;
    }

    /**
     * Runs one statement.
     *
     * @param query what to run; blocks for a free connection and for the statement
     * @param <T> what it returns
     * @throws BylineException.Unavailable when the database is away, overloaded or too slow
     */
    public <T extends @Nullable Object> T read(Function<DSLContext, T> query) {
        try {
            return query.apply(dsl);
        } catch (DataAccessException e) {
            throw Violations.translate(e);
        }
    }

    /**
     * Runs a transaction: committed when the callback returns, rolled back when it throws.
     *
     * @param statements what to run, on the context given and no other; blocks for a free connection and for the
     *     statements
     * @param <T> what it returns
     * @throws BylineException what the callback throws, or what a violated constraint means
     * @throws BylineException.Unavailable when the database is away, overloaded or too slow; the transaction was rolled
     *     back, or its outcome is unknown when the connection broke during the commit
     */
    public <T extends @Nullable Object> T write(Function<DSLContext, T> statements) {
        try {
            return dsl.transactionResult(transaction -> statements.apply(transaction.dsl()));
        } catch (DataAccessException e) {
            throw Violations.translate(e);
        }
    }

    /** What the pool does now, empty for somebody else's pool or before its first connection. Doesn't block. */
    public Optional<PoolStatus> poolStatus() {
        return Optional.ofNullable(pool)
                .map(HikariDataSource::getHikariPoolMXBean)
                .filter(Objects::nonNull)
                .map(bean -> new PoolStatus(
                        bean.getTotalConnections(),
                        bean.getActiveConnections(),
                        bean.getIdleConnections(),
                        bean.getThreadsAwaitingConnection()));
    }

    /** Closes the pool that this opened. */
    @Override
    public void close() {
        if (pool != null) {
            pool.close();
        }
    }
}
