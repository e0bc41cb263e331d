package dev.byline.user;

import dev.byline.BylineException;
import dev.byline.db.Database;
import dev.byline.page.Cursor;
import dev.byline.page.Page;
import dev.byline.page.PageRequest;
import java.util.Collection;
import java.util.List;

/**
 * What may be done with users. Safe for use by several threads; every method blocks for the database.
 *
 * <p>All methods throw {@link BylineException.Unavailable} when the database is away, overloaded or too slow.
 */
public final class Users {
    /** How many of a user's posts go in the transaction that hides the user: what most users have. */
    private static final int DELETE_AT_ONCE = 20;

    private final Database database;
    private final UserPurge purge;

    /**
     * Use {@link dev.byline.Byline#users()}.
     *
     * @param database where users are kept
     * @param purge removes the rows of deleted users
     */
    public Users(Database database, UserPurge purge) {
        this.database = database;
        this.purge = purge;
    }

    /**
     * Signs a user up.
     *
     * @param principal anyone
     * @param user what they are called
     * @return the user, with e-mail and role
     * @throws BylineException.Conflict when the e-mail address is taken, in whatever case
     */
    public User create(Principal principal, NewUser user) {
        return database.write(dsl -> UserSql.insert(dsl, user));
    }

    /**
     * Finds a user.
     *
     * @param principal anyone; only the user and admins see e-mail and role
     * @param id the user's id
     * @throws BylineException.NotFound when there is none
     */
    public User get(Principal principal, long id) {
        return database.read(dsl -> UserSql.byId(dsl, id))
                .orElseThrow(Users::notFound)
                .seenBy(principal);
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
        var rows = database.read(dsl -> UserSql.newest(dsl, filter, after, request.limit() + 1)).stream()
                .map(user -> user.seenBy(principal))
                .toList();
        return Page.of(rows, request, filter.list(), user -> new Cursor(user.createdAt(), user.id()));
    }

    /**
     * Changes a user.
     *
     * @param principal the user or an admin; {@code active} and {@code role} are the admins' alone
     * @param id the user's id
     * @param change what changes; if nothing does, neither does the version
     * @return the user as they are now
     * @throws BylineException.NotFound when there is none
     * @throws BylineException.Forbidden when the principal may not
     * @throws BylineException.Conflict when the e-mail address is taken
     * @throws BylineException.Invalid when the merged metadata is too large
     */
    public User change(Principal principal, long id, UserChange change) {
        if (!mayWrite(principal, id)) {
            throw refusal(principal, id, "only the user and admins may change a user");
        }
        if (!principal.isAdmin() && (change.active() != null || change.role() != null)) {
            throw new BylineException.Forbidden("only admins may change is_active and role");
        }
        if (change.isEmpty()) {
            return get(principal, id);
        }
        return database.write(dsl -> UserSql.update(dsl, id, change))
                .orElseThrow(Users::notFound)
                .seenBy(principal);
    }

    /**
     * Deletes a user with their posts. When it returns, nobody sees any of them any more and the e-mail address is
     * free; the rows of users with many posts are removed in the background, in batches.
     *
     * @param principal the user or an admin
     * @param id the user's id
     * @throws BylineException.NotFound when there is none
     * @throws BylineException.Forbidden when the principal may not
     */
    public void delete(Principal principal, long id) {
        if (!mayWrite(principal, id)) {
            throw refusal(principal, id, "only the user and admins may delete a user");
        }
        var removed = database.write(dsl -> {
            if (!UserSql.lock(dsl, id) || !UserSql.markDeleted(dsl, id)) {
                throw notFound();
            }
            return UserSql.deletePosts(dsl, id, DELETE_AT_ONCE) < DELETE_AT_ONCE && UserSql.deleteMarked(dsl, id);
        });
        if (!removed) {
            purge.run();
        }
    }

    private static boolean mayWrite(Principal principal, long id) {
        return principal.isAdmin() || principal.is(id);
    }

    private BylineException refusal(Principal principal, long id, String message) {
        get(principal, id);
        return new BylineException.Forbidden(message);
    }

    private static BylineException.NotFound notFound() {
        return new BylineException.NotFound("user");
    }
}
