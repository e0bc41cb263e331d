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

/** Statements about tokens and logins, one method each. */
public final class TokenSql {
    private static final List<Field<?>> COLUMNS =
            List.of(TOKENS.ID, TOKENS.USER_ID, TOKENS.CREATED_AT, TOKENS.EXPIRES_AT, TOKENS.LAST_USED_AT);

    private TokenSql() {}

    /** What a login checks. */
    public record Login(
            long userId, boolean active, @Nullable String passwordHash) {}

    /** The user who holds a token, and the token's times. */
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
     * Inserts a token; empty when the user doesn't exist, is inactive or has another password hash. Locks the user's
     * row: a change of password either is committed before and seen here, or runs after and revokes this token.
     *
     * @param passwordHash the hash that was verified; null when none was
     * @param hash of the token
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

    /** Deletes a user's expired tokens and all but the newest {@code kept}; returns the hashes of deleted tokens. */
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

    /** Finds the active user who holds a token that hasn't expired. */
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

    /** Lists a user's tokens that haven't expired, newest first. */
    public static List<Token> ofUser(DSLContext dsl, long userId) {
        return dsl.select(COLUMNS)
                .from(TOKENS)
                .where(TOKENS.USER_ID.eq(userId), TOKENS.EXPIRES_AT.gt(UserSql.NOW))
                .orderBy(TOKENS.ID.desc())
                .fetch(TokenSql::token);
    }

    /**
     * Deletes a token; returns its hash.
     *
     * @param owner null to delete the token of any user
     */
    public static Optional<byte[]> delete(DSLContext dsl, @Nullable Long owner, long id) {
        return dsl.deleteFrom(TOKENS)
                .where(TOKENS.ID.eq(id), owner == null ? DSL.noCondition() : TOKENS.USER_ID.eq(owner))
                .returning(TOKENS.HASH)
                .fetchOptional(TOKENS.HASH);
    }

    /** Records that a token was used, at most once per interval. */
    public static void used(DSLContext dsl, long id, Duration interval) {
        dsl.update(TOKENS)
                .set(TOKENS.LAST_USED_AT, UserSql.NOW)
                .where(TOKENS.ID.eq(id))
                .and(TOKENS.LAST_USED_AT
                        .isNull()
                        .or(TOKENS.LAST_USED_AT.lt(UserSql.NOW.minus(DayToSecond.valueOf(interval)))))
                .execute();
    }

    /** Replaces a password hash, unless it has changed since it was read. */
    public static void replaceHash(DSLContext dsl, long userId, String old, String hash) {
        dsl.update(USERS)
                .set(USERS.PASSWORD_HASH, hash)
                .where(USERS.ID.eq(userId), USERS.PASSWORD_HASH.eq(old))
                .execute();
    }

    private static Token token(Record row) {
        return new Token(
                row.get(TOKENS.ID),
                row.get(TOKENS.USER_ID),
                row.get(TOKENS.CREATED_AT),
                row.get(TOKENS.EXPIRES_AT),
                row.get(TOKENS.LAST_USED_AT));
    }
}
