package dev.byline.internal.store;

import dev.byline.model.BylineException;
import dev.byline.model.Created;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jooq.DSLContext;
import org.jspecify.annotations.Nullable;

/**
 * Runs reads and writes: the only way to the database. {@link DatabaseStore} runs each on a connection of the pool,
 * {@link JoinedStore} runs them in one transaction of the caller. Callbacks use the context that they get and do
 * nothing slow except database calls. Every method blocks for a connection and for the statements, and throws
 * {@link BylineException.Unavailable} when the database is unavailable, overloaded or too slow.
 */
public abstract sealed class Store permits DatabaseStore, JoinedStore {
    Store() {}

    /**
     * Runs one statement that reads.
     *
     * @param query the statement
     * @param <T> the result
     */
    public abstract <T extends @Nullable Object> T read(Function<DSLContext, T> query);

    /**
     * Returns a look-up by key. Each runs its own statement, unless look-ups of several threads may share one: the
     * statement of another thread may belong to another transaction.
     *
     * @param maxKeys the most keys of one statement
     * @param query finds values by their keys, in one statement; omits keys without a value
     * @param <K> the keys
     * @param <V> the values
     */
    public <K, V> Function<K, Optional<V>> lookup(int maxKeys, BiFunction<DSLContext, Set<K>, Map<K, V>> query) {
        return key ->
                read(dsl -> Optional.ofNullable(query.apply(dsl, Set.of(key)).get(key)));
    }

    /**
     * Runs a transaction: commits when the callback returns, rolls back when it throws.
     *
     * @param work its statements
     * @param <T> the result
     * @throws BylineException from the callback, or for a violated constraint. After
     *     {@link BylineException.Unavailable} the outcome may be unknown
     */
    public abstract <T extends @Nullable Object> T write(Function<Tx, T> work);

    /**
     * Runs one statement that writes. May use auto-commit, which saves a round trip: an exception after the statement
     * doesn't roll it back.
     *
     * @param statement the statement, and others that read
     * @param <T> the result
     * @throws BylineException as in {@link #write}
     */
    public abstract <T extends @Nullable Object> T writeOne(Function<Tx, T> statement);

    /**
     * Creates something, and stores a snapshot of it in the same transaction. For a day, retries of the request return
     * the snapshot.
     *
     * @param request the request and its key
     * @param format of the snapshot
     * @param work creates the value
     * @param owners the users whose data the snapshot contains: it is hidden once one of them is deleted
     * @param <T> the value
     * @throws BylineException.InProgress when another request with this key is in progress
     * @throws BylineException.KeyReused when the key was used for another request, or an owner was deleted since
     * @throws BylineException.Conflict when the snapshot has another format
     */
    public final <T> Created<T> createOnce(
            IdempotentRequest request, SnapshotFormat<T> format, Function<Tx, T> work, Function<T, Set<Long>> owners) {
        return write(tx -> Idempotency.createOnce(tx, request, format, work, owners));
    }

    /**
     * Finds the snapshot of an earlier request. Doesn't wait for one in progress.
     *
     * @param request as in {@link #createOnce}
     * @param format as in {@link #createOnce}
     * @param <T> the value
     * @throws BylineException.KeyReused as in {@link #createOnce}
     */
    public final <T> Optional<T> findCreated(IdempotentRequest request, SnapshotFormat<T> format) {
        return read(dsl -> Idempotency.find(dsl, request, format));
    }
}
