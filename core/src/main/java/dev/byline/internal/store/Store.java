package dev.byline.internal.store;

import dev.byline.internal.cache.TieredCache;
import dev.byline.internal.sql.AuthorDeletedException;
import dev.byline.model.BylineException;
import dev.byline.model.Created;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jooq.DSLContext;
import org.jspecify.annotations.Nullable;

/**
 * Reads, and transactions that invalidate the cache: the one way to the database. Callbacks use the context that they are given and
 * call nothing slow but the database. Every method blocks for a connection and for the statements, and throws {@link
 * BylineException.Unavailable} when the database is away, overloaded or too slow. Safe for use by several threads.
 */
public final class Store {
    private final Database database;
    private final TieredCache cache;

    /** Reads and writes one database, with one cache in front of it. */
    public Store(Database database, TieredCache cache) {
        this.database = database;
        this.cache = cache;
    }

    /**
     * Runs one statement that reads.
     *
     * @param query the statement
     * @param <T> what it returns
     */
    public <T extends @Nullable Object> T read(Function<DSLContext, T> query) {
        return database.read(query);
    }

    /**
     * Runs a transaction: committed when the callback returns, rolled back when it throws.
     *
     * @param work its statements
     * @param <T> what it returns
     * @throws BylineException what the callback throws, or what a violated constraint means. After {@link
     *     BylineException.Unavailable} the outcome may be unknown
     */
    public <T extends @Nullable Object> T write(Function<Tx, T> work) {
        return invalidating(stale -> database.write(dsl -> run(dsl, work, stale)));
    }

    /**
     * Runs one statement that writes, without a transaction around it, which spares a round trip. What is thrown after the
     * statement undoes nothing.
     *
     * @param statement the statement, and others that read
     * @param <T> what it returns
     * @throws BylineException as in {@link #write}
     */
    public <T extends @Nullable Object> T writeOne(Function<Tx, T> statement) {
        return invalidating(stale -> database.writeOne(dsl -> run(dsl, statement, stale)));
    }

    private static <T extends @Nullable Object> T run(DSLContext dsl, Function<Tx, T> work, List<Tx> begun) {
        var tx = new Tx(dsl);
        begun.add(tx);
        return work.apply(tx);
    }

    private <T extends @Nullable Object> T invalidating(Function<List<Tx>, T> write) {
        var begun = new ArrayList<Tx>(1);
        T result;
        try {
            result = write.apply(begun);
        } catch (RuntimeException | Error e) {
            if (isUncertain(e)) {
                begun.forEach(tx -> cache.invalidateUncertain(tx.stale()));
            }
            throw e;
        }
        begun.forEach(tx -> cache.invalidate(tx.stale()));
        return result;
    }

    /** Whether what failed may be committed all the same. */
    private static boolean isUncertain(Throwable e) {
        return switch (e) {
            case BylineException.Unavailable ignored -> true;
            case BylineException ignored -> false;
            case AuthorDeletedException ignored -> false;
            default -> true;
        };
    }

    /**
     * Creates something once, however often it is asked for: in one transaction with a snapshot of it, from which repetitions are
     * answered for a day.
     *
     * @param request what is asked for, and by whom
     * @param format of the snapshot
     * @param work creates it
     * @param owners the users whose data the snapshot shows: it is hidden once one of them is deleted
     * @param <T> what is created
     * @throws BylineException.InProgress when another attempt is under way
     * @throws BylineException.KeyReused when the key was used for another request, or an owner was deleted since
     * @throws BylineException.Conflict when the snapshot is of another format
     */
    public <T> Created<T> createOnce(
            IdempotentRequest request, SnapshotFormat<T> format, Function<Tx, T> work, Function<T, Set<Long>> owners) {
        return write(tx -> Idempotency.createOnce(tx, request, format, work, owners));
    }

    /**
     * Finds the snapshot of an earlier attempt, without waiting for one that is under way.
     *
     * @param request as in {@link #createOnce}
     * @param format as in {@link #createOnce}
     * @param <T> what was created
     * @throws BylineException.KeyReused as in {@link #createOnce}
     */
    public <T> Optional<T> findCreated(IdempotentRequest request, SnapshotFormat<T> format) {
        return read(dsl -> Idempotency.find(dsl, request, format));
    }
}
