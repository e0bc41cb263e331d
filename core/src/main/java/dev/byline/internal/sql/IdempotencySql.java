package dev.byline.internal.sql;

import static dev.byline.internal.sql.generated.Tables.IDEMPOTENCY_KEYS;
import static dev.byline.internal.sql.generated.Tables.USERS;

import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Optional;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.impl.DSL;
import org.jooq.impl.SQLDataType;
import org.jooq.types.DayToSecond;

/** The statements about idempotency keys, one method each. */
public final class IdempotencySql {
    private IdempotencySql() {}

    /**
     * What an earlier attempt kept.
     *
     * @param shown whether all its owners are still there
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared as a whole
    public record Kept(byte[] fingerprint, byte[] snapshot, boolean shown) {}

    /** Until the end of the transaction, also behind a pooler; never waits. */
    public static boolean tryLock(DSLContext dsl, long lock) {
        return Boolean.TRUE.equals(
                dsl.select(DSL.function("pg_try_advisory_xact_lock", SQLDataType.BOOLEAN, DSL.val(lock)))
                        .fetchSingle()
                        .value1());
    }

    public static Optional<Kept> find(DSLContext dsl, byte[] hash, Duration kept) {
        var gone = DSL.unnest(IDEMPOTENCY_KEYS.USER_IDS).as("u", "id");
        var shown = DSL.field(DSL.notExists(DSL.selectOne()
                .from(gone)
                .leftJoin(USERS)
                .on(USERS.ID.eq(DSL.field(DSL.name("u", "id"), Long.class)), USERS.DELETED_AT.isNull())
                .where(USERS.ID.isNull())));
        return dsl.select(IDEMPOTENCY_KEYS.FINGERPRINT, IDEMPOTENCY_KEYS.ANSWER, shown)
                .from(IDEMPOTENCY_KEYS)
                .where(IDEMPOTENCY_KEYS.HASH.eq(hash), IDEMPOTENCY_KEYS.CREATED_AT.gt(ago(kept)))
                .fetchOptional(row -> new Kept(row.value1(), row.value2(), row.value3()));
    }

    /** Over one that is expired, if it is still there; another can't be: the lock is held. */
    public static void keep(
            DSLContext dsl, byte[] hash, byte[] fingerprint, Collection<Long> userIds, byte[] snapshot) {
        var unused = dsl.insertInto(IDEMPOTENCY_KEYS)
                .set(IDEMPOTENCY_KEYS.HASH, hash)
                .set(IDEMPOTENCY_KEYS.FINGERPRINT, fingerprint)
                .set(IDEMPOTENCY_KEYS.USER_IDS, userIds.toArray(Long[]::new))
                .set(IDEMPOTENCY_KEYS.ANSWER, snapshot)
                .set(IDEMPOTENCY_KEYS.CREATED_AT, DSL.currentInstant())
                .onConflict(IDEMPOTENCY_KEYS.HASH)
                .doUpdate()
                .setAllToExcluded()
                .execute();
    }

    /** Several processes may be at it: each skips what another has locked. */
    public static int removeExpired(DSLContext dsl, Duration kept, int limit) {
        return dsl.deleteFrom(IDEMPOTENCY_KEYS)
                .where(IDEMPOTENCY_KEYS.HASH.in(DSL.select(IDEMPOTENCY_KEYS.HASH)
                        .from(IDEMPOTENCY_KEYS)
                        .where(IDEMPOTENCY_KEYS.CREATED_AT.le(ago(kept)))
                        .orderBy(IDEMPOTENCY_KEYS.CREATED_AT)
                        .limit(DSL.inline(limit))
                        .forUpdate()
                        .skipLocked()))
                .execute();
    }

    private static Field<Instant> ago(Duration duration) {
        return DSL.currentInstant().minus(DayToSecond.valueOf(duration));
    }
}
