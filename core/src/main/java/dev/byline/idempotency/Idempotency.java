package dev.byline.idempotency;

import dev.byline.BylineException;
import dev.byline.Digests;
import dev.byline.db.Database;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jooq.DSLContext;
import org.jspecify.annotations.Nullable;

/**
 * Does a write and keeps its answer in one transaction, so that a repetition finds either both or neither. What fails
 * keeps nothing.
 *
 * @see <a href="https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/">Idempotency-Key</a>
 */
public final class Idempotency {
    /** How long an answer is kept. */
    public static final Duration KEPT = Duration.ofHours(24);

    /** Answers removed in one statement: each may have hundreds of chunks beside it. */
    private static final int BATCH = 200;

    private Idempotency() {}

    /** An attempt: under which name it is kept, and what it asked for. */
    @SuppressWarnings("ArrayRecordComponent") // never compared as a whole
    public record Attempt(byte[] hash, byte[] fingerprint) {}

    /** What an earlier attempt left. */
    @SuppressWarnings("ArrayRecordComponent") // never compared as a whole
    public record Kept(byte[] fingerprint, byte[] answer, List<Long> userIds, boolean shown) {}

    /**
     * Names an attempt.
     *
     * @param operation what is done
     * @param caller who does it, as in {@code Principal.identity}
     * @param key what they call it
     * @param request what was asked for, part by part, without secrets
     */
    public static Attempt attempt(String operation, String caller, IdempotencyKey key, List<@Nullable Object> request) {
        return new Attempt(Digests.sha256(List.of(operation, caller, key.value())), Digests.sha256(request));
    }

    /**
     * Looks for an earlier attempt.
     *
     * @param dsl where to look
     * @param attempt this one
     * @throws BylineException.KeyReused when that one asked for something else, or its result was deleted
     */
    public static Optional<Kept> find(DSLContext dsl, Attempt attempt) {
        var kept = IdempotencySql.find(dsl, attempt.hash(), KEPT);
        if (kept.isPresent()
                && (!kept.get().shown() || !MessageDigest.isEqual(kept.get().fingerprint(), attempt.fingerprint()))) {
            throw new BylineException.KeyReused();
        }
        return kept;
    }

    /**
     * Does something and keeps the answer, or finds the answer of an earlier attempt. Never waits for an attempt that is
     * under way: that would hold a connection.
     *
     * @param dsl the transaction
     * @param attempt as made by {@link #attempt}
     * @param answer as in {@link Once#answer()}
     * @param effect what to do
     * @param owners whose data the answer shows
     * @throws BylineException.InProgress when another attempt is under way
     * @throws BylineException.KeyReused as in {@link #find}
     */
    public static <T> Reply once(
            DSLContext dsl,
            Attempt attempt,
            Function<? super T, byte[]> answer,
            Supplier<T> effect,
            Function<? super T, Set<Long>> owners) {
        if (!IdempotencySql.tryLock(dsl, ByteBuffer.wrap(attempt.hash()).getLong())) {
            throw new BylineException.InProgress();
        }
        // A statement of its own, after the lock: it sees what the last holder of the lock committed.
        var kept = find(dsl, attempt);
        if (kept.isPresent()) {
            return new Reply(kept.get().answer(), true);
        }
        var result = effect.get();
        var bytes = answer.apply(result);
        IdempotencySql.keep(dsl, attempt, owners.apply(result), bytes);
        return new Reply(bytes, false);
    }

    /**
     * Removes answers whose time is over, a batch in a transaction of its own.
     *
     * @param database where they are
     * @param stopping asked between batches
     */
    public static void removeExpired(Database database, BooleanSupplier stopping) {
        for (var batch = BATCH; !stopping.getAsBoolean(); ) {
            var limit = batch;
            try {
                if (database.write(dsl -> IdempotencySql.removeExpired(dsl, KEPT, limit)) < limit) {
                    return;
                }
            } catch (BylineException.Unavailable e) {
                if (batch == 1) {
                    throw e;
                }
                batch = Math.max(1, batch / 4); // too much for the statement's time limit, perhaps
            }
        }
    }
}
