package dev.byline.internal.store;

import dev.byline.internal.cache.TieredCache;
import dev.byline.internal.pool.NoConnectionException;
import dev.byline.internal.sql.AuthorDeletedException;
import dev.byline.model.BylineException;
import dev.byline.model.Principal;
import java.sql.Connection;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jooq.DSLContext;
import org.jspecify.annotations.Nullable;

/**
 * Runs each read and each transaction on a connection of the pool. A write invalidates the cache when it is committed,
 * and repeatedly while its outcome is unknown. Safe for use by several threads.
 */
public final class DatabaseStore extends Store {
    private final Database database;
    private final TieredCache cache;
    private final @Nullable ReplicaReads replicas;
    private final Runnable housekeeping;

    /**
     * Uses one database and its cache.
     *
     * @param replicas null without replicas
     * @param housekeeping starts to remove rows that a write left behind; returns at once
     */
    public DatabaseStore(Database database, TieredCache cache, @Nullable ReplicaReads replicas, Runnable housekeeping) {
        this.database = database;
        this.cache = cache;
        this.replicas = replicas;
        this.housekeeping = housekeeping;
    }

    @Override
    public <T extends @Nullable Object> T read(Function<DSLContext, T> query) {
        return database.read(query);
    }

    @Override
    public <K, V> Function<K, Optional<V>> lookup(int maxKeys, BiFunction<DSLContext, Set<K>, Map<K, V>> query) {
        return database.hasOwnPool() ? database.batching(maxKeys, query) : super.lookup(maxKeys, query);
    }

    @Override
    public <T extends @Nullable Object> T readOnReplica(Principal reader, Function<DSLContext, T> query) {
        return replicas == null ? database.read(query) : replicas.read(reader, query);
    }

    @Override
    public <T extends @Nullable Object> T orStale(Supplier<T> lookup, Function<DSLContext, T> query) {
        return replicas == null ? lookup.get() : replicas.orStale(lookup, query);
    }

    @Override
    public <T extends @Nullable Object> T write(Principal caller, Function<Tx, T> work) {
        return invalidating(
                caller,
                (changes, committed) -> database.write(
                        dsl -> {
                            var result = work.apply(changes.on(dsl));
                            changes.commit();
                            return result;
                        },
                        committed));
    }

    @Override
    public <T extends @Nullable Object> T writeOne(Principal caller, Function<Tx, T> statement) {
        return invalidating(caller, (changes, committed) -> {
            changes.commit();
            return database.writeOne(dsl -> statement.apply(changes.on(dsl)), committed);
        });
    }

    /**
     * Runs a transaction in which the caller uses a store and the connection.
     *
     * @param work gets the store, which ends with the transaction
     * @param <T> the result
     * @throws BylineException as in {@link #write}
     */
    public <T extends @Nullable Object> T transaction(Function<JoinedStore, T> work) {
        return write(
                new Principal.Anonymous(),
                tx -> tx.dsl().connectionResult(connection -> {
                    var store = new JoinedStore(connection, tx, database);
                    T result;
                    try {
                        result = work.apply(store);
                    } catch (Throwable e) {
                        store.abandon();
                        throw e;
                    }
                    store.endBeforeCommit();
                    return result;
                }));
    }

    /** Returns a store that runs in the transaction of a connection. */
    public JoinedStore join(Connection connection) {
        return new JoinedStore(connection, new Changes().on(database.on(connection)), database);
    }

    /** Does what follows the commit of a store from {@link #join}. */
    public void committed(JoinedStore joined) {
        var changes = joined.end();
        if (replicas != null && changes.hasWriters()) {
            replicas.askPosition(changes);
        }
        follow(changes, false);
    }

    /** Does what follows a commit of unknown outcome of a store from {@link #join}. */
    public void uncertain(JoinedStore joined) {
        follow(joined.end(), true);
    }

    /** A write; after its commit, the connection is given to the second argument. */
    private interface Write<T extends @Nullable Object> {
        T run(Changes changes, @Nullable Consumer<Connection> committed);
    }

    /** The changes outlive a transaction that fails. */
    private <T extends @Nullable Object> T invalidating(Principal caller, Write<T> write) {
        var changes = Changes.of(caller);
        T result;
        try {
            result = write.run(
                    changes, replicas == null ? null : connection -> ReplicaReads.askPosition(connection, changes));
        } catch (BylineException.Unavailable e) {
            if (changes.isCommitting() && !(e.getCause() instanceof NoConnectionException)) {
                follow(changes, true);
                throw BylineException.Unavailable.unknownOutcome(e);
            }
            throw e;
        } catch (BylineException | AuthorDeletedException | IllegalStateException e) {
            throw e; // certainly not committed
        } catch (RuntimeException | Error e) {
            if (changes.isCommitting()) {
                follow(changes, true);
            }
            throw e;
        }
        follow(changes, false);
        return result;
    }

    private void follow(Changes changes, boolean uncertain) {
        if (uncertain) {
            cache.invalidateUncertain(changes.stale());
        } else {
            cache.invalidate(changes.stale());
        }
        if (replicas != null && changes.hasWriters()) {
            replicas.wrote(changes, uncertain);
        }
        if (changes.leavesRows()) {
            housekeeping.run();
        }
    }
}
