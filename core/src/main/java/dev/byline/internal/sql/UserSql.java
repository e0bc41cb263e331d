package dev.byline.internal.sql;

import static dev.byline.internal.sql.generated.Tables.TOKENS;
import static dev.byline.internal.sql.generated.Tables.USERS;

import dev.byline.model.ExpectedVersion;
import dev.byline.model.ImportedPost;
import dev.byline.model.Metadata;
import dev.byline.model.NewUser;
import dev.byline.model.Role;
import dev.byline.model.User;
import dev.byline.model.UserChange;
import dev.byline.model.UserFilter;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jooq.Condition;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.JSONB;
import org.jooq.Record;
import org.jooq.ResultQuery;
import org.jooq.Row4;
import org.jooq.impl.DSL;
import org.jooq.impl.SQLDataType;
import org.jspecify.annotations.Nullable;

/** Statements that read and write users, one method each. {@link DeletedUserSql} deletes. */
public final class UserSql {
    /** The columns that {@link #user} reads. */
    public static final List<Field<?>> COLUMNS = List.of(
            USERS.ID,
            USERS.EMAIL,
            USERS.NAME,
            USERS.ROLE,
            USERS.IS_ACTIVE,
            USERS.METADATA,
            USERS.VERSION,
            USERS.CREATED_AT,
            USERS.UPDATED_AT);

    /** The start of the transaction. */
    public static final Field<Instant> NOW = DSL.currentInstant();

    /**
     * The current time, for {@code updated_at}. {@link #NOW} could set it back: a transaction that waited for a lock
     * may have started before the change that it waited for.
     */
    public static final Field<Instant> CLOCK = DSL.field("clock_timestamp()", Instant.class);

    private static final CompiledQuery BY_IDS = new CompiledQuery(buildByIds(), COLUMNS);

    private UserSql() {}

    /**
     * Inserts a user; empty when the e-mail address is taken. A constraint violation would write the address into
     * PostgreSQL's log.
     */
    public static Optional<User> insert(DSLContext dsl, NewUser user, Role role, @Nullable String passwordHash) {
        return dsl.insertInto(USERS)
                .set(USERS.EMAIL, user.email())
                .set(USERS.NAME, user.name())
                .set(USERS.PASSWORD_HASH, passwordHash)
                .set(USERS.METADATA, MetadataSql.value(user.metadata()))
                .set(USERS.ROLE, role.text())
                .onConflict(emailKey(USERS.EMAIL)) // only users_email_key, no index that a host added
                .where(USERS.DELETED_AT.isNull())
                .doNothing()
                .returning(COLUMNS)
                .fetchOptional(UserSql::user);
    }

    /**
     * Creates the authors whose e-mail addresses are unknown. Ids are drawn only for these: an insert that conflicts would
     * draw one, too.
     */
    @SuppressWarnings("unchecked")
    public static void insertMissing(DSLContext dsl, Collection<ImportedPost> posts) {
        var rows = posts.stream()
                .map(post -> DSL.row(
                        DSL.val(post.author().email(), SQLDataType.CLOB),
                        DSL.val(post.author().name(), SQLDataType.CLOB),
                        DSL.val(MetadataSql.value(post.author().metadata())),
                        DSL.val(
                                post.passwordHash() == null
                                        ? null
                                        : post.passwordHash().text(),
                                SQLDataType.CLOB)))
                .toArray(Row4[]::new);
        var v = DSL.values((Row4<String, String, JSONB, String>[]) rows)
                .as("v", "email", "name", "metadata", "password_hash");
        var email = Columns.v("email", SQLDataType.CLOB);
        var unused = dsl.insertInto(USERS, USERS.EMAIL, USERS.NAME, USERS.METADATA, USERS.PASSWORD_HASH)
                .select(DSL.select(
                                email,
                                Columns.v("name", SQLDataType.CLOB),
                                Columns.v("metadata", SQLDataType.JSONB),
                                Columns.v("password_hash", SQLDataType.CLOB))
                        .from(v)
                        .where(DSL.notExists(DSL.selectOne()
                                .from(USERS)
                                .where(emailKey(USERS.EMAIL).eq(emailKey(email)), USERS.DELETED_AT.isNull()))))
                .onConflict(emailKey(USERS.EMAIL)) // another process creates the author at the same time
                .where(USERS.DELETED_AT.isNull())
                .doNothing()
                .execute();
    }

    public static boolean emailExists(DSLContext dsl, String email) {
        return dsl.fetchExists(dsl.selectOne()
                .from(USERS)
                .where(emailKey(USERS.EMAIL).eq(emailKey(DSL.val(email))), USERS.DELETED_AT.isNull()));
    }

    public static boolean adminExists(DSLContext dsl) {
        return dsl.fetchExists(dsl.selectOne().from(USERS).where(isAdmin()));
    }

    /**
     * Locks a user and all admins, in the order of their ids, and returns the ids of active admins. Until the
     * transaction ends, no other transaction can change or delete them.
     */
    public static Set<Long> lockWithAdmins(DSLContext dsl, long id) {
        return dsl
                .select(USERS.ID, USERS.ROLE, USERS.IS_ACTIVE)
                .from(USERS)
                .where(USERS.ID.eq(id).or(isAdmin()))
                .orderBy(USERS.ID)
                .forUpdate()
                .stream()
                .filter(row -> row.value2().equals(Role.ADMIN.text()) && row.value3())
                .map(row -> row.value1())
                .collect(Collectors.toSet());
    }

    /** The same condition as in users_admins_idx, with an inlined role: otherwise the planner can't use the index. */
    private static Condition isAdmin() {
        return USERS.ROLE.eq(DSL.inline(Role.ADMIN.text())).and(USERS.DELETED_AT.isNull());
    }

    /** Deletes the user's tokens, except one. */
    public static void revokeTokens(DSLContext dsl, long userId, @Nullable Long exceptId) {
        dsl.deleteFrom(TOKENS)
                .where(TOKENS.USER_ID.eq(userId))
                .and(exceptId == null ? DSL.noCondition() : TOKENS.ID.ne(exceptId))
                .execute();
    }

    public static Optional<User> byId(DSLContext dsl, long id) {
        return dsl.select(COLUMNS)
                .from(USERS)
                .where(USERS.ID.eq(id), USERS.DELETED_AT.isNull())
                .fetchOptional(UserSql::user);
    }

    public static Optional<User> byEmail(DSLContext dsl, String email) {
        return dsl.select(COLUMNS)
                .from(USERS)
                .where(emailKey(USERS.EMAIL).eq(emailKey(DSL.val(email))), USERS.DELETED_AT.isNull())
                .fetchOptional(UserSql::user);
    }

    /** Returns ids by e-mail address, spelled as requested; case doesn't matter. */
    public static Map<String, Long> idsByEmail(DSLContext dsl, Set<String> emails) {
        var v = DSL.unnest(emails.toArray(String[]::new)).as("v", "email");
        var email = Columns.v("email", SQLDataType.CLOB);
        return dsl.select(email, USERS.ID)
                .from(v)
                .join(USERS)
                .on(emailKey(USERS.EMAIL).eq(emailKey(email)), USERS.DELETED_AT.isNull())
                .fetchMap(email, USERS.ID);
    }

    /** Returns which of these ids belong to users. */
    public static Set<Long> existing(DSLContext dsl, Collection<Long> ids) {
        return dsl.select(USERS.ID)
                .from(USERS)
                .where(USERS.ID.eq(DSL.any(ids.toArray(Long[]::new))), USERS.DELETED_AT.isNull())
                .fetchSet(USERS.ID);
    }

    public static List<User> byIds(DSLContext dsl, Collection<Long> ids) {
        return BY_IDS.with(dsl, Map.of("ids", ids.toArray(Long[]::new))).fetch(UserSql::user);
    }

    private static ResultQuery<?> buildByIds() {
        return DSL.select(COLUMNS)
                .from(USERS)
                .where(
                        USERS.ID.eq(
                                DSL.any(DSL.param("ids", USERS.ID.getDataType().array()))),
                        USERS.DELETED_AT.isNull());
    }

    public static List<User> newest(DSLContext dsl, UserFilter filter, @Nullable Cursor after, int limit) {
        return dsl.select(COLUMNS)
                .from(USERS)
                .where(USERS.DELETED_AT.isNull())
                .and(active(filter))
                .and(
                        after == null
                                ? DSL.noCondition()
                                : DSL.row(USERS.CREATED_AT, USERS.ID).lt(after.time(), after.id()))
                .orderBy(USERS.CREATED_AT.desc(), USERS.ID.desc())
                .limit(DSL.inline(limit))
                .fetch(UserSql::user);
    }

    /** Finds users by metadata, newest first, with the function {@code find_users} in {@code V002__posts.sql}. */
    public static List<User> search(DSLContext dsl, UserFilter filter, @Nullable Cursor after, int limit) {
        var metadata = filter.metadata() == null ? Metadata.EMPTY : filter.metadata();
        var found = SchemaSql.table(
                        "find_users",
                        DSL.val(MetadataSql.value(metadata)),
                        DSL.val(filter.active(), Boolean.class),
                        DSL.val(after == null ? null : after.time(), Instant.class),
                        DSL.val(after == null ? null : Long.valueOf(after.id()), Long.class),
                        DSL.inline(limit))
                .as("f");
        return dsl.select(COLUMNS)
                .from(found)
                .join(USERS)
                .on(USERS.ID.eq(DSL.field(DSL.name("f", "found_id"), Long.class)))
                .orderBy(USERS.CREATED_AT.desc(), USERS.ID.desc())
                .fetch(UserSql::user);
    }

    public static Optional<String> passwordHash(DSLContext dsl, long id) {
        return dsl.select(USERS.PASSWORD_HASH)
                .from(USERS)
                .where(USERS.ID.eq(id), USERS.DELETED_AT.isNull())
                .fetchOptional(USERS.PASSWORD_HASH);
    }

    public static Optional<User> update(
            DSLContext dsl, long id, UserChange change, ExpectedVersion expected, @Nullable String passwordHash) {
        Map<Field<?>, @Nullable Object> set = new HashMap<>();
        put(set, USERS.EMAIL, change.email());
        put(set, USERS.NAME, change.name());
        put(set, USERS.PASSWORD_HASH, passwordHash);
        put(set, USERS.IS_ACTIVE, change.active());
        put(set, USERS.ROLE, change.role() == null ? null : change.role().text());
        put(
                set,
                USERS.METADATA,
                change.metadata() == null ? null : MetadataSql.changed(USERS.METADATA, change.metadata()));
        set.put(USERS.VERSION, USERS.VERSION.plus(1));
        set.put(USERS.UPDATED_AT, CLOCK);
        return dsl.update(USERS)
                .set(set)
                .where(
                        USERS.ID.eq(id),
                        USERS.DELETED_AT.isNull(),
                        VersionSql.is(USERS.VERSION, USERS.UPDATED_AT, expected))
                .returning(COLUMNS)
                .fetchOptional(UserSql::user);
    }

    /** Reads {@link #COLUMNS}. */
    public static User user(Record row) {
        return new User(
                row.get(USERS.ID),
                row.get(USERS.EMAIL),
                row.get(USERS.NAME),
                Role.of(row.get(USERS.ROLE)),
                row.get(USERS.IS_ACTIVE),
                Metadata.stored(row.get(USERS.METADATA).data()),
                row.get(USERS.VERSION),
                row.get(USERS.CREATED_AT),
                row.get(USERS.UPDATED_AT));
    }

    /** The expression of the unique index users_email_key. */
    public static Field<String> emailKey(Field<String> email) {
        return SchemaSql.function("email_key", SQLDataType.CLOB, email);
    }

    private static Condition active(UserFilter filter) {
        if (filter.active() == null) {
            return DSL.noCondition();
        }
        // The same condition as in users_active_idx, not a bind value: otherwise the planner can't use the partial
        // index.
        return filter.active() ? DSL.condition(USERS.IS_ACTIVE) : DSL.not(DSL.condition(USERS.IS_ACTIVE));
    }

    private static void put(Map<Field<?>, @Nullable Object> set, Field<?> field, @Nullable Object value) {
        if (value != null) {
            set.put(field, value);
        }
    }
}
