package dev.byline.user;

import dev.byline.BylineException;
import dev.byline.ExpectedVersion;
import dev.byline.Validation;
import dev.byline.cache.CacheKey;
import dev.byline.cache.TieredCache;
import dev.byline.db.Coalescer;
import dev.byline.db.Database;
import dev.byline.idempotency.Idempotency;
import dev.byline.idempotency.Once;
import dev.byline.idempotency.Reply;
import dev.byline.page.Cursor;
import dev.byline.page.Page;
import dev.byline.page.PageRequest;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongFunction;
import org.jooq.DSLContext;
import org.jspecify.annotations.Nullable;

/**
 * What may be done with users. Safe for use by several threads; every method blocks for the database, or for the cache.
 *
 * <p>Cached ({@link UserCache}): users by id, the newest users. A write drops what it touched after its commit; what a write
 * is decided on is never taken from the cache.
 *
 * <p>All methods throw {@link BylineException.Unavailable} when the database is away, overloaded or too slow.
 */
public final class Users {
    /**
     * Names a user's row in the cache.
     *
     * @param id the user's id
     */
    public static CacheKey<?> cached(long id) {
        return UserCache.user(id);
    }

    /** What shows new users. */
    public static final CacheKey<List<User>> NEWEST = UserCache.NEWEST;

    /** How many of a user's rows go in the transaction that hides the user: what most users have. */
    private static final int DELETE_AT_ONCE = 20;

    /** The most users that look-ups share a statement for. */
    private static final int MAX_SHARED = 64;

    private final Database database;
    private final Purge purge;
    private final Passwords passwords;
    private final TieredCache cache;
    private final CacheKey<?> feed;
    private final LongFunction<CacheKey<?>> posts;
    private final Coalescer<Long, User> byId;

    /** Sign-ups with a key whose password is being hashed here. */
    private final Set<ByteBuffer> hashing = ConcurrentHashMap.newKeySet();

    /**
     * Use {@link dev.byline.Byline#users()}.
     *
     * @param database where users are kept
     * @param purge removes the rows of deleted users
     * @param passwords hashes passwords
     * @param cache what was read before
     * @param feed shows posts of users, and is dropped with them
     * @param posts names what shows a user with their posts, and is dropped whenever the user changes
     */
    public Users(
            Database database,
            Purge purge,
            Passwords passwords,
            TieredCache cache,
            CacheKey<?> feed,
            LongFunction<CacheKey<?>> posts) {
        this.database = database;
        this.purge = purge;
        this.passwords = passwords;
        this.cache = cache;
        this.feed = feed;
        this.posts = posts;
        this.byId =
                new Coalescer<>(MAX_SHARED, ids -> Page.byId(database.read(dsl -> UserSql.byIds(dsl, ids)), User::id));
    }

    /**
     * Signs a user up, in the role {@link Role#USER}. Hashes the password first, while no connection is held.
     *
     * @param principal anyone
     * @param user what they are called
     * @return the user, with e-mail and role
     * @throws BylineException.Conflict when the e-mail address is taken, in whatever case
     */
    public User create(Principal principal, NewUser user) {
        var hash = hash(user.password());
        return cache.writing(touched -> database.write(dsl -> create(dsl, user, Role.USER, hash, touched)));
    }

    /**
     * Signs a user up once, however often it is asked for. The password is no part of what is kept of the request: an
     * earlier answer is given only to who knows the user's password.
     *
     * @param principal anyone
     * @param user what they are called
     * @param once the key, and what to keep
     * @throws BylineException.Conflict as in {@link #create(Principal, NewUser)}
     * @throws BylineException.InProgress when another attempt is under way
     * @throws BylineException.KeyReused when the key was used for another request, or the user was deleted
     */
    public Reply create(Principal principal, NewUser user, Once<User> once) {
        var password = user.password();
        var attempt = Idempotency.attempt(
                "create user",
                principal.identity(once.key().origin()),
                once.key(),
                Arrays.asList(user.email(), user.name(), user.metadata().json(), password != null));
        if (password == null) {
            return cache.writing(touched -> database.write(dsl -> create(dsl, attempt, once, user, null, touched)));
        }
        var kept = database.read(dsl -> Idempotency.find(dsl, attempt));
        if (kept.isPresent()) {
            var owner = kept.get().userIds().getFirst();
            var known = database.read(dsl -> UserSql.passwordHash(dsl, owner)).orElse(null);
            if (!passwords.matches(password, known)) {
                throw new BylineException.KeyReused();
            }
            return new Reply(kept.get().answer(), true);
        }
        var name = ByteBuffer.wrap(attempt.hash());
        if (!hashing.add(name)) {
            throw new BylineException.InProgress(); // before the work, of which there is little room for
        }
        try {
            var hash = hash(password);
            return cache.writing(touched -> database.write(dsl -> {
                var reply = create(dsl, attempt, once, user, hash, touched);
                if (reply.replayed()) {
                    throw new BylineException.InProgress(); // done meanwhile: the next try compares the password
                }
                return reply;
            }));
        } finally {
            hashing.remove(name);
        }
    }

    private Reply create(
            DSLContext dsl,
            Idempotency.Attempt attempt,
            Once<User> once,
            NewUser user,
            @Nullable String hash,
            Set<CacheKey<?>> touched) {
        return Idempotency.once(
                dsl,
                attempt,
                once.answer(),
                () -> create(dsl, user, Role.USER, hash, touched),
                made -> Set.of(made.id()));
    }

    private User create(DSLContext dsl, NewUser user, Role role, @Nullable String hash, Set<CacheKey<?>> touched) {
        touched.add(UserCache.NEWEST);
        var made = UserSql.insert(dsl, user, role, hash)
                .orElseThrow(() -> new BylineException.Conflict("the e-mail address is taken"));
        touch(touched, made.id()); // somebody may have looked for it in vain
        return made;
    }

    /** What shows a user. */
    private void touch(Set<CacheKey<?>> touched, long id) {
        touched.add(UserCache.user(id));
        touched.add(posts.apply(id));
        touched.add(UserCache.NEWEST);
    }

    /** The whole row. */
    private Optional<User> find(long id) {
        return cache.get(UserCache.user(id), () -> byId.get(id));
    }

    /** The whole row as it is in the database now: what writes are decided on. */
    private Optional<User> fresh(long id) {
        return database.read(dsl -> UserSql.byId(dsl, id));
    }

    /**
     * Finds a user for the cached things of theirs: these are shown while the user is there. Without a cache nothing can be
     * behind, and nobody needs to ask.
     *
     * @param id the user's id
     * @return the whole row, not what a principal may see
     */
    public Optional<User> owner(long id) {
        return find(id);
    }

    private @Nullable String hash(@Nullable Password password) {
        return password == null ? null : passwords.hash(password);
    }

    /**
     * Creates an admin, unless there is a user with that address already, who is left as they are.
     *
     * @param principal an admin; the operator, for the first one
     * @param user what they are called
     * @return the admin, if one was created
     * @throws BylineException.Forbidden when the principal isn't an admin
     */
    public Optional<User> ensureAdmin(Principal principal, NewUser user) {
        if (!principal.isAdmin()) {
            throw new BylineException.Forbidden("only admins may create admins");
        }
        if (database.read(dsl -> UserSql.emailExists(dsl, user.email()))) {
            return Optional.empty(); // spares the work of hashing at each start
        }
        var hash = hash(user.password());
        return cache.writing(touched -> database.write(dsl -> {
            var made = UserSql.insert(dsl, user, Role.ADMIN, hash);
            made.ifPresent(admin -> touch(touched, admin.id()));
            return made;
        }));
    }

    /** Whether there is any admin, active or not. */
    public boolean hasAdmin() {
        return database.read(UserSql::adminExists);
    }

    /**
     * Finds a user by e-mail address.
     *
     * @param principal an admin: addresses are private
     * @param email in whatever case
     * @throws BylineException.Forbidden when the principal isn't an admin
     * @throws BylineException.NotFound when there is none
     */
    public User byEmail(Principal principal, String email) {
        if (!principal.isAdmin()) {
            throw new BylineException.Forbidden("only admins may look users up by e-mail address");
        }
        if (!NewUser.isPossibleEmail(email)) {
            throw notFound();
        }
        return database.read(dsl -> UserSql.byEmail(dsl, email)).orElseThrow(Users::notFound);
    }

    /**
     * Finds a user.
     *
     * @param principal anyone; only the user and admins see e-mail and role
     * @param id the user's id
     * @throws BylineException.NotFound when there is none
     */
    public User get(Principal principal, long id) {
        return find(id).orElseThrow(Users::notFound).seenBy(principal);
    }

    /**
     * Finds several users at once.
     *
     * @param principal as in {@link #get}
     * @param ids up to 100 ids, repeated ones count once
     * @return those that exist, in the order in which they were asked for
     * @throws BylineException.Invalid when there are more than 100
     */
    public List<User> byIds(Principal principal, Collection<Long> ids) {
        var wanted = PageRequest.checkIds(ids);
        var found = database.read(dsl -> UserSql.byIds(dsl, wanted)).stream()
                .map(user -> user.seenBy(principal))
                .toList();
        return Page.inOrder(found, wanted, User::id);
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
        var after = request.position(filter.list());
        var rows = newest(filter, after, request.limit()).stream()
                .map(user -> user.seenBy(principal))
                .toList();
        return Page.of(rows, request, filter.list(), user -> new Cursor(user.createdAt(), user.id()), User::jsonBytes);
    }

    /** One more than the limit, if they are there. The cache holds those of the first page, of the usual length. */
    private List<User> newest(UserFilter filter, @Nullable Cursor after, int limit) {
        if (after != null || !filter.equals(UserFilter.NONE) || limit > PageRequest.DEFAULT_LIMIT) {
            return database.read(dsl -> filter.metadata() == null
                    ? UserSql.newest(dsl, filter, after, limit + 1)
                    : UserSql.search(dsl, filter, after, limit + 1));
        }
        var first = cache.get(
                        UserCache.NEWEST,
                        () -> Optional.of(
                                database.read(dsl -> UserSql.newest(dsl, filter, null, PageRequest.DEFAULT_LIMIT + 1))))
                .orElse(List.of());
        return Page.first(first, limit);
    }

    /**
     * Changes a user, whatever their version: {@link #change(Principal, long, UserChange, ExpectedVersion)}.
     *
     * @param principal as there
     * @param id as there
     * @param change as there
     */
    public User change(Principal principal, long id, UserChange change) {
        return change(principal, id, change, ExpectedVersion.ANY);
    }

    /**
     * Changes a user. A new password is hashed first, while no connection is held, and revokes the user's tokens but the
     * one that the principal came with.
     *
     * @param principal the user or an admin; {@code active} and {@code role} are the admins' alone
     * @param id the user's id
     * @param change what changes; if nothing does, neither does the version
     * @param expected the versions that the change is meant for
     * @return the user as they are now
     * @throws BylineException.NotFound when there is none
     * @throws BylineException.Forbidden when the principal may not
     * @throws BylineException.Stale when they are of another version
     * @throws BylineException.Conflict when the e-mail address is taken, or it would leave no active admin
     * @throws BylineException.Invalid when the merged metadata is too large, or the password isn't a good one
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
            expected.check(user.version());
            return user.seenBy(principal);
        }
        if (change.password() != null) {
            var user = fresh(id).orElseThrow(Users::notFound);
            expected.check(user.version()); // before the work of hashing
            check(change.password(), change.email() == null ? user.email() : change.email());
        }
        var hash = hash(change.password());
        return cache.writing(touched -> {
                    touch(touched, id);
                    return database.write(dsl -> change(dsl, principal, id, change, expected, hash));
                })
                .seenBy(principal);
    }

    private static void check(Password password, @Nullable String email) {
        var validation = new Validation();
        password.check(validation, email);
        validation.throwIfInvalid();
    }

    private static User change(
            DSLContext dsl,
            Principal principal,
            long id,
            UserChange change,
            ExpectedVersion expected,
            @Nullable String hash) {
        if (change.demotes()) {
            keepAnAdmin(UserSql.lockWithAdmins(dsl, id), id);
        }
        var changed = UserSql.update(dsl, id, change, expected, hash).orElseThrow(() -> absentOrStale(dsl, id));
        if (hash != null) {
            var own = principal instanceof Principal.Member member && member.is(id) ? member.tokenId() : null;
            UserSql.revokeTokens(dsl, id, own);
        }
        return changed;
    }

    /** Why nothing was written: asked only after the fact, so that the usual case is one statement. */
    private static BylineException absentOrStale(DSLContext dsl, long id) {
        return UserSql.byId(dsl, id).isPresent() ? new BylineException.Stale() : notFound();
    }

    private static void keepAnAdmin(Set<Long> activeAdmins, long id) {
        if (activeAdmins.equals(Set.of(id))) {
            throw new BylineException.Conflict("the last active admin must stay one");
        }
    }

    /**
     * Deletes a user, whatever their version: {@link #delete(Principal, long, ExpectedVersion)}.
     *
     * @param principal as there
     * @param id as there
     */
    public void delete(Principal principal, long id) {
        delete(principal, id, ExpectedVersion.ANY);
    }

    /**
     * Deletes a user with their posts and tokens. When it returns, nobody sees any of them any more and the e-mail address is
     * free; the rows of users with many posts are removed in the background, in batches.
     *
     * @param principal the user or an admin
     * @param id the user's id
     * @param expected the versions that are meant
     * @throws BylineException.NotFound when there is none
     * @throws BylineException.Forbidden when the principal may not
     * @throws BylineException.Stale when they are of another version
     * @throws BylineException.Conflict when they are the last active admin
     */
    public void delete(Principal principal, long id, ExpectedVersion expected) {
        if (!principal.isAdminOr(id)) {
            throw refusal(id, "only the user and admins may delete a user");
        }
        var removed = cache.writing(touched -> {
            touch(touched, id);
            touched.add(feed);
            return database.write(dsl -> remove(dsl, id, expected));
        });
        if (!removed) {
            purge.run();
        }
    }

    private static boolean remove(DSLContext dsl, long id, ExpectedVersion expected) {
        keepAnAdmin(UserSql.lockWithAdmins(dsl, id), id);
        if (!UserSql.markDeleted(dsl, id, expected)) {
            throw absentOrStale(dsl, id);
        }
        UserSql.revokeTokens(dsl, id, null);
        return UserSql.deleteRows(dsl, id, DELETE_AT_ONCE) < DELETE_AT_ONCE && UserSql.deleteMarked(dsl, id);
    }

    private BylineException refusal(long id, String message) {
        return fresh(id).isPresent() ? new BylineException.Forbidden(message) : notFound();
    }

    private static BylineException.NotFound notFound() {
        return new BylineException.NotFound("user");
    }
}
