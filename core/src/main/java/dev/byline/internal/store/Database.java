package dev.byline.internal.store;

import dev.byline.internal.OptionalLibrary;
import dev.byline.internal.cache.SharedNumbers;
import dev.byline.internal.pool.BatchLoader;
import dev.byline.internal.pool.CancelledWait;
import dev.byline.internal.pool.ConnectionPool;
import dev.byline.internal.pool.FairSemaphore;
import dev.byline.internal.pool.Fence;
import dev.byline.internal.pool.HostConnections;
import dev.byline.internal.pool.SlowStatements;
import dev.byline.internal.pool.Watchdog;
import dev.byline.internal.replica.Replicas;
import dev.byline.internal.sql.SchemaSql;
import dev.byline.internal.sql.Violations;
import dev.byline.model.BylineConfig;
import dev.byline.model.BylineException;
import dev.byline.model.Metrics;
import dev.byline.model.PoolStatus;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.jooq.ConnectionProvider;
import org.jooq.DSLContext;
import org.jooq.ExecuteListenerProvider;
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
    private final boolean cancels; // the driver cancels statements that take too long
    private final @Nullable ConnectionPool pool;
    private final Watchdog watchdog;
    private final List<BatchLoader<?, ?>> loaders = new CopyOnWriteArrayList<>();
    private final Violations violations;
    private volatile @Nullable ReplicaReads replicas;
    private volatile boolean closed;
    private volatile long answeredAt = System.nanoTime() - Duration.ofDays(1).toNanos();

    private Database(
            ConnectionProvider connections,
            @Nullable ConnectionPool pool,
            Watchdog watchdog,
            Settings settings,
            @Nullable String schema,
            Duration slowStatement) {
        this.pool = pool;
        this.watchdog = watchdog;
        this.violations = new Violations(schema);
        var configuration = new DefaultConfiguration().set(connections).set(SQLDialect.POSTGRES);
        SchemaSql.set(configuration, settings, schema);
        var listeners = new ArrayList<>(List.of(CancelledWait.LISTENER));
        if (slowStatement.isPositive()) {
            listeners.add(() -> new SlowStatements(slowStatement));
        }
        configuration.set(listeners.toArray(ExecuteListenerProvider[]::new));
        this.dsl = DSL.using(configuration);
        this.cancels = settings.getQueryTimeout() != null && settings.getQueryTimeout() > 0;
    }

    private static Settings settings() {
        return new Settings()
                .withExecuteLogging(false)
                .withRenderQuotedNames(RenderQuotedNames.NEVER)
                .withAttachRecords(false);
    }

    /**
     * Opens a pool. Doesn't wait for the database: connections are made once it responds.
     *
     * @param config URL, pool size and timeouts
     * @param metrics receives how long connections were waited for and held
     * @throws IllegalStateException when jOOQ is too old, or HikariCP is missing
     */
    public static Database open(BylineConfig.Database config, Metrics metrics) {
        JooqVersion.check();
        OptionalLibrary.HIKARICP.require("pools of Byline's own");
        var watchdog = new Watchdog();
        var pool = new ConnectionPool(config, watchdog, metrics);
        var settings = settings();
        if (config.pgBouncer()) { // PgBouncer accepts no options when a connection starts
            settings.withQueryTimeout(
                    Math.max(1, (int) config.statementTimeout().toSeconds()));
        }
        return new Database(pool, pool, watchdog, settings, config.schema(), config.slowStatement());
    }

    /**
     * Uses a host's pool, which stays open when this is closed. Waits at most a second for a connection, to check
     * auto-commit on it; every borrowed connection is checked, too.
     *
     * @param dataSource connections with auto-commit on
     * @param schema as in {@link BylineConfig.Database}
     * @param metrics receives how long connections were waited for and held
     * @throws IllegalStateException when auto-commit is off, or jOOQ is too old
     */
    public static Database on(DataSource dataSource, @Nullable String schema, Metrics metrics) {
        JooqVersion.check();
        var connections = HostConnections.open(dataSource, metrics);
        var slow = BylineConfig.Database.SLOW_STATEMENT;
        return new Database(connections, null, new Watchdog(), settings(), schema, slow);
    }

    /**
     * Runs one statement, with auto-commit.
     *
     * @param query the statement; blocks for a connection and for the statement
     * @param <T> the result
     * @throws IllegalStateException when a host's connection has auto-commit off, or this is closed; so do the methods
     *     below
     * @throws BylineException.Unavailable when the database is unavailable, overloaded or too slow
     */
    public <T extends @Nullable Object> T read(Function<DSLContext, T> query) {
        var reads = replicas;
        if (reads != null && reads.replicas().isReadOnly()) {
            throw new BylineException.Unavailable((Throwable) null); // at once: a replica may be able to answer
        }
        return run(() -> query.apply(dsl));
    }

    /**
     * Runs one statement that writes, with auto-commit where that is safe: if the driver cancels statements, its request
     * could reach the commit while that waits for a synchronous standby, and PostgreSQL would then report success.
     *
     * @param statement blocks for a connection and for the statement
     * @param committed as in {@link #write}
     * @param <T> the result
     * @throws BylineException as in {@link #write}
     */
    public <T extends @Nullable Object> T writeOne(
            Function<DSLContext, T> statement, @Nullable Consumer<Connection> committed) {
        if (cancels) {
            return write(statement, committed);
        }
        return run(() -> gated(() -> committed == null
                ? statement.apply(dsl)
                : dsl.connectionResult(connection -> {
                    var result = statement.apply(on(connection));
                    committed.accept(connection);
                    return result;
                })));
    }

    private <T extends @Nullable Object> T gated(Supplier<T> write) {
        if (pool == null) {
            return write.get();
        }
        pool.fence().beforeWrite();
        return pool.writes().run(write);
    }

    private <T extends @Nullable Object> T run(Supplier<T> work) {
        checkOpen();
        try {
            var result = work.get();
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
     * @param committed uses the connection after the commit, and doesn't throw; null for nothing
     * @param <T> the result
     * @throws BylineException from the callback, or for a violated constraint
     * @throws BylineException.Unavailable when the database is unavailable, overloaded or too slow; the transaction was
     *     rolled back, or its outcome is unknown because the connection broke during the commit
     */
    public <T extends @Nullable Object> T write(
            Function<DSLContext, T> statements, @Nullable Consumer<Connection> committed) {
        return run(() -> gated(() -> {
            var generation = generation(); // before the connection is acquired
            return dsl.connectionResult(connection -> {
                var result = inTransaction(connection, generation, statements);
                if (committed != null) {
                    committed.accept(connection);
                }
                return result;
            });
        }));
    }

    /** Runs a transaction: {@link #write(Function, Consumer)} with nothing after the commit. */
    public <T extends @Nullable Object> T write(Function<DSLContext, T> statements) {
        return write(statements, null);
    }

    /** Doesn't use jOOQ's transactions: each of them queries the isolation level, which costs a round trip. */
    private <T extends @Nullable Object> T inTransaction(
            Connection connection, long generation, Function<DSLContext, T> statements) throws SQLException {
        connection.setAutoCommit(false);
        T result;
        try {
            result = statements.apply(on(connection));
            if (generation() != generation) {
                throw new SQLException("the server was replaced during the transaction", "08004");
            }
            connection.clearWarnings();
            connection.commit();
            CancelledWait.check(connection.getWarnings());
        } catch (Throwable e) {
            rollBack(connection, e);
            throw e;
        }
        connection.setAutoCommit(true);
        return result;
    }

    private long generation() {
        return pool == null ? 0 : pool.fence().generation();
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

    /** @throws IllegalStateException when this is closed */
    void checkOpen() {
        if (closed) {
            throw new IllegalStateException("Byline is closed");
        }
    }

    /** Records that a statement succeeded. */
    void answered() {
        answeredAt = System.nanoTime();
        if (pool != null) {
            pool.responded();
        }
    }

    /** Returns whether this opened its pool: no transaction of a host can be on its connections. */
    boolean hasOwnPool() {
        return pool != null;
    }

    /**
     * Returns a look-up by key that shares statements, as {@link BatchLoader} does.
     *
     * @param maxKeys the most keys of one statement
     * @param query finds values by their keys, in one statement
     * @param <K> the keys
     * @param <V> the values
     */
    <K, V> Function<K, Optional<V>> batching(int maxKeys, BiFunction<DSLContext, Set<K>, Map<K, V>> query) {
        var loader = new BatchLoader<K, V>(watchdog, maxKeys, keys -> read(dsl -> query.apply(dsl, keys)));
        loaders.add(loader);
        return loader::get;
    }

    /**
     * Returns a context that runs statements on a connection.
     *
     * @throws IllegalStateException when this is closed
     */
    DSLContext on(Connection connection) {
        checkOpen();
        return dsl.configuration().derive(connection).dsl();
    }

    /** Returns what to throw instead of an exception of the database. */
    RuntimeException translate(DataAccessException e) {
        return violations.translate(e);
    }

    /** Returns the time since a statement last succeeded; more than a day before the first. Doesn't block. */
    public Duration sinceAnswer() {
        return Duration.ofNanos(System.nanoTime() - answeredAt);
    }

    /** Returns what keeps connections from a server that was replaced; empty for a host's pool. */
    public Optional<Fence> fence() {
        return Optional.ofNullable(pool).map(ConnectionPool::fence);
    }

    /**
     * Opens the pools of replicas, which are closed with this. Doesn't wait for a server.
     *
     * @param config with replicas
     * @param shared numbers in Redis; null without it
     */
    public ReplicaReads openReplicas(BylineConfig config, @Nullable SharedNumbers shared, Metrics metrics) {
        var primary = Objects.requireNonNull(pool);
        var opened = new Replicas(config.replicas(), config.database(), primary, () -> answeredAt, watchdog, shared);
        var half = Math.max(1, config.database().poolSize() / 2);
        var diverted = new FairSemaphore(watchdog, half, config.database().connectionTimeout());
        var reads = new ReplicaReads(this, opened, diverted, metrics);
        this.replicas = reads;
        return reads;
    }

    /** Returns the current state of the pool; empty for a host's pool. Doesn't block. */
    public Optional<PoolStatus> poolStatus() {
        return Optional.ofNullable(pool).map(ConnectionPool::status);
    }

    /** Closes the pool if this opened it. */
    @Override
    public void close() {
        closed = true;
        if (replicas != null) {
            replicas.close();
        }
        if (pool != null) {
            pool.close();
        }
        loaders.forEach(BatchLoader::close);
    }
}
