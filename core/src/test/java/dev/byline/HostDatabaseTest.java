package dev.byline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.zaxxer.hikari.HikariDataSource;
import dev.byline.migrations.LeakCheck;
import dev.byline.migrations.TestDatabase;
import dev.byline.model.BylineConfig;
import dev.byline.model.BylineException;
import dev.byline.model.Metadata;
import dev.byline.model.NewPost;
import dev.byline.model.NewUser;
import dev.byline.model.PageRequest;
import dev.byline.model.PostChange;
import dev.byline.model.PostFilter;
import dev.byline.model.PostStatus;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** A host's pool, and a host's foreign keys, constraints and triggers on Byline's tables. */
class HostDatabaseTest extends CoreTest {
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();

    @BeforeEach
    void listen() {
        log.list.clear();
        log.start();
        ((Logger) LoggerFactory.getLogger("dev.byline")).addAppender(log);
    }

    @AfterEach
    void stopListening() {
        ((Logger) LoggerFactory.getLogger("dev.byline")).detachAppender(log);
    }

    private interface Connections {
        Connection get() throws SQLException;
    }

    /** Creates a host's pool from its getConnection. */
    private static DataSource dataSource(Connections connections) {
        return (DataSource) Proxy.newProxyInstance(
                HostDatabaseTest.class.getClassLoader(),
                new Class<?>[] {DataSource.class},
                (proxy, method, arguments) -> {
                    if (method.getName().equals("getConnection")) {
                        return connections.get();
                    }
                    throw new UnsupportedOperationException(method.getName());
                });
    }

    @Nested
    class AutoCommitOff {
        private static final String MESSAGE = "auto-commit off";

        @Test
        void aHikariPoolIsRefusedAtOpen() {
            try (var pool = new HikariDataSource()) {
                var config = BylineConfig.of(database.url()).database().url();
                pool.setJdbcUrl(config.jdbcUrl());
                pool.setDataSourceProperties(config.credentials());
                pool.setAutoCommit(false);

                assertThatThrownBy(() -> Byline.builder().dataSource(pool))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining(MESSAGE);
                assertThat(pool.getHikariPoolMXBean().getActiveConnections()).isZero();
            }
        }

        @Test
        void anyOtherPoolIsRefusedAtOpen() {
            var pool = dataSource(() -> {
                var connection = database.inSchema().getConnection();
                connection.setAutoCommit(false);
                return connection;
            });
            assertThatThrownBy(() -> Byline.builder().dataSource(pool))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining(MESSAGE);
        }

        /** The database was unreachable at open, or the host calls in a transaction of its own. */
        @Test
        void aConnectionIsRefusedAtEachBorrowAndGivenBack() throws Exception {
            var autoCommit = new AtomicBoolean(true);
            var author = newUser();
            try (var pool = new HikariDataSource()) {
                var config = BylineConfig.of(database.url()).database().url();
                pool.setJdbcUrl(config.jdbcUrl());
                pool.setDataSourceProperties(config.credentials());
                pool.setMaximumPoolSize(1);
                pool.setConnectionTimeout(2000);
                var host = dataSource(() -> {
                    var connection = pool.getConnection();
                    connection.setAutoCommit(autoCommit.get());
                    return connection;
                });
                try (var embedded = Byline.builder().dataSource(host)) {
                    var before = embedded.posts().create(as(author), post("before", PostStatus.PUBLISHED, null));
                    autoCommit.set(false);
                    for (int i = 0; i < 3; i++) {
                        assertThatThrownBy(() -> embedded.posts()
                                        .create(as(author), post("refused", PostStatus.PUBLISHED, null)))
                                .isExactlyInstanceOf(IllegalStateException.class)
                                .hasMessageContaining(MESSAGE);
                        assertThatThrownBy(() -> embedded.posts().get(NOBODY, before.id()))
                                .isExactlyInstanceOf(IllegalStateException.class)
                                .hasMessageContaining(MESSAGE);
                        assertThatThrownBy(() -> embedded.users().delete(as(author), author.id()))
                                .isExactlyInstanceOf(IllegalStateException.class);
                    }
                    assertThat(pool.getHikariPoolMXBean().getActiveConnections())
                            .isZero();
                    autoCommit.set(true);
                    embedded.posts().create(as(author), post("after", PostStatus.PUBLISHED, null));
                }
            }
            assertThat(database.value(
                            "SELECT string_agg(title, ' ' ORDER BY id) FROM posts WHERE user_id = " + author.id()))
                    .isEqualTo("before after");
        }

        @Test
        void openSucceedsWithoutTheDatabase() {
            var unreachable = dataSource(() -> {
                throw new SQLException("unreachable", "08001");
            });
            try (var embedded = Byline.builder().dataSource(unreachable)) {
                assertThatThrownBy(() -> embedded.users().get(NOBODY, 1))
                        .isInstanceOf(BylineException.Unavailable.class);
            }
        }

        @Test
        void openDoesNotWaitForTheDatabase() {
            var answer = new CountDownLatch(1);
            var opened = new AtomicInteger();
            var frozen = dataSource(() -> {
                opened.incrementAndGet();
                try {
                    answer.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                throw new SQLException("too late", "08001");
            });
            try (var embedded = Byline.builder().dataSource(frozen)) {
                assertThat(embedded.poolStatus()).isEmpty();
                assertThat(opened).hasValue(1);
            } finally {
                answer.countDown();
            }
        }
    }

    @Nested
    class ForeignKeys {
        @Test
        void deletingAReferencedUserIsAConflict() {
            database.run("CREATE TABLE orders (user_id bigint CONSTRAINT orders_secret_fkey REFERENCES users)");
            try {
                var user = newUser();
                newPost(user, "stays");
                database.run("INSERT INTO orders VALUES (" + user.id() + ")");

                assertThatThrownBy(() -> byline.users().delete(as(user), user.id()))
                        .isInstanceOf(BylineException.Conflict.class)
                        .hasMessage(
                                "the database refused the change: rows of another table refer to what would be deleted")
                        .hasStackTraceContaining("orders_secret_fkey");
                assertThat(byline.users().get(as(user), user.id())).isEqualTo(user);
                assertThat(byline.posts()
                                .byAuthor(NOBODY, user.id(), PageRequest.first(10))
                                .items())
                        .hasSize(1);

                database.run("DELETE FROM orders");
                byline.users().delete(as(user), user.id());
            } finally {
                database.run("DROP TABLE orders");
            }
        }

        @ParameterizedTest
        @ValueSource(strings = {"", "ON DELETE RESTRICT", "DEFERRABLE INITIALLY DEFERRED"})
        void deletingAReferencedPostIsAConflict(String kind) {
            database.run(
                    "CREATE TABLE comments (post_id bigint CONSTRAINT comments_fkey REFERENCES posts " + kind + ")");
            try {
                var user = newUser();
                var post = newPost(user, "stays");
                database.run("INSERT INTO comments VALUES (" + post.id() + ")");

                assertThatThrownBy(() -> byline.posts().delete(as(user), post.id()))
                        .isInstanceOf(BylineException.Conflict.class)
                        .hasMessageContaining("rows of another table refer to")
                        .hasMessageNotContaining("comments");
                assertThat(byline.posts().get(NOBODY, post.id())).isEqualTo(post);

                database.run("DELETE FROM comments");
                byline.posts().delete(as(user), post.id());
            } finally {
                database.run("DROP TABLE comments");
            }
        }

        @Test
        void aViolatedForeignKeyToAHostTableIsAConflict() {
            database.run("CREATE TABLE names (name text PRIMARY KEY)");
            database.run("INSERT INTO names SELECT DISTINCT name FROM users");
            database.run("ALTER TABLE users ADD CONSTRAINT users_host_fkey FOREIGN KEY (name) REFERENCES names");
            try {
                assertThatThrownBy(HostDatabaseTest.this::newUser)
                        .isInstanceOf(BylineException.Conflict.class)
                        .hasMessage("the database refused the change: it breaks a rule that was added to the schema");
            } finally {
                database.run("ALTER TABLE users DROP CONSTRAINT users_host_fkey");
                database.run("DROP TABLE names");
            }
        }
    }

    @Nested
    class Rules {
        /** The errors that PostgreSQL and PL/pgSQL raise for a broken rule. */
        @ParameterizedTest
        @ValueSource(
                strings = {
                    "RAISE EXCEPTION 'secret'",
                    "RAISE EXCEPTION 'secret' USING ERRCODE = 'HR001'",
                    "RAISE EXCEPTION 'secret' USING ERRCODE = '12345'",
                    "RAISE EXCEPTION 'secret' USING ERRCODE = 'check_violation'",
                    "RAISE EXCEPTION 'secret' USING ERRCODE = 'check_violation', CONSTRAINT = 'host_rule'",
                    "RAISE EXCEPTION 'secret' USING ERRCODE = 'insufficient_privilege'",
                    "RAISE EXCEPTION 'secret' USING ERRCODE = 'invalid_parameter_value'",
                    "RAISE EXCEPTION 'secret' USING ERRCODE = 'no_data_found'",
                    "ASSERT false, 'secret'",
                    "PERFORM 'secret'::int",
                })
        void aTriggerThatRefusesAWriteIsAConflict(String statement) {
            database.run("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN " + statement
                    + "; RETURN NEW; END $$");
            var author = newUser();
            var post = newPost(author, "before");
            database.run(
                    "CREATE TRIGGER host_rule BEFORE INSERT OR UPDATE ON posts FOR EACH ROW EXECUTE FUNCTION refuse()");
            try {
                for (int i = 0; i < 2; i++) {
                    assertThatThrownBy(() -> newPost(author, "refused"))
                            .isInstanceOf(BylineException.Conflict.class)
                            .hasMessage(
                                    "the database refused the change: it breaks a rule that was added to the schema")
                            .hasStackTraceContaining("secret");
                    assertThatThrownBy(() -> byline.posts()
                                    .change(as(author), post.id(), new PostChange("refused", null, null, null)))
                            .isInstanceOf(BylineException.Conflict.class);
                }
                assertThat(byline.posts().get(NOBODY, post.id())).isEqualTo(post);
            } finally {
                database.run("DROP TRIGGER host_rule ON posts");
                database.run("DROP FUNCTION refuse()");
            }
            assertThat(log.list).noneMatch(line -> line.getFormattedMessage().contains("secret"));
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "ADD CONSTRAINT host_rule CHECK (title <> 'refused')",
                    "ADD CONSTRAINT host_rule UNIQUE (title)",
                    "ADD CONSTRAINT host_rule EXCLUDE USING gist (title gist_text_ops WITH =)",
                    "ADD COLUMN host_rule int, ADD CONSTRAINT host_rule CHECK (host_rule IS NOT NULL) NOT VALID",
                })
        void aViolatedConstraintIsAConflictAndLoggedOnce(String rule) {
            var author = newUser();
            database.run("TRUNCATE posts CASCADE");
            database.run("CREATE EXTENSION IF NOT EXISTS btree_gist");
            if (rule.contains("UNIQUE") || rule.contains("EXCLUDE")) {
                newPost(author, "refused");
            }
            database.run("ALTER TABLE posts " + rule);
            try (var own = Byline.open(BylineConfig.of(database.url()))) {
                for (int i = 0; i < 3; i++) {
                    assertThatThrownBy(
                                    () -> own.posts().create(as(author), post("refused", PostStatus.PUBLISHED, null)))
                            .isInstanceOf(BylineException.Conflict.class)
                            .hasMessage(
                                    "the database refused the change: it breaks a rule that was added to the schema");
                }
                LeakCheck.assertReleased(() -> acquired(own));
            } finally {
                database.run("ALTER TABLE posts DROP CONSTRAINT host_rule");
                database.run("ALTER TABLE posts DROP COLUMN IF EXISTS host_rule");
            }
            assertThat(log.list)
                    .filteredOn(line -> line.getFormattedMessage().contains("host_rule"))
                    .hasSize(1);
        }

        @Test
        void aMissingHostColumnIsAConflict() {
            database.run("ALTER TABLE users ADD COLUMN company text");
            database.run("UPDATE users SET company = 'x'");
            database.run("ALTER TABLE users ALTER company SET NOT NULL");
            try {
                assertThatThrownBy(HostDatabaseTest.this::newUser).isInstanceOf(BylineException.Conflict.class);
            } finally {
                database.run("ALTER TABLE users DROP COLUMN company");
            }
        }

        @Test
        void aViolatedHostIndexIsNotReportedAsATakenEmail() {
            var first = newUser();
            database.run("CREATE UNIQUE INDEX host_names ON users (name)");
            try {
                assertThatThrownBy(() -> byline.users()
                                .create(NOBODY, new NewUser("other@example.com", first.name(), Metadata.EMPTY)))
                        .isInstanceOf(BylineException.Conflict.class)
                        .hasMessageContaining("a rule that was added to the schema");
                assertThatThrownBy(() -> byline.users()
                                .create(NOBODY, new NewUser(String.valueOf(first.email()), "Other", Metadata.EMPTY)))
                        .isInstanceOf(BylineException.Conflict.class)
                        .hasMessage("the e-mail address is taken");
            } finally {
                database.run("DROP INDEX host_names");
            }
        }

        /** A fault in Byline must not look like a host's constraint. */
        @Test
        void aViolationOfBylinesOwnConstraintIsNoConflict() {
            var user = newUser();
            database.run("CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS"
                    + " $$ BEGIN NEW.title = ''; RETURN NEW; END $$");
            database.run("CREATE TRIGGER spoil BEFORE INSERT ON posts FOR EACH ROW EXECUTE FUNCTION spoil()");
            try {
                assertThatThrownBy(() -> newPost(user, "spoiled")).isNotInstanceOf(BylineException.class);
            } finally {
                database.run("DROP TRIGGER spoil ON posts");
                database.run("DROP FUNCTION spoil()");
            }
        }
    }

    @Nested
    class MissingSchema {
        private static final String MESSAGE =
                "Byline's tables are missing: run Migrations.apply or `byline migrate`, or set the schema that has them";

        @Test
        void everyUseCaseReportsAMissingSchema() {
            try (var empty = TestDatabase.empty();
                    var embedded = Byline.builder().dataSource(empty.dataSource())) {
                assertMissing(() -> embedded.users().get(NOBODY, 1));
                assertMissing(() -> embedded.users().create(NOBODY, new NewUser("a@example.com", "A", Metadata.EMPTY)));
                assertMissing(() -> embedded.posts().get(NOBODY, 1));
                assertMissing(() -> embedded.posts().feed(NOBODY, PostFilter.NONE, PageRequest.first(1)));
                assertMissing(() -> embedded.posts()
                        .create(OPERATOR, new NewPost("t", "b", Metadata.EMPTY, PostStatus.PUBLISHED, 1L, null)));
                assertMissing(() -> embedded.tokens().authenticate("byl_" + "x".repeat(43)));
                assertThatCode(embedded::serverFacts).doesNotThrowAnyException();
            }
        }

        @Test
        void theCacheReportsAMissingSchema() {
            try (var empty = TestDatabase.empty();
                    var embedded = Byline.open(BylineConfig.of(empty.url()))) {
                assertMissing(() -> embedded.users().get(NOBODY, 1));
                assertMissing(() -> embedded.posts().feed(NOBODY, PostFilter.NONE, PageRequest.first(1)));
                LeakCheck.assertReleased(() -> acquired(embedded));
            }
        }

        /** A schema of an older version, or another search path. */
        @ParameterizedTest
        @ValueSource(
                strings = {
                    "ALTER TABLE users DROP COLUMN version",
                    "ALTER FUNCTION email_key(text) RENAME TO other_key",
                    "ALTER TABLE users RENAME TO other_users",
                })
        void anIncompleteSchemaCountsAsMissing(String damage) {
            try (var damaged = TestDatabase.migrated();
                    var embedded = Byline.builder().dataSource(damaged.dataSource())) {
                damaged.run(damage);
                assertMissing(() -> embedded.users().byEmail(OPERATOR, "a@example.com"));
            }
        }

        private static void assertMissing(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
            assertThatThrownBy(call)
                    .isInstanceOf(BylineException.Unavailable.class)
                    .hasMessage(MESSAGE);
        }
    }
}
