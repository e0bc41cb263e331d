package dev.byline.bench.hosts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.byline.Byline;
import dev.byline.JoinedTransaction;
import dev.byline.migrations.TestDatabase;
import dev.byline.model.BylineConfig;
import dev.byline.model.BylineException;
import dev.byline.model.IdempotencyKey;
import dev.byline.model.Metadata;
import dev.byline.model.NewPost;
import dev.byline.model.NewUser;
import dev.byline.model.Post;
import dev.byline.model.PostChange;
import dev.byline.model.PostStatus;
import dev.byline.model.Principal;
import dev.byline.model.Role;
import dev.byline.model.User;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Random transactions of a host, in which Byline's use cases and the host's statements take turns, some of which fail.
 * Compares what is visible with what was committed: inside, outside before the commit, and after it.
 */
class HostTransactionsTest {
    private static final Principal NOBODY = new Principal.Anonymous();
    private static final Principal OPERATOR = new Principal.Operator();
    private static final int TRANSACTIONS = Integer.getInteger("transactions", 1000);
    private static final NewUser TAKEN = new NewUser("taken@example.com", "Taken", Metadata.EMPTY);

    enum Kind {
        JDBC,
        AUTO_COMMIT_OFF,
        SPRING,
        SPRING_PROXY,
        JOOQ,
        JTA;

        Host open(DataSource database) throws SQLException {
            return switch (this) {
                case JDBC -> Host.Jdbc.open(database);
                case AUTO_COMMIT_OFF -> Host.AutoCommitOff.open(database);
                case SPRING -> Host.Spring.open(database);
                case SPRING_PROXY -> Host.Spring.openWithProxy(database);
                case JOOQ -> Host.Jooq.open(database);
                case JTA -> Host.Jta.open(database);
            };
        }
    }

    @ParameterizedTest
    @EnumSource
    void nothingIsLostHalfOrSeenTooEarly(Kind kind) throws Exception {
        try (var database = TestDatabase.migrated();
                var host = kind.open(database.dataSource());
                var byline = Byline.builder().cache(BylineConfig.Cache.LOCAL).dataSource(host.forByline())) {
            database.run("CREATE TABLE public.host_rows (id bigint PRIMARY KEY)");
            var run = new Run(host, byline, database, new Random(kind.name().hashCode()));
            for (int i = 0; i < TRANSACTIONS; i++) {
                run.transaction(i);
            }
            run.checkTables();
            assertThat(run.committed).isGreaterThan(TRANSACTIONS / 4);
        }
    }

    /** In a transaction of the host, Byline on the host's DataSource either refuses or has a connection of its own. */
    @ParameterizedTest
    @EnumSource(names = {"SPRING_PROXY", "JTA"})
    void aConnectionThatIsInTheHostsTransactionIsRefused(Kind kind) throws Exception {
        try (var database = TestDatabase.migrated();
                var host = kind.open(database.dataSource());
                var byline = Byline.builder().dataSource(host.forByline())) {
            host.inTransaction(connection -> {
                for (var use : List.<Runnable>of(
                        () -> byline.users().get(NOBODY, 1),
                        () -> byline.posts().get(NOBODY, 1),
                        () -> byline.users().create(NOBODY, TAKEN),
                        () -> byline.transaction(tx -> 1))) {
                    assertThatThrownBy(use::run)
                            .isInstanceOf(IllegalStateException.class)
                            .hasMessageContaining("Byline.in(connection)");
                }
            });
            assertThat(byline.users().create(NOBODY, TAKEN).name()).isEqualTo("Taken");
        }
    }

    /** The state that was committed, and transactions that change it. */
    private static final class Run {
        private final Host host;
        private final Byline byline;
        private final TestDatabase database;
        private final Random random;
        private final List<User> users = new ArrayList<>();
        private final Map<Long, Optional<Post>> posts = new HashMap<>(); // empty: deleted or rolled back
        private final List<Long> hostRows = new ArrayList<>();
        private int committed;
        private int count;

        Run(Host host, Byline byline, TestDatabase database, Random random) {
            this.host = host;
            this.byline = byline;
            this.database = database;
            this.random = random;
            users.add(byline.users().create(NOBODY, TAKEN));
        }

        void transaction(int number) throws Exception {
            var own = new ArrayList<User>();
            var changed = new HashMap<Long, Optional<Post>>();
            var rows = new ArrayList<Long>();
            var commit = random.nextInt(3) > 0;
            var joined = new JoinedTransaction[1];
            var done = new AtomicBoolean();
            try {
                host.inTransaction(connection -> {
                    joined[0] = byline.in(connection);
                    var steps = 1 + random.nextInt(5);
                    for (int step = 0; step < steps; step++) {
                        var id = number * 10L + step;
                        insert(connection, id);
                        rows.add(id);
                        step(joined[0], connection, own, changed);
                        checkInside(joined[0], own, changed);
                        checkOutside(changed);
                    }
                    done.set(true);
                    if (!commit) {
                        throw new Host.RolledBack();
                    }
                });
            } catch (RuntimeException e) {
                if (commit || !done.get()) {
                    throw e;
                }
            }
            if (commit) {
                joined[0].committed();
                users.addAll(own);
                posts.putAll(changed);
                hostRows.addAll(rows);
                committed++;
            } else {
                own.forEach(user -> assertMissing(() -> byline.users().get(NOBODY, user.id())));
                changed.keySet().forEach(id -> posts.putIfAbsent(id, Optional.empty()));
            }
            changed.keySet().forEach(id -> check(byline.posts(), id, posts.getOrDefault(id, Optional.empty())));
        }

        private static void insert(Connection connection, long id) throws SQLException {
            try (var statement = connection.createStatement()) {
                statement.executeUpdate("INSERT INTO host_rows VALUES (" + id + ")");
            }
        }

        private void step(
                JoinedTransaction tx, Connection connection, List<User> own, Map<Long, Optional<Post>> changed)
                throws SQLException {
            var author = own.isEmpty() ? users.get(random.nextInt(users.size())) : own.getLast();
            var caller = new Principal.Member(author.id(), Role.USER);
            switch (random.nextInt(8)) {
                case 0 -> own.add(tx.users().create(NOBODY, newUser()));
                case 1 -> put(changed, tx.posts().create(caller, newPost()));
                case 2 ->
                    tx.posts().createAll(caller, List.of(newPost(), newPost())).forEach(post -> put(changed, post));
                case 3 -> {
                    var existing = anyPost(changed);
                    if (existing != null) {
                        var title = "Changed " + count++;
                        put(
                                changed,
                                tx.posts().change(OPERATOR, existing.id(), new PostChange(title, null, null, null)));
                    }
                }
                case 4 -> {
                    var existing = anyPost(changed);
                    if (existing != null) {
                        tx.posts().delete(OPERATOR, existing.id());
                        changed.put(existing.id(), Optional.empty());
                    }
                }
                case 5 -> {
                    var key = new IdempotencyKey("key " + count++, "");
                    var post = newPost();
                    var created = tx.posts().create(caller, post, key).value();
                    assertThat(tx.posts().create(caller, post, key).value()).isEqualTo(created);
                    put(changed, created);
                }
                case 6 ->
                    assertThatThrownBy(() -> tx.users().create(NOBODY, TAKEN))
                            .isInstanceOf(BylineException.Conflict.class);
                default -> failOfTheHost(connection);
            }
        }

        /** A statement of the host fails within the host's own savepoint. */
        private static void failOfTheHost(Connection connection) throws SQLException {
            try (var statement = connection.createStatement()) {
                statement.execute("SAVEPOINT of_the_host");
                assertThatThrownBy(() -> statement.execute("SELECT 1 / 0")).isInstanceOf(SQLException.class);
                statement.execute("ROLLBACK TO SAVEPOINT of_the_host");
            }
        }

        private static void put(Map<Long, Optional<Post>> changed, Post post) {
            changed.put(post.id(), Optional.of(post));
        }

        private @Nullable Post anyPost(Map<Long, Optional<Post>> changed) {
            var now = new HashMap<>(posts);
            now.putAll(changed);
            var there = now.values().stream().flatMap(Optional::stream).toList();
            return there.isEmpty() ? null : there.get(random.nextInt(there.size()));
        }

        private NewUser newUser() {
            return new NewUser("host" + count++ + "@example.com", "Host", Metadata.EMPTY);
        }

        private NewPost newPost() {
            return new NewPost("Post " + count++, "", Metadata.EMPTY, PostStatus.PUBLISHED, null, null);
        }

        private static void checkInside(JoinedTransaction tx, List<User> own, Map<Long, Optional<Post>> changed) {
            own.forEach(
                    user -> assertThat(tx.users().get(NOBODY, user.id()).id()).isEqualTo(user.id()));
            changed.forEach((id, post) -> check(tx.posts(), id, post));
        }

        /** Reads on another thread, as the host's transaction may be bound to this one. */
        private void checkOutside(Map<Long, Optional<Post>> changed) {
            var failure = new Throwable[1];
            var reader = Thread.ofPlatform().start(() -> {
                try {
                    changed.keySet().forEach(id -> check(byline.posts(), id, posts.getOrDefault(id, Optional.empty())));
                } catch (Throwable e) {
                    failure[0] = e;
                }
            });
            try {
                reader.join();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            if (failure[0] != null) {
                throw new AssertionError(failure[0]);
            }
        }

        private static void check(dev.byline.Posts reader, long id, Optional<Post> expected) {
            if (expected.isPresent()) {
                assertThat(reader.get(NOBODY, id)).isEqualTo(expected.get());
            } else {
                assertMissing(() -> reader.get(NOBODY, id));
            }
        }

        private static void assertMissing(Runnable read) {
            assertThatThrownBy(read::run).isInstanceOf(BylineException.NotFound.class);
        }

        void checkTables() {
            assertThat(database.value("SELECT count(*) FROM host_rows")).isEqualTo("" + hostRows.size());
            assertThat(database.value("SELECT count(*) FROM users")).isEqualTo("" + users.size());
            assertThat(database.value("SELECT count(*) FROM posts"))
                    .isEqualTo(""
                            + posts.values().stream().flatMap(Optional::stream).count());
        }
    }
}
