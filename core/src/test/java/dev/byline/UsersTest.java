package dev.byline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.byline.model.BylineException;
import dev.byline.model.FieldError;
import dev.byline.model.Metadata;
import dev.byline.model.MetadataChange;
import dev.byline.model.NewUser;
import dev.byline.model.PageRequest;
import dev.byline.model.PostFilter;
import dev.byline.model.Role;
import dev.byline.model.User;
import dev.byline.model.UserChange;
import dev.byline.model.UserFilter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UsersTest extends CoreTest {
    private static NewUser user(String email) {
        return new NewUser(email, "Name", Metadata.EMPTY);
    }

    private static UserChange change(@Nullable String email, @Nullable MetadataChange metadata) {
        return new UserChange(email, null, metadata, null, null);
    }

    @Nested
    class Creating {
        @Test
        void aCreatedUserHasTheGivenValues() {
            var created = byline.users()
                    .create(NOBODY, new NewUser("Ada.Lovelace@Example.COM", " Ada ", Metadata.parse("""
                            {"a":1}""")));

            assertThat(created.email()).isEqualTo("Ada.Lovelace@Example.COM");
            assertThat(created.name()).isEqualTo(" Ada ");
            assertThat(created.role()).isEqualTo(Role.USER);
            assertThat(created.active()).isTrue();
            assertThat(created.version()).isEqualTo(1);
            assertThat(created.metadata().json()).isEqualTo("""
                    {"a": 1}""");
            assertThat(byline.users().get(as(created), created.id())).isEqualTo(created);
        }

        @Test
        void emailsAreUniqueWithoutCase() {
            var taken = newUser();

            assertThatThrownBy(() -> byline.users()
                            .create(NOBODY, user(String.valueOf(taken.email()).toUpperCase(java.util.Locale.ROOT))))
                    .isInstanceOf(BylineException.Conflict.class);
        }

        @Test
        void oneOfManyConcurrentUsersWithOneEmailIsCreated() throws Exception {
            var outcomes = new ArrayList<Future<Boolean>>();
            try (var threads = Executors.newFixedThreadPool(8)) {
                for (int i = 0; i < 16; i++) {
                    outcomes.add(threads.submit(() -> {
                        try {
                            byline.users().create(NOBODY, user("race@example.com"));
                            return true;
                        } catch (BylineException.Conflict e) {
                            return false;
                        }
                    }));
                }
            }
            var won = 0;
            for (var outcome : outcomes) {
                won += outcome.get() ? 1 : 0;
            }
            assertThat(won).isEqualTo(1);
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "",
                    "a",
                    "@",
                    "a@",
                    "@b",
                    "a@b@c",
                    "a b@c",
                    "a@b\u00a0c",
                    "a@b\tc",
                    "a@b\u0000",
                    "a@b\ud800",
                    "a@b\u0085"
                })
        void aMalformedEmailIsInvalid(String email) {
            assertThatThrownBy(() -> user(email))
                    .isInstanceOfSatisfying(
                            BylineException.Invalid.class,
                            e -> assertThat(e.errors())
                                    .extracting(FieldError::field)
                                    .containsExactly("email"));
        }

        @ParameterizedTest
        @ValueSource(strings = {"a@b", """
                "quoted"@x""", "ü@münchen.de", "a+b@[::1]", "😀@例え"})
        void anUnusualEmailIsValid(String email) {
            assertThat(byline.users().create(NOBODY, user(email)).email()).isEqualTo(email);
        }

        @Test
        void lengthsAreCountedInCodePoints() {
            var name = "😀".repeat(NewUser.MAX_NAME);
            assertThat(byline.users()
                            .create(NOBODY, new NewUser("😀".repeat(252) + "@x", name, Metadata.EMPTY))
                            .name())
                    .isEqualTo(name);
            assertThatThrownBy(() -> new NewUser("😀".repeat(253) + "@x", name + "x", Metadata.EMPTY))
                    .isInstanceOfSatisfying(
                            BylineException.Invalid.class,
                            e -> assertThat(e.errors())
                                    .extracting(FieldError::field)
                                    .containsExactly("email", "name"));
        }
    }

    @Nested
    class Seeing {
        @Test
        void onlyTheUserAndAdminsSeeEmailAndRole() {
            var user = newUser();
            var other = newUser();

            assertThat(byline.users().get(as(user), user.id()).email()).isNotNull();
            assertThat(byline.users().get(asAdmin(other), user.id()).email()).isNotNull();
            for (var viewer : List.of(NOBODY, as(other))) {
                assertThat(byline.users().get(viewer, user.id()).email()).isNull();
                assertThat(byline.users().get(viewer, user.id()).role()).isNull();
                assertThat(byline.users()
                                .byIds(viewer, List.of(user.id()))
                                .getFirst()
                                .email())
                        .isNull();
                assertThat(byline.users()
                                .list(viewer, UserFilter.NONE, PageRequest.first(100))
                                .items())
                        .filteredOn(seen -> !viewer.is(seen.id()))
                        .allSatisfy(seen -> assertThat(seen.email()).isNull());
                assertThat(byline.posts()
                                .withAuthor(viewer, user.id(), PageRequest.first(1))
                                .author()
                                .email())
                        .isNull();
            }
        }

        @Test
        void byIdsReturnsKnownUsersInTheGivenOrder() {
            var a = newUser();
            var b = newUser();

            assertThat(byline.users().byIds(NOBODY, List.of(b.id(), 999_999L, a.id(), b.id())))
                    .extracting(User::id)
                    .containsExactly(b.id(), a.id());
            assertThatThrownBy(() -> byline.users()
                            .byIds(
                                    NOBODY,
                                    java.util.stream.LongStream.rangeClosed(1, 101)
                                            .boxed()
                                            .toList()))
                    .isInstanceOf(BylineException.Invalid.class);
        }

        @Test
        void aMissingUserIsNotFound() {
            assertThatThrownBy(() -> byline.users().get(OPERATOR, 999_999))
                    .isInstanceOf(BylineException.NotFound.class);
        }
    }

    @Nested
    class Listing {
        @Test
        void pagesHaveEachUserOnceNewestFirst() {
            var created = new ArrayList<Long>();
            for (int i = 0; i < 7; i++) {
                created.addFirst(newUser().id());
            }

            var walked = walk(UserFilter.NONE, 3);

            assertThat(walked).startsWith(created.toArray(Long[]::new)).doesNotHaveDuplicates();
            assertThat(walk(UserFilter.NONE, walked.size())).isEqualTo(walked);
        }

        @Test
        void theLastPageHasNoCursorEvenWhenItIsFull() {
            var all = walk(UserFilter.NONE, 100).size();

            if (all >= 1 && all <= 100) {
                assertThat(byline.users()
                                .list(NOBODY, UserFilter.NONE, PageRequest.first(all))
                                .nextCursor())
                        .isNull();
            }
        }

        @Test
        void usersAreFilteredByActive() {
            var idle = newUser();
            var busy = newUser();
            byline.users().change(OPERATOR, idle.id(), new UserChange(null, null, null, false, null));

            assertThat(walk(new UserFilter(true), 2)).contains(busy.id()).doesNotContain(idle.id());
            assertThat(walk(new UserFilter(false), 2)).contains(idle.id()).doesNotContain(busy.id());
        }

        /** Compressed metadata is not read with the newest rows, but found by the index. */
        @ParameterizedTest
        @ValueSource(ints = {1, 7, 100})
        void usersAreFilteredByMetadataOfAnySize(int limit) {
            database.run(
                    "INSERT INTO users (email, name, created_at, metadata) SELECT 'sized' || i || '@example.com', 'S',"
                            + " now() - i * interval '1 second', jsonb_build_object('team', i % 7,"
                            + " 'pad', repeat('x', CASE i % 3 WHEN 0 THEN 16000 WHEN 1 THEN 2500 ELSE 0 END))"
                            + " FROM generate_series(1, 1100) AS i");
            try {
                var team = Metadata.parse("""
                        {"team":3}""");
                var expected = database.value("SELECT string_agg(id::text, ',' ORDER BY created_at DESC, id DESC)"
                        + " FROM users WHERE metadata @> jsonb_build_object('team', 3)");

                var found = walk(new UserFilter(null, team), limit);

                assertThat(found).extracting(String::valueOf).containsExactly(expected.split(",", -1));
            } finally {
                database.run("DELETE FROM users WHERE email LIKE 'sized%'");
            }
        }

        @Test
        void aCursorOfAnotherListIsRefused() {
            newUser();
            newUser();
            var cursor = byline.users()
                    .list(NOBODY, UserFilter.NONE, PageRequest.first(1))
                    .nextCursor();

            assertThatThrownBy(() -> byline.users().list(NOBODY, new UserFilter(true), new PageRequest(1, cursor)))
                    .isInstanceOf(BylineException.BadCursor.class);
            assertThatThrownBy(() -> byline.posts().feed(NOBODY, PostFilter.NONE, new PageRequest(1, cursor)))
                    .isInstanceOf(BylineException.BadCursor.class);
        }

        private List<Long> walk(UserFilter filter, int limit) {
            var ids = new ArrayList<Long>();
            @Nullable String cursor = null;
            do {
                var page = byline.users().list(NOBODY, filter, new PageRequest(limit, cursor));
                page.items().forEach(user -> ids.add(user.id()));
                cursor = page.nextCursor();
            } while (cursor != null);
            return ids;
        }
    }

    @Nested
    class Changing {
        @Test
        void aChangeSetsOnlyTheGivenFields() {
            var user = newUser();

            var changed =
                    byline.users().change(as(user), user.id(), new UserChange(null, "New name", null, null, null));

            assertThat(changed.name()).isEqualTo("New name");
            assertThat(changed.email()).isEqualTo(user.email());
            assertThat(changed.version()).isEqualTo(2);
            assertThat(changed.updatedAt()).isAfter(user.updatedAt());
            assertThat(changed.createdAt()).isEqualTo(user.createdAt());
        }

        @Test
        void anEmptyChangeKeepsTheVersion() {
            var user = newUser();

            assertThat(byline.users().change(as(user), user.id(), change(null, null)))
                    .isEqualTo(user);
        }

        @Test
        void metadataIsMerged() {
            var user = newUser();
            merge(user, """
                    {"a":{"b":1,"c":2},"d":3}""");

            assertThat(merge(user, """
                    {"a":{"b":null},"e":[null]}""").metadata().json()).isEqualTo("""
                    {"a": {"c": 2}, "d": 3, "e": [null]}""");
            assertThat(byline.users()
                            .change(as(user), user.id(), change(null, new MetadataChange.Clear()))
                            .metadata()
                            .json())
                    .isEqualTo("{}");
        }

        @Test
        void metadataBeyondTheLimitIsRefusedAndChangesNothing() {
            var user = newUser();
            merge(user, """
                    {"a":"%s"}""".formatted("x".repeat(10_000)));

            assertThatThrownBy(() -> merge(user, """
                    {"b":"%s"}""".formatted("x".repeat(10_000))))
                    .isInstanceOfSatisfying(
                            BylineException.Invalid.class,
                            e -> assertThat(e.errors())
                                    .extracting(FieldError::field)
                                    .containsExactly("metadata"));
            assertThat(byline.users().get(as(user), user.id()).version()).isEqualTo(2);
        }

        @Test
        void concurrentChangesAreAllApplied() throws Exception {
            var user = newUser();
            try (var threads = Executors.newFixedThreadPool(4)) {
                var done = new ArrayList<Future<User>>();
                for (int i = 0; i < 20; i++) {
                    var patch = """
                            {"k%d":%d}""".formatted(i, i);
                    done.add(threads.submit(() -> merge(user, patch)));
                }
                var answers = new ArrayList<User>();
                for (var each : done) {
                    answers.add(each.get());
                }
                answers.sort(java.util.Comparator.comparingLong(User::version));
                assertThat(answers).extracting(User::updatedAt).isSorted();
            }
            var after = byline.users().get(as(user), user.id());
            assertThat(after.version()).isEqualTo(21);
            assertThat(after.metadata().json()).contains("""
                    "k0": 0""", """
                    "k19": 19""");
        }

        @Test
        void aTakenEmailIsAConflict() {
            var user = newUser();
            var other = newUser();

            assertThatThrownBy(() -> byline.users().change(as(user), user.id(), change(other.email(), null)))
                    .isInstanceOf(BylineException.Conflict.class);
        }

        @Test
        void otherUsersCannotChange() {
            var user = newUser();

            for (var stranger : List.of(NOBODY, as(newUser()))) {
                assertThatThrownBy(() -> byline.users().change(stranger, user.id(), change("x@y", null)))
                        .isInstanceOf(BylineException.Forbidden.class);
                assertThatThrownBy(() -> byline.users().change(stranger, 999_999, change("x@y", null)))
                        .isInstanceOf(BylineException.NotFound.class);
            }
        }

        @Test
        void onlyAdminsChangeRoleAndActive() {
            var user = newUser();

            for (var change : List.of(
                    new UserChange(null, null, null, null, Role.ADMIN), new UserChange(null, null, null, true, null))) {
                assertThatThrownBy(() -> byline.users().change(as(user), user.id(), change))
                        .isInstanceOf(BylineException.Forbidden.class);
            }
            assertThat(byline.users()
                            .change(OPERATOR, user.id(), new UserChange(null, null, null, null, Role.ADMIN))
                            .role())
                    .isEqualTo(Role.ADMIN);
        }

        private User merge(User user, String patch) {
            return byline.users()
                    .change(as(user), user.id(), change(null, new MetadataChange.Merge(Metadata.parse(patch))));
        }
    }

    @Nested
    class Deleting {
        @Test
        void aDeletedUserLosesItsPostsAndFreesItsEmail() {
            var user = newUser();
            var post = newPost(user, "gone");

            byline.users().delete(as(user), user.id());

            assertThatThrownBy(() -> byline.users().get(OPERATOR, user.id()))
                    .isInstanceOf(BylineException.NotFound.class);
            assertThatThrownBy(() -> byline.posts().get(OPERATOR, post.id()))
                    .isInstanceOf(BylineException.NotFound.class);
            assertThat(database.value("SELECT count(*) FROM posts WHERE user_id = " + user.id()))
                    .isEqualTo("0");
            assertThat(byline.users()
                            .create(NOBODY, user(String.valueOf(user.email())))
                            .id())
                    .isNotEqualTo(user.id());
        }

        @Test
        void otherUsersCannotDelete() {
            var user = newUser();

            assertThatThrownBy(() -> byline.users().delete(as(newUser()), user.id()))
                    .isInstanceOf(BylineException.Forbidden.class);
            assertThatThrownBy(() -> byline.users().delete(NOBODY, 999_999))
                    .isInstanceOf(BylineException.NotFound.class);
            assertThat(byline.users().get(NOBODY, user.id())).isNotNull();
        }
    }
}
