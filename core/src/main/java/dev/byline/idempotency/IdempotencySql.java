package dev.byline.idempotency;

import static dev.byline.db.generated.Tables.IDEMPOTENCY_KEYS;
import static dev.byline.db.generated.Tables.USERS;

import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.impl.DSL;
import org.jooq.impl.SQLDataType;
import org.jooq.types.DayToSecond;

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
        var gone = DSL.unnest(IDEMPOTENCY_KEYS.USER_IDS).as("u", "id");
        var shown = DSL.field(DSL.notExists(DSL.selectOne()
                .from(gone)
                .leftJoin(USERS)
                .on(USERS.ID.eq(DSL.field(DSL.name("u", "id"), Long.class)), USERS.DELETED_AT.isNull())
                .where(USERS.ID.isNull())));
        return dsl.select(IDEMPOTENCY_KEYS.FINGERPRINT, IDEMPOTENCY_KEYS.ANSWER, IDEMPOTENCY_KEYS.USER_IDS, shown)
                .from(IDEMPOTENCY_KEYS)
                .where(IDEMPOTENCY_KEYS.HASH.eq(hash), IDEMPOTENCY_KEYS.CREATED_AT.gt(ago(kept)))
                .fetchOptional(
                        row -> new Idempotency.Kept(row.value1(), row.value2(), List.of(row.value3()), row.value4()));
    }

    /** Over one that is expired, if it is still there; another can't be: the lock is held. */
    static void keep(DSLContext dsl, Idempotency.Attempt attempt, Collection<Long> userIds, byte[] answer) {
        var unused = dsl.insertInto(IDEMPOTENCY_KEYS)
                .set(IDEMPOTENCY_KEYS.HASH, attempt.hash())
                .set(IDEMPOTENCY_KEYS.FINGERPRINT, attempt.fingerprint())
                .set(IDEMPOTENCY_KEYS.USER_IDS, userIds.toArray(Long[]::new))
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
