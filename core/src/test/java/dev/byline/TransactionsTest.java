package dev.byline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.byline.migrations.LeakCheck;
import dev.byline.migrations.TestDatabase;
import dev.byline.model.BylineConfig;
import dev.byline.model.BylineException;
import dev.byline.model.ConflictReason;
import dev.byline.model.ExpectedVersion;
import dev.byline.model.IdempotencyKey;
import dev.byline.model.Metadata;
import dev.byline.model.NewPost;
import dev.byline.model.NewUser;
import dev.byline.model.Page;
import dev.byline.model.PageRequest;
import dev.byline.model.Password;
import dev.byline.model.Post;
import dev.byline.model.PostChange;
import dev.byline.model.PostFilter;
import dev.byline.model.PostStatus;
import dev.byline.model.Principal;
import dev.byline.model.Role;
import dev.byline.model.UnavailableReason;
import dev.byline.model.User;
import dev.byline.model.UserChange;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** Use cases in a transaction of the host, on the pool of the host, beside a Byline that caches. */
@Timeout(60)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TransactionsTest {
    private static final Principal NOBODY = new Principal.Anonymous();
    private static final Principal OPERATOR = new Principal.Operator();
    private static final AtomicInteger COUNT = new AtomicInteger();

    private final TestDatabase database = TestDatabase.migrated();
    private final HikariDataSource pool = pool(true);
    private final Byline byline =
            Byline.builder().cache(BylineConfig.Cache.LOCAL).dataSource(pool);
    private Connection connection;

    TransactionsTest() throws SQLException {
        database.run("CREATE TABLE public.orders (id bigint PRIMARY KEY, buyer text NOT NULL)");
        this.connection = pool.getConnection();
    }

    private HikariDataSource pool(boolean autoCommit) {
        var config = new HikariConfig();
        config.setDataSource(database.dataSource());
        config.setMaximumPoolSize(8);
        config.setAutoCommit(autoCommit);
        return new HikariDataSource(config);
    }

    @BeforeEach
    void begin() throws SQLException {
        if (connection.isClosed()) {
            connection = pool.getConnection();
        }
        connection.setAutoCommit(false);
    }

    @AfterEach
    void nothingLeaked() throws Exception {
        connection.close();
        LeakCheck.assertReleased(() -> pool.getHikariPoolMXBean().getActiveConnections());
    }

    @AfterAll
    void close() {
        byline.close();
        pool.close();
        database.close();
    }

    private static NewUser someUser() {
        return new NewUser("tx" + COUNT.incrementAndGet() + "@example.com", "Ada", Metadata.EMPTY);
    }

    private static NewPost post(String title) {
        return new NewPost(title, "", Metadata.EMPTY, PostStatus.PUBLISHED, null, null);
    }

    private static Principal as(User user) {
        return new Principal.Member(user.id(), Role.USER);
    }

    private static UserChange name(String name) {
        return new UserChange(null, name, null, null, null, null);
    }

    private void order(long id) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.executeUpdate("INSERT INTO orders VALUES (" + id + ", 'Ada')");
        }
    }

    private boolean isOrdered(long id) {
        return database.value("SELECT count(*) FROM orders WHERE id = " + id).equals("1");
    }

    private User existingUser() {
        return byline.users().create(NOBODY, someUser());
    }

    private static void assertMissing(Runnable read) {
        assertThatThrownBy(read::run).isInstanceOf(BylineException.NotFound.class);
    }

    @Nested
    class Joined {
        @Test
        void commitsWithTheHost() throws SQLException {
            var tx = byline.in(connection);
            order(1);
            var user = tx.users().create(NOBODY, someUser());
            var post = tx.posts().create(as(user), post("Joined"));
            assertMissing(() -> byline.users().get(NOBODY, user.id()));
            connection.commit();
            tx.committed();

            assertThat(isOrdered(1)).isTrue();
            assertThat(byline.users().get(NOBODY, user.id()).name()).isEqualTo("Ada");
            assertThat(byline.posts().get(NOBODY, post.id()).title()).isEqualTo("Joined");
            assertThat(byline.posts()
                            .feed(NOBODY, PostFilter.NONE, PageRequest.first(1))
                            .items())
                    .containsExactly(post);
        }

        @Test
        void rollsBackWithTheHost() throws SQLException {
            var tx = byline.in(connection);
            order(2);
            var user = tx.users().create(NOBODY, someUser());
            var post = tx.posts().create(as(user), post("Rolled back"));
            connection.rollback();

            assertThat(isOrdered(2)).isFalse();
            assertMissing(() -> byline.users().get(NOBODY, user.id()));
            assertMissing(() -> byline.posts().get(NOBODY, post.id()));
        }

        @Test
        void seesItsOwnRowsInEveryReadWhileOthersLookThemUp() throws Exception {
            var tx = byline.in(connection);
            try (var others = Executors.newVirtualThreadPerTaskExecutor()) {
                for (int i = 0; i < 50; i++) {
                    var user = tx.users().create(NOBODY, someUser());
                    var post = tx.posts().create(as(user), post("Own"));
                    var reads = others.submit(() -> {
                        assertMissing(() -> byline.users().get(NOBODY, user.id()));
                        assertMissing(() -> byline.posts().get(NOBODY, post.id()));
                    });
                    assertThat(tx.users().get(NOBODY, user.id()).id()).isEqualTo(user.id());
                    assertThat(tx.users().byIds(NOBODY, List.of(user.id()))).hasSize(1);
                    assertThat(tx.posts().get(NOBODY, post.id())).isEqualTo(post);
                    assertThat(tx.posts()
                                    .byAuthor(NOBODY, user.id(), PageRequest.first(10))
                                    .items())
                            .containsExactly(post);
                    assertThat(tx.posts()
                                    .feed(NOBODY, PostFilter.NONE, PageRequest.first(1))
                                    .items())
                            .containsExactly(post);
                    reads.get();
                }
            }
            connection.rollback();
        }

        @Test
        void aConflictUndoesOnlyItself() throws SQLException {
            var taken = someUser();
            byline.users().create(NOBODY, taken);
            var tx = byline.in(connection);
            order(3);
            var user = tx.users().create(NOBODY, someUser());
            assertThatThrownBy(() -> tx.users().create(NOBODY, taken)).isInstanceOf(BylineException.Conflict.class);
            var post = tx.posts().create(as(user), post("After a conflict"));
            order(4);
            connection.commit();
            tx.committed();

            assertThat(isOrdered(3)).isTrue();
            assertThat(isOrdered(4)).isTrue();
            assertThat(byline.posts().get(NOBODY, post.id()).userId()).isEqualTo(user.id());
        }

        @Test
        void aStatementThatTheDatabaseRejectsUndoesOnlyItself() throws SQLException {
            var taken = existingUser();
            var tx = byline.in(connection);
            var user = tx.users().create(NOBODY, someUser());
            var email = database.value("SELECT email FROM users WHERE id = " + taken.id());
            assertThatThrownBy(() ->
                            tx.users().change(OPERATOR, user.id(), new UserChange(email, null, null, null, null, null)))
                    .isInstanceOf(BylineException.Conflict.class);
            order(5);
            connection.commit();
            tx.committed();

            assertThat(isOrdered(5)).isTrue();
            assertThat(byline.users().get(NOBODY, user.id()).id()).isEqualTo(user.id());
        }

        @Test
        void onceCommittedNoReadOfThisNodeSeesTheOldValue() throws SQLException {
            var user = existingUser();
            var post = byline.posts().create(as(user), post("Before"));
            for (int i = 0; i < 50; i++) {
                var title = "Title " + i;
                var seen = byline.posts().get(NOBODY, post.id()); // cached from now on
                var tx = byline.in(connection);
                tx.posts().change(as(user), post.id(), new PostChange(title, null, null, null));
                assertThat(byline.posts().get(NOBODY, post.id()).title()).isEqualTo(seen.title());
                connection.commit();
                tx.committed();
                assertThat(byline.posts().get(NOBODY, post.id()).title()).isEqualTo(title);
            }
        }

        @Test
        void aDeletedUserIsGoneOnceCommittedAndTheirManyPostsSoonAfter() throws Exception {
            var user = existingUser();
            for (int i = 0; i < 3; i++) {
                byline.posts()
                        .createAll(
                                as(user),
                                IntStream.range(0, 20)
                                        .mapToObj(n -> post("Post " + n))
                                        .toList());
            }
            byline.users().get(NOBODY, user.id());
            var tx = byline.in(connection);
            tx.users().delete(as(user), user.id());
            assertMissing(() -> tx.users().get(NOBODY, user.id()));
            assertThat(byline.users().get(NOBODY, user.id()).id()).isEqualTo(user.id());
            connection.commit();
            tx.committed();

            assertMissing(() -> byline.users().get(NOBODY, user.id()));
            while (!database.value("SELECT count(*) FROM posts WHERE user_id = " + user.id())
                    .equals("0")) {
                Thread.sleep(10);
            }
        }

        @Test
        void aKeyedPostIsCreatedOnceAndRolledBackWithItsKey() throws SQLException {
            var user = existingUser();
            var key = new IdempotencyKey("once-" + user.id(), "");
            var lost = byline.in(connection).posts().create(as(user), post("Once"), key);
            connection.rollback();
            assertMissing(() -> byline.posts().get(NOBODY, lost.value().id()));
            var tx = byline.in(connection);
            var first = tx.posts().create(as(user), post("Once"), key);
            var again = tx.posts().create(as(user), post("Once"), key);
            connection.commit();
            tx.committed();

            assertThat(first.replayed()).isFalse();
            assertThat(again.replayed()).isTrue();
            assertThat(again.value()).isEqualTo(first.value());
            assertThat(byline.posts()
                            .create(as(user), post("Once"), key)
                            .value()
                            .id())
                    .isEqualTo(first.value().id());
        }

        @Test
        void loginAndTokensAreInTheTransaction() throws SQLException {
            var newUser = new NewUser(
                    someUser().email(), "Ada", new Password("correct horse battery staple"), Metadata.EMPTY);
            var tx = byline.in(connection);
            var user = tx.users().create(NOBODY, newUser);
            var token = tx.tokens().login(newUser.email(), new Password("correct horse battery staple"));
            assertThat(tx.tokens().authenticate(token.secret())).isInstanceOf(Principal.Member.class);
            assertThatThrownBy(() -> byline.tokens().authenticate(token.secret()))
                    .isInstanceOf(BylineException.Unauthenticated.class);
            connection.commit();
            tx.committed();

            assertThat(byline.tokens().authenticate(token.secret()))
                    .isInstanceOfSatisfying(
                            Principal.Member.class,
                            member -> assertThat(member.userId()).isEqualTo(user.id()));
        }

        @Test
        void leavesTheConnectionAsItWas() throws SQLException {
            var tx = byline.in(connection);
            tx.users().create(NOBODY, someUser());
            assertThat(connection.getAutoCommit()).isFalse();
            assertThat(connection.isClosed()).isFalse();
            connection.rollback();
        }

        @Test
        void withoutTheCallAfterTheCommitAReadIsStaleUpToTheTimeToLive() throws Exception {
            var shortLived = new BylineConfig.Cache(
                    true, Duration.ofMillis(300), BylineConfig.Cache.L2_TTL, BylineConfig.Cache.LOCAL.l1Bytes(), null);
            try (var reader = Byline.builder().cache(shortLived).dataSource(pool)) {
                var user = existingUser();
                reader.users().get(NOBODY, user.id());
                reader.in(connection).users().change(as(user), user.id(), name("Countess"));
                connection.commit();
                var end = System.nanoTime() + Duration.ofSeconds(5).toNanos();
                while (!reader.users().get(NOBODY, user.id()).name().equals("Countess")) {
                    assertThat(System.nanoTime()).isLessThan(end);
                    Thread.sleep(10);
                }
            }
        }

        @Test
        void autoCommitIsRejected() throws SQLException {
            connection.setAutoCommit(true);
            assertThatThrownBy(() -> byline.in(connection))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("the connection has auto-commit on: begin a transaction with setAutoCommit(false)");
            connection.setAutoCommit(false);
            var tx = byline.in(connection);
            connection.setAutoCommit(true);
            assertThatThrownBy(() -> tx.users().create(NOBODY, someUser())).isInstanceOf(IllegalStateException.class);
        }

        @Test
        void useAfterTheEndIsRejected() throws SQLException {
            var tx = byline.in(connection);
            connection.commit();
            tx.committed();
            assertThatThrownBy(() -> tx.users().create(NOBODY, someUser()))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("has ended");
            var next = byline.in(connection);
            connection.close();
            assertThatThrownBy(() -> next.users().create(NOBODY, someUser()))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("is closed");
        }

        @Test
        void aTransactionThatFailedBeforeIsRejected() throws SQLException {
            var tx = byline.in(connection);
            assertThatThrownBy(() -> {
                        try (var statement = connection.createStatement()) {
                            statement.execute("SELECT 1 / 0");
                        }
                    })
                    .isInstanceOf(SQLException.class);
            assertThatThrownBy(() -> tx.users().create(NOBODY, someUser()))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("a statement failed earlier in this transaction: roll it back");
            connection.rollback();
        }

        @Test
        void aSecondThreadAtTheSameTimeIsRejected() throws Exception {
            var user = existingUser();
            var tx = byline.in(connection);
            try (var locking = pool.getConnection();
                    var thread = Executors.newSingleThreadExecutor()) {
                locking.setAutoCommit(false);
                try (var statement = locking.createStatement()) {
                    statement.execute("SELECT 1 FROM byline.users WHERE id = " + user.id() + " FOR UPDATE");
                }
                var started = new CountDownLatch(1);
                var first = thread.submit(() -> {
                    started.countDown();
                    return tx.users().change(as(user), user.id(), name("Slow"));
                });
                started.await();
                awaitLockWait();
                assertThatThrownBy(() -> tx.users().get(NOBODY, user.id()))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("another thread");
                locking.rollback();
                first.get(10, TimeUnit.SECONDS);
            }
            connection.rollback();
        }

        private void awaitLockWait() throws InterruptedException {
            while (database.value("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
                    .equals("0")) {
                Thread.sleep(5);
            }
        }
    }

    @Nested
    class Own {
        @Test
        void commitsAndInvalidates() throws SQLException {
            var user = existingUser();
            byline.users().get(NOBODY, user.id());
            var post = byline.transaction(tx -> {
                try (var statement = tx.connection().createStatement()) {
                    statement.executeUpdate("INSERT INTO orders VALUES (11, 'Ada')");
                }
                tx.users().change(as(user), user.id(), name("Countess"));
                return tx.posts().create(as(user), post("In a transaction"));
            });

            assertThat(isOrdered(11)).isTrue();
            assertThat(byline.users().get(NOBODY, user.id()).name()).isEqualTo("Countess");
            assertThat(byline.posts().get(NOBODY, post.id()).title()).isEqualTo("In a transaction");
        }

        @Test
        void rollsBackWithTheExceptionOfTheCallback() {
            var user = existingUser();
            var created = new Post[1];
            assertThatThrownBy(() -> byline.transaction(tx -> {
                        created[0] = tx.posts().create(as(user), post("Lost"));
                        throw new IOException("of the host");
                    }))
                    .isInstanceOf(IOException.class)
                    .hasMessage("of the host");

            assertMissing(() -> byline.posts().get(NOBODY, created[0].id()));
        }

        @Test
        void rollsBackWithAnUncaughtConflictAndNotWithACaughtOne() {
            var taken = someUser();
            byline.users().create(NOBODY, taken);
            var lost = someUser();
            assertThatThrownBy(() -> byline.transaction(tx -> {
                        tx.users().create(NOBODY, lost);
                        return tx.users().create(NOBODY, taken);
                    }))
                    .isInstanceOf(BylineException.Conflict.class);
            assertThat(byline.users().create(NOBODY, lost).name()).isEqualTo("Ada"); // its address is free

            var kept = byline.transaction(tx -> {
                var user = tx.users().create(NOBODY, someUser());
                assertThatThrownBy(() -> tx.users().create(NOBODY, taken)).isInstanceOf(BylineException.Conflict.class);
                return user;
            });
            assertThat(byline.users().get(NOBODY, kept.id())).isNotNull();
        }

        @Test
        void useAfterTheEndIsRejected() {
            var kept = byline.transaction(tx -> tx);
            assertThatThrownBy(() -> kept.users().create(NOBODY, someUser()))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("has ended");
        }

        @Test
        void aFailedStatementThatTheCallbackIgnoresRollsBack() {
            var created = new Post[1];
            var user = existingUser();
            assertThatThrownBy(() -> byline.transaction(tx -> {
                        created[0] = tx.posts().create(as(user), post("Lost"));
                        try (var statement = tx.connection().createStatement()) {
                            statement.execute("SELECT 1 / 0");
                        } catch (SQLException e) {
                            return 0;
                        }
                        return 1;
                    }))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("a statement failed earlier in this transaction: roll it back");
            assertMissing(() -> byline.posts().get(NOBODY, created[0].id()));
        }

        @Test
        void otherCallersWaitForTheirTurnWhileTransactionsAreAtWork() throws Exception {
            var config = BylineConfig.of(database.url());
            try (var own = Byline.open(config.withDatabase(config.database().withPoolSize(1))
                            .withCache(BylineConfig.Cache.OFF));
                    var threads = Executors.newVirtualThreadPerTaskExecutor()) {
                own.serverFacts();
                var working = new CountDownLatch(1);
                var transaction = threads.submit(() -> own.transaction(tx -> {
                    for (int i = 0; i < 40; i++) {
                        tx.users().find(NOBODY, 1);
                        working.countDown();
                        Thread.sleep(10);
                    }
                    return 0;
                }));
                working.await();
                Thread.sleep(300); // longer than the pool takes to consider the database stuck
                var waiters = IntStream.range(0, 3)
                        .mapToObj(n -> threads.submit(() -> own.users().find(NOBODY, 1)))
                        .toList();
                for (var waiter : waiters) {
                    waiter.get();
                }
                assertThat(transaction.get()).isZero();
                assertThat(own.sinceDatabaseAnswered()).isLessThan(Duration.ofSeconds(5));
            }
        }

        @Test
        void runsOnItsOwnPool() {
            try (var own = Byline.open(BylineConfig.of(database.url()))) {
                var user = own.transaction(tx -> tx.users().create(NOBODY, someUser()));
                assertThat(own.users().get(NOBODY, user.id())).isEqualTo(user.seenBy(NOBODY));
                assertThat(own.poolStatus().orElseThrow().active()).isZero();
            }
        }
    }

    @Nested
    class Refused {
        @Test
        void aPoolWithAutoCommitOffNamesIn() {
            try (var off = pool(false)) {
                assertThatThrownBy(() -> Byline.builder().dataSource(off))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("Byline.in(connection)");
                assertThat(off.getHikariPoolMXBean().getActiveConnections()).isZero();
            }
        }

        @Test
        void aClosedBylineSaysSo() {
            var closed = Byline.builder().dataSource(pool);
            var joinedBefore = closed.in(connection);
            closed.close();
            closed.close();
            for (Runnable use : List.<Runnable>of(
                    () -> closed.users().get(NOBODY, 1),
                    () -> closed.posts().get(NOBODY, 1),
                    () -> closed.users().create(NOBODY, someUser()),
                    () -> closed.users()
                            .create(
                                    NOBODY,
                                    new NewUser(
                                            someUser().email(),
                                            "Ada",
                                            new Password("a long secret of Ada"),
                                            Metadata.EMPTY)),
                    () -> joinedBefore.users().find(NOBODY, 1),
                    () -> closed.posts().delete(OPERATOR, 1, ExpectedVersion.ANY),
                    () -> closed.in(connection),
                    () -> closed.transaction(tx -> 1))) {
                assertThatThrownBy(use::run)
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessage("Byline is closed");
            }
        }
    }

    @Nested
    class Reasons {
        private void assertNothingHappened(Runnable write) {
            assertThatThrownBy(write::run).isInstanceOfSatisfying(BylineException.Unavailable.class, e -> {
                assertThat(e.reason()).isEqualTo(UnavailableReason.DATABASE);
                assertThat(e.mayHaveHappened()).isFalse();
            });
        }

        @Test
        void withoutAConnectionNothingHappened() {
            var nowhere = BylineConfig.of("postgres://nobody@127.0.0.1:1/none");
            try (var away = Byline.open(nowhere.withDatabase(
                    nowhere.database().withTimeouts(Duration.ofMillis(250), Duration.ofMillis(250))))) {
                assertNothingHappened(() -> away.users().create(NOBODY, someUser()));
                assertNothingHappened(() -> away.posts().create(new Principal.Member(1, Role.USER), post("Nowhere")));
            }
        }

        @Test
        void aTransactionThatTimesOutOnALockChangedNothing() throws SQLException {
            var user = existingUser();
            var tx = byline.in(connection);
            tx.users().change(as(user), user.id(), name("Locked"));
            try (var impatient = new HikariDataSource()) {
                impatient.setDataSource(database.dataSource());
                impatient.setConnectionInitSql("SET statement_timeout = '200ms'");
                try (var other = Byline.builder().housekeeping(false).dataSource(impatient)) {
                    assertNothingHappened(() -> other.users().change(as(user), user.id(), name("Too late")));
                }
            }
            connection.rollback();
        }

        @Test
        void conflictsHaveReasons() {
            var taken = someUser();
            byline.users().create(NOBODY, taken);
            assertReason(ConflictReason.EMAIL_TAKEN, () -> byline.users().create(NOBODY, taken));
            assertReason(
                    ConflictReason.EMAIL_TAKEN,
                    () -> byline.users()
                            .change(
                                    OPERATOR,
                                    existingUser().id(),
                                    new UserChange(taken.email(), null, null, null, null, null)));
            var admin = byline.users().ensureAdmin(OPERATOR, someUser()).orElseThrow();
            assertReason(ConflictReason.LAST_ADMIN, () -> byline.users().delete(OPERATOR, admin.id()));
            var author = existingUser();
            var post = byline.posts().create(as(author), post("Referenced"));
            database.run("CREATE TABLE pins (post bigint NOT NULL REFERENCES posts);" + " INSERT INTO pins VALUES ("
                    + post.id() + ")");
            assertReason(ConflictReason.REFERENCED, () -> byline.posts().delete(as(author), post.id()));
            database.run("ALTER TABLE posts ADD CONSTRAINT no_shouting CHECK (title <> 'SHOUTING')");
            assertReason(ConflictReason.HOST_RULE, () -> byline.posts().create(as(author), post("SHOUTING")));
        }

        private static void assertReason(ConflictReason reason, Runnable write) {
            assertThatThrownBy(write::run)
                    .isInstanceOfSatisfying(
                            BylineException.Conflict.class,
                            e -> assertThat(e.reason()).isEqualTo(reason));
        }
    }

    @Nested
    class Finding {
        @Test
        void whatIsMissingIsEmpty() {
            var user = byline.users().create(NOBODY, someUser());
            var draft = byline.posts()
                    .create(as(user), new NewPost("Draft", "", Metadata.EMPTY, PostStatus.DRAFT, null, null));

            assertThat(byline.users().find(NOBODY, user.id())).contains(user.seenBy(NOBODY));
            assertThat(byline.users().find(NOBODY, Long.MAX_VALUE)).isEmpty();
            assertThat(byline.users().findByEmail(OPERATOR, String.valueOf(user.email())))
                    .contains(user);
            assertThat(byline.users().findByEmail(OPERATOR, "nobody@example.com"))
                    .isEmpty();
            assertThat(byline.posts().find(as(user), draft.id())).contains(draft);
            assertThat(byline.posts().find(NOBODY, draft.id())).isEmpty();
        }

        @Test
        void aStreamHasTheItemsOfAllPagesAndReadsNoFurtherThanItIsConsumed() {
            var user = existingUser();
            var titles = IntStream.range(0, 7).mapToObj(n -> "Title " + n).toList();
            titles.forEach(title -> byline.posts().create(as(user), post(title)));
            var pages = new AtomicInteger();
            Function<PageRequest, Page<Post>> list = request -> {
                pages.incrementAndGet();
                return byline.posts().byAuthor(NOBODY, user.id(), request);
            };

            assertThat(Page.stream(3, list).map(Post::title)).isEqualTo(titles.reversed());
            assertThat(pages).hasValue(3);
            assertThat(Page.stream(3, list).limit(3)).hasSize(3);
            assertThat(pages).hasValue(4);
        }
    }

    @Test
    void anIdleBylineWithoutHousekeepingHasNoThread() {
        var before = threads();
        try (var quiet = Byline.builder().housekeeping(false).dataSource(pool)) {
            quiet.users().find(NOBODY, 1);
            assertThat(threads()).isEqualTo(before);
        }
    }

    private static List<String> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(Thread::isAlive)
                .map(Thread::getName)
                .filter(name -> name.startsWith("byline-") && !name.equals("byline-open"))
                .sorted()
                .toList();
    }
}
