package dev.byline.internal.store;

import dev.byline.model.BylineException;
import dev.byline.model.Created;
import dev.byline.model.Principal;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;
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
     * Runs one statement that reads, on a replica if one has replayed the reader's last write, is current enough for
     * everybody, and there are replicas; otherwise on the primary. While there is no primary, on any replica. Not for what a
     * write or an authentication is decided on.
     *
     * @param reader on whose behalf it runs
     * @param query the statement; may run twice
     * @param <T> the result
     */
    public <T extends @Nullable Object> T readOnReplica(Principal reader, Function<DSLContext, T> query) {
        return read(query);
    }

    /**
     * Runs a look-up that needs the primary or the cache. While there is no primary, runs a statement on any replica if the
     * look-up fails. Not for what a write or an authentication is decided on.
     *
     * @param lookup may run twice
     * @param query a statement with the same result
     * @param <T> the result
     */
    public <T extends @Nullable Object> T orStale(Supplier<T> lookup, Function<DSLContext, T> query) {
        return lookup.get();
    }

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
     * @param caller whose next reads must show it
     * @param work its statements
     * @param <T> the result
     * @throws BylineException from the callback, or for a violated constraint. After
     *     {@link BylineException.Unavailable} the outcome may be unknown
     */
    public abstract <T extends @Nullable Object> T write(Principal caller, Function<Tx, T> work);

    /**
     * Runs one statement that writes. May use auto-commit, which saves a round trip: an exception after the statement
     * doesn't roll it back.
     *
     * @param caller as in {@link #write}
     * @param statement the statement, and others that read
     * @param <T> the result
     * @throws BylineException as in {@link #write}
     */
    public abstract <T extends @Nullable Object> T writeOne(Principal caller, Function<Tx, T> statement);

    /**
     * Creates something, and stores a snapshot of it in the same transaction. For a day, retries of the request return
     * the snapshot.
     *
     * @param caller as in {@link #write}
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
            Principal caller,
            IdempotentRequest request,
            SnapshotFormat<T> format,
            Function<Tx, T> work,
            Function<T, Set<Long>> owners) {
        return write(caller, tx -> {
            var created = Idempotency.createOnce(tx, request, format, work, owners);
            tx.concerns(owners.apply(created.value())); // also after a replay
            return created;
        });
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
