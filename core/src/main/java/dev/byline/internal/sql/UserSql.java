package dev.byline.internal.sql;

import static dev.byline.internal.sql.generated.Tables.FEEDS;
import static dev.byline.internal.sql.generated.Tables.FEED_ITEMS;
import static dev.byline.internal.sql.generated.Tables.POSTS;
import static dev.byline.internal.sql.generated.Tables.TOKENS;
import static dev.byline.internal.sql.generated.Tables.USERS;

import dev.byline.model.ExpectedVersion;
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
import org.jooq.Record;
import org.jooq.ResultQuery;
import org.jooq.impl.DSL;
import org.jooq.impl.SQLDataType;
import org.jspecify.annotations.Nullable;

/** The statements about users, one method each. */
public final class UserSql {
    /** What {@link #user} reads. */
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

    /** When the transaction began. */
    public static final Field<Instant> NOW = DSL.currentInstant();

    /** Not now(), which is when the transaction began: one that waited for another would turn time back. */
    public static final Field<Instant> CLOCK = DSL.field("clock_timestamp()", Instant.class);

    private static final CompiledQuery BY_IDS = new CompiledQuery(byIds(), COLUMNS);

    private UserSql() {}

    /** Nothing, when the address is taken: a violated constraint would write it into the server's log. */
    public static Optional<User> insert(DSLContext dsl, NewUser user, Role role, @Nullable String passwordHash) {
        return dsl.insertInto(USERS)
                .set(USERS.EMAIL, user.email())
                .set(USERS.NAME, user.name())
                .set(USERS.PASSWORD_HASH, passwordHash)
                .set(USERS.METADATA, MetadataSql.value(user.metadata()))
                .set(USERS.ROLE, role.text())
                .onConflict(emailKey(USERS.EMAIL)) // users_email_key and no index of a host's
                .where(USERS.DELETED_AT.isNull())
                .doNothing()
                .returning(COLUMNS)
                .fetchOptional(UserSql::user);
    }

    public static boolean emailExists(DSLContext dsl, String email) {
        return dsl.fetchExists(dsl.selectOne()
                .from(USERS)
                .where(emailKey(USERS.EMAIL).eq(emailKey(DSL.val(email))), USERS.DELETED_AT.isNull()));
    }

    public static boolean adminExists(DSLContext dsl) {
        return dsl.fetchExists(dsl.selectOne().from(USERS).where(isAdmin()));
    }

    /** Locks a user and all admins, in one order, and returns the active admins: nobody else can take one away now. */
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

    /** Spelled as in users_admins_idx. */
    private static Condition isAdmin() {
        return USERS.ROLE.eq(DSL.inline(Role.ADMIN.text())).and(USERS.DELETED_AT.isNull());
    }

    public static void revokeTokens(DSLContext dsl, long userId, @Nullable Long but) {
        dsl.deleteFrom(TOKENS)
                .where(TOKENS.USER_ID.eq(userId))
                .and(but == null ? DSL.noCondition() : TOKENS.ID.ne(but))
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

    public static List<User> byIds(DSLContext dsl, Collection<Long> ids) {
        return BY_IDS.with(dsl, Map.of("ids", ids.toArray(Long[]::new))).fetch(UserSql::user);
    }

    private static ResultQuery<?> byIds() {
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

    /** By find_users, which V002__posts.sql explains. */
    public static List<User> search(DSLContext dsl, UserFilter filter, @Nullable Cursor after, int limit) {
        var metadata = filter.metadata() == null ? Metadata.EMPTY : filter.metadata();
        var found = DSL.table(
                        "find_users({0}, {1}, {2}, {3}, {4})",
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
                .where(USERS.ID.eq(id), USERS.DELETED_AT.isNull(), VersionSql.is(USERS.VERSION, expected))
                .returning(COLUMNS)
                .fetchOptional(UserSql::user);
    }

    /**
     * Waits for those who are just writing posts of the user (their foreign key holds the row) and keeps others from
     * beginning until the end of the transaction.
     */
    public static boolean lock(DSLContext dsl, long id) {
        return dsl.select(USERS.ID)
                .from(USERS)
                .where(USERS.ID.eq(id))
                .forUpdate()
                .fetchOptional()
                .isPresent();
    }

    /** Hides the user and everything of theirs from every reader. */
    public static boolean markDeleted(DSLContext dsl, long id, ExpectedVersion expected) {
        return dsl.update(USERS)
                        .set(USERS.DELETED_AT, DSL.currentInstant())
                        .where(USERS.ID.eq(id), USERS.DELETED_AT.isNull(), VersionSql.is(USERS.VERSION, expected))
                        .execute()
                == 1;
    }

    /** In the order of their ids. */
    public static List<Long> markedDeleted(DSLContext dsl, long after, int limit) {
        return dsl.select(USERS.ID)
                .from(USERS)
                .where(USERS.DELETED_AT.isNotNull(), USERS.ID.gt(after))
                .orderBy(USERS.ID)
                .limit(DSL.inline(limit))
                .fetch(USERS.ID);
    }

    /** Removes up to {@code limit} posts, then items of feeds, and returns how many rows. */
    public static int deleteRows(DSLContext dsl, long userId, int limit) {
        var posts = deletePosts(dsl, userId, limit);
        return posts < limit ? posts + deleteFeedItems(dsl, userId, limit - posts) : posts;
    }

    /** Removes up to {@code limit} posts that nobody else is just removing, and returns how many. */
    private static int deletePosts(DSLContext dsl, long userId, int limit) {
        return dsl.deleteFrom(POSTS)
                .where(POSTS.ID.in(DSL.select(POSTS.ID)
                        .from(POSTS)
                        .where(POSTS.USER_ID.eq(userId))
                        .limit(DSL.inline(limit))
                        .forUpdate()
                        .skipLocked()))
                .execute();
    }

    /** Removes up to {@code limit} items of the user's feeds that nobody else is just removing, and returns how many. */
    private static int deleteFeedItems(DSLContext dsl, long userId, int limit) {
        var items = DSL.select(FEED_ITEMS.FEED_ID, FEED_ITEMS.GUID)
                .from(FEED_ITEMS)
                .join(FEEDS)
                .on(FEEDS.ID.eq(FEED_ITEMS.FEED_ID))
                .where(FEEDS.USER_ID.eq(userId))
                .limit(DSL.inline(limit))
                .forUpdate()
                .of(FEED_ITEMS)
                .skipLocked();
        return dsl.deleteFrom(FEED_ITEMS)
                .where(DSL.row(FEED_ITEMS.FEED_ID, FEED_ITEMS.GUID).in(items))
                .execute();
    }

    /** Removes the row itself and those of the user's feeds, if no post and no item is left; otherwise changes nothing. */
    public static boolean deleteMarked(DSLContext dsl, long id) {
        return dsl.deleteFrom(USERS)
                        .where(
                                USERS.ID.eq(id),
                                USERS.DELETED_AT.isNotNull(),
                                DSL.notExists(DSL.selectOne().from(POSTS).where(POSTS.USER_ID.eq(id))),
                                DSL.notExists(DSL.selectOne()
                                        .from(FEED_ITEMS)
                                        .join(FEEDS)
                                        .on(FEEDS.ID.eq(FEED_ITEMS.FEED_ID))
                                        .where(FEEDS.USER_ID.eq(id))))
                        .execute()
                == 1;
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

    /** What the unique index on addresses compares. */
    public static Field<String> emailKey(Field<String> email) {
        return DSL.function("email_key", SQLDataType.CLOB, email);
    }

    private static Condition active(UserFilter filter) {
        if (filter.active() == null) {
            return DSL.noCondition();
        }
        // Spelled as in users_active_idx, not as a bind value: the planner must see that the partial index fits.
        return filter.active() ? DSL.condition(USERS.IS_ACTIVE) : DSL.not(DSL.condition(USERS.IS_ACTIVE));
    }

    private static void put(Map<Field<?>, @Nullable Object> set, Field<?> field, @Nullable Object value) {
        if (value != null) {
            set.put(field, value);
        }
    }
}
