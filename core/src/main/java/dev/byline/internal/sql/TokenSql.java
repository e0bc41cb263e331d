package dev.byline.internal.sql;

import static dev.byline.internal.sql.generated.Tables.TOKENS;
import static dev.byline.internal.sql.generated.Tables.USERS;

import dev.byline.model.Principal;
import dev.byline.model.Role;
import dev.byline.model.Token;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.Record;
import org.jooq.impl.DSL;
import org.jooq.types.DayToSecond;
import org.jspecify.annotations.Nullable;

/** The statements about tokens, one method each. */
public final class TokenSql {
    private static final List<Field<?>> COLUMNS =
            List.of(TOKENS.ID, TOKENS.CREATED_AT, TOKENS.EXPIRES_AT, TOKENS.LAST_USED_AT);

    private TokenSql() {}

    /** A user with what it takes to log in. */
    public record Login(
            long userId, boolean active, @Nullable String passwordHash) {}

    /** Who has a token, and when it was last seen. */
    public record Holder(
            Principal principal,
            long userId,
            long userVersion,
            long tokenId,
            Instant expiresAt,
            @Nullable Instant lastUsedAt) {}

    public static Optional<Login> login(DSLContext dsl, String email) {
        return dsl.select(USERS.ID, USERS.IS_ACTIVE, USERS.PASSWORD_HASH)
                .from(USERS)
                .where(UserSql.emailKey(USERS.EMAIL).eq(UserSql.emailKey(DSL.val(email))), USERS.DELETED_AT.isNull())
                .fetchOptional(row -> new Login(row.value1(), row.value2(), row.value3()));
    }

    /**
     * Only for a user who is there and active now, with the password that was verified, if one was: nothing, if not. The
     * user's row is locked, so that a change of password either comes first and is seen, or comes after and revokes this.
     */
    public static Optional<Token> insert(
            DSLContext dsl, long userId, @Nullable String passwordHash, byte[] hash, Duration ttl) {
        return dsl.insertInto(TOKENS, TOKENS.USER_ID, TOKENS.HASH, TOKENS.EXPIRES_AT)
                .select(DSL.select(USERS.ID, DSL.val(hash), UserSql.NOW.plus(DayToSecond.valueOf(ttl)))
                        .from(USERS)
                        .where(USERS.ID.eq(userId), DSL.condition(USERS.IS_ACTIVE), USERS.DELETED_AT.isNull())
                        .and(passwordHash == null ? DSL.noCondition() : USERS.PASSWORD_HASH.eq(passwordHash))
                        .forShare())
                .returning(COLUMNS)
                .fetchOptional(TokenSql::token);
    }

    /** Removes what is expired, and the oldest beyond the newest {@code kept}; returns their hashes. */
    public static List<byte[]> trim(DSLContext dsl, long userId, int kept) {
        return dsl.deleteFrom(TOKENS)
                .where(TOKENS.USER_ID.eq(userId))
                .and(TOKENS.EXPIRES_AT
                        .le(UserSql.NOW)
                        .or(TOKENS.ID.notIn(DSL.select(TOKENS.ID)
                                .from(TOKENS)
                                .where(TOKENS.USER_ID.eq(userId))
                                .orderBy(TOKENS.ID.desc())
                                .limit(DSL.inline(kept)))))
                .returning(TOKENS.HASH)
                .fetch(TOKENS.HASH);
    }

    public static Optional<Holder> holder(DSLContext dsl, byte[] hash) {
        return dsl.select(USERS.ID, USERS.ROLE, USERS.VERSION, TOKENS.ID, TOKENS.EXPIRES_AT, TOKENS.LAST_USED_AT)
                .from(TOKENS)
                .join(USERS)
                .on(USERS.ID.eq(TOKENS.USER_ID))
                .where(
                        TOKENS.HASH.eq(hash),
                        TOKENS.EXPIRES_AT.gt(UserSql.NOW),
                        DSL.condition(USERS.IS_ACTIVE),
                        USERS.DELETED_AT.isNull())
                .fetchOptional(row -> new Holder(
                        new Principal.Member(row.value1(), Role.of(row.value2()), row.value4()),
                        row.value1(),
                        row.value3(),
                        row.value4(),
                        row.value5(),
                        row.value6()));
    }

    public static List<Token> ofUser(DSLContext dsl, long userId) {
        return dsl.select(COLUMNS)
                .from(TOKENS)
                .where(TOKENS.USER_ID.eq(userId), TOKENS.EXPIRES_AT.gt(UserSql.NOW))
                .orderBy(TOKENS.ID.desc())
                .fetch(TokenSql::token);
    }

    /** Anybody's, when no owner is named; returns its hash. */
    public static Optional<byte[]> delete(DSLContext dsl, @Nullable Long owner, long id) {
        return dsl.deleteFrom(TOKENS)
                .where(TOKENS.ID.eq(id), owner == null ? DSL.noCondition() : TOKENS.USER_ID.eq(owner))
                .returning(TOKENS.HASH)
                .fetchOptional(TOKENS.HASH);
    }

    public static void used(DSLContext dsl, long id, Duration interval) {
        dsl.update(TOKENS)
                .set(TOKENS.LAST_USED_AT, UserSql.NOW)
                .where(TOKENS.ID.eq(id))
                .and(TOKENS.LAST_USED_AT
                        .isNull()
                        .or(TOKENS.LAST_USED_AT.lt(UserSql.NOW.minus(DayToSecond.valueOf(interval)))))
                .execute();
    }

    /** Unless it was changed since it was read. */
    public static void replaceHash(DSLContext dsl, long userId, String old, String hash) {
        dsl.update(USERS)
                .set(USERS.PASSWORD_HASH, hash)
                .where(USERS.ID.eq(userId), USERS.PASSWORD_HASH.eq(old))
                .execute();
    }

    private static Token token(Record row) {
        return new Token(
                row.get(TOKENS.ID),
                row.get(TOKENS.CREATED_AT),
                row.get(TOKENS.EXPIRES_AT),
                row.get(TOKENS.LAST_USED_AT));
    }
}
