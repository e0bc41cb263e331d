package dev.byline;

import dev.byline.internal.cache.CacheKeys;
import dev.byline.internal.cache.TieredCache;
import dev.byline.internal.security.Passwords;
import dev.byline.internal.sql.Cursor;
import dev.byline.internal.sql.DeletedUserSql;
import dev.byline.internal.sql.Keyset;
import dev.byline.internal.sql.UserSql;
import dev.byline.internal.store.IdempotentRequest;
import dev.byline.internal.store.SnapshotFormat;
import dev.byline.internal.store.Store;
import dev.byline.internal.store.Tx;
import dev.byline.model.BylineException;
import dev.byline.model.ConflictReason;
import dev.byline.model.Created;
import dev.byline.model.ExpectedVersion;
import dev.byline.model.IdempotencyKey;
import dev.byline.model.NewUser;
import dev.byline.model.Page;
import dev.byline.model.PageRequest;
import dev.byline.model.Password;
import dev.byline.model.Principal;
import dev.byline.model.Role;
import dev.byline.model.User;
import dev.byline.model.UserChange;
import dev.byline.model.UserFilter;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jooq.DSLContext;
import org.jspecify.annotations.Nullable;

/**
 * The use cases of users. Safe for use by several threads; every method blocks for the database or for the cache.
 *
 * <p>Cached: users by id, the newest users. A write invalidates these after its commit; the decision to write is made
 * on data from the database.
 *
 * <p>All methods throw {@link BylineException.Unavailable} when the database is unavailable, overloaded or too slow.
 */
public final class Users {
    /** The most rows of a user that are deleted in the transaction that hides the user; most users have fewer. */
    private static final int DELETE_AT_ONCE = 20;

    /** The most keys of one batched look-up. */
    private static final int MAX_SHARED = 64;

    private final Store store;
    private final TieredCache cache;
    private final Passwords passwords;
    private final boolean signupOpen;
    private final Function<Long, Optional<User>> byId;

    /** Requests with a key whose password this process is hashing. */
    private final Set<ByteBuffer> hashing = ConcurrentHashMap.newKeySet();

    Users(Store store, TieredCache cache, Passwords passwords, boolean signupOpen) {
        this.store = store;
        this.cache = cache;
        this.passwords = passwords;
        this.signupOpen = signupOpen;
        this.byId = store.lookup(MAX_SHARED, (dsl, ids) -> Keyset.byId(UserSql.byIds(dsl, ids), User::id));
    }

    /**
     * Creates a user: {@link #create(Principal, NewUser, IdempotencyKey)} without a key.
     *
     * @param principal as in the linked method
     * @param user as in the linked method
     */
    public User create(Principal principal, NewUser user) {
        return create(principal, user, null).value();
    }

    /**
     * Creates a user with the role {@link Role#USER}. With a key, a retry of the same request returns the user that the
     * first attempt created. Hashes the password first, while no connection is held. The stored fingerprint of a
     * request doesn't contain the password: a retry succeeds only with the user's password.
     *
     * @param principal anyone; an admin where sign-up is closed
     * @param user the user to create
     * @param key null to create another user each time
     * @return the user, with e-mail and role
     * @throws BylineException.Forbidden when sign-up is closed and the principal isn't an admin
     * @throws BylineException.Conflict when the e-mail address is taken, in any case; or when another version of Byline
     *     stored the result in a format that this one can't read
     * @throws BylineException.InProgress when another request with this key is in progress
     * @throws BylineException.KeyReused when the key was used for another request, or the user was deleted
     */
    public Created<User> create(Principal principal, NewUser user, @Nullable IdempotencyKey key) {
        if (!signupOpen && !principal.isAdmin()) {
            throw new BylineException.Forbidden("sign-up is closed: only admins create users");
        }
        if (key == null) {
            var hash = hash(user.password());
            return new Created<>(store.write(principal, tx -> insert(tx, user, hash)), false);
        }
        var request = IdempotentRequest.createUser(principal, key, user);
        return user.password() == null
                ? createOnce(principal, request, user, null)
                : createWithPassword(principal, request, user, user.password());
    }

    private Created<User> createOnce(
            Principal principal, IdempotentRequest request, NewUser user, @Nullable String hash) {
        return store.createOnce(
                principal, request, SnapshotFormat.USER, tx -> insert(tx, user, hash), created -> Set.of(created.id()));
    }

    private Created<User> createWithPassword(
            Principal principal, IdempotentRequest request, NewUser user, Password password) {
        var earlier = store.findCreated(request, SnapshotFormat.USER);
        if (earlier.isPresent()) {
            var created = earlier.get();
            checkPassword(password, created.id());
            // The process of the first attempt may have ended before it told the others of its commit.
            return store.write(principal, tx -> {
                tx.concerns(Set.of(created.id()));
                return new Created<>(created, true);
            });
        }
        var name = ByteBuffer.wrap(request.hash());
        if (!hashing.add(name)) {
            throw new BylineException.InProgress(); // before hashing: only a few hashes run at a time
        }
        try {
            var created = createOnce(principal, request, user, passwords.hash(password));
            if (created.replayed()) {
                throw new BylineException.InProgress(); // created meanwhile: a retry compares the password
            }
            return created;
        } finally {
            hashing.remove(name);
        }
    }

    private void checkPassword(Password password, long id) {
        var known = store.read(dsl -> UserSql.passwordHash(dsl, id)).orElse(null);
        if (!passwords.matches(password, known)) {
            throw new BylineException.KeyReused();
        }
    }

    private static User insert(Tx tx, NewUser user, @Nullable String hash) {
        tx.invalidate(CacheKeys.userCreating());
        var created = UserSql.insert(tx.dsl(), user, Role.USER, hash)
                .orElseThrow(
                        () -> new BylineException.Conflict(ConflictReason.EMAIL_TAKEN, "the e-mail address is taken"));
        tx.invalidate(CacheKeys.userChanged(created.id()));
        tx.concerns(Set.of(created.id()));
        return created;
    }

    /** Finds the whole row, cached or not. */
    private Optional<User> row(long id) {
        return cache.get(CacheKeys.user(id), () -> byId.apply(id));
    }

    /** Reads the whole row from the database: writes are decided on it. */
    private Optional<User> fresh(long id) {
        return store.read(dsl -> UserSql.byId(dsl, id));
    }

    /**
     * Finds the whole row of the owner of a cached value, which is valid only while its owner exists. For other use
     * cases only: it holds the e-mail address.
     */
    Optional<User> owner(long id) {
        return row(id);
    }

    private @Nullable String hash(@Nullable Password password) {
        return password == null ? null : passwords.hash(password);
    }

    /**
     * Creates an admin unless a user with that e-mail address exists; an existing user isn't changed.
     *
     * @param principal an admin; the operator, for the first one
     * @param user the admin to create
     * @return the admin, if one was created
     * @throws BylineException.Forbidden when the principal isn't an admin
     */
    public Optional<User> ensureAdmin(Principal principal, NewUser user) {
        if (!principal.isAdmin()) {
            throw new BylineException.Forbidden("only admins may create admins");
        }
        if (store.read(dsl -> UserSql.emailExists(dsl, user.email()))) {
            return Optional.empty(); // saves the cost of hashing at each start
        }
        var hash = hash(user.password());
        return store.write(principal, tx -> {
            tx.invalidate(CacheKeys.userCreating());
            var created = UserSql.insert(tx.dsl(), user, Role.ADMIN, hash);
            created.ifPresent(admin -> {
                tx.invalidate(CacheKeys.userChanged(admin.id()));
                tx.concerns(Set.of(admin.id()));
            });
            return created;
        });
    }

    /** Returns whether any admin exists, active or not. */
    public boolean hasAdmin() {
        return store.read(UserSql::adminExists);
    }

    /**
     * Finds a user by e-mail address.
     *
     * @param principal an admin: addresses are private
     * @param email in any case
     * @throws BylineException.Forbidden when the principal isn't an admin
     * @throws BylineException.NotFound when the user doesn't exist
     */
    public User byEmail(Principal principal, String email) {
        return findByEmail(principal, email).orElseThrow(Users::notFound);
    }

    /**
     * Finds a user by e-mail address who may not exist.
     *
     * @param principal an admin: addresses are private
     * @param email in any case
     * @throws BylineException.Forbidden when the principal isn't an admin
     */
    public Optional<User> findByEmail(Principal principal, String email) {
        if (!principal.isAdmin()) {
            throw new BylineException.Forbidden("only admins may look users up by e-mail address");
        }
        return NewUser.isPossibleEmail(email) ? store.read(dsl -> UserSql.byEmail(dsl, email)) : Optional.empty();
    }

    /**
     * Finds a user.
     *
     * @param principal anyone; only the user and admins see e-mail and role
     * @param id the user's id
     * @throws BylineException.NotFound when the user doesn't exist
     */
    public User get(Principal principal, long id) {
        return find(principal, id).orElseThrow(Users::notFound);
    }

    /**
     * Finds a user who may not exist.
     *
     * @param principal as in {@link #get}
     * @param id the user's id
     */
    public Optional<User> find(Principal principal, long id) {
        return store.orStale(() -> row(id), dsl -> UserSql.byId(dsl, id)).map(user -> user.seenBy(principal));
    }

    /**
     * Finds several users at once.
     *
     * @param principal as in {@link #get}
     * @param ids up to 100 ids; duplicates count once
     * @return the users that exist, in the order of the ids
     * @throws BylineException.Invalid when there are more than 100
     */
    public List<User> byIds(Principal principal, Collection<Long> ids) {
        var wanted = Keyset.distinct(ids);
        var found = store.readOnReplica(principal, dsl -> UserSql.byIds(dsl, wanted)).stream()
                .map(user -> user.seenBy(principal))
                .toList();
        return Keyset.inOrder(found, wanted, User::id);
    }

    /**
     * Lists users, newest first.
     *
     * @param principal as in {@link #get}
     * @param filter which users
     * @param request which page
     * @throws BylineException.BadCursor when the cursor belongs to another list
     */
    public Page<User> list(Principal principal, UserFilter filter, PageRequest request) {
        var after = Keyset.position(request, Keyset.list(filter));
        var rows = newest(principal, filter, after, request.limit()).stream()
                .map(user -> user.seenBy(principal))
                .toList();
        return Keyset.page(
                rows, request, Keyset.list(filter), user -> new Cursor(user.createdAt(), user.id()), User::jsonBytes);
    }

    /** Lists up to limit + 1 users. The cache holds the first page of the default length. */
    private List<User> newest(Principal principal, UserFilter filter, @Nullable Cursor after, int limit) {
        if (!cache.isEnabled()
                || after != null
                || !filter.equals(UserFilter.NONE)
                || limit > PageRequest.DEFAULT_LIMIT) {
            return store.readOnReplica(
                    principal,
                    dsl -> filter.metadata() == null
                            ? UserSql.newest(dsl, filter, after, limit + 1)
                            : UserSql.search(dsl, filter, after, limit + 1));
        }
        Function<DSLContext, List<User>> query =
                dsl -> UserSql.newest(dsl, filter, null, PageRequest.DEFAULT_LIMIT + 1);
        var first = store.orStale(
                () -> cache.get(CacheKeys.NEWEST_USERS, () -> Optional.of(store.read(query)))
                        .orElse(List.of()),
                query);
        return Keyset.first(first, limit);
    }

    /**
     * Changes a user, whatever their version: {@link #change(Principal, long, UserChange, ExpectedVersion)}.
     *
     * @param principal as in the linked method
     * @param id as in the linked method
     * @param change as in the linked method
     */
    public User change(Principal principal, long id, UserChange change) {
        return change(principal, id, change, ExpectedVersion.ANY);
    }

    /**
     * Changes a user. A new password is hashed first, while no connection is held, and revokes the user's tokens except
     * the one that the principal presented.
     *
     * @param principal the user or an admin; only admins change {@code active} and {@code role}
     * @param id the user's id
     * @param change the change; if it changes nothing, the version stays the same
     * @param expected the versions that may be changed
     * @return the user after the change
     * @throws BylineException.NotFound when the user doesn't exist
     * @throws BylineException.Forbidden when the principal isn't permitted to do this
     * @throws BylineException.Stale when the user has another version
     * @throws BylineException.Conflict when the e-mail address is taken, or no active admin would be left
     * @throws BylineException.Invalid when the merged metadata is too large, or the password isn't allowed
     */
    public User change(Principal principal, long id, UserChange change, ExpectedVersion expected) {
        if (!principal.isAdminOr(id)) {
            throw refusal(id, "only the user and admins may change a user");
        }
        if (!principal.isAdmin() && (change.active() != null || change.role() != null)) {
            throw new BylineException.Forbidden("only admins may change is_active and role");
        }
        if (change.isEmpty()) {
            var user = fresh(id).orElseThrow(Users::notFound);
            expected.check(user.version(), user.updatedAt());
            return user.seenBy(principal);
        }
        if (change.password() != null) {
            var user = fresh(id).orElseThrow(Users::notFound);
            expected.check(user.version(), user.updatedAt()); // before the cost of hashing
            change.password().requireAllowed(change.email() == null ? user.email() : change.email());
        }
        var hash = hash(change.password());
        return store.write(principal, tx -> {
                    tx.invalidate(CacheKeys.userChanged(id));
                    tx.concerns(Set.of(id));
                    return change(tx.dsl(), principal, id, change, expected, hash);
                })
                .seenBy(principal);
    }

    private static User change(
            DSLContext dsl,
            Principal principal,
            long id,
            UserChange change,
            ExpectedVersion expected,
            @Nullable String hash) {
        if (isDemotion(change)) {
            keepAnAdmin(UserSql.lockWithAdmins(dsl, id), id);
        }
        var changed = UserSql.update(dsl, id, change, expected, hash).orElseThrow(() -> absentOrStale(dsl, id));
        if (hash != null) {
            var own = principal instanceof Principal.Member member && member.is(id) ? member.tokenId() : null;
            UserSql.revokeTokens(dsl, id, own);
        }
        return changed;
    }

    private static boolean isDemotion(UserChange change) {
        return change.role() == Role.USER || (change.active() != null && !change.active());
    }

    /** Finds out why a write matched no row. Runs only after that, so that a successful write is one statement. */
    private static BylineException absentOrStale(DSLContext dsl, long id) {
        return UserSql.byId(dsl, id).isPresent() ? new BylineException.Stale() : notFound();
    }

    private static void keepAnAdmin(Set<Long> activeAdmins, long id) {
        if (activeAdmins.equals(Set.of(id))) {
            throw new BylineException.Conflict(
                    ConflictReason.LAST_ADMIN, "the last active admin cannot be deleted, deactivated or demoted");
        }
    }

    /**
     * Deletes a user, whatever their version: {@link #delete(Principal, long, ExpectedVersion)}.
     *
     * @param principal as in the linked method
     * @param id as in the linked method
     */
    public void delete(Principal principal, long id) {
        delete(principal, id, ExpectedVersion.ANY);
    }

    /**
     * Deletes a user with their posts and tokens. When it returns, none of them is visible any more and the e-mail
     * address is free. If the user has many posts, their rows are removed in the background, in batches.
     *
     * @param principal the user or an admin
     * @param id the user's id
     * @param expected the versions that may be deleted
     * @throws BylineException.NotFound when the user doesn't exist
     * @throws BylineException.Forbidden when the principal isn't permitted to do this
     * @throws BylineException.Stale when the user has another version
     * @throws BylineException.Conflict when the user is the last active admin
     */
    public void delete(Principal principal, long id, ExpectedVersion expected) {
        if (!principal.isAdminOr(id)) {
            throw refusal(id, "only the user and admins may delete a user");
        }
        var unused = store.write(principal, tx -> {
            tx.invalidate(CacheKeys.userDeleted(id));
            tx.concerns(Set.of(id));
            if (!remove(tx.dsl(), id, expected)) {
                tx.leaveRows();
            }
            return id;
        });
    }

    private static boolean remove(DSLContext dsl, long id, ExpectedVersion expected) {
        keepAnAdmin(UserSql.lockWithAdmins(dsl, id), id);
        if (!DeletedUserSql.markDeleted(dsl, id, expected)) {
            throw absentOrStale(dsl, id);
        }
        UserSql.revokeTokens(dsl, id, null);
        return DeletedUserSql.deleteRows(dsl, id, DELETE_AT_ONCE) < DELETE_AT_ONCE
                && DeletedUserSql.deleteMarked(dsl, id);
    }

    private BylineException refusal(long id, String message) {
        return fresh(id).isPresent() ? new BylineException.Forbidden(message) : notFound();
    }

    private static BylineException.NotFound notFound() {
        return new BylineException.NotFound("user");
    }
}
