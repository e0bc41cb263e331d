package dev.byline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.byline.model.BylineException;
import dev.byline.model.FieldError;
import dev.byline.model.ImportedPost;
import dev.byline.model.Metadata;
import dev.byline.model.MetadataChange;
import dev.byline.model.NewPost;
import dev.byline.model.NewUser;
import dev.byline.model.Page;
import dev.byline.model.PageRequest;
import dev.byline.model.Post;
import dev.byline.model.PostChange;
import dev.byline.model.PostFilter;
import dev.byline.model.PostStatus;
import dev.byline.model.Principal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class PostsTest extends CoreTest {
    private static NewPost backdated(String title, @Nullable Long author, String time) {
        return new NewPost(title, "", Metadata.EMPTY, PostStatus.PUBLISHED, author, Instant.parse(time));
    }

    private static PostChange status(PostStatus status) {
        return new PostChange(null, null, null, status);
    }

    private List<Long> walk(Function<PageRequest, Page<Post>> list, int limit) {
        var ids = new ArrayList<Long>();
        @Nullable String cursor = null;
        do {
            var page = list.apply(new PageRequest(limit, cursor));
            page.items().forEach(post -> ids.add(post.id()));
            cursor = page.nextCursor();
        } while (cursor != null);
        return ids;
    }

    private static void assertFields(Throwable thrown, String... fields) {
        assertThat(thrown).isInstanceOf(BylineException.Invalid.class);
        assertThat(((BylineException.Invalid) thrown).errors())
                .extracting(FieldError::field)
                .containsExactly(fields);
    }

    @Nested
    class Writing {
        @Test
        void aNewPostIsPublishedOrADraft() {
            var author = newUser();

            var published = newPost(author, "published");
            var draft = newDraft(author, "draft");

            assertThat(published.publishedAt()).isEqualTo(published.createdAt());
            assertThat(published.status()).isEqualTo(PostStatus.PUBLISHED);
            assertThat(draft.publishedAt()).isNull();
            assertThat(draft.status()).isEqualTo(PostStatus.DRAFT);
            assertThat(byline.posts().get(as(author), draft.id())).isEqualTo(draft);
        }

        @Test
        void titleAndBodyOfTheMaximumLengthAreAccepted() {
            var post = new NewPost(
                    "😀".repeat(NewPost.MAX_TITLE),
                    "😀".repeat(NewPost.MAX_BODY),
                    Metadata.EMPTY,
                    PostStatus.PUBLISHED,
                    null,
                    null);

            assertThat(byline.posts().create(as(newUser()), post).body()).isEqualTo(post.body());
        }

        @Test
        void everyInvalidFieldIsNamed() {
            assertThatThrownBy(() -> new NewPost(
                            "", "x".repeat(NewPost.MAX_BODY + 1), Metadata.EMPTY, PostStatus.DRAFT, -1L, Instant.EPOCH))
                    .satisfies(e -> assertFields(e, "title", "body", "user_id", "published_at"));
        }

        @Test
        void anonymousCallersCannotCreatePosts() {
            assertThatThrownBy(() -> byline.posts().create(NOBODY, post("x", PostStatus.PUBLISHED, null)))
                    .isInstanceOf(BylineException.Forbidden.class);
        }

        @Test
        void onlyAdminsSetAuthorAndTime() {
            var author = newUser();
            var other = newUser();

            assertThatThrownBy(() -> byline.posts().create(as(author), post("x", PostStatus.PUBLISHED, other.id())))
                    .isInstanceOf(BylineException.Forbidden.class);
            assertThatThrownBy(() -> byline.posts().create(as(author), backdated("x", null, "2020-01-01T00:00:00Z")))
                    .isInstanceOf(BylineException.Forbidden.class);

            var backdated = byline.posts().create(asAdmin(author), backdated("x", other.id(), "2020-01-01T00:00:00Z"));
            assertThat(backdated.userId()).isEqualTo(other.id());
            assertThat(backdated.createdAt()).isEqualTo("2020-01-01T00:00:00Z");
            assertThat(backdated.publishedAt()).isEqualTo(backdated.createdAt());
        }

        @Test
        void aTimeInTheFutureIsInvalid() {
            try (var then = Byline.builder()
                    .clock(() -> Instant.parse("2020-01-01T00:00:00Z"))
                    .dataSource(database.dataSource())) {
                var author = newUser();

                assertThatThrownBy(() -> then.posts()
                                .create(OPERATOR, backdated("x", author.id(), "2020-01-01T00:00:00.000001Z")))
                        .satisfies(e -> assertFields(e, "published_at"));
                assertThat(then.posts()
                                .create(OPERATOR, backdated("x", author.id(), "2020-01-01T00:00:00Z"))
                                .publishedAt())
                        .isEqualTo("2020-01-01T00:00:00Z");
            }
        }

        @Test
        void theOperatorMustNameTheAuthor() {
            assertThatThrownBy(() -> byline.posts().create(OPERATOR, post("x", PostStatus.PUBLISHED, null)))
                    .satisfies(e -> assertFields(e, "user_id"));
            assertThatThrownBy(() -> byline.posts().create(OPERATOR, post("x", PostStatus.PUBLISHED, 999_999L)))
                    .satisfies(e -> assertFields(e, "user_id"));
        }

        @Test
        void aBatchKeepsItsOrder() {
            var author = newUser();
            var wanted = new ArrayList<NewPost>();
            for (int i = 0; i < Posts.MAX_BATCH; i++) {
                wanted.add(post("batch " + i, i % 2 == 0 ? PostStatus.PUBLISHED : PostStatus.DRAFT, null));
            }

            var written = byline.posts().createAll(as(author), wanted);

            assertThat(written)
                    .extracting(Post::title)
                    .isEqualTo(wanted.stream().map(NewPost::title).toList());
            assertThat(written).extracting(Post::id).isSorted();
            assertThat(written)
                    .extracting(Post::status)
                    .isEqualTo(wanted.stream().map(NewPost::status).toList());
        }

        @Test
        void aBatchIsAllOrNothing() {
            var author = newUser();
            var before = database.value("SELECT count(*) FROM posts");

            assertThatThrownBy(() -> byline.posts()
                            .createAll(
                                    asAdmin(author),
                                    List.of(
                                            post("a", PostStatus.PUBLISHED, null),
                                            post("b", PostStatus.PUBLISHED, 999_999L))))
                    .satisfies(e -> assertFields(e, "/posts/1/user_id"));
            assertThat(database.value("SELECT count(*) FROM posts")).isEqualTo(before);
            assertThatThrownBy(() -> byline.posts().createAll(as(author), List.of()))
                    .satisfies(e -> assertFields(e, "posts"));
        }
    }

    @Nested
    class Seeing {
        @Test
        void draftsExistOnlyForTheirAuthorAndAdmins() {
            var author = newUser();
            var other = newUser();
            var draft = newDraft(author, "draft");
            var published = newPost(author, "published");

            for (var viewer : List.of(as(author), asAdmin(other), OPERATOR)) {
                assertThat(byline.posts().get(viewer, draft.id())).isEqualTo(draft);
                assertThat(byline.posts()
                                .byAuthor(viewer, author.id(), PageRequest.first(10))
                                .items())
                        .containsExactly(published, draft);
            }
            for (var viewer : List.of(NOBODY, as(other))) {
                assertThatThrownBy(() -> byline.posts().get(viewer, draft.id()))
                        .isInstanceOf(BylineException.NotFound.class);
                assertThat(byline.posts()
                                .byAuthor(viewer, author.id(), PageRequest.first(10))
                                .items())
                        .containsExactly(published);
                assertThatThrownBy(() -> byline.posts().change(viewer, draft.id(), status(PostStatus.PUBLISHED)))
                        .isInstanceOf(BylineException.NotFound.class);
                assertThatThrownBy(() -> byline.posts().delete(viewer, draft.id()))
                        .isInstanceOf(BylineException.NotFound.class);
            }
            assertThat(byline.posts()
                            .byIds(OPERATOR, List.of(published.id(), draft.id()))
                            .items())
                    .containsExactly(published);
            assertThat(byline.posts()
                            .feed(OPERATOR, new PostFilter(author.id()), PageRequest.first(10))
                            .items())
                    .containsExactly(published);
        }

        @Test
        void aUserWithoutPostsHasAnEmptyPage() {
            var author = newUser();

            var seen = byline.posts().withAuthor(as(author), author.id(), PageRequest.first(20));

            assertThat(seen.author()).isEqualTo(author);
            assertThat(seen.posts()).isEqualTo(new Page<Post>(List.of(), null));
            assertThatThrownBy(() -> byline.posts().byAuthor(OPERATOR, 999_999, PageRequest.first(1)))
                    .isInstanceOf(BylineException.NotFound.class);
        }
    }

    @Nested
    class Listing {
        @Test
        void pagesHaveEachPostOnceEvenWhenTimesAreEqual() {
            var author = newUser();
            var expected = new ArrayList<Long>();
            for (int i = 0; i < 10; i++) {
                expected.addFirst(newPost(author, "same time " + i, "2021-01-01T00:00:00Z")
                        .id());
            }
            expected.addAll(
                    List.of(newPost(author, "older", "2020-01-01T00:00:00Z").id()));

            for (var limit : List.of(1, 3, 11, 100)) {
                assertThat(walk(page -> byline.posts().feed(NOBODY, new PostFilter(author.id()), page), limit))
                        .isEqualTo(expected);
                assertThat(walk(page -> byline.posts().byAuthor(NOBODY, author.id(), page), limit))
                        .isEqualTo(expected);
            }
        }

        @Test
        void pagesHaveEachExistingPostOnceWhileOthersWrite() {
            var author = newUser();
            var there = new ArrayList<Long>();
            for (int i = 0; i < 30; i++) {
                there.addFirst(
                        newPost(author, "there " + i, "2019-01-01T00:00:00Z").id());
            }
            var walked = walk(
                    page -> {
                        newPost(author, "meanwhile");
                        newPost(author, "backdated meanwhile", "2019-06-01T00:00:00Z");
                        return byline.posts().feed(NOBODY, new PostFilter(author.id()), page);
                    },
                    4);

            assertThat(walked).doesNotHaveDuplicates().containsSubsequence(there.toArray(Long[]::new));
        }

        @Test
        void theFeedIsOrderedByPublicationAndTheAuthorsListByCreation() {
            var author = newUser();
            var draft = newDraft(author, "written first, published last");
            var post = newPost(author, "written last");
            byline.posts().change(as(author), draft.id(), status(PostStatus.PUBLISHED));

            assertThat(walk(page -> byline.posts().feed(NOBODY, new PostFilter(author.id()), page), 10))
                    .containsExactly(draft.id(), post.id());
            assertThat(walk(page -> byline.posts().byAuthor(NOBODY, author.id(), page), 10))
                    .containsExactly(post.id(), draft.id());
        }
    }

    @Nested
    class Changing {
        @Test
        void publishingSetsTheTimeOnceAndADraftHasNone() {
            var author = newUser();
            var draft = newDraft(author, "draft");

            var published = byline.posts().change(as(author), draft.id(), status(PostStatus.PUBLISHED));
            var again = byline.posts().change(as(author), draft.id(), status(PostStatus.PUBLISHED));
            var withdrawn = byline.posts().change(as(author), draft.id(), status(PostStatus.DRAFT));

            assertThat(published.publishedAt()).isAfter(draft.createdAt());
            assertThat(again.publishedAt()).isEqualTo(published.publishedAt());
            assertThat(withdrawn.publishedAt()).isNull();
            assertThat(withdrawn.version()).isEqualTo(4);
            assertThatThrownBy(() -> byline.posts().get(NOBODY, draft.id()))
                    .isInstanceOf(BylineException.NotFound.class);
        }

        @Test
        void aChangeSetsOnlyTheGivenFields() {
            var author = newUser();
            var post = newPost(author, "title");
            var patch = new MetadataChange.Merge(Metadata.parse("""
                    {"a":1}"""));

            var changed = byline.posts().change(as(author), post.id(), new PostChange(null, "", patch, null));

            assertThat(changed.title()).isEqualTo("title");
            assertThat(changed.body()).isEmpty();
            assertThat(changed.metadata().json()).isEqualTo("""
                    {"a": 1}""");
            assertThat(changed.publishedAt()).isEqualTo(post.publishedAt());
            assertThat(changed.version()).isEqualTo(2);
        }

        @Test
        void anEmptyChangeKeepsTheVersion() {
            var author = newUser();
            var post = newPost(author, "title");

            assertThat(byline.posts().change(as(author), post.id(), new PostChange(null, null, null, null)))
                    .isEqualTo(post);
        }

        @Test
        void otherUsersCannotChangeOrDelete() {
            var post = newPost(newUser(), "title");

            for (var stranger : List.of(NOBODY, as(newUser()))) {
                for (var change : List.of(status(PostStatus.DRAFT), new PostChange(null, null, null, null))) {
                    assertThatThrownBy(() -> byline.posts().change(stranger, post.id(), change))
                            .isInstanceOf(BylineException.Forbidden.class);
                }
                assertThatThrownBy(() -> byline.posts().delete(stranger, post.id()))
                        .isInstanceOf(BylineException.Forbidden.class);
            }
            assertThat(byline.posts().get(NOBODY, post.id())).isEqualTo(post);
        }

        @Test
        void aDeletedPostIsNotFound() {
            var author = newUser();
            var post = newPost(author, "title");

            byline.posts().delete(as(author), post.id());

            assertThatThrownBy(() -> byline.posts().get(OPERATOR, post.id()))
                    .isInstanceOf(BylineException.NotFound.class);
            assertThatThrownBy(() -> byline.posts().delete(as(author), post.id()))
                    .isInstanceOf(BylineException.NotFound.class);
        }
    }

    @Nested
    class Importing {
        private static ImportedPost imported(String email, String title, String time) {
            return new ImportedPost(new NewUser(email, "Name", Metadata.EMPTY), title, "body", Instant.parse(time));
        }

        @Test
        void importingTwiceCreatesNoDuplicates() {
            var posts = List.of(
                    imported("import@example.com", "one", "2020-01-01T00:00:00Z"),
                    imported("IMPORT@example.com", "two", "2020-01-01T00:00:00Z"),
                    imported("import@example.com", "one", "2020-01-01T00:00:00Z"),
                    imported("second@example.com", "one", "2020-01-01T00:00:00.1234567Z"));

            assertThat(byline.posts().importAll(OPERATOR, posts)).isEqualTo(3);
            assertThat(byline.posts().importAll(OPERATOR, posts)).isZero();
            assertThat(byline.posts().importAll(OPERATOR, List.of())).isZero();
            assertThat(database.value("SELECT count(*) FROM users WHERE email_key(email) = 'import@example.com'"))
                    .isEqualTo("1");
        }

        @Test
        void importingExistingAuthorsDrawsNoIds() {
            byline.posts().importAll(OPERATOR, List.of(imported("known@example.com", "one", "2020-01-01T00:00:00Z")));
            var before = newUser();
            for (int i = 0; i < 5; i++) {
                byline.posts()
                        .importAll(
                                OPERATOR,
                                List.of(
                                        imported("known@example.com", "one", "2020-01-01T00:00:00Z"),
                                        imported("KNOWN@example.com", "two", "2020-01-01T00:00:00Z")));
            }
            assertThat(newUser().id()).isEqualTo(before.id() + 1);
        }

        @Test
        void draftsAndMetadataAreImported() {
            var author = new NewUser("drafts@example.com", "Name", Metadata.EMPTY);
            var time = Instant.parse("2020-01-01T00:00:00Z");
            var posts = List.of(
                    new ImportedPost(
                            author, null, "draft", "body", Metadata.parse("{\"a\":1}"), PostStatus.DRAFT, time),
                    new ImportedPost(author, "published", "body", time));

            assertThat(byline.posts().importAll(OPERATOR, posts)).isEqualTo(2);
            assertThat(byline.posts().importAll(OPERATOR, posts)).isZero();
            var found = byline.posts()
                    .byAuthor(
                            OPERATOR,
                            byline.users().byEmail(OPERATOR, author.email()).id(),
                            PageRequest.first(5))
                    .items();
            assertThat(found)
                    .extracting(Post::title, Post::status, Post::publishedAt, Post::createdAt)
                    .containsExactlyInAnyOrder(
                            tuple("draft", PostStatus.DRAFT, null, time),
                            tuple("published", PostStatus.PUBLISHED, time, time));
            assertThat(found)
                    .filteredOn(post -> post.title().equals("draft"))
                    .singleElement()
                    .satisfies(post -> assertThat(post.metadata().json()).isEqualTo("{\"a\": 1}"));
        }

        @Test
        void onlyAdminsImportAndNotFromTheFuture() {
            var post = imported("future@example.com", "x", "9999-01-01T00:00:00Z");

            assertThatThrownBy(() -> byline.posts().importAll(as(newUser()), List.of(post)))
                    .isInstanceOf(BylineException.Forbidden.class);
            assertThatThrownBy(() -> byline.posts().importAll(OPERATOR, List.of(post)))
                    .satisfies(e -> assertFields(e, "created_at"));
        }
    }

    @Test
    void onlyTheOperatorOfTheseIsAnAdmin() {
        assertThat(new Principal.Anonymous().isAdmin()).isFalse();
        assertThat(new Principal.Operator().isAdmin()).isTrue();
        assertThat(new Principal.Operator().is(0)).isFalse();
    }
}
