package dev.byline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.byline.internal.cache.TestRedis;
import dev.byline.migrations.LeakCheck;
import dev.byline.migrations.TestDatabase;
import dev.byline.model.BylineConfig;
import dev.byline.model.BylineException;
import dev.byline.model.Metadata;
import dev.byline.model.NewPost;
import dev.byline.model.NewUser;
import dev.byline.model.PageRequest;
import dev.byline.model.Password;
import dev.byline.model.Post;
import dev.byline.model.PostChange;
import dev.byline.model.PostFilter;
import dev.byline.model.PostStatus;
import dev.byline.model.Principal;
import dev.byline.model.Role;
import dev.byline.model.User;
import dev.byline.model.UserChange;
import dev.byline.model.UserFilter;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Two Bylines on one database and one Redis. Cached values live longer than the test: only an invalidation makes a
 * write visible to the other node.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(60)
class TwoNodesTest {
    private static final Principal OPERATOR = new Principal.Operator();
    private static final Principal NOBODY = new Principal.Anonymous();
    private static final PageRequest FIRST = PageRequest.first(20);

    @RegisterExtension
    private final LeakCheck leaks = new LeakCheck();

    private final TestDatabase database = TestDatabase.migrated();
    private final TestRedis redis = new TestRedis();
    private final Byline a = open();
    private final Byline b = open();
    private int count;

    TwoNodesTest() {
        leaks.watch(() -> CoreTest.acquired(a));
        leaks.watch(() -> CoreTest.acquired(b));
    }

    private Byline open() {
        var cache = new BylineConfig.Cache(true, Duration.ofHours(1), Duration.ofHours(2), 10 << 20, redis.uri());
        return Byline.open(BylineConfig.of(database.url()).withCache(cache));
    }

    @BeforeAll
    void awaitSubscriptions() {
        var admin = new NewUser("admin@localhost", "Admin", Metadata.EMPTY);
        assertThat(a.users().ensureAdmin(OPERATOR, admin)).isPresent();
        var user = newUser();
        for (var each = 0;
                !b.users()
                                .get(NOBODY, user.id())
                                .name()
                                .equals(a.users().get(NOBODY, user.id()).name())
                        || each == 0;
                each++) {
            a.users().change(OPERATOR, user.id(), new UserChange(null, "n" + each, null, null, null));
            pause();
        }
    }

    @AfterAll
    void close() {
        a.close();
        b.close();
        redis.close();
        database.close();
    }

    private static void pause() {
        try {
            Thread.sleep(20);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private User newUser() {
        return a.users()
                .create(
                        NOBODY,
                        new NewUser(
                                "node" + ++count + "@example.com",
                                "N",
                                new Password("correct horse battery"),
                                Metadata.EMPTY));
    }

    private static Principal as(User user) {
        return new Principal.Member(user.id(), Role.USER);
    }

    private Post newPost(User author, PostStatus status) {
        return a.posts().create(as(author), new NewPost("old", "", Metadata.EMPTY, status, null, null));
    }

    private static PostChange title(String title) {
        return new PostChange(title, null, null, null);
    }

    private static <T> void eventually(Supplier<T> actual, T expected) {
        while (!actual.get().equals(expected)) {
            pause(); // until the timeout of the test
        }
    }

    private static void eventuallyRefused(ThrowingCallable attempt, Class<? extends Throwable> kind) {
        while (true) {
            try {
                attempt.call();
                pause();
            } catch (Throwable e) {
                assertThat(e).isInstanceOf(kind);
                return;
            }
        }
    }

    private List<String> feed(Byline node) {
        return node.posts().feed(NOBODY, PostFilter.NONE, FIRST).items().stream()
                .map(Post::title)
                .toList();
    }

    private List<String> ofAuthor(Byline node, User author) {
        return node.posts().byAuthor(NOBODY, author.id(), FIRST).items().stream()
                .map(Post::title)
                .toList();
    }

    @Nested
    class Posts {
        @Test
        void aChangedOrDeletedPostIsVisibleToBothNodes() {
            var author = newUser();
            var post = newPost(author, PostStatus.PUBLISHED);
            for (var node : List.of(a, b, a, b)) {
                assertThat(node.posts().get(NOBODY, post.id()).title()).isEqualTo("old");
                assertThat(ofAuthor(node, author)).containsExactly("old");
                assertThat(feed(node)).contains("old");
            }

            a.posts().change(as(author), post.id(), title("new " + post.id()));

            assertThat(a.posts().get(NOBODY, post.id()).title()).isEqualTo("new " + post.id());
            assertThat(feed(a)).contains("new " + post.id());
            assertThat(ofAuthor(a, author)).containsExactly("new " + post.id());
            eventually(() -> b.posts().get(NOBODY, post.id()).title(), "new " + post.id());
            eventually(() -> feed(b).contains("new " + post.id()), true);
            eventually(() -> ofAuthor(b, author), List.of("new " + post.id()));

            b.posts().delete(as(author), post.id());
            assertThatThrownBy(() -> b.posts().get(NOBODY, post.id())).isInstanceOf(BylineException.NotFound.class);
            assertThat(ofAuthor(b, author)).isEmpty();
            eventuallyRefused(() -> a.posts().get(NOBODY, post.id()), BylineException.NotFound.class);
            eventually(() -> ofAuthor(a, author), List.of());
            eventually(() -> feed(a).contains("new " + post.id()), false);
        }

        /** The name of an author is as current as any other cached value: docs/caching.md. */
        @Test
        void theFeedShowsAChangedNameOnBothNodes() {
            var author = newUser();
            newPost(author, PostStatus.PUBLISHED);
            for (var node : List.of(a, b, a, b)) {
                assertThat(nameInFeed(node, author)).isEqualTo("N");
            }

            a.users().change(as(author), author.id(), new UserChange(null, "Changed", null, null, null));

            assertThat(nameInFeed(a, author)).isEqualTo("Changed");
            eventually(() -> nameInFeed(b, author), "Changed");
            a.users().delete(as(author), author.id());
            assertThat(nameInFeed(a, author)).isEmpty();
            eventually(() -> nameInFeed(b, author), "");
        }

        private String nameInFeed(Byline node, User author) {
            return node.posts().feedWithAuthors(NOBODY, PostFilter.NONE, FIRST).authors().stream()
                    .filter(user -> user.id() == author.id())
                    .map(User::name)
                    .findFirst()
                    .orElse("");
        }

        @Test
        void aNewPostReplacesACachedNotFound() {
            var author = newUser();
            var next = newPost(author, PostStatus.PUBLISHED).id() + 1;
            assertThatThrownBy(() -> a.posts().get(NOBODY, next)).isInstanceOf(BylineException.NotFound.class);
            assertThatThrownBy(() -> b.posts().get(NOBODY, next)).isInstanceOf(BylineException.NotFound.class);

            assertThat(newPost(author, PostStatus.PUBLISHED).id()).isEqualTo(next);

            assertThat(a.posts().get(NOBODY, next).title()).isEqualTo("old");
            eventually(
                    () -> {
                        try {
                            return b.posts().get(NOBODY, next).title();
                        } catch (BylineException.NotFound e) {
                            return "";
                        }
                    },
                    "old");
        }

        @Test
        void aCachedDraftIsVisibleToItsAuthorOnly() {
            var author = newUser();
            var draft = newPost(author, PostStatus.DRAFT);
            for (var node : List.of(a, b)) {
                assertThat(node.posts().get(as(author), draft.id()).title()).isEqualTo("old");
                assertThatThrownBy(() -> node.posts().get(NOBODY, draft.id()))
                        .isInstanceOf(BylineException.NotFound.class);
                assertThatThrownBy(() -> node.posts().get(as(newUser()), draft.id()))
                        .isInstanceOf(BylineException.NotFound.class);
                assertThat(node.posts().byAuthor(as(author), author.id(), FIRST).items())
                        .hasSize(1);
                assertThat(ofAuthor(node, author)).isEmpty();
            }
        }

        /** A short first page is cut from the cached one. */
        @Test
        void aShortFirstPageFromTheCacheHasACursorToTheRest() {
            var author = newUser();
            for (int i = 0; i < 5; i++) {
                newPost(author, PostStatus.PUBLISHED);
            }
            for (int limit = 1; limit <= 5; limit++) {
                var page = b.posts().byAuthor(NOBODY, author.id(), PageRequest.first(limit));
                assertThat(page.items()).hasSize(limit);
                assertThat(page.nextCursor() == null).isEqualTo(limit == 5);
                if (page.nextCursor() != null) {
                    var rest = b.posts().byAuthor(NOBODY, author.id(), new PageRequest(20, page.nextCursor()));
                    assertThat(rest.items()).hasSize(5 - limit);
                }
            }
        }
    }

    @Nested
    class Users {
        @Test
        void aRenamedUserIsListedOnBothNodes() {
            var user = newUser();
            assertThat(names(a)).isNotEmpty();
            assertThat(names(b)).isNotEmpty();
            a.users().change(as(user), user.id(), new UserChange(null, "renamed " + user.id(), null, null, null));
            assertThat(names(a)).contains("renamed " + user.id());
            eventually(() -> names(b).contains("renamed " + user.id()), true);
        }

        private static List<String> names(Byline node) {
            return node.users().list(NOBODY, UserFilter.NONE, FIRST).items().stream()
                    .map(User::name)
                    .toList();
        }

        @Test
        void aCachedUserShowsItsEmailToThatUserOnly() {
            var user = newUser();
            for (var node : List.of(a, b, a, b)) {
                assertThat(node.users().get(as(user), user.id()).email()).isEqualTo(user.email());
                assertThat(node.users().get(NOBODY, user.id()).email()).isNull();
                assertThat(node.users().list(NOBODY, UserFilter.NONE, FIRST).items())
                        .allMatch(each -> each.email() == null && each.role() == null);
                assertThat(node.posts()
                                .withAuthor(NOBODY, user.id(), FIRST)
                                .author()
                                .email())
                        .isNull();
            }
        }

        @Test
        void aDeletedUserIsGoneOnBothNodesWithPostsAndTokens() {
            var author = newUser();
            var post = newPost(author, PostStatus.PUBLISHED);
            a.posts().change(as(author), post.id(), title("ghost"));
            var token = a.tokens().issue(OPERATOR, author.id(), null).secret();
            eventually(() -> feed(b).contains("ghost"), true);
            eventually(() -> b.posts().get(NOBODY, post.id()).title(), "ghost");
            assertThat(b.tokens().authenticate(token)).isNotNull();

            a.users().delete(as(author), author.id());

            assertThatThrownBy(() -> a.posts().get(NOBODY, post.id())).isInstanceOf(BylineException.NotFound.class);
            assertThatThrownBy(() -> a.tokens().authenticate(token))
                    .isInstanceOf(BylineException.Unauthenticated.class);
            assertThat(feed(a)).doesNotContain("ghost");
            eventuallyRefused(() -> b.users().get(NOBODY, author.id()), BylineException.NotFound.class);
            assertThatThrownBy(() -> b.posts().get(NOBODY, post.id())).isInstanceOf(BylineException.NotFound.class);
            assertThatThrownBy(() -> ofAuthor(b, author)).isInstanceOf(BylineException.NotFound.class);
            assertThatThrownBy(() -> b.tokens().authenticate(token))
                    .isInstanceOf(BylineException.Unauthenticated.class);
            eventually(() -> feed(b).contains("ghost"), false);
        }

        @Test
        void lostRightsAreLostOnBothNodes() {
            var user = newUser();
            var kept = a.tokens().issue(OPERATOR, user.id(), null);
            var revoked = a.tokens().issue(OPERATOR, user.id(), null);
            for (var node : List.of(a, b)) {
                assertThat(node.tokens().authenticate(kept.secret()).isAdmin()).isFalse();
                assertThat(node.tokens().authenticate(revoked.secret()).isAdmin())
                        .isFalse();
            }
            a.tokens().revoke(as(user), revoked.token().id());
            assertThatThrownBy(() -> a.tokens().authenticate(revoked.secret()))
                    .isInstanceOf(BylineException.Unauthenticated.class);
            eventuallyRefused(() -> b.tokens().authenticate(revoked.secret()), BylineException.Unauthenticated.class);

            a.users().change(OPERATOR, user.id(), new UserChange(null, null, null, null, Role.ADMIN));
            eventually(() -> b.tokens().authenticate(kept.secret()).isAdmin(), true);
            a.users().change(OPERATOR, user.id(), new UserChange(null, null, null, null, Role.USER));
            eventually(() -> b.tokens().authenticate(kept.secret()).isAdmin(), false);

            a.users().change(OPERATOR, user.id(), new UserChange(null, null, null, false, null));
            eventuallyRefused(() -> b.tokens().authenticate(kept.secret()), BylineException.Unauthenticated.class);
            a.users().change(OPERATOR, user.id(), new UserChange(null, null, null, true, null));
            assertThat(a.tokens().authenticate(kept.secret()).is(user.id())).isTrue();

            var password = new Password("a new one, quite different");
            a.users().change(OPERATOR, user.id(), new UserChange(null, null, password, null, null, null));
            assertThatThrownBy(() -> a.tokens().authenticate(kept.secret()))
                    .isInstanceOf(BylineException.Unauthenticated.class);
            eventuallyRefused(() -> b.tokens().authenticate(kept.secret()), BylineException.Unauthenticated.class);
        }
    }
}
