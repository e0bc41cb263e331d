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
 * Connections and transactions. Callbacks borrow a connection and never keep it: it is back in the pool when they
 * return. Never call anything slow but the database from inside one.
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
     * Opens a pool. Does not wait for the database: connections come when it answers.
     *
     * @param config where and how many
     * @param metrics is told how long connections were waited for and held
     */
    public static Database open(BylineConfig.Database config, Metrics metrics) {
        var watch = new Watchdog();
        var connections = new ReconnectingDataSource(config, watch);
        var pool = new FairPool(watch, hikari(config, connections));
        var settings = settings();
        if (config.pgBouncer()) { // which takes no options at the start of a connection
            settings.withQueryTimeout(
                    Math.max(1, (int) config.statementTimeout().toSeconds()));
        }
        return new Database(pool, pool, connections, settings, config.slowStatement(), metrics);
    }

    /**
     * Uses a host's pool, which stays open when this is closed. Waits up to a second for a connection to look at; what it
     * doesn't find then, it finds when a connection is borrowed.
     *
     * @param dataSource connections with auto-commit on
     * @param metrics as above
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
     * Runs one statement.
     *
     * @param query what to run; blocks for a free connection and for the statement
     * @param <T> what it returns
     * @throws IllegalStateException when a host's connection comes with auto-commit off, here and below
     * @throws BylineException.Unavailable when the database is away, overloaded or too slow
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
            var result = dsl.connectionResult(connection -> inTransaction(connection, statements));
            answered();
            return result;
        } catch (DataAccessException e) {
            throw violations.translate(e);
        }
    }

    /** Not by jOOQ's own transactions: these ask the server for its isolation level each time, a round trip. */
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

    /** Where that fails, the connection stays as it is: to turn auto-commit on would commit. */
    private static void rollBack(Connection connection, Throwable failure) {
        try {
            connection.rollback();
            connection.setAutoCommit(true);
        } catch (SQLException e) {
            failure.addSuppressed(e);
        }
    }

    /**
     * Runs one statement that writes, and is committed by itself: what that spares is a round trip.
     *
     * @param statement what to run; blocks for a free connection and for the statement. What it throws afterwards undoes
     *     nothing
     * @param <T> what it returns
     * @throws BylineException what a violated constraint means
     * @throws BylineException.Unavailable when the database is away, overloaded or too slow; the outcome is unknown when the
     *     connection broke
     */
    public <T extends @Nullable Object> T writeOne(Function<DSLContext, T> statement) {
        return read(statement);
    }

    private void answered() {
        answeredAt = System.nanoTime();
        lent.answered();
    }

    /** How long ago a statement last succeeded; a day and more before the first. Doesn't block. */
    public Duration sinceAnswer() {
        return Duration.ofNanos(System.nanoTime() - answeredAt);
    }

    /** What the pool does now, empty for somebody else's pool. Doesn't block. */
    public Optional<PoolStatus> poolStatus() {
        return Optional.ofNullable(pool).map(FairPool::status);
    }

    /** Closes the pool that this opened. */
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
     * Replaces connections to what was the primary before a failover: no write succeeds on them any more. If what comes
     * instead is read-only as well, the whole pool is replaced twice a second and no more, for reads go on.
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
