package dev.byline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.byline.internal.cache.TestRedis;
import dev.byline.migrations.MigrationOptions;
import dev.byline.migrations.Migrations;
import dev.byline.migrations.TestDatabase;
import dev.byline.model.BylineConfig;
import dev.byline.model.BylineException;
import dev.byline.model.ConflictReason;
import dev.byline.model.IdempotencyKey;
import dev.byline.model.Metadata;
import dev.byline.model.MetadataChange;
import dev.byline.model.NewPost;
import dev.byline.model.NewUser;
import dev.byline.model.PageRequest;
import dev.byline.model.PostChange;
import dev.byline.model.PostFilter;
import dev.byline.model.PostStatus;
import dev.byline.model.Principal;
import dev.byline.model.Role;
import dev.byline.model.UnavailableReason;
import dev.byline.model.User;
import dev.byline.model.UserChange;
import dev.byline.model.UserFilter;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;

/** The connections' search path doesn't find Byline's tables here. */
class SchemaTest {
    private static final Principal OPERATOR = new Principal.Operator();
    private static final Principal NOBODY = new Principal.Anonymous();

    private static User create(Byline byline, String name) {
        return byline.users().create(NOBODY, new NewUser(name + "@example.com", name, Metadata.EMPTY));
    }

    private static NewPost post(String title) {
        return new NewPost(title, "", Metadata.parse("{\"a\":1}"), PostStatus.PUBLISHED, null, null);
    }

    private static Byline open(TestDatabase database, @Nullable String schema) {
        return Byline.open(BylineConfig.of(database.url())
                .withDatabase(BylineConfig.of(database.url()).database().withSchema(schema)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"app", "My \"App\"", "a'b\\c?{d}%@"})
    void everyUseCaseRunsInANamedSchema(String name) {
        try (var database = TestDatabase.empty()) {
            database.run("CREATE SCHEMA elsewhere; CREATE EXTENSION unaccent SCHEMA elsewhere");
            Migrations.apply(database.dataSource(), name);
            var dataSource = (PGSimpleDataSource) database.dataSource();
            dataSource.setCurrentSchema("elsewhere");
            try (var byline = Byline.builder()
                    .schema(name)
                    .cache(BylineConfig.Cache.LOCAL)
                    .dataSource(dataSource)) {
                use(byline, create(byline, "ada"));
            }
        }
    }

    private static void use(Byline byline, User ada) {
        var member = new Principal.Member(ada.id(), Role.USER);
        var key = new IdempotencyKey("k", "");
        var post = byline.posts().create(member, post("Größe, and more"), key).value();
        assertThat(byline.posts().create(member, post("Größe, and more"), key).replayed())
                .isTrue();
        var patch = new PostChange(null, null, new MetadataChange.Merge(Metadata.parse("{\"b\":{\"c\":2}}")), null);
        assertThat(byline.posts().change(member, post.id(), patch).metadata().json())
                .contains("\"c\": 2");
        for (var filter : List.of(
                new PostFilter(null, "grosse", null),
                new PostFilter(null, "\"grosse more\"", null),
                new PostFilter(null, null, Metadata.parse("{\"a\":1}")))) {
            assertThat(byline.posts().feed(NOBODY, filter, PageRequest.first(5)).items())
                    .as("%s", filter)
                    .hasSize(1);
        }
        assertThat(byline.posts()
                        .mostRelevant(NOBODY, new PostFilter(null, "grosse", null), 5)
                        .items())
                .hasSize(1);
        assertThat(byline.posts()
                        .feed(NOBODY, PostFilter.NONE, PageRequest.first(5))
                        .items())
                .hasSize(1);
        assertThat(byline.users()
                        .list(NOBODY, new UserFilter(null, Metadata.EMPTY), PageRequest.first(5))
                        .items())
                .hasSize(1);
        assertThatThrownBy(() -> create(byline, "ADA")).isInstanceOf(BylineException.Conflict.class);
        byline.users().delete(member, ada.id());
        assertThat(byline.posts()
                        .feed(NOBODY, PostFilter.NONE, PageRequest.first(5))
                        .items())
                .isEmpty();
    }

    /** The statements' texts are kept for all instances of the JVM. */
    @Test
    void twoSchemasOfADatabaseShareNothing() {
        try (var database = TestDatabase.empty();
                var redis = new TestRedis()) {
            Migrations.apply(database.dataSource(), "one");
            Migrations.apply(database.dataSource(), "two");
            var cache = BylineConfig.Cache.LOCAL.withRedis(redis.uri());
            try (var one = Byline.builder().schema("one").cache(cache).dataSource(database.dataSource());
                    var two = Byline.builder().schema("two").cache(cache).dataSource(database.dataSource())) {
                var ada = create(one, "ada");
                var bob = create(two, "bob");
                assertThat(ada.id()).isEqualTo(bob.id());
                for (int i = 0; i < 2; i++) {
                    assertThat(one.users().get(OPERATOR, ada.id()).name()).isEqualTo("ada");
                    assertThat(two.users().get(OPERATOR, bob.id()).name()).isEqualTo("bob");
                    assertThat(names(one)).containsExactly("ada");
                    assertThat(names(two)).containsExactly("bob");
                }
                assertThat(database.value(
                                "SELECT (SELECT secret FROM one.cache_keys) = (SELECT secret FROM two.cache_keys)"))
                        .isEqualTo("f");

                var key = new IdempotencyKey("same", "");
                var member = new Principal.Member(ada.id(), Role.USER);
                var unused = one.transaction(tx -> {
                    var first = tx.posts().create(member, post("first"), key);
                    assertThatThrownBy(() -> one.posts().create(member, post("first"), key))
                            .isInstanceOf(BylineException.InProgress.class);
                    assertThat(two.posts().create(member, post("first"), key).replayed())
                            .isFalse();
                    return first;
                });
            }
        }
    }

    private static List<String> names(Byline byline) {
        return byline.users().list(NOBODY, UserFilter.NONE, PageRequest.first(5)).items().stream()
                .map(User::name)
                .toList();
    }

    /** One finds the tables by name, the other by the search path: the same tables, so the same keys in Redis. */
    @Test
    void processesThatFindTheSameTablesDifferentlyShareTheirCache() {
        try (var database = TestDatabase.migrated();
                var redis = new TestRedis()) {
            var config =
                    BylineConfig.of(database.serverUrl()).withCache(BylineConfig.Cache.LOCAL.withRedis(redis.uri()));
            try (var named = Byline.open(config);
                    var current =
                            Byline.open(config.withDatabase(config.database().withSchema(null)))) {
                var ada = create(named, "ada");
                assertThat(current.users().get(OPERATOR, ada.id()).name()).isEqualTo("ada");
                named.users().change(OPERATOR, ada.id(), new UserChange(null, "Countess", null, null, null, null));
                var deadline = System.nanoTime() + Duration.ofSeconds(3).toNanos();
                while (!current.users().get(OPERATOR, ada.id()).name().equals("Countess")) {
                    assertThat(System.nanoTime()).isLessThan(deadline); // the L1 time to live is 5 s
                }
            }
        }
    }

    /** A host's table may be called as one of Byline's, and its constraint gets the name that Byline's has. */
    @Test
    void aHostsTableOfTheSameNameIsNotTakenForBylines() throws SQLException {
        try (var database = TestDatabase.migrated();
                var byline = Byline.builder().dataSource(database.dataSource());
                var connection = database.dataSource().getConnection()) {
            run(connection, "CREATE TABLE public.posts (user_id bigint REFERENCES byline.users (id))");
            assertThat(database.value("SELECT count(*) FROM pg_constraint WHERE conname = 'posts_user_id_fkey'"))
                    .isEqualTo("2");
            var ada = create(byline, "ada");
            run(connection, "INSERT INTO public.posts VALUES (" + ada.id() + ")");

            assertThatThrownBy(() -> byline.users().delete(OPERATOR, ada.id()))
                    .isInstanceOfSatisfying(
                            BylineException.Conflict.class,
                            e -> assertThat(e.reason()).isEqualTo(ConflictReason.REFERENCED));
            run(connection, "DROP TABLE public.posts");
        }
    }

    private static void run(Connection connection, String sql) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    @Test
    void joinedTransactionsUseTheSchema() throws SQLException {
        try (var database = TestDatabase.empty();
                var connection = database.dataSource().getConnection()) {
            Migrations.apply(database.dataSource(), "app");
            try (var byline = Byline.builder().schema("app").dataSource(database.dataSource())) {
                connection.setAutoCommit(false);
                var tx = byline.in(connection);
                var ada = tx.users().create(NOBODY, new NewUser("ada@example.com", "ada", Metadata.EMPTY));
                assertThat(tx.users().get(OPERATOR, ada.id())).isEqualTo(ada);
                connection.commit();
                tx.committed();
                assertThat(byline.users().get(OPERATOR, ada.id())).isEqualTo(ada);
            }
        }
    }

    @Test
    void aMissingSchemaSaysWhatToDo() {
        try (var database = TestDatabase.empty()) {
            Migrations.apply(database.dataSource(), MigrationOptions.DEFAULT.currentSchema());
            try (var byline = open(database, "nowhere")) {
                assertThatThrownBy(() -> byline.users().get(OPERATOR, 1))
                        .isInstanceOfSatisfying(
                                BylineException.Unavailable.class,
                                e -> assertThat(e.reason()).isEqualTo(UnavailableReason.SCHEMA_MISSING))
                        .hasMessageContaining("Migrations.apply")
                        .hasMessageContaining("schema");
            }
            try (var byline = open(database, null)) {
                assertThat(byline.users().find(OPERATOR, 1)).isEmpty();
            }
        }
    }

    @Test
    void aRoleWithoutPrivilegesSaysSo() {
        try (var database = TestDatabase.migrated()) {
            database.run("CREATE ROLE byline_app LOGIN PASSWORD 'app'");
            var url = database.url().replaceFirst("//[^@]*@", "//byline_app:app@");
            try (var byline = Byline.open(BylineConfig.of(url).withCache(BylineConfig.Cache.OFF))) {
                for (var grant : List.of("USAGE ON SCHEMA byline", "SELECT ON ALL TABLES IN SCHEMA byline")) {
                    assertThatThrownBy(() -> create(byline, "ada"))
                            .isInstanceOfSatisfying(
                                    BylineException.Unavailable.class,
                                    e -> assertThat(e.reason()).isEqualTo(UnavailableReason.PRIVILEGE_MISSING))
                            .hasMessageContaining("lacks a privilege");
                    database.run("GRANT " + grant + " TO byline_app");
                }
                // what docs/embedding.md says
                database.run("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA byline TO byline_app");
                use(byline, create(byline, "ada"));
            } finally {
                database.run("DROP OWNED BY byline_app; DROP ROLE byline_app");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "pg_app", "information_schema", "a\nb", "a\u0000", "\ud800"})
    void anInvalidNameIsRejected(String name) {
        assertThatThrownBy(() -> Byline.builder().schema(name)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() ->
                        BylineConfig.of("postgres://localhost/x").database().withSchema(name))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
