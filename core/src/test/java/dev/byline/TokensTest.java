package dev.byline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.byline.migrations.LeakCheck;
import dev.byline.model.BylineConfig;
import dev.byline.model.BylineException;
import dev.byline.model.FieldError;
import dev.byline.model.ImportedPost;
import dev.byline.model.IssuedToken;
import dev.byline.model.Metadata;
import dev.byline.model.NewUser;
import dev.byline.model.Password;
import dev.byline.model.PasswordHash;
import dev.byline.model.PostStatus;
import dev.byline.model.Principal;
import dev.byline.model.Role;
import dev.byline.model.User;
import dev.byline.model.UserChange;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokensTest extends CoreTest {
    private static final Password PASSWORD = new Password("correct horse battery");
    private int count;

    private User newUserWithPassword() {
        return byline.users()
                .create(NOBODY, new NewUser("p" + ++count + "@example.com", "P", PASSWORD, Metadata.EMPTY));
    }

    private IssuedToken login(User user) {
        return byline.tokens().login(String.valueOf(user.email()), PASSWORD);
    }

    private void assertRefused(IssuedToken token) {
        assertThatThrownBy(() -> byline.tokens().authenticate(token.secret()))
                .isInstanceOf(BylineException.Unauthenticated.class)
                .hasMessageNotContaining(token.secret());
    }

    private static UserChange password(String text) {
        return new UserChange(null, null, new Password(text), null, null, null);
    }

    @Nested
    class LoggingIn {
        @Test
        void aLoginIssuesATokenOfTheUser() {
            var user = newUserWithPassword();

            var issued = byline.tokens().login("P" + count + "@EXAMPLE.com", PASSWORD);

            assertThat(issued.secret()).matches("byl_[A-Za-z0-9_-]{43}");
            assertThat(issued.toString()).doesNotContain(issued.secret());
            assertThat(Duration.between(
                            issued.token().createdAt(), issued.token().expiresAt()))
                    .isEqualTo(Duration.ofDays(30));
            assertThat(byline.tokens().authenticate(issued.secret()))
                    .isEqualTo(new Principal.Member(
                            user.id(), Role.USER, issued.token().id()));
        }

        @Test
        void onlyHashesOfPasswordAndTokenAreStored() {
            var user = newUserWithPassword();
            var secret = login(user).secret();

            assertThat(database.value("SELECT password_hash FROM users WHERE id = " + user.id()))
                    .startsWith("$argon2id$v=19$m=19456,t=2,p=1$");
            assertThat(database.value("SELECT string_agg(to_jsonb(t)::text, '') FROM tokens t"))
                    .doesNotContain(secret.substring(4));
            assertThat(database.value("SELECT encode(hash, 'hex') = encode(sha256('" + secret + "'), 'hex')"
                            + " FROM tokens WHERE user_id = " + user.id()))
                    .isEqualTo("t");
        }

        @Test
        void everyFailedLoginHasTheSameMessage() {
            var user = newUserWithPassword();
            var without = newUser();
            var inactive = newUserWithPassword();
            byline.users().change(OPERATOR, inactive.id(), new UserChange(null, null, null, false, null));

            for (var attempt : List.of(
                    new String[] {String.valueOf(user.email()), "correct horse batterY"},
                    new String[] {String.valueOf(user.email()), ""},
                    new String[] {String.valueOf(user.email()), "x".repeat(1_000_000)},
                    new String[] {String.valueOf(user.email()), "\ud800".repeat(12)},
                    new String[] {String.valueOf(without.email()), "correct horse battery"},
                    new String[] {String.valueOf(inactive.email()), "correct horse battery"},
                    new String[] {"unknown@example.com", "correct horse battery"},
                    new String[] {"\u0000", "correct horse battery"})) {
                assertThatThrownBy(() -> byline.tokens().login(attempt[0], new Password(attempt[1])))
                        .isInstanceOf(BylineException.Unauthenticated.class)
                        .hasMessage("e-mail address or password is wrong");
            }
        }

        @Test
        void composedAndDecomposedCharactersAreTheSamePassword() {
            byline.users()
                    .create(
                            NOBODY,
                            new NewUser(
                                    "nfkc@example.com",
                                    "N",
                                    new Password("pa\u00dfw\u00f6rter \ufb01n"),
                                    Metadata.EMPTY));

            assertThat(byline.tokens()
                            .login("nfkc@example.com", new Password("pa\u00dfwo\u0308rter fin"))
                            .secret())
                    .isNotEmpty();
        }

        @Test
        void aLoginReplacesAHashOfOldParameters() {
            var user = newUserWithPassword();
            // argon2id of "correct horse battery" with m=64,t=1,p=1, as another program writes it
            database.run("UPDATE users SET password_hash = '" + OldHash.of("correct horse battery") + "' WHERE id = "
                    + user.id());

            login(user);

            assertThat(database.value("SELECT password_hash FROM users WHERE id = " + user.id()))
                    .startsWith("$argon2id$v=19$m=19456,t=2,p=1$");
            assertThat(login(user).secret()).isNotEmpty();
        }

        /** Hashes of other programs, with their test vectors. */
        @Test
        void anImportedHashLogsInAndIsReplaced() {
            var hashes = Map.of(
                    "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
                    "password",
                    "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
                    "U*U");
            hashes.forEach((hash, password) -> {
                var author = new NewUser("hash" + hash.length() + "@example.com", "N", Metadata.EMPTY);
                var post = new ImportedPost(
                        author,
                        new PasswordHash(hash),
                        "t",
                        "",
                        Metadata.EMPTY,
                        PostStatus.PUBLISHED,
                        Instant.parse("2020-01-01T00:00:00Z"));
                byline.posts().importAll(OPERATOR, List.of(post));

                assertThatThrownBy(() -> byline.tokens().login(author.email(), new Password(password + "x")))
                        .isInstanceOf(BylineException.Unauthenticated.class);
                assertThat(byline.tokens().login(author.email(), new Password(password)))
                        .isNotNull();
                assertThat(database.value("SELECT password_hash FROM users WHERE email = '" + author.email() + "'"))
                        .startsWith("$argon2id$v=19$m=19456,t=2,p=1$");
                assertThat(byline.tokens().login(author.email(), new Password(password)))
                        .isNotNull();
            });
        }

        @Test
        void hashesBeyondTheLimitsAreRejected() {
            for (var hash : List.of(
                    "",
                    "plain",
                    "$argon2id$v=19$m=65537,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
                    "$argon2id$v=19$m=65536,t=5,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
                    "$argon2id$v=19$m=65536,t=2,p=9$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
                    "$argon2id$v=19$m=8,t=2,p=2$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
                    "$argon2id$v=19$m=65536,t=2,p=1$c29t$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
                    "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$" + "A".repeat(1_000_000),
                    "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
                    "$2a$13$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
                    "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe")) {
                assertThatThrownBy(() -> new PasswordHash(hash))
                        .as(hash.substring(0, Math.min(60, hash.length())))
                        .isInstanceOf(BylineException.Invalid.class);
            }
            assertThat(new PasswordHash("$2y$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"))
                    .hasToString("****");
        }

        @Test
        void onlyTheNewestTokensAreKept() {
            var user = newUser();
            var first = byline.tokens().issue(OPERATOR, user.id(), null);
            for (int i = 0; i < Tokens.MAX_PER_USER; i++) {
                byline.tokens().issue(OPERATOR, user.id(), null);
            }

            assertThat(byline.tokens().list(as(user))).hasSize(Tokens.MAX_PER_USER);
            assertRefused(first);
        }
    }

    @Nested
    class Passwords {
        @ParameterizedTest
        @ValueSource(
                strings = {
                    "",
                    "short",
                    "elevenchars",
                    "1qaz2wsx3edc",
                    "Q1W2E3R4T5Y6",
                    "my name is badpass!",
                    "BADPASS is my name",
                    "nul\u0000 in the middle"
                })
        void aWeakPasswordIsInvalid(String text) {
            assertThatThrownBy(() -> new NewUser("badpass@example.com", "B", new Password(text), Metadata.EMPTY))
                    .isInstanceOfSatisfying(
                            BylineException.Invalid.class,
                            e -> assertThat(e.errors())
                                    .extracting(FieldError::field)
                                    .containsExactly("password"));
        }

        @Test
        void limitsAreCountedInCodePoints() {
            assertThat(new NewUser("a@b", "n", new Password("😀".repeat(12)), Metadata.EMPTY).password())
                    .isNotNull();
            assertThat(new NewUser("a@b", "n", new Password("😀".repeat(128)), Metadata.EMPTY).password())
                    .isNotNull();
            assertThatThrownBy(() -> new NewUser("a@b", "n", new Password("😀".repeat(129)), Metadata.EMPTY))
                    .isInstanceOf(BylineException.Invalid.class);
        }

        @Test
        void toStringHidesPasswords() {
            assertThat(new NewUser("a@b", "n", PASSWORD, Metadata.EMPTY).toString())
                    .doesNotContain("horse");
            assertThat(password("correct horse battery").toString()).doesNotContain("horse");
        }

        @Test
        void aNewPasswordRevokesTheOtherTokens() {
            var user = newUserWithPassword();
            var kept = login(user);
            var other = login(user);
            var me = byline.tokens().authenticate(kept.secret());

            byline.users().change(me, user.id(), password("another good password"));

            assertThat(byline.tokens().authenticate(kept.secret())).isEqualTo(me);
            assertRefused(other);
            assertThatThrownBy(() -> login(user)).isInstanceOf(BylineException.Unauthenticated.class);
            byline.users().change(OPERATOR, user.id(), password("set by an admin"));
            assertRefused(kept);
        }

        @Test
        void noTokenOfTheOldPasswordSurvivesTheChange() throws Exception {
            var user = newUserWithPassword();
            try (var threads = Executors.newFixedThreadPool(4)) {
                var logins = new java.util.ArrayList<Future<Optional<IssuedToken>>>();
                for (int i = 0; i < 12; i++) {
                    logins.add(threads.submit(() -> {
                        try {
                            return Optional.of(login(user));
                        } catch (BylineException.Unauthenticated | BylineException.Unavailable e) {
                            return Optional.empty();
                        }
                    }));
                }
                logins.getFirst().get();
                byline.users().change(OPERATOR, user.id(), password("another good password"));
                for (var login : logins) {
                    login.get().ifPresent(TokensTest.this::assertRefused);
                }
            }
        }

        @Test
        void aPasswordMustNotContainTheEmail() {
            var user = newUserWithPassword();
            var local = String.valueOf(user.email()).replaceFirst("@.*", "");
            byline.users().change(as(user), user.id(), new UserChange("long" + local + "@x", null, null, null, null));

            assertThatThrownBy(() -> byline.users().change(as(user), user.id(), password("xx long" + local + " xx")))
                    .isInstanceOf(BylineException.Invalid.class);
        }
    }

    @Nested
    class Refusing {
        @Test
        void malformedAndUnknownTokensAreRefused() {
            for (var secret :
                    List.of("", "byl_", "byl_" + "a".repeat(43), "x".repeat(10_000), "byl_\u0000", "Bearer x")) {
                assertThatThrownBy(() -> byline.tokens().authenticate(secret))
                        .isInstanceOf(BylineException.Unauthenticated.class);
            }
        }

        @Test
        void revokedAndExpiredTokensAndThoseOfInactiveOrDeletedUsersAreRefused() {
            var user = newUser();
            var revoked = byline.tokens().issue(OPERATOR, user.id(), null);
            byline.tokens().revoke(as(user), revoked.token().id());
            assertRefused(revoked);

            var current = byline.tokens().issue(OPERATOR, user.id(), null);
            byline.tokens().revokeCurrent(byline.tokens().authenticate(current.secret()));
            assertRefused(current);

            var expired = byline.tokens().issue(OPERATOR, user.id(), Duration.ofDays(1));
            database.run("UPDATE tokens SET expires_at = now() WHERE id = "
                    + expired.token().id());
            assertRefused(expired);
            assertThat(byline.tokens().list(as(user))).isEmpty();

            var deactivated = byline.tokens().issue(OPERATOR, user.id(), null);
            byline.users().change(OPERATOR, user.id(), new UserChange(null, null, null, false, null));
            assertRefused(deactivated);
            byline.users().change(OPERATOR, user.id(), new UserChange(null, null, null, true, null));
            assertThat(byline.tokens().authenticate(deactivated.secret()).is(user.id()))
                    .isTrue();

            byline.users().delete(as(user), user.id());
            assertRefused(deactivated);
        }

        @Test
        void tokensOfOtherUsersAreNotAccessible() {
            var user = newUser();
            var token = byline.tokens().issue(OPERATOR, user.id(), null);

            assertThatThrownBy(() ->
                            byline.tokens().revoke(as(newUser()), token.token().id()))
                    .isInstanceOf(BylineException.NotFound.class);
            assertThatThrownBy(() -> byline.tokens().issue(as(user), user.id(), null))
                    .isInstanceOf(BylineException.Forbidden.class);
            assertThatThrownBy(() -> byline.tokens().list(NOBODY)).isInstanceOf(BylineException.Forbidden.class);
            assertThatThrownBy(() -> byline.tokens().issue(OPERATOR, 999_999, null))
                    .isInstanceOf(BylineException.NotFound.class);
            assertThatThrownBy(() -> byline.tokens().issue(OPERATOR, user.id(), Duration.ZERO))
                    .isInstanceOf(BylineException.Invalid.class);
        }
    }

    @Test
    void theUseOfATokenIsRecordedAtMostEveryFiveMinutes() throws InterruptedException {
        var user = newUser();
        var token = byline.tokens().issue(OPERATOR, user.id(), null);
        assertThat(token.token().lastUsedAt()).isNull();
        // Without a cache: the test changes times in the database.
        try (var uncached = Byline.open(BylineConfig.of(database.url()).withCache(BylineConfig.Cache.OFF))) {
            uncached.tokens().authenticate(token.secret());
            var used = awaitUse(user);
            database.run("UPDATE tokens SET last_used_at = last_used_at - interval '4 minutes'");
            uncached.tokens().authenticate(token.secret());
            byline.tokens().issue(OPERATOR, newUser().id(), null);
            assertThat(byline.tokens().list(as(user)).getFirst().lastUsedAt()).isBefore(used);

            database.run("UPDATE tokens SET last_used_at = last_used_at - interval '6 minutes'");
            uncached.tokens().authenticate(token.secret());
            var end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
            while (!awaitUse(user).isAfter(used)) {
                assertThat(System.nanoTime()).isLessThan(end);
                Thread.sleep(10);
            }
            LeakCheck.assertReleased(() -> acquired(uncached));
        }
    }

    private java.time.Instant awaitUse(User user) throws InterruptedException {
        var end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (true) {
            var used = Optional.ofNullable(
                    byline.tokens().list(as(user)).getFirst().lastUsedAt());
            if (used.isPresent()) {
                return used.get();
            }
            assertThat(System.nanoTime()).isLessThan(end);
            Thread.sleep(10);
        }
    }

    @Nested
    class Admins {
        @Test
        void theFirstAdminIsCreatedOnce() {
            var admin = new NewUser("root@example.com", "Root", PASSWORD, Metadata.EMPTY);

            var created = byline.users().ensureAdmin(OPERATOR, admin).orElseThrow();

            assertThat(created.role()).isEqualTo(Role.ADMIN);
            assertThat(byline.users().hasAdmin()).isTrue();
            assertThat(byline.users()
                            .ensureAdmin(
                                    OPERATOR,
                                    new NewUser(
                                            "ROOT@example.com",
                                            "X",
                                            new Password("quite another one"),
                                            Metadata.EMPTY)))
                    .isEmpty();
            assertThat(byline.tokens().login("root@example.com", PASSWORD).secret())
                    .isNotEmpty();
            assertThatThrownBy(() -> byline.users().ensureAdmin(as(created), admin))
                    .isInstanceOf(BylineException.Forbidden.class);
            demoteAllBut(created.id());
        }

        @Test
        void theLastActiveAdminCannotLeave() {
            var admin = byline.users()
                    .ensureAdmin(OPERATOR, new NewUser("last@example.com", "L", Metadata.EMPTY))
                    .orElseThrow();
            demoteAllBut(admin.id());

            for (var change : List.of(
                    new UserChange(null, null, null, null, Role.USER), new UserChange(null, null, null, false, null))) {
                assertThatThrownBy(() -> byline.users().change(OPERATOR, admin.id(), change))
                        .isInstanceOf(BylineException.Conflict.class);
            }
            assertThatThrownBy(() -> byline.users().delete(asAdmin(admin), admin.id()))
                    .isInstanceOf(BylineException.Conflict.class);
            var second = newUser();
            byline.users().change(OPERATOR, second.id(), new UserChange(null, null, null, null, Role.ADMIN));
            byline.users().delete(OPERATOR, admin.id());
        }

        @Test
        void ofTheLastTwoAdminsOnlyOneCanLeave() throws Exception {
            for (int round = 0; round < 10; round++) {
                var one = newUser();
                var two = newUser();
                for (var user : List.of(one, two)) {
                    byline.users().change(OPERATOR, user.id(), new UserChange(null, null, null, null, Role.ADMIN));
                }
                database.run("UPDATE users SET role = 'user' WHERE id NOT IN (" + one.id() + ", " + two.id() + ")");
                try (var threads = Executors.newFixedThreadPool(2)) {
                    List<Future<Boolean>> left =
                            List.of(threads.submit(() -> leaves(one)), threads.submit(() -> leaves(two)));
                    assertThat(left.get(0).get() ^ left.get(1).get()).isTrue();
                }
            }
        }

        private boolean leaves(User user) {
            try {
                byline.users().delete(OPERATOR, user.id());
                return true;
            } catch (BylineException.Conflict e) {
                return false;
            }
        }

        private void demoteAllBut(long id) {
            database.run("UPDATE users SET role = 'user' WHERE role = 'admin' AND id <> " + id);
        }
    }
}
