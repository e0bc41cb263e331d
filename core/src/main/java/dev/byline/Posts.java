package dev.byline;

import dev.byline.internal.cache.CacheKey;
import dev.byline.internal.cache.CacheKeys;
import dev.byline.internal.cache.TieredCache;
import dev.byline.internal.sql.AuthorDeletedException;
import dev.byline.internal.sql.Cursor;
import dev.byline.internal.sql.Keyset;
import dev.byline.internal.sql.PostSearchSql;
import dev.byline.internal.sql.PostSql;
import dev.byline.internal.sql.PostWriteSql;
import dev.byline.internal.sql.UserSql;
import dev.byline.internal.store.IdempotentRequest;
import dev.byline.internal.store.SnapshotFormat;
import dev.byline.internal.store.Store;
import dev.byline.internal.store.Tx;
import dev.byline.model.AuthorWithPosts;
import dev.byline.model.BylineException;
import dev.byline.model.ConflictReason;
import dev.byline.model.Created;
import dev.byline.model.ExpectedVersion;
import dev.byline.model.FieldError;
import dev.byline.model.IdempotencyKey;
import dev.byline.model.ImportedPost;
import dev.byline.model.NewPost;
import dev.byline.model.Page;
import dev.byline.model.PageRequest;
import dev.byline.model.Post;
import dev.byline.model.PostChange;
import dev.byline.model.PostFilter;
import dev.byline.model.PostStatus;
import dev.byline.model.PostWithAuthor;
import dev.byline.model.Principal;
import dev.byline.model.Selection;
import dev.byline.model.User;
import dev.byline.model.WithAuthors;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import org.jooq.DSLContext;
import org.jspecify.annotations.Nullable;

/**
 * The use cases of posts. Safe for use by several threads; every method blocks for the database or for the cache.
 *
 * <p>Cached: posts by id, the first page of the feed, each author with the first page of their published posts. A write
 * invalidates these after its commit; the decision to write is made on data from the database.
 *
 * <p>A draft is visible only to its author and to admins; for everyone else it doesn't exist. All methods throw
 * {@link BylineException.Unavailable} when the database is unavailable, overloaded or too slow.
 */
public final class Posts {
    /** The most posts of one {@link #createAll}. */
    public static final int MAX_BATCH = 100;

    /** The number of newest matches that are ranked. */
    public static final int MAX_RANKED = 500;

    /** The most posts of one {@link #importAll}. */
    public static final int MAX_IMPORT = 1000;

    /** The most keys of one batched look-up: a post may be large. */
    private static final int MAX_SHARED = 16;

    private final Store store;
    private final TieredCache cache;
    private final Users users;
    private final InstantSource clock;
    private final Function<Long, Optional<Shared>> byId;

    Posts(Store store, TieredCache cache, Users users, InstantSource clock) {
        this.store = store;
        this.cache = cache;
        this.users = users;
        this.clock = clock;
        this.byId = store.lookup(MAX_SHARED, Posts::share);
    }

    /**
     * The result of a batched look-up by id.
     *
     * @param post null when it was too large to be sent in the batch
     */
    private record Shared(@Nullable Post post) {}

    private static Map<Long, Shared> share(DSLContext dsl, Set<Long> ids) {
        var selection = PostSql.byIds(dsl, true, ids);
        var found = HashMap.<Long, Shared>newHashMap(ids.size());
        selection.items().forEach(post -> found.put(post.id(), new Shared(post)));
        selection.remainingIds().forEach(id -> found.put(id, new Shared(null)));
        return found;
    }

    private Optional<Post> load(long id) {
        return byId.apply(id).flatMap(shared -> shared.post() == null ? loadAlone(id) : Optional.of(shared.post()));
    }

    private Optional<Post> loadAlone(long id) {
        return store.read(dsl -> PostSql.byIds(dsl, true, Set.of(id))).items().stream()
                .findFirst();
    }

    /**
     * Creates a post: {@link #create(Principal, NewPost, IdempotencyKey)} without a key.
     *
     * @param principal as in the linked method
     * @param post as in the linked method
     */
    public Post create(Principal principal, NewPost post) {
        return create(principal, post, null).value();
    }

    /**
     * Creates a post. With a key, a retry of the same request returns the post that the first attempt created.
     *
     * @param principal its author, or an admin
     * @param post the post to create
     * @param key null to create another post each time
     * @throws BylineException.Forbidden when the principal is anonymous, or isn't an admin and sets the author or the
     *     time
     * @throws BylineException.Invalid when the author doesn't exist or the time is in the future
     * @throws BylineException.InProgress when another request with this key is in progress
     * @throws BylineException.KeyReused when the key was used for another request, or the author was deleted
     * @throws BylineException.Conflict when another version of Byline stored the result in a format that this one can't
     *     read
     */
    public Created<Post> create(Principal principal, NewPost post, @Nullable IdempotencyKey key) {
        var authors = authors(principal, List.of(post), BARE);
        if (key == null) {
            var created = retrying(() -> store.writeOne(principal, tx -> insert(tx, List.of(post), authors, BARE)));
            return new Created<>(created.getFirst(), false);
        }
        var request = IdempotentRequest.createPost(principal, key, post);
        return retrying(() -> store.createOnce(
                principal,
                request,
                SnapshotFormat.POST,
                tx -> insert(tx, List.of(post), authors, BARE).getFirst(),
                created -> Set.of(created.userId())));
    }

    /**
     * Creates several posts, all or none: {@link #createAll(Principal, List, IdempotencyKey)} without a key.
     *
     * @param principal as in the linked method
     * @param posts as in the linked method
     */
    public List<Post> createAll(Principal principal, List<NewPost> posts) {
        return createAll(principal, posts, null).value();
    }

    /**
     * Creates several posts, all or none. With a key, a retry of the same request returns the posts that the first
     * attempt created.
     *
     * @param principal their author, or an admin
     * @param posts 1 to {@value #MAX_BATCH} posts
     * @param key null to create other posts each time
     * @return the posts in the same order
     * @throws BylineException.Forbidden as in {@link #create}
     * @throws BylineException.Invalid as in {@link #create}, with fields such as {@code /posts/3/title}; or for the
     *     field {@code posts}, when there are none or too many
     * @throws BylineException.InProgress as in {@link #create}
     * @throws BylineException.KeyReused as in {@link #create}
     */
    public Created<List<Post>> createAll(Principal principal, List<NewPost> posts, @Nullable IdempotencyKey key) {
        if (posts.isEmpty() || posts.size() > MAX_BATCH) {
            throw new BylineException.Invalid("posts", "must hold 1 to " + MAX_BATCH + " posts");
        }
        var authors = authors(principal, posts, IN_BATCH);
        if (key == null) {
            return new Created<>(
                    retrying(() -> store.write(principal, tx -> insert(tx, posts, authors, IN_BATCH))), false);
        }
        var request = IdempotentRequest.createPosts(principal, key, posts);
        return retrying(() -> store.createOnce(
                principal,
                request,
                SnapshotFormat.POSTS,
                tx -> insert(tx, posts, authors, IN_BATCH),
                created -> created.stream().map(Post::userId).collect(Collectors.toSet())));
    }

    private static final FieldName BARE = (index, field) -> field;
    private static final FieldName IN_BATCH = (index, field) -> "/posts/" + index + "/" + field;

    /** Names a field of the n-th post in an error. */
    private interface FieldName {
        String of(int index, String field);
    }

    /** Returns the author of each post, by the rules for the principal. */
    private List<Long> authors(Principal principal, List<NewPost> posts, FieldName name) {
        var self = self(principal, posts);
        var now = clock.instant();
        var authors = new ArrayList<Long>();
        var errors = new ArrayList<FieldError>();
        for (int i = 0; i < posts.size(); i++) {
            var post = posts.get(i);
            if (post.publishedAt() != null && post.publishedAt().isAfter(now)) {
                errors.add(new FieldError(name.of(i, "published_at"), "must not be in the future"));
            }
            var author = post.userId() == null ? self : post.userId();
            if (author == null) {
                errors.add(new FieldError(name.of(i, "user_id"), "is required: an operator must name the author"));
            } else {
                authors.add(author);
            }
        }
        if (!errors.isEmpty()) {
            throw new BylineException.Invalid(errors);
        }
        return authors;
    }

    private static @Nullable Long self(Principal principal, List<NewPost> posts) {
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

    /**
     * Retries once. An author can be deleted while their post is inserted: the second attempt finds out which author is
     * missing.
     */
    private static <T> T retrying(Supplier<T> write) {
        try {
            return write.get();
        } catch (AuthorDeletedException first) {
            try {
                return write.get();
            } catch (AuthorDeletedException second) {
                throw deletedMeanwhile();
            }
        }
    }

    private static List<Post> insert(Tx tx, List<NewPost> posts, List<Long> authors, FieldName name) {
        authors.forEach(author -> tx.invalidate(CacheKeys.postsChanging(author)));
        tx.concerns(authors);
        var created = PostWriteSql.insert(tx.dsl(), posts, authors);
        if (created.size() < posts.size()) {
            throw missingAuthors(tx.dsl(), authors, name);
        }
        created.forEach(post -> tx.invalidate(CacheKeys.postChanged(post.id(), post.userId())));
        return created;
    }

    private static BylineException.Invalid missingAuthors(DSLContext dsl, List<Long> authors, FieldName name) {
        var existing = UserSql.existing(dsl, authors);
        var errors = new ArrayList<FieldError>();
        for (int i = 0; i < authors.size(); i++) {
            if (!existing.contains(authors.get(i))) {
                errors.add(new FieldError(name.of(i, "user_id"), "is not the id of a user"));
            }
        }
        return new BylineException.Invalid(errors);
    }

    /**
     * Finds a post.
     *
     * @param principal anyone; drafts only for the author and admins
     * @param id the post's id
     * @throws BylineException.NotFound when it doesn't exist or isn't visible to the principal
     */
    public Post get(Principal principal, long id) {
        return find(principal, id).orElseThrow(Posts::notFound);
    }

    /**
     * Finds a post that may not exist, or may not be visible to the principal.
     *
     * @param principal as in {@link #get}
     * @param id the post's id
     */
    public Optional<Post> find(Principal principal, long id) {
        return store.orStale(
                        () -> row(id),
                        dsl -> PostSql.byIds(dsl, true, Set.of(id)).items().stream()
                                .findFirst())
                .filter(post -> post.publishedAt() != null || principal.isAdminOr(post.userId()));
    }

    /** Finds the post, cached or not. */
    private Optional<Post> row(long id) {
        var found = cache.lookUp(CacheKeys.post(id), () -> load(id));
        return found.value().filter(post -> found.loaded() || isOwned(post.userId()));
    }

    /**
     * Finds a post with its author, in one statement that no cache answers.
     *
     * @param principal as in {@link #get}
     * @param id the post's id
     * @throws BylineException.NotFound as in {@link #get}
     */
    public PostWithAuthor getWithAuthor(Principal principal, long id) {
        Function<DSLContext, Optional<PostWithAuthor>> query = dsl -> PostSql.byIdWithAuthor(dsl, principal, id);
        return store.orStale(() -> store.read(query), query).orElseThrow(Posts::notFound);
    }

    /**
     * Returns whether the author exists. A cached post is valid only as long as its author: the deletion of a user may
     * affect too many posts to invalidate each one.
     */
    private boolean isOwned(long userId) {
        return !cache.isEnabled() || users.owner(userId).isPresent();
    }

    /**
     * Finds several published posts at once.
     *
     * @param principal anyone
     * @param ids up to 100 ids; duplicates count once
     * @return the posts that exist and are published, in the order of the ids
     * @throws BylineException.Invalid when there are more than 100
     */
    public Selection<Post> byIds(Principal principal, Collection<Long> ids) {
        var wanted = Keyset.distinct(ids);
        return Keyset.selection(
                store.readOnReplica(principal, dsl -> PostSql.byIds(dsl, false, wanted)), Post::id, Post::jsonBytes);
    }

    /**
     * Finds several published posts with their authors at once.
     *
     * @param principal as in {@link #byIds}
     * @param ids as in {@link #byIds}
     * @throws BylineException.Invalid as in {@link #byIds}
     */
    public WithAuthors<Selection<Post>> byIdsWithAuthors(Principal principal, Collection<Long> ids) {
        var wanted = Keyset.distinct(ids);
        return selected(store.readOnReplica(principal, dsl -> PostSql.byIdsWithAuthors(dsl, wanted)));
    }

    private static WithAuthors<Selection<Post>> selected(Selection<PostWithAuthor> found) {
        var fitting = Keyset.selection(found, each -> each.post().id(), PostWithAuthor::jsonBytes);
        return new WithAuthors<>(
                new Selection<>(posts(fitting.items()), fitting.remainingIds()), authors(fitting.items()));
    }

    private static WithAuthors<Page<Post>> paged(Page<PostWithAuthor> page) {
        return new WithAuthors<>(new Page<>(posts(page.items()), page.nextCursor()), authors(page.items()));
    }

    private static List<Post> posts(List<PostWithAuthor> rows) {
        return rows.stream().map(PostWithAuthor::post).toList();
    }

    private static List<User> authors(List<PostWithAuthor> rows) {
        var authors = new LinkedHashMap<Long, User>();
        rows.forEach(row -> authors.putIfAbsent(row.author().id(), row.author()));
        return List.copyOf(authors.values());
    }

    /**
     * Lists published posts, newest publication first. A cached page may be the same instance as before.
     *
     * @param principal anyone
     * @param filter which posts
     * @param request which page
     * @throws BylineException.BadCursor when the cursor belongs to another list
     */
    public Page<Post> feed(Principal principal, PostFilter filter, PageRequest request) {
        var after = Keyset.position(request, Keyset.list(filter));
        if (filter.isSearch()) {
            return search(principal, filter, request, after);
        }
        if (!cache.isEnabled()
                || after != null
                || !filter.equals(PostFilter.NONE)
                || request.limit() > PageRequest.DEFAULT_LIMIT) {
            return store.readOnReplica(principal, dsl -> feed(dsl, filter, after, request));
        }
        var whole = PageRequest.first(PageRequest.DEFAULT_LIMIT);
        var first = firstPage(CacheKeys.FEED, dsl -> feed(dsl, filter, null, whole));
        return Keyset.first(first, request.limit(), Keyset.list(filter), Posts::published);
    }

    /**
     * Lists published posts with their authors, as {@link #feed(Principal, PostFilter, PageRequest)} does and with the same
     * cursors. A page may have fewer posts than without authors, because these count for its size. The cached first page
     * is as current as any other value in the cache, the names of the authors included.
     *
     * @param principal anyone
     * @param filter which posts
     * @param request which page
     * @throws BylineException.BadCursor when the cursor belongs to another list
     */
    public WithAuthors<Page<Post>> feedWithAuthors(Principal principal, PostFilter filter, PageRequest request) {
        var after = Keyset.position(request, Keyset.list(filter));
        if (filter.isSearch()) {
            var found = store.readOnReplica(
                    principal, dsl -> PostSearchSql.searchWithAuthors(dsl, filter, after, request.limit() + 1));
            return paged(searched(found, filter, request, each -> published(each.post()), PostWithAuthor::jsonBytes));
        }
        if (!cache.isEnabled()
                || after != null
                || !filter.equals(PostFilter.NONE)
                || request.limit() != PageRequest.DEFAULT_LIMIT) {
            return store.readOnReplica(principal, dsl -> feedWithAuthors(dsl, filter, after, request));
        }
        return firstPage(CacheKeys.FEED_WITH_AUTHORS, dsl -> feedWithAuthors(dsl, filter, null, request));
    }

    /** Finds a first page in the cache, which loads it from the primary. */
    private <T> T firstPage(CacheKey<T> key, Function<DSLContext, T> page) {
        return store.orStale(
                () -> cache.get(key, () -> Optional.of(store.read(page))).orElseThrow(Posts::notFound), page);
    }

    private static WithAuthors<Page<Post>> feedWithAuthors(
            DSLContext dsl, PostFilter filter, @Nullable Cursor after, PageRequest request) {
        var rows = PostSql.feedWithAuthors(dsl, filter, after, request.limit() + 1);
        return paged(Keyset.page(
                rows, request, Keyset.list(filter), each -> published(each.post()), PostWithAuthor::jsonBytes));
    }

    private static Page<Post> feed(DSLContext dsl, PostFilter filter, @Nullable Cursor after, PageRequest request) {
        var rows = PostSql.feed(dsl, filter, after, request.limit() + 1);
        return page(rows, request, Keyset.list(filter), Posts::published);
    }

    private static Page<Post> page(List<Post> rows, PageRequest request, String list, Function<Post, Cursor> position) {
        return Keyset.page(rows, request, list, position, Post::jsonBytes);
    }

    /**
     * Searches posts. A page may be short or empty and still have a next cursor: each call examines a limited number of
     * posts.
     */
    private Page<Post> search(Principal principal, PostFilter filter, PageRequest request, @Nullable Cursor after) {
        var found =
                store.readOnReplica(principal, dsl -> PostSearchSql.search(dsl, filter, after, request.limit() + 1));
        return searched(found, filter, request, Posts::published, Post::jsonBytes);
    }

    private static <T> Page<T> searched(
            PostSearchSql.Found<T> found,
            PostFilter filter,
            PageRequest request,
            Function<T, Cursor> position,
            ToLongFunction<T> bytes) {
        var list = Keyset.list(filter);
        var edge = found.edge();
        var page = Keyset.page(found.posts(), request, list, position, bytes);
        return page.nextCursor() == null && edge != null ? new Page<>(page.items(), edge.encode(list)) : page;
    }

    private static Cursor published(Post post) {
        return new Cursor(Objects.requireNonNull(post.publishedAt()), post.id());
    }

    /**
     * Finds the posts that match a query best, among the newest {@value #MAX_RANKED} matches: the time to rank all
     * would grow with their number. A word in the title counts more than one in the body.
     *
     * @param principal anyone
     * @param filter which posts, with a query
     * @param limit the most posts, as in {@link PageRequest}
     * @return the best match first
     * @throws BylineException.Invalid when there is no query, or the limit is out of range
     */
    public Selection<Post> mostRelevant(Principal principal, PostFilter filter, int limit) {
        var wanted = ranked(filter, limit);
        return Keyset.selection(
                store.readOnReplica(principal, dsl -> PostSearchSql.mostRelevant(dsl, filter, MAX_RANKED, wanted)),
                Post::id,
                Post::jsonBytes);
    }

    /**
     * Finds posts as {@link #mostRelevant} does, with their authors.
     *
     * @param principal as in the linked method
     * @param filter as in the linked method
     * @param limit as in the linked method
     * @throws BylineException.Invalid as in the linked method
     */
    public WithAuthors<Selection<Post>> mostRelevantWithAuthors(Principal principal, PostFilter filter, int limit) {
        var wanted = ranked(filter, limit);
        return selected(store.readOnReplica(
                principal, dsl -> PostSearchSql.mostRelevantWithAuthors(dsl, filter, MAX_RANKED, wanted)));
    }

    private static int ranked(PostFilter filter, int limit) {
        if (filter.query() == null) {
            throw new BylineException.Invalid("q", "is required for this order");
        }
        return PageRequest.first(limit).limit();
    }

    /**
     * Lists an author's posts by creation time, newest first.
     *
     * @param principal anyone; drafts only for the author and admins
     * @param author the author's id
     * @param request which page
     * @throws BylineException.NotFound when the user doesn't exist
     * @throws BylineException.BadCursor when the cursor belongs to another list
     */
    public Page<Post> byAuthor(Principal principal, long author, PageRequest request) {
        return withAuthor(principal, author, request).posts();
    }

    /**
     * Lists the posts of a user that have one status, newest first by the time they were written.
     *
     * @param principal anyone for published posts; the author or an admin for drafts
     * @param author the user's id
     * @param status of the posts
     * @param request which page
     * @throws BylineException.Forbidden when the principal may not see the drafts
     * @throws BylineException.NotFound when the user doesn't exist
     * @throws BylineException.BadCursor when the cursor belongs to another list
     */
    public Page<Post> byAuthor(Principal principal, long author, PostStatus status, PageRequest request) {
        if (status == PostStatus.DRAFT && !principal.isAdminOr(author)) {
            throw new BylineException.Forbidden("only the author and admins may list drafts");
        }
        var shown = status == PostStatus.DRAFT ? PostSql.Shown.DRAFTS : PostSql.Shown.PUBLISHED;
        var list = list(author) + "?status=" + status.text();
        var after = Keyset.position(request, list);
        var rows = store.readOnReplica(
                        principal, dsl -> PostSql.byAuthor(dsl, author, shown, after, request.limit() + 1))
                .orElseThrow(Posts::noUser);
        return page(rows.posts(), request, list, Posts::written);
    }

    /**
     * Finds a user with a page of their posts, in one statement. A cached result may be the same instance as before.
     *
     * @param principal as in {@link #byAuthor}
     * @param author as in {@link #byAuthor}
     * @param request as in {@link #byAuthor}
     * @throws BylineException.NotFound when the user doesn't exist
     * @throws BylineException.BadCursor when the cursor belongs to another list
     */
    public AuthorWithPosts withAuthor(Principal principal, long author, PageRequest request) {
        var after = Keyset.position(request, list(author));
        if (!cache.isEnabled()
                || principal.isAdminOr(author)
                || after != null
                || request.limit() > PageRequest.DEFAULT_LIMIT) {
            return store.readOnReplica(principal, dsl -> read(dsl, principal, author, after, request))
                    .orElseThrow(Posts::noUser);
        }
        var anyone = new Principal.Anonymous();
        var whole = PageRequest.first(PageRequest.DEFAULT_LIMIT);
        Function<DSLContext, Optional<AuthorWithPosts>> page = dsl -> read(dsl, anyone, author, null, whole);
        var first = store.orStale(() -> cache.get(CacheKeys.author(author), () -> store.read(page)), page)
                .orElseThrow(Posts::noUser);
        return request.equals(whole)
                ? first
                : new AuthorWithPosts(
                        first.author(), Keyset.first(first.posts(), request.limit(), list(author), Posts::written));
    }

    private static Optional<AuthorWithPosts> read(
            DSLContext dsl, Principal viewer, long author, @Nullable Cursor after, PageRequest request) {
        var shown = viewer.isAdminOr(author) ? PostSql.Shown.ALL : PostSql.Shown.PUBLISHED;
        return PostSql.byAuthor(dsl, author, shown, after, request.limit() + 1)
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
     * @param principal as in the linked method
     * @param id as in the linked method
     * @param change as in the linked method
     */
    public Post change(Principal principal, long id, PostChange change) {
        return change(principal, id, change, ExpectedVersion.ANY);
    }

    /**
     * Changes a post.
     *
     * @param principal its author or an admin
     * @param id the post's id
     * @param change the change; if it changes nothing, the version stays the same
     * @param expected the versions that may be changed
     * @return the post after the change
     * @throws BylineException.NotFound when it doesn't exist or isn't visible to the principal
     * @throws BylineException.Forbidden when the principal may only read it
     * @throws BylineException.Stale when it has another version
     * @throws BylineException.Invalid when the merged metadata is too large
     */
    public Post change(Principal principal, long id, PostChange change, ExpectedVersion expected) {
        return change.isEmpty()
                ? store.read(dsl -> unchanged(dsl, principal, id, expected))
                : store.write(principal, tx -> {
                    tx.invalidate(CacheKeys.postChanging(id));
                    var changed = PostWriteSql.update(tx.dsl(), principal, id, change, expected)
                            .orElseThrow(() -> refusal(tx.dsl(), principal, id));
                    tx.invalidate(CacheKeys.postChanged(id, changed.userId()));
                    tx.concerns(Set.of(changed.userId()));
                    return changed;
                });
    }

    private static Post unchanged(DSLContext dsl, Principal principal, long id, ExpectedVersion expected) {
        var post = PostSql.byId(dsl, principal, id).orElseThrow(Posts::notFound);
        if (!principal.isAdminOr(post.userId())) {
            throw refusal(dsl, principal, id);
        }
        expected.check(post.version(), post.updatedAt());
        return post;
    }

    /**
     * Deletes a post, whatever its version: {@link #delete(Principal, long, ExpectedVersion)}.
     *
     * @param principal as in the linked method
     * @param id as in the linked method
     */
    public void delete(Principal principal, long id) {
        delete(principal, id, ExpectedVersion.ANY);
    }

    /**
     * Deletes a post.
     *
     * @param principal its author or an admin
     * @param id the post's id
     * @param expected the versions that may be deleted
     * @throws BylineException.NotFound when it doesn't exist or isn't visible to the principal
     * @throws BylineException.Forbidden when the principal may only read it
     * @throws BylineException.Stale when it has another version
     */
    public void delete(Principal principal, long id, ExpectedVersion expected) {
        var unused = store.write(principal, tx -> {
            tx.invalidate(CacheKeys.postChanging(id));
            var author = PostWriteSql.delete(tx.dsl(), principal, id, expected)
                    .orElseThrow(() -> refusal(tx.dsl(), principal, id));
            tx.invalidate(CacheKeys.postChanged(id, author));
            tx.concerns(Set.of(author));
            return author;
        });
    }

    /** Finds out why a write matched no row. Runs only after that, so that a successful write is one statement. */
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
     * Imports posts in one transaction. Authors are found by e-mail address or created. A post that already exists
     * (same author, time, title and body) is skipped, so a repeated import is safe.
     *
     * @param principal an admin
     * @param imported at most {@value #MAX_IMPORT} posts; how many fit into the statement timeout depends on their size
     * @return the number of new posts
     * @throws BylineException.Forbidden when the principal isn't an admin
     * @throws BylineException.Invalid when a time is in the future, or there are too many posts
     * @throws BylineException.Conflict when an author was deleted during the import; nothing was imported
     */
    public int importAll(Principal principal, Collection<ImportedPost> imported) {
        if (!principal.isAdmin()) {
            throw new BylineException.Forbidden("only admins may import posts");
        }
        if (imported.isEmpty()) {
            return 0;
        }
        if (imported.size() > MAX_IMPORT) {
            throw new BylineException.Invalid("posts", "must hold at most " + MAX_IMPORT + " posts");
        }
        var now = clock.instant();
        if (imported.stream().map(ImportedPost::createdAt).anyMatch(time -> time.isAfter(now))) {
            throw new BylineException.Invalid("created_at", "must not be in the future");
        }
        try {
            return store.write(principal, tx -> importAll(tx, imported));
        } catch (AuthorDeletedException e) {
            throw deletedMeanwhile();
        }
    }

    private static int importAll(Tx tx, Collection<ImportedPost> imported) {
        var dsl = tx.dsl();
        var authors = new LinkedHashMap<String, ImportedPost>();
        imported.forEach(post -> authors.merge(
                post.author().email(), post, (first, next) -> first.passwordHash() == null ? next : first));
        tx.invalidate(CacheKeys.userCreating());
        UserSql.insertMissing(dsl, authors.values());
        var ids = UserSql.idsByEmail(dsl, authors.keySet());
        ids.values().forEach(id -> tx.invalidate(CacheKeys.userChanged(id)));
        tx.concerns(ids.values());
        if (!ids.keySet().equals(authors.keySet())) {
            throw deletedMeanwhile();
        }
        var posts = new LinkedHashMap<PostSql.ImportKey, ImportedPost>();
        imported.forEach(post -> posts.putIfAbsent(
                PostSql.ImportKey.of(
                        Objects.requireNonNull(ids.get(post.author().email())), post),
                post));
        posts.keySet().removeAll(PostSql.existing(dsl, posts.keySet()));
        if (posts.isEmpty()) {
            return 0;
        }
        ids.values().forEach(id -> tx.invalidate(CacheKeys.postsChanging(id)));
        var created = PostWriteSql.insertImported(dsl, posts);
        if (created.size() < posts.size()) {
            throw deletedMeanwhile();
        }
        created.forEach(post -> tx.invalidate(CacheKeys.postChanged(post.id(), post.userId())));
        return posts.size();
    }

    private static BylineException.Conflict deletedMeanwhile() {
        return new BylineException.Conflict(
                ConflictReason.AUTHOR_DELETED, "an author was deleted during the request; nothing was changed");
    }

    private static BylineException.NotFound notFound() {
        return new BylineException.NotFound("post");
    }
}
