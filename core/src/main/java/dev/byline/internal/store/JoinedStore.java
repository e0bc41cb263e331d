package dev.byline.internal.store;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jooq.DSLContext;
import org.jooq.exception.DataAccessException;
import org.jspecify.annotations.Nullable;

/**
 * Runs reads and writes in one transaction of the caller, on the caller's connection. Each has a savepoint: one that
 * fails undoes only itself. Never commits, rolls back or closes, and leaves auto-commit alone. What must follow the
 * commit is gathered. Used by one thread at a time.
 */
public final class JoinedStore extends Store {
    private static final String SAVEPOINT = "SAVEPOINT byline";
    private static final String RELEASE = "RELEASE SAVEPOINT byline";
    private static final String ROLLBACK = "ROLLBACK TO SAVEPOINT byline; RELEASE SAVEPOINT byline";
    private static final String ABORTED = "25P02";

    private final Connection connection;
    private final Tx tx;
    private final Database database;
    private final AtomicBoolean inUse = new AtomicBoolean();
    private volatile boolean ended;

    JoinedStore(Connection connection, Tx tx, Database database) {
        this.connection = connection;
        this.tx = tx;
        this.database = database;
    }

    /** Returns the connection of the transaction. */
    public Connection connection() {
        return connection;
    }

    @Override
    public <T extends @Nullable Object> T read(Function<DSLContext, T> query) {
        return inSavepoint(() -> query.apply(tx.dsl()));
    }

    /** Shares no statement with other threads: they don't see the rows of this transaction. */
    @Override
    public <K, V> Function<K, Optional<V>> lookup(int maxKeys, BiFunction<DSLContext, Set<K>, Map<K, V>> query) {
        return key ->
                read(dsl -> Optional.ofNullable(query.apply(dsl, Set.of(key)).get(key)));
    }

    @Override
    public <T extends @Nullable Object> T write(Function<Tx, T> work) {
        var changes = new Changes();
        var result = inSavepoint(() -> work.apply(changes.on(tx.dsl())));
        tx.changes().addAll(changes);
        return result;
    }

    @Override
    public <T extends @Nullable Object> T writeOne(Function<Tx, T> statement) {
        return write(statement);
    }

    /** Ends the use of this store; returns what must follow the commit. */
    Changes end() {
        ended = true;
        return tx.changes();
    }

    /**
     * Checks that the connection has an open transaction.
     *
     * @throws IllegalStateException when it hasn't, or this store has ended
     * @throws dev.byline.model.BylineException.Unavailable when the connection is broken
     */
    public void check() {
        if (ended) {
            throw new IllegalStateException("this transaction has ended: call Byline.in(connection) in the next one");
        }
        try {
            if (connection.isClosed()) {
                throw new IllegalStateException("the connection of this transaction is closed");
            }
            if (connection.getAutoCommit()) {
                throw new IllegalStateException(
                        "the connection has auto-commit on: begin a transaction with setAutoCommit(false)");
            }
        } catch (SQLException e) {
            throw database.translate(new DataAccessException("no connection", e));
        }
    }

    private <T extends @Nullable Object> T inSavepoint(Supplier<T> work) {
        if (!inUse.compareAndSet(false, true)) {
            throw new IllegalStateException("another thread is using this transaction: use it in one thread at a time");
        }
        try {
            check();
            execute(SAVEPOINT);
            T result;
            try {
                result = work.get();
            } catch (Throwable e) {
                rollBack(e);
                throw e;
            }
            execute(RELEASE);
            return result;
        } catch (DataAccessException e) {
            throw database.translate(e);
        } finally {
            inUse.set(false);
        }
    }

    private void rollBack(Throwable failure) {
        try {
            execute(ROLLBACK);
        } catch (RuntimeException e) {
            failure.addSuppressed(e);
        }
    }

    /** Uses SQL and not JDBC's savepoints, which connections of a transaction manager may refuse. */
    private void execute(String sql) {
        try (var statement = connection.createStatement()) {
            boolean ignored = statement.execute(sql);
        } catch (SQLException e) {
            if (ABORTED.equals(e.getSQLState())) {
                throw new IllegalStateException("a statement failed earlier in this transaction: roll it back", e);
            }
            throw new DataAccessException(sql, e);
        }
    }
}
