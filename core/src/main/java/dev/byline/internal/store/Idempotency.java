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
 * Creates something and keeps a snapshot of it in one transaction, so that a repetition finds either both or neither. What fails keeps
 * nothing.
 *
 * @see <a href="https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/">Idempotency-Key</a>
 */
final class Idempotency {
    /** How long a snapshot is kept. */
    private static final Duration KEPT = Duration.ofHours(24);

    /** Snapshots removed in one statement: each may have hundreds of chunks beside it. */
    private static final int BATCH = 200;

    private Idempotency() {}

    /**
     * As {@link Store#createOnce}. Never waits for an attempt that is under way: that would hold a connection.
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
        // A statement of its own, after the lock: it sees what the last holder of the lock committed.
        var earlier = find(dsl, request, format);
        if (earlier.isPresent()) {
            return new Created<>(earlier.get(), true);
        }
        var value = work.apply(tx);
        IdempotencySql.keep(dsl, request.hash(), request.fingerprint(), owners.apply(value), format.encode(value));
        return new Created<>(value, false);
    }

    /** As {@link Store#findCreated}. */
    static <T> Optional<T> find(DSLContext dsl, IdempotentRequest request, SnapshotFormat<T> format) {
        return IdempotencySql.find(dsl, request.hash(), KEPT).map(kept -> {
            if (!kept.shown() || !MessageDigest.isEqual(kept.fingerprint(), request.fingerprint())) {
                throw new BylineException.KeyReused();
            }
            return format.decode(kept.snapshot());
        });
    }

    /**
     * Removes snapshots whose time is over, a batch in a transaction of its own.
     *
     * @param database where they are
     * @param stopping asked between batches
     */
    static void removeExpired(Database database, BooleanSupplier stopping) {
        var unused = BatchedDelete.run(
                BATCH, stopping, limit -> database.write(dsl -> IdempotencySql.removeExpired(dsl, KEPT, limit)));
    }
}
