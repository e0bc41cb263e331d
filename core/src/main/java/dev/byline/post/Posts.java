package dev.byline.post;

import dev.byline.BylineException;
import dev.byline.ExpectedVersion;
import dev.byline.FieldError;
import dev.byline.Metadata;
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
import dev.byline.page.Selection;
import dev.byline.user.NewUser;
import dev.byline.user.Principal;
import dev.byline.user.Users;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jooq.DSLContext;
import org.jspecify.annotations.Nullable;

/**
 * What may be done with posts. Safe for use by several threads; every method blocks for the database, or for the cache.
 *
 * <p>Cached ({@link PostCache}): posts by id, the first page of the feed, each author with the first page of their published posts. A write drops
 * what it touched after its commit; what a write is decided on is never taken from the cache.
 *
 * <p>A draft doesn't exist for anyone but its author and admins. All methods throw {@link BylineException.Unavailable}
 * when the database is away, overloaded or too slow.
 */
public final class Posts {
    /** The most posts of one {@link #createAll}. */
    public static final int MAX_BATCH = 100;

    /** How many of the newest matches are ranked. */
    public static final int MAX_RANKED = 500;

    /** The most posts of one {@link #importAll}. */
    public static final int MAX_IMPORT = 1000;

    /** The most posts that look-ups share a statement for: a post may be large. */
    private static final int MAX_SHARED = 16;

    /** What shows posts of several users. */
    public static final CacheKey<Page<Post>> FEED = PostCache.FEED;

    /**
     * Names what shows a user with their posts.
     *
     * @param userId the user's id
     */
    public static CacheKey<?> author(long userId) {
        return PostCache.author(userId);
    }

    /**
     * Names a post in the cache.
     *
     * @param id the post's id
     */
    public static CacheKey<?> cached(long id) {
        return PostCache.post(id);
    }

    private final Database database;
    private final InstantSource clock;
    private final Users users;
    private final TieredCache cache;
    private final Coalescer<Long, Shared> byId;

    /**
     * Use {@link dev.byline.Byline#posts()}.
     *
     * @param database where posts are kept
     * @param clock what the future begins after
     * @param users their authors
     * @param cache what was read before
     */
    public Posts(Database database, InstantSource clock, Users users, TieredCache cache) {
        this.database = database;
        this.clock = clock;
        this.users = users;
        this.cache = cache;
        this.byId = new Coalescer<>(MAX_SHARED, this::share);
    }

    /**
     * What a look-up by id gets from a statement that it shared.
     *
     * @param post null when it was too large to be sent along with the others
     */
    private record Shared(@Nullable Post post) {}

    private Map<Long, Shared> share(Set<Long> ids) {
        var selection = database.read(dsl -> PostSql.byIds(dsl, true, ids));
        var found = HashMap.<Long, Shared>newHashMap(ids.size());
        selection.items().forEach(post -> found.put(post.id(), new Shared(post)));
        selection.remainingIds().forEach(id -> found.put(id, new Shared(null)));
        return found;
    }

    private Optional<Post> load(long id) {
        return byId.get(id).flatMap(shared -> shared.post() == null ? loadAlone(id) : Optional.of(shared.post()));
    }

    private Optional<Post> loadAlone(long id) {
        return database.read(dsl -> PostSql.byIds(dsl, true, Set.of(id))).items().stream()
                .findFirst();
    }

    /**
     * Writes a post.
     *
     * @param principal its author, or an admin
     * @param post what it says
     * @throws BylineException.Forbidden when the principal is nobody, or not an admin and sets the author or the time
     * @throws BylineException.Invalid when the author doesn't exist or the time is in the future
     */
    public Post create(Principal principal, NewPost post) {
        var posts = List.of(post);
        return write(principal, posts, BARE, insert -> database.writeOne(insert::run))
                .getFirst();
    }

    /**
     * Writes a post once, however often it is asked for.
     *
     * @param principal as in {@link #create(Principal, NewPost)}
     * @param post as in {@link #create(Principal, NewPost)}
     * @param once the key, and what to keep
     * @throws BylineException.InProgress when another attempt is under way
     * @throws BylineException.KeyReused when the key was used for another request
     */
    public Reply create(Principal principal, NewPost post, Once<Post> once) {
        var posts = List.of(post);
        return write(
                principal,
                posts,
                BARE,
                insert -> once(
                        "create post",
                        principal,
                        posts,
                        once,
                        dsl -> insert.run(dsl).getFirst(),
                        made -> Set.of(made.userId())));
    }

    /**
     * Writes several posts, all or none.
     *
     * @param principal their author, or an admin
     * @param posts 1 to {@value #MAX_BATCH} posts
     * @return the posts in the same order
     * @throws BylineException.Forbidden as in {@link #create}
     * @throws BylineException.Invalid as in {@link #create}, with fields such as {@code /posts/3/title}; or when there are
     *     none or too many, blaming {@code posts}
     */
    public List<Post> createAll(Principal principal, List<NewPost> posts) {
        checkSize(posts);
        return write(principal, posts, IN_BATCH, insert -> database.write(insert::run));
    }

    /**
     * Writes several posts once, all or none, however often it is asked for.
     *
     * @param principal as in {@link #createAll(Principal, List)}
     * @param posts as in {@link #createAll(Principal, List)}
     * @param once the key, and what to keep
     * @throws BylineException.InProgress when another attempt is under way
     * @throws BylineException.KeyReused when the key was used for another request
     */
    public Reply createAll(Principal principal, List<NewPost> posts, Once<List<Post>> once) {
        checkSize(posts);
        return write(
                principal,
                posts,
                IN_BATCH,
                insert -> once(
                        "create posts",
                        principal,
                        posts,
                        once,
                        insert::run,
                        made -> made.stream().map(Post::userId).collect(Collectors.toSet())));
    }

    private static void checkSize(List<NewPost> posts) {
        if (posts.isEmpty() || posts.size() > MAX_BATCH) {
            throw new BylineException.Invalid("posts", "must hold 1 to " + MAX_BATCH + " posts");
        }
    }

    private <T> Reply once(
            String operation,
            Principal principal,
            List<NewPost> posts,
            Once<T> once,
            Function<DSLContext, T> insert,
            Function<? super T, Set<Long>> authors) {
        var request = new ArrayList<@Nullable Object>();
        for (var post : posts) {
            request.add(post.title());
            request.add(post.body());
            request.add(post.metadata().json());
            request.add(post.status());
            request.add(post.userId());
            request.add(post.publishedAt());
        }
        var attempt =
                Idempotency.attempt(operation, principal.identity(once.key().origin()), once.key(), request);
        return database.write(dsl -> Idempotency.once(dsl, attempt, once.answer(), () -> insert.apply(dsl), authors));
    }

    /** Inserts what is to be written. */
    private interface Insert {
        List<Post> run(DSLContext dsl);
    }

    private static final FieldName BARE = (index, field) -> field;
    private static final FieldName IN_BATCH = (index, field) -> "/posts/" + index + "/" + field;

    /** How a field of the n-th post is called in an error. */
    private interface FieldName {
        String of(int index, String field);
    }

    private <T> T write(Principal principal, List<NewPost> posts, FieldName name, Function<Insert, T> transaction) {
        var author = author(principal, posts);
        var now = clock.instant();
        var errors = new ArrayList<FieldError>();
        for (int i = 0; i < posts.size(); i++) {
            var post = posts.get(i);
            if (post.publishedAt() != null && post.publishedAt().isAfter(now)) {
                errors.add(new FieldError(name.of(i, "published_at"), "must not be in the future"));
            }
            if (author == null && post.userId() == null) {
                errors.add(new FieldError(name.of(i, "user_id"), "is required: you are nobody's user"));
            }
        }
        if (!errors.isEmpty()) {
            throw new BylineException.Invalid(errors);
        }
        return cache.writing(touched -> {
            Insert insert = dsl -> insert(dsl, posts, author, name, touched);
            try {
                return transaction.apply(insert);
            } catch (BylineException.Invalid e) {
                // An author was deleted meanwhile: another try sees that, and says which.
                return transaction.apply(insert);
            }
        });
    }

    private static @Nullable Long author(Principal principal, List<NewPost> posts) {
        return switch (principal) {
            case Principal.Anonymous ignored -> throw new BylineException.Forbidden("only users may write posts");
            case Principal.Operator ignored -> null;
            case Principal.Member member -> {
                if (!member.isAdmin()
                        && posts.stream().anyMatch(post -> post.userId() != null || post.publishedAt() != null)) {
                    throw new BylineException.Forbidden("only admins may set user_id and published_at");
                }
                yield member.userId();
            }
        };
    }

    private static List<Post> insert(
            DSLContext dsl, List<NewPost> posts, @Nullable Long author, FieldName name, Set<CacheKey<?>> touched) {
        var authors = posts.stream()
                .map(post -> Objects.requireNonNullElse(post.userId(), author))
                .toList();
        touched.add(FEED); // before: it may be that nobody hears whether the posts were written
        authors.forEach(each -> touched.add(PostCache.author(each)));
        var written = PostSql.insert(dsl, posts, author == null ? 0 : author);
        if (written.size() < posts.size()) {
            var existing = PostSql.existingUsers(dsl, authors);
            var errors = new ArrayList<FieldError>();
            for (int i = 0; i < authors.size(); i++) {
                if (!existing.contains(authors.get(i))) {
                    errors.add(new FieldError(name.of(i, "user_id"), "names no user"));
                }
            }
            throw new BylineException.Invalid(errors);
        }
        written.forEach(post -> touched.add(PostCache.post(post.id()))); // somebody may have looked for it in vain
        return written;
    }

    /** Somebody may have looked for a new one in vain. */
    private static void touch(Set<CacheKey<?>> touched, Post post) {
        touched.add(PostCache.post(post.id()));
        touched.add(PostCache.author(post.userId()));
    }

    /**
     * Finds a post.
     *
     * @param principal anyone; drafts only for the author and admins
     * @param id the post's id
     * @throws BylineException.NotFound when there is none
     */
    public Post get(Principal principal, long id) {
        var read = new AtomicBoolean();
        return cache.get(PostCache.post(id), () -> {
                    read.set(true);
                    return load(id);
                })
                .filter(post -> post.publishedAt() != null || principal.isAdminOr(post.userId()))
                .filter(post -> read.get() || isOwned(post.userId()))
                .orElseThrow(Posts::notFound);
    }

    /** A cached post goes with its author, whose posts may be too many to be dropped one by one. */
    private boolean isOwned(long userId) {
        return !cache.isEnabled() || users.owner(userId).isPresent();
    }

    /**
     * Finds several published posts at once.
     *
     * @param principal anyone
     * @param ids up to 100 ids, repeated ones count once
     * @return those that exist and are published, in the order in which they were asked for
     * @throws BylineException.Invalid when there are more than 100
     */
    public Selection<Post> byIds(Principal principal, Collection<Long> ids) {
        var wanted = PageRequest.checkIds(ids);
        return Selection.of(database.read(dsl -> PostSql.byIds(dsl, false, wanted)), Post::id, Post::jsonBytes);
    }

    /**
     * Lists published posts, newest publication first. A page out of the cache may be the same instance as before.
     *
     * @param principal anyone
     * @param filter which posts
     * @param request which page
     * @throws BylineException.BadCursor when the cursor belongs to another list
     */
    public Page<Post> feed(Principal principal, PostFilter filter, PageRequest request) {
        var after = request.position(filter.list());
        if (filter.isSearch()) {
            return search(filter, request, after);
        }
        if (after != null || !filter.equals(PostFilter.NONE) || request.limit() > PageRequest.DEFAULT_LIMIT) {
            return feed(filter, after, request);
        }
        return cache.get(FEED, () -> Optional.of(feed(filter, null, PageRequest.first(PageRequest.DEFAULT_LIMIT))))
                .orElseThrow(Posts::notFound)
                .first(request.limit(), filter.list(), Posts::published);
    }

    private Page<Post> feed(PostFilter filter, @Nullable Cursor after, PageRequest request) {
        var rows = database.read(dsl -> PostSql.feed(dsl, filter, after, request.limit() + 1));
        return page(rows, request, filter.list(), Posts::published);
    }

    private static Page<Post> page(List<Post> rows, PageRequest request, String list, Function<Post, Cursor> position) {
        return Page.of(rows, request, list, position, Post::jsonBytes);
    }

    /** A page may be short, or empty, and yet lead on: the search looked at as many posts as one answer may cost. */
    private Page<Post> search(PostFilter filter, PageRequest request, @Nullable Cursor after) {
        var found = database.read(dsl -> PostSql.search(dsl, filter, after, request.limit() + 1));
        var edge = found.edge();
        var page = page(found.posts(), request, filter.list(), Posts::published);
        return page.nextCursor() == null && edge != null ? new Page<>(page.items(), edge.encode(filter.list())) : page;
    }

    private static Cursor published(Post post) {
        return new Cursor(Objects.requireNonNull(post.publishedAt()), post.id());
    }

    /**
     * Finds the posts that a query fits best, among the newest {@value #MAX_RANKED} that match: ranking all would take as long
     * as there are matches. A word in the title counts more than one in the body.
     *
     * @param principal anyone
     * @param filter which posts, with a query
     * @param limit the most posts, as in {@link PageRequest}
     * @return the best first
     * @throws BylineException.Invalid when there is no query, or the limit is out of range
     */
    public Selection<Post> mostRelevant(Principal principal, PostFilter filter, int limit) {
        if (filter.query() == null) {
            throw new BylineException.Invalid("q", "is required for this order");
        }
        var wanted = PageRequest.first(limit).limit();
        return Selection.of(
                database.read(dsl -> PostSql.mostRelevant(dsl, filter, MAX_RANKED, wanted)), Post::id, Post::jsonBytes);
    }

    /**
     * Lists an author's posts, newest first by the time of writing.
     *
     * @param principal anyone; drafts only for the author and admins
     * @param author the author's id
     * @param request which page
     * @throws BylineException.NotFound when there is no such user
     * @throws BylineException.BadCursor when the cursor belongs to another list
     */
    public Page<Post> byAuthor(Principal principal, long author, PageRequest request) {
        return withAuthor(principal, author, request).posts();
    }

    /**
     * Finds a user with a page of their posts, in one statement. What comes out of the cache may be the same instance as before.
     *
     * @param principal as in {@link #byAuthor}
     * @param author as in {@link #byAuthor}
     * @param request as in {@link #byAuthor}
     * @throws BylineException.NotFound when there is no such user
     * @throws BylineException.BadCursor when the cursor belongs to another list
     */
    public AuthorWithPosts withAuthor(Principal principal, long author, PageRequest request) {
        var after = request.position(list(author));
        if (!cache.isEnabled()
                || principal.isAdminOr(author)
                || after != null
                || request.limit() > PageRequest.DEFAULT_LIMIT) {
            return read(principal, author, after, request).orElseThrow(Posts::noUser);
        }
        var anyone = new Principal.Anonymous();
        var whole = PageRequest.first(PageRequest.DEFAULT_LIMIT);
        var first = cache.get(PostCache.author(author), () -> read(anyone, author, null, whole))
                .orElseThrow(Posts::noUser);
        return request.equals(whole)
                ? first
                : new AuthorWithPosts(
                        first.author(), first.posts().first(request.limit(), list(author), Posts::written));
    }

    private Optional<AuthorWithPosts> read(Principal viewer, long author, @Nullable Cursor after, PageRequest request) {
        return database.read(dsl -> PostSql.byAuthor(dsl, author, viewer.isAdminOr(author), after, request.limit() + 1))
                .map(rows -> new AuthorWithPosts(
                        rows.author().seenBy(viewer), page(rows.posts(), request, list(author), Posts::written)));
    }

    private static String list(long author) {
        return "users/" + author + "/posts";
    }

    private static Cursor written(Post post) {
        return new Cursor(post.createdAt(), post.id());
    }

    private static BylineException.NotFound noUser() {
        return new BylineException.NotFound("user");
    }

    /**
     * Changes a post, whatever its version: {@link #change(Principal, long, PostChange, ExpectedVersion)}.
     *
     * @param principal as there
     * @param id as there
     * @param change as there
     */
    public Post change(Principal principal, long id, PostChange change) {
        return change(principal, id, change, ExpectedVersion.ANY);
    }

    /**
     * Changes a post.
     *
     * @param principal its author or an admin
     * @param id the post's id
     * @param change what changes; if nothing does, neither does the version
     * @param expected the versions that the change is meant for
     * @return the post as it is now
     * @throws BylineException.NotFound when there is none
     * @throws BylineException.Forbidden when the principal may only read it
     * @throws BylineException.Stale when it is of another version
     * @throws BylineException.Invalid when the merged metadata is too large
     */
    public Post change(Principal principal, long id, PostChange change, ExpectedVersion expected) {
        return cache.writing(touched -> database.write(dsl -> {
            if (change.isEmpty()) {
                var post = PostSql.byId(dsl, principal, id).orElseThrow(Posts::notFound);
                if (!principal.isAdminOr(post.userId())) {
                    throw refusal(dsl, principal, id);
                }
                expected.check(post.version());
                return post;
            }
            touched.add(PostCache.post(id));
            touched.add(FEED);
            var changed =
                    PostSql.update(dsl, principal, id, change, expected).orElseThrow(() -> refusal(dsl, principal, id));
            touch(touched, changed);
            return changed;
        }));
    }

    /**
     * Deletes a post, whatever its version: {@link #delete(Principal, long, ExpectedVersion)}.
     *
     * @param principal as there
     * @param id as there
     */
    public void delete(Principal principal, long id) {
        delete(principal, id, ExpectedVersion.ANY);
    }

    /**
     * Deletes a post.
     *
     * @param principal its author or an admin
     * @param id the post's id
     * @param expected the versions that are meant
     * @throws BylineException.NotFound when there is none
     * @throws BylineException.Forbidden when the principal may only read it
     * @throws BylineException.Stale when it is of another version
     */
    public void delete(Principal principal, long id, ExpectedVersion expected) {
        var unused = cache.writing(touched -> database.write(dsl -> {
            touched.add(PostCache.post(id));
            touched.add(FEED);
            var author = PostSql.delete(dsl, principal, id, expected).orElseThrow(() -> refusal(dsl, principal, id));
            touched.add(PostCache.author(author));
            return author;
        }));
    }

    /** Why nothing was written: told only after the fact, so that the usual case is one statement. */
    private static BylineException refusal(DSLContext dsl, Principal principal, long id) {
        var post = PostSql.byId(dsl, principal, id);
        if (post.isEmpty()) {
            return notFound();
        }
        return principal.isAdminOr(post.get().userId())
                ? new BylineException.Stale()
                : new BylineException.Forbidden("only the author and admins may write a post");
    }

    /**
     * Brings in posts from elsewhere, in one transaction. Authors are found by e-mail address or created. A post that
     * is there already (same author, time, title and body) is left alone, so bringing the same ones in again is safe.
     *
     * @param principal an admin
     * @param imported at most {@value #MAX_IMPORT} posts; how many fit the statement's time limit depends on their size
     * @return how many were new
     * @throws BylineException.Forbidden when the principal isn't an admin
     * @throws BylineException.Invalid when a time is in the future, or there are too many
     * @throws BylineException.Conflict when an author was deleted meanwhile; nothing was brought in
     */
    public int importAll(Principal principal, Collection<ImportedPost> imported) {
        if (!principal.isAdmin()) {
            throw new BylineException.Forbidden("only admins may import posts");
        }
        if (imported.isEmpty()) {
            return 0;
        }
        if (imported.size() > MAX_IMPORT) {
            throw new BylineException.Invalid("posts", "must be at most " + MAX_IMPORT);
        }
        var now = clock.instant();
        if (imported.stream().map(ImportedPost::createdAt).anyMatch(time -> time.isAfter(now))) {
            throw new BylineException.Invalid("created_at", "must not be in the future");
        }
        return cache.writing(touched -> database.write(dsl -> importAll(dsl, imported, touched)));
    }

    private static int importAll(DSLContext dsl, Collection<ImportedPost> imported, Set<CacheKey<?>> touched) {
        var authors = new LinkedHashMap<String, NewUser>();
        imported.forEach(post -> authors.putIfAbsent(post.author().email(), post.author()));
        PostSql.ensureUsers(dsl, authors.values());
        touched.add(Users.NEWEST);
        var ids = PostSql.idsByEmail(dsl, authors.keySet());
        for (var id : ids.values()) { // somebody may have looked for a new one in vain
            touched.add(Users.cached(id));
            touched.add(PostCache.author(id));
        }
        if (!ids.keySet().equals(authors.keySet())) {
            throw deletedMeanwhile();
        }
        var posts = imported.stream()
                .map(post -> new NewPost(
                        post.title(),
                        post.body(),
                        Metadata.EMPTY,
                        PostStatus.PUBLISHED,
                        ids.get(post.author().email()),
                        post.createdAt()))
                .collect(Collectors.toCollection(LinkedHashSet::new));
        posts.removeAll(PostSql.alreadyThere(dsl, posts));
        if (posts.isEmpty()) {
            return 0;
        }
        var written = PostSql.insert(dsl, List.copyOf(posts), 0);
        if (written.size() < posts.size()) {
            throw deletedMeanwhile();
        }
        touched.add(FEED);
        written.forEach(post -> touch(touched, post));
        return posts.size();
    }

    private static BylineException.Conflict deletedMeanwhile() {
        return new BylineException.Conflict("an author was deleted meanwhile");
    }

    private static BylineException.NotFound notFound() {
        return new BylineException.NotFound("post");
    }
}
