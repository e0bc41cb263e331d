package dev.byline.internal.store;

import dev.byline.internal.sql.IdempotencySql;
import dev.byline.model.BylineException;
import dev.byline.model.Created;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.jooq.DSLContext;

/**
 * Creates something and stores a snapshot of it in one transaction, so that a retry finds both or neither. A failed
 * request stores nothing.
 *
 * @see <a href="https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/">Idempotency-Key</a>
 */
final class Idempotency {
    /** How long a snapshot is kept. */
    private static final Duration KEPT = Duration.ofHours(24);

    /** The most snapshots removed in one statement: each may be stored in hundreds of chunks. */
    private static final int BATCH = 200;

    private Idempotency() {}

    /**
     * Implements {@link Store#createOnce}. Doesn't wait for a request in progress: that would hold a connection.
     *
     * @param tx the transaction
     */
    static <T> Created<T> createOnce(
            Tx tx,
            IdempotentRequest request,
            SnapshotFormat<T> format,
            Function<Tx, T> work,
            Function<T, Set<Long>> owners) {
        var dsl = tx.dsl();
        if (!IdempotencySql.tryLock(dsl, ByteBuffer.wrap(request.hash()).getLong())) {
            throw new BylineException.InProgress();
        }
        // A separate statement after the lock: it sees what the previous holder of the lock committed.
        var earlier = find(dsl, request, format);
        if (earlier.isPresent()) {
            return new Created<>(earlier.get(), true);
        }
        var value = work.apply(tx);
        IdempotencySql.store(dsl, request.hash(), request.fingerprint(), owners.apply(value), format.encode(value));
        return new Created<>(value, false);
    }

    /** Implements {@link Store#findCreated}. */
    static <T> Optional<T> find(DSLContext dsl, IdempotentRequest request, SnapshotFormat<T> format) {
        return IdempotencySql.find(dsl, request.hash(), KEPT).map(stored -> {
            if (!stored.visible() || !MessageDigest.isEqual(stored.fingerprint(), request.fingerprint())) {
                throw new BylineException.KeyReused();
            }
            return format.decode(stored.snapshot());
        });
    }

    /**
     * Removes expired snapshots in batches, each in its own transaction.
     *
     * @param database the database to clean
     * @param stopping checked between batches
     */
    static void removeExpired(Database database, BooleanSupplier stopping) {
        var unused = BatchedDelete.run(
                BATCH, stopping, limit -> database.write(dsl -> IdempotencySql.removeExpired(dsl, KEPT, limit)));
    }
}
