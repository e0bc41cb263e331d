package dev.byline.internal.store;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.SQLExceptionOverride;
import dev.byline.internal.pool.FairPool;
import dev.byline.internal.pool.HostConnections;
import dev.byline.internal.pool.ReconnectingDataSource;
import dev.byline.internal.pool.SlowStatements;
import dev.byline.internal.pool.TimedConnections;
import dev.byline.internal.pool.Watchdog;
import dev.byline.internal.sql.Violations;
import dev.byline.model.BylineConfig;
import dev.byline.model.BylineException;
import dev.byline.model.Metrics;
import dev.byline.model.PoolStatus;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import javax.sql.DataSource;
import org.jooq.DSLContext;
import org.jooq.SQLDialect;
import org.jooq.conf.RenderQuotedNames;
import org.jooq.conf.Settings;
import org.jooq.exception.DataAccessException;
import org.jooq.impl.DSL;
import org.jooq.impl.DefaultConfiguration;
import org.jspecify.annotations.Nullable;

/**
 * Runs statements and transactions. A callback borrows a connection, which returns to the pool when the callback
 * returns. Inside a callback, do nothing slow except database calls.
 */
public final class Database implements AutoCloseable {
    private final DSLContext dsl;
    private final @Nullable FairPool pool;
    private final @Nullable ReconnectingDataSource connections;
    private final TimedConnections lent;
    private final Violations violations = new Violations();
    private volatile long answeredAt = System.nanoTime() - Duration.ofDays(1).toNanos();

    private Database(
            TimedConnections.Source source,
            @Nullable FairPool pool,
            @Nullable ReconnectingDataSource connections,
            Settings settings,
            Duration slowStatement,
            Metrics metrics) {
        this.pool = pool;
        this.connections = connections;
        this.lent = new TimedConnections(source, pool == null ? Integer.MAX_VALUE : pool.size(), metrics);
        var configuration =
                new DefaultConfiguration().set(lent).set(SQLDialect.POSTGRES).set(settings);
        if (slowStatement.isPositive()) {
            configuration.set(() -> new SlowStatements(slowStatement));
        }
        this.dsl = DSL.using(configuration);
    }

    private static Settings settings() {
        return new Settings()
                .withExecuteLogging(false)
                .withRenderSchema(false)
                .withRenderQuotedNames(RenderQuotedNames.NEVER)
                .withAttachRecords(false);
    }

    /**
     * Opens a pool. Doesn't wait for the database: connections are made once it responds.
     *
     * @param config URL, pool size and timeouts
     * @param metrics receives how long connections were waited for and held
     */
    public static Database open(BylineConfig.Database config, Metrics metrics) {
        var watch = new Watchdog();
        var connections = new ReconnectingDataSource(config, watch);
        var pool = new FairPool(watch, hikari(config, connections));
        var settings = settings();
        if (config.pgBouncer()) { // PgBouncer accepts no options when a connection starts
            settings.withQueryTimeout(
                    Math.max(1, (int) config.statementTimeout().toSeconds()));
        }
        return new Database(pool, pool, connections, settings, config.slowStatement(), metrics);
    }

    /**
     * Uses a host's pool, which stays open when this is closed. Waits at most a second for a connection, to check
     * auto-commit on it; every borrowed connection is checked, too.
     *
     * @param dataSource connections with auto-commit on
     * @param metrics receives how long connections were waited for and held
     * @throws IllegalStateException when auto-commit is off
     */
    public static Database on(DataSource dataSource, Metrics metrics) {
        var connections = HostConnections.open(dataSource);
        return new Database(connections, null, null, settings(), BylineConfig.Database.SLOW_STATEMENT, metrics);
    }

    private static HikariConfig hikari(BylineConfig.Database config, DataSource connections) {
        var hikari = new HikariConfig();
        hikari.setPoolName("byline");
        hikari.setDataSource(connections);
        hikari.setExceptionOverride(new ReadOnlyEvicted(config.poolSize()));
        hikari.setMaximumPoolSize(config.poolSize());
        hikari.setMinimumIdle(config.poolSize());
        hikari.setConnectionTimeout(config.connectionTimeout().toMillis());
        hikari.setValidationTimeout(300);
        hikari.setKeepaliveTime(30_000);
        hikari.setMaxLifetime(config.maxLifetime().toMillis());
        hikari.setInitializationFailTimeout(-1);
        return hikari;
    }

    /**
     * Runs one statement, with auto-commit.
     *
     * @param query the statement; blocks for a connection and for the statement
     * @param <T> the result
     * @throws IllegalStateException when a host's connection has auto-commit off; so do the methods below
     * @throws BylineException.Unavailable when the database is unavailable, overloaded or too slow
     */
    public <T extends @Nullable Object> T read(Function<DSLContext, T> query) {
        try {
            var result = query.apply(dsl);
            answered();
            return result;
        } catch (DataAccessException e) {
            throw violations.translate(e);
        }
    }

    /**
     * Runs a transaction: commits when the callback returns, rolls back when it throws.
     *
     * @param statements run on the given context only; blocks for a connection and for the statements
     * @param <T> the result
     * @throws BylineException from the callback, or for a violated constraint
     * @throws BylineException.Unavailable when the database is unavailable, overloaded or too slow; the transaction was
     *     rolled back, or its outcome is unknown because the connection broke during the commit
     */
    public <T extends @Nullable Object> T write(Function<DSLContext, T> statements) {
        try {
            var result = dsl.connectionResult(connection -> inTransaction(connection, statements));
            answered();
            return result;
        } catch (DataAccessException e) {
            throw violations.translate(e);
        }
    }

    /** Doesn't use jOOQ's transactions: each of them queries the isolation level, which costs a round trip. */
    private <T extends @Nullable Object> T inTransaction(Connection connection, Function<DSLContext, T> statements)
            throws SQLException {
        connection.setAutoCommit(false);
        T result;
        try {
            result = statements.apply(dsl.configuration().derive(connection).dsl());
            connection.commit();
        } catch (Throwable e) {
            rollBack(connection, e);
            throw e;
        }
        connection.setAutoCommit(true);
        return result;
    }

    /** Rolls back. If that fails, auto-commit stays off: turning it on would commit. */
    private static void rollBack(Connection connection, Throwable failure) {
        try {
            connection.rollback();
            connection.setAutoCommit(true);
        } catch (SQLException e) {
            failure.addSuppressed(e);
        }
    }

    private void answered() {
        answeredAt = System.nanoTime();
        lent.answered();
    }

    /** Returns the time since a statement last succeeded; more than a day before the first. Doesn't block. */
    public Duration sinceAnswer() {
        return Duration.ofNanos(System.nanoTime() - answeredAt);
    }

    /** Returns the current state of the pool; empty for a host's pool. Doesn't block. */
    public Optional<PoolStatus> poolStatus() {
        return Optional.ofNullable(pool).map(FairPool::status);
    }

    /** Closes the pool if this opened it. */
    @Override
    public void close() {
        if (connections != null) {
            connections.close();
        }
        if (pool != null) {
            pool.close();
        }
    }

    /**
     * Evicts connections to a server that is read-only since a failover: no write succeeds on them. If the new
     * connections are read-only as well, the whole pool is replaced at most twice a second, because reads still work.
     */
    private static final class ReadOnlyEvicted implements SQLExceptionOverride {
        private final long interval;
        private final AtomicLong next = new AtomicLong(System.nanoTime());

        ReadOnlyEvicted(int poolSize) {
            this.interval = 500_000_000L / poolSize;
        }

        @java.lang.Override
        public SQLExceptionOverride.Override adjudicate(SQLException e) {
            var now = System.nanoTime();
            var due = next.get();
            return "25006".equals(e.getSQLState()) && now - due >= 0 && next.compareAndSet(due, now + interval)
                    ? SQLExceptionOverride.Override.MUST_EVICT
                    : SQLExceptionOverride.Override.CONTINUE_EVICT;
        }
    }
}
