package dev.byline.internal.store;

import dev.byline.model.Principal;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
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
    /** Numbers the savepoints: two threads that join one connection fail instead of undoing each other's work. */
    private static final AtomicLong SAVEPOINTS = new AtomicLong();

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

    @Override
    public <T extends @Nullable Object> T write(Principal caller, Function<Tx, T> work) {
        return inSavepoint(() -> {
            var changes = Changes.of(caller);
            var result = work.apply(changes.on(tx.dsl()));
            tx.changes().addAll(changes); // superfluous keys do no harm if the release fails
            return result;
        });
    }

    @Override
    public <T extends @Nullable Object> T writeOne(Principal caller, Function<Tx, T> statement) {
        return write(caller, statement);
    }

    /** Ends the use of this store: the transaction is rolled back. */
    void abandon() {
        ended = true;
    }

    /**
     * Ends the use of this store before the commit. Checks that no statement has failed without being rolled back: the
     * driver would roll back and report success.
     *
     * @throws IllegalStateException when one has, or another thread is using this store
     */
    void endBeforeCommit() {
        var unused = end();
        try {
            execute("SELECT 1");
        } catch (DataAccessException e) {
            throw database.translate(e);
        }
    }

    /**
     * Ends the use of this store; returns what must follow the commit.
     *
     * @throws IllegalStateException when another thread is using it
     */
    Changes end() {
        ended = true;
        if (inUse.get()) {
            throw inUseElsewhere();
        }
        return tx.changes();
    }

    private static IllegalStateException inUseElsewhere() {
        return new IllegalStateException("another thread is using this transaction: use it in one thread at a time");
    }

    /**
     * Checks that the connection has an open transaction.
     *
     * @throws IllegalStateException when it hasn't, when it is closed or known to be broken, or this store has ended
     * @throws dev.byline.model.BylineException.Unavailable when the connection turns out to be broken
     */
    public void check() {
        if (ended) {
            throw new IllegalStateException("this transaction has ended: call Byline.in(connection) in the next one");
        }
        database.checkOpen();
        try {
            if (connection.isClosed()) {
                throw new IllegalStateException("the connection of this transaction is closed, or broke");
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
            throw inUseElsewhere();
        }
        try {
            check();
            var savepoint = "byline_" + SAVEPOINTS.incrementAndGet();
            execute("SAVEPOINT " + savepoint);
            T result;
            try {
                result = work.get();
                execute("RELEASE SAVEPOINT " + savepoint);
            } catch (Throwable e) {
                rollBack(savepoint, e);
                throw e;
            }
            database.answered();
            return result;
        } catch (DataAccessException e) {
            throw database.translate(e);
        } finally {
            inUse.set(false);
        }
    }

    private void rollBack(String savepoint, Throwable failure) {
        try {
            execute("ROLLBACK TO SAVEPOINT " + savepoint + "; RELEASE SAVEPOINT " + savepoint);
        } catch (RuntimeException e) {
            failure.addSuppressed(e);
        }
    }

    /** Uses SQL and not JDBC's savepoints, which connections of a transaction manager may refuse. */
    private void execute(String sql) {
        try (var statement = connection.createStatement()) {
            boolean ignored = statement.execute(sql);
        } catch (SQLException e) {
            throw new DataAccessException(sql, e);
        }
    }
}
