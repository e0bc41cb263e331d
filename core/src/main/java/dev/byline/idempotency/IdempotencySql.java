package dev.byline.idempotency;

import static dev.byline.db.generated.Tables.IDEMPOTENCY_KEYS;
import static dev.byline.db.generated.Tables.USERS;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.impl.DSL;
import org.jooq.impl.SQLDataType;
import org.jooq.types.DayToSecond;
import org.jspecify.annotations.Nullable;

/** The statements about idempotency keys, one method each. */
final class IdempotencySql {
    private IdempotencySql() {}

    /** Until the end of the transaction, also behind a pooler; never waits. */
    static boolean tryLock(DSLContext dsl, long lock) {
        return Boolean.TRUE.equals(
                dsl.select(DSL.function("pg_try_advisory_xact_lock", SQLDataType.BOOLEAN, DSL.val(lock)))
                        .fetchSingle()
                        .value1());
    }

    static Optional<Idempotency.Kept> find(DSLContext dsl, byte[] hash, Duration kept) {
        var shown = DSL.field(IDEMPOTENCY_KEYS
                .USER_ID
                .isNull()
                .or(DSL.exists(DSL.selectOne()
                        .from(USERS)
                        .where(USERS.ID.eq(IDEMPOTENCY_KEYS.USER_ID), USERS.DELETED_AT.isNull()))));
        return dsl.select(IDEMPOTENCY_KEYS.FINGERPRINT, IDEMPOTENCY_KEYS.ANSWER, IDEMPOTENCY_KEYS.USER_ID, shown)
                .from(IDEMPOTENCY_KEYS)
                .where(IDEMPOTENCY_KEYS.HASH.eq(hash), IDEMPOTENCY_KEYS.CREATED_AT.gt(ago(kept)))
                .fetchOptional(row -> new Idempotency.Kept(row.value1(), row.value2(), row.value3(), row.value4()));
    }

    /** Over one that is expired, if it is still there; another can't be: the lock is held. */
    static void keep(DSLContext dsl, Idempotency.Attempt attempt, @Nullable Long userId, byte[] answer) {
        var unused = dsl.insertInto(IDEMPOTENCY_KEYS)
                .set(IDEMPOTENCY_KEYS.HASH, attempt.hash())
                .set(IDEMPOTENCY_KEYS.FINGERPRINT, attempt.fingerprint())
                .set(IDEMPOTENCY_KEYS.USER_ID, userId)
                .set(IDEMPOTENCY_KEYS.ANSWER, answer)
                .set(IDEMPOTENCY_KEYS.CREATED_AT, DSL.currentInstant())
                .onConflict(IDEMPOTENCY_KEYS.HASH)
                .doUpdate()
                .setAllToExcluded()
                .execute();
    }

    /** Several processes may be at it: each skips what another has locked. */
    static int removeExpired(DSLContext dsl, Duration kept, int limit) {
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
