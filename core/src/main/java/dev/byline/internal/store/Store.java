package dev.byline.internal.store;

import dev.byline.internal.cache.CacheKey;
import dev.byline.internal.cache.TieredCache;
import dev.byline.internal.pool.BatchLoader;
import dev.byline.internal.sql.AuthorDeletedException;
import dev.byline.model.BylineException;
import dev.byline.model.Created;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jooq.DSLContext;
import org.jspecify.annotations.Nullable;

/**
 * Runs reads, and transactions that invalidate the cache: the only way to the database. Callbacks use the context that
 * they get and do nothing slow except database calls. Every method blocks for a connection and for the statements, and
 * throws {@link BylineException.Unavailable} when the database is unavailable, overloaded or too slow. Safe for use by
 * several threads.
 */
public final class Store {
    private final Database database;
    private final TieredCache cache;

    /** Uses one database and its cache. */
    public Store(Database database, TieredCache cache) {
        this.database = database;
        this.cache = cache;
    }

    /**
     * Runs one statement that reads.
     *
     * @param query the statement
     * @param <T> the result
     */
    public <T extends @Nullable Object> T read(Function<DSLContext, T> query) {
        return database.read(query);
    }

    /**
     * Batches look-ups by key: those that arrive while a statement is in flight share the next one.
     *
     * @param maxKeys the most keys of one statement
     * @param query finds values by their keys, in one statement; omits keys without a value
     * @param <K> the keys
     * @param <V> the values
     */
    public <K, V> BatchLoader<K, V> batching(int maxKeys, BiFunction<DSLContext, Set<K>, Map<K, V>> query) {
        return database.batching(maxKeys, query);
    }

    /**
     * Runs a transaction: commits when the callback returns, rolls back when it throws.
     *
     * @param work its statements
     * @param <T> the result
     * @throws BylineException from the callback, or for a violated constraint. After
     *     {@link BylineException.Unavailable} the outcome may be unknown
     */
    public <T extends @Nullable Object> T write(Function<Tx, T> work) {
        return invalidating(stale -> database.write(dsl -> work.apply(new Tx(dsl, stale))));
    }

    /**
     * Runs one statement that writes, with auto-commit, which saves a round trip. An exception after the statement
     * doesn't roll it back.
     *
     * @param statement the statement, and others that read
     * @param <T> the result
     * @throws BylineException as in {@link #write}
     */
    public <T extends @Nullable Object> T writeOne(Function<Tx, T> statement) {
        return invalidating(stale -> database.read(dsl -> statement.apply(new Tx(dsl, stale))));
    }

    /** The set gathers the keys of the write, and outlives a write that fails. */
    private <T extends @Nullable Object> T invalidating(Function<Set<CacheKey<?>>, T> write) {
        var stale = new LinkedHashSet<CacheKey<?>>();
        T result;
        try {
            result = write.apply(stale);
        } catch (RuntimeException | Error e) {
            if (isUncertain(e)) {
                cache.invalidateUncertain(stale);
            }
            throw e;
        }
        cache.invalidate(stale);
        return result;
    }

    /** Returns whether a failed transaction may have been committed. */
    private static boolean isUncertain(Throwable e) {
        return switch (e) {
            case BylineException.Unavailable ignored -> true;
            case BylineException ignored -> false;
            case AuthorDeletedException ignored -> false;
            default -> true;
        };
    }

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
    public <T> Created<T> createOnce(
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
    public <T> Optional<T> findCreated(IdempotentRequest request, SnapshotFormat<T> format) {
        return read(dsl -> Idempotency.find(dsl, request, format));
    }
}
