package dev.byline;

import static dev.byline.model.PostStatus.DRAFT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.byline.migrations.Migrations;
import dev.byline.migrations.TestDatabase;
import dev.byline.model.BucketLevel;
import dev.byline.model.Metadata;
import dev.byline.model.NewPost;
import dev.byline.model.NewUser;
import dev.byline.model.PageRequest;
import dev.byline.model.Post;
import dev.byline.model.PostFilter;
import dev.byline.model.PostStatus;
import dev.byline.model.Principal;
import dev.byline.model.Role;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.jooq.SQLDialect;
import org.jooq.impl.DSL;
import org.junit.jupiter.api.Test;

/** The examples of README and docs/embedding.md, run as they stand there. */
class EmbeddingTest {
    private static String hello(DataSource dataSource) {
        // README: embedding
        Migrations.apply(dataSource); // artifact dev.byline:byline-migrations
        try (var byline = Byline.builder().dataSource(dataSource)) {
            var ada = byline.users()
                    .create(new Principal.Anonymous(), new NewUser("ada@example.com", "Ada", Metadata.EMPTY));
            var me = new Principal.Member(ada.id(), Role.USER); // your own authentication says who calls
            byline.posts()
                    .create(me, new NewPost("Hello", "First post.", Metadata.EMPTY, PostStatus.PUBLISHED, null, null));
            var page = byline.posts().feed(new Principal.Anonymous(), PostFilter.NONE, PageRequest.first(20));
            return page.items().getFirst().title();
        }
        // end
    }

    @Test
    void theReadmesExampleRuns() {
        try (var database = TestDatabase.empty()) {
            assertThat(hello(database.dataSource())).isEqualTo("Hello");
        }
    }

    private static long order(DataSource dataSource, Byline byline, Principal buyer) throws SQLException {
        // docs: JDBC
        try (var connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            var tx = byline.in(connection);
            Post post;
            try {
                post = tx.posts().create(buyer, new NewPost("Order 7", "", Metadata.EMPTY, DRAFT, null, null));
                insertOrder(connection, 7, post.id()); // your own statement
            } catch (RuntimeException | SQLException e) {
                connection.rollback();
                throw e;
            }
            try {
                connection.commit();
            } catch (SQLException e) {
                tx.unknown(); // the connection broke: the commit may have happened
                throw e;
            }
            tx.committed();
            return post.id();
        }
        // end
    }

    private static long orderInOurTransaction(Byline byline, Principal buyer) throws SQLException {
        // docs: transaction
        return byline.transaction(tx -> {
            var post = tx.posts().create(buyer, new NewPost("Order 8", "", Metadata.EMPTY, DRAFT, null, null));
            insertOrder(tx.connection(), 8, post.id()); // an exception rolls back both
            return post.id();
        });
        // end
    }

    private static long orderWithJooq(DataSource dataSource, Byline byline, Principal buyer) {
        // docs: jOOQ
        var joined = new AtomicReference<JoinedTransaction>();
        long id = DSL.using(dataSource, SQLDialect.POSTGRES)
                .transactionResult(configuration -> configuration.dsl().connectionResult(connection -> {
                    var tx = byline.in(connection);
                    joined.set(tx);
                    var post = tx.posts().create(buyer, new NewPost("Order 9", "", Metadata.EMPTY, DRAFT, null, null));
                    insertOrder(connection, 9, post.id());
                    return post.id();
                }));
        joined.get().committed(); // after the commit
        return id;
        // end
    }

    private static boolean isAllowed(Byline byline, String customer) {
        // docs: limits
        var level = byline.sharedLimits()
                .charge("report:" + customer, Duration.ZERO, Duration.ofSeconds(6), Duration.ofMinutes(1));
        var allowed = level.map(BucketLevel::accepted).orElse(true); // empty: Redis is away; use a limit of your own
        // end
        return allowed;
    }

    private static void insertOrder(Connection connection, long id, long post) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.executeUpdate("INSERT INTO orders VALUES (" + id + ", " + post + ")");
        }
    }

    @Test
    void theExamplesOfTheGuideRun() throws SQLException {
        try (var database = TestDatabase.migrated();
                var byline = Byline.builder().dataSource(database.dataSource())) {
            database.run("CREATE TABLE public.orders (id bigint PRIMARY KEY, post bigint NOT NULL REFERENCES posts)");
            var ada = byline.users()
                    .create(new Principal.Anonymous(), new NewUser("ada@example.com", "Ada", Metadata.EMPTY));
            var buyer = new Principal.Member(ada.id(), Role.USER);
            var first = order(database.dataSource(), byline, buyer);
            var second = orderInOurTransaction(byline, buyer);
            var third = orderWithJooq(database.dataSource(), byline, buyer);

            assertThat(database.value("SELECT string_agg(post::text, ',' ORDER BY id) FROM orders"))
                    .isEqualTo(first + "," + second + "," + third);
            assertThat(isAllowed(byline, "ada")).isTrue(); // without Redis
        }
    }

    @Test
    void readmeAndGuideShowTheExamplesAsTheyAreHere() throws IOException {
        var source = Files.readString(Path.of("src/test/java/dev/byline/EmbeddingTest.java"));
        var documents = Files.readString(Path.of("../README.md")) + Files.readString(Path.of("../docs/embedding.md"));
        var examples = Pattern.compile("(?s) // (?:README|docs): \\w+\n(.*?)\n *// end\n")
                .matcher(source)
                .results()
                .map(match -> match.group(1).stripTrailing().stripIndent())
                .toList();

        assertThat(examples)
                .hasSize(5)
                .allSatisfy(example -> assertThat(documents).contains(example));
    }
}
