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

/** Statements about idempotency keys, one method each. */
public final class IdempotencySql {
    private IdempotencySql() {}

    /**
     * The stored result of a request.
     *
     * @param visible whether none of its owners was deleted
     */
    @SuppressWarnings("ArrayRecordComponent") // records are never compared
    public record StoredResult(byte[] fingerprint, byte[] snapshot, boolean visible) {}

    /**
     * Acquires an advisory lock until the transaction ends, or returns false at once. Works behind a transaction
     * pooler. Advisory locks belong to a database: the table's OID separates the schemas.
     */
    public static boolean tryLock(DSLContext dsl, long lock) {
        var locked = DSL.field(
                "pg_try_advisory_xact_lock({0} # {1}::regclass::oid::bigint)",
                SQLDataType.BOOLEAN, DSL.val(lock), SchemaSql.literal("idempotency_keys"));
        return Boolean.TRUE.equals(dsl.select(locked).fetchSingle().value1());
    }

    /** Finds a result that hasn't expired. */
    public static Optional<StoredResult> find(DSLContext dsl, byte[] hash, Duration ttl) {
        var owners = DSL.unnest(IDEMPOTENCY_KEYS.USER_IDS).as("u", "id");
        var visible = DSL.field(DSL.notExists(DSL.selectOne()
                .from(owners)
                .leftJoin(USERS)
                .on(USERS.ID.eq(DSL.field(DSL.name("u", "id"), Long.class)), USERS.DELETED_AT.isNull())
                .where(USERS.ID.isNull())));
        return dsl.select(IDEMPOTENCY_KEYS.FINGERPRINT, IDEMPOTENCY_KEYS.ANSWER, visible)
                .from(IDEMPOTENCY_KEYS)
                .where(IDEMPOTENCY_KEYS.HASH.eq(hash), IDEMPOTENCY_KEYS.CREATED_AT.gt(ago(ttl)))
                .fetchOptional(row -> new StoredResult(row.value1(), row.value2(), row.value3()));
    }

    /** Stores a result. It may overwrite an expired one, never a valid one: the caller holds the lock. */
    public static void store(
            DSLContext dsl, byte[] hash, byte[] fingerprint, Collection<Long> userIds, byte[] snapshot) {
        var unused = dsl.insertInto(IDEMPOTENCY_KEYS)
                .set(IDEMPOTENCY_KEYS.HASH, hash)
                .set(IDEMPOTENCY_KEYS.FINGERPRINT, fingerprint)
                .set(IDEMPOTENCY_KEYS.USER_IDS, userIds.toArray(Long[]::new))
                .set(IDEMPOTENCY_KEYS.ANSWER, snapshot)
                .set(IDEMPOTENCY_KEYS.CREATED_AT, DSL.currentInstant())
                .onConflict(IDEMPOTENCY_KEYS.HASH)
                .doUpdate()
                .set(IDEMPOTENCY_KEYS.FINGERPRINT, Columns.excluded(IDEMPOTENCY_KEYS.FINGERPRINT))
                .set(IDEMPOTENCY_KEYS.USER_IDS, Columns.excluded(IDEMPOTENCY_KEYS.USER_IDS))
                .set(IDEMPOTENCY_KEYS.ANSWER, Columns.excluded(IDEMPOTENCY_KEYS.ANSWER))
                .set(IDEMPOTENCY_KEYS.CREATED_AT, Columns.excluded(IDEMPOTENCY_KEYS.CREATED_AT))
                .execute();
    }

    /** Deletes up to {@code limit} expired results; returns how many. Skips rows that another process is deleting. */
    public static int removeExpired(DSLContext dsl, Duration ttl, int limit) {
        return dsl.deleteFrom(IDEMPOTENCY_KEYS)
                .where(IDEMPOTENCY_KEYS.HASH.in(DSL.select(IDEMPOTENCY_KEYS.HASH)
                        .from(IDEMPOTENCY_KEYS)
                        .where(IDEMPOTENCY_KEYS.CREATED_AT.le(ago(ttl)))
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
