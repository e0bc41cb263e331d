package dev.byline.migrations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MigrationsTest {
    @Test
    void anEmptyDatabaseGetsEveryMigrationOnce() {
        try (var database = TestDatabase.empty()) {
            assertThat(Migrations.pending(database.dataSource())).startsWith("V001__users.sql", "V002__posts.sql");

            assertThat(Migrations.apply(database.dataSource())).isEqualTo(8);

            assertThat(Migrations.pending(database.dataSource())).isEmpty();
            assertThat(Migrations.apply(database.dataSource())).isZero();
        }
    }

    @Test
    void tablesOfTheHostWithTheSameNamesStay() {
        try (var database = TestDatabase.empty()) {
            database.run("CREATE TABLE users (id int); CREATE TABLE posts (id int); INSERT INTO users VALUES (7)");

            assertThat(Migrations.apply(database.dataSource())).isEqualTo(8);
            assertThat(Migrations.apply(database.inSchema())).isZero();

            assertThat(database.value("SELECT id FROM public.users")).isEqualTo("7");
            assertThat(database.value("SELECT count(*) FROM byline.users")).isEqualTo("0");
        }
    }

    @Test
    void aSchemaThatSomethingElseUsesIsRejected() {
        try (var database = TestDatabase.empty()) {
            database.run("CREATE TABLE posts (id int)");

            assertThatThrownBy(() -> Migrations.apply(database.dataSource(), "public"))
                    .isInstanceOf(MigrationException.class)
                    .hasMessageContaining("V002__posts.sql failed")
                    .hasMessageContaining("give Byline a schema of its own");
            assertThat(Migrations.pending(database.dataSource(), MigrationOptions.DEFAULT.schema("public")))
                    .startsWith("V002__posts.sql"); // what failed left nothing behind
            database.run("DROP TABLE posts");
            assertThat(Migrations.apply(database.dataSource(), "public")).isEqualTo(7);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"Byline", "my app", "select", "a\"b'c?{d}$$;--", "pgä", "x\\y%z", "byline@redis"})
    void aSchemaMayHaveAnyName(String name) {
        try (var database = TestDatabase.empty()) {
            assertThat(Migrations.apply(database.dataSource(), name)).isEqualTo(8);
            assertThat(Migrations.apply(database.dataSource(), name)).isZero();

            var quoted = MigrationSession.quoted(name);
            database.run("INSERT INTO %s.users (email, name) VALUES ('a@b.c', 'a')".formatted(quoted));
            database.run("INSERT INTO %1$s.posts (user_id, title, body) SELECT id, 'häuser', '' FROM %1$s.users"
                    .formatted(quoted));
            assertThat(database.value("SELECT search::text FROM " + quoted + ".posts"))
                    .isEqualTo("'hauser':1A");
            assertThat(database.value(
                            "SELECT count(*) FROM %s.find_users('{}', true, NULL, NULL, 5)".formatted(quoted)))
                    .isEqualTo("1");
            assertThat(database.value("SELECT %s.json_merge_patch('{}', '{\"a\":{\"b\":null}}')".formatted(quoted)))
                    .isEqualTo("{\"a\": {}}");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "pg_byline",
                "information_schema",
                "a\nb",
                "a\u0000",
                "1234567890123456789012345678901234567890123456789012345678901234",
                "ääääääääääääääääääääääääääääääää"
            })
    void anInvalidSchemaNameIsRejected(String name) {
        assertThatThrownBy(() -> MigrationOptions.DEFAULT.schema(name)).isInstanceOf(IllegalArgumentException.class);
    }

    /** A mistaken setting would start over with empty tables. */
    @Test
    void tablesInAnotherSchemaAreNamedUnlessASecondSetIsWanted() {
        try (var database = TestDatabase.empty()) {
            assertThat(Migrations.apply(database.dataSource(), MigrationOptions.DEFAULT.currentSchema()))
                    .isEqualTo(8);

            assertThatThrownBy(() -> Migrations.apply(database.dataSource()))
                    .isInstanceOf(MigrationException.class)
                    .hasMessageContaining("has Byline's tables in schema \"public\", not in \"byline\"")
                    .hasMessageContaining("BYLINE_SCHEMA=public");
            assertThatThrownBy(() -> Migrations.pending(database.dataSource()))
                    .hasMessageContaining("BYLINE_SCHEMA=public");
            assertThat(database.value("SELECT to_regnamespace('byline') IS NULL"))
                    .isEqualTo("t");

            assertThat(Migrations.apply(database.dataSource(), "byline")).isEqualTo(8);
            assertThat(Migrations.apply(database.dataSource())).isZero();
            assertThat(Migrations.apply(database.dataSource(), MigrationOptions.DEFAULT.currentSchema()))
                    .isZero();
        }
    }

    @Test
    void aConnectionWithoutAnySchemaIsRejected() {
        try (var database = TestDatabase.empty();
                var pool = pool(database, true, "SET search_path = nowhere")) {
            assertThatThrownBy(() -> Migrations.apply(pool, MigrationOptions.DEFAULT.currentSchema()))
                    .isInstanceOf(MigrationException.class)
                    .hasMessageContaining("no schema in the connection's search_path exists");
        }
    }

    /** It needs no right to create schemas, and nothing outside its schema but the extension. */
    @Test
    void aRoleThatOwnsOnlyItsSchemaMigrates() {
        try (var database = TestDatabase.empty()) {
            database.run("DROP ROLE IF EXISTS byline_migrator; CREATE ROLE byline_migrator;"
                    + " CREATE EXTENSION unaccent; CREATE SCHEMA app AUTHORIZATION byline_migrator");
            try (var pool = pool(database, true, "SET ROLE byline_migrator")) {
                assertThat(Migrations.apply(pool, "app")).isEqualTo(8);
            } finally {
                database.run("DROP OWNED BY byline_migrator; DROP ROLE byline_migrator");
            }
        }
    }

    /** Committing would end a transaction that the host can no longer roll back. */
    @Test
    void aConnectionInATransactionIsRejected() throws SQLException {
        try (var database = TestDatabase.empty();
                var pool = pool(database, false, "COMMIT");
                var connection = pool.getConnection();
                var statement = connection.createStatement()) {
            statement.execute("CREATE TABLE orders (id int)");
            var joined = proxy(DataSource.class, (method, arguments) -> unclosable(connection));

            assertThatThrownBy(() -> Migrations.apply(joined))
                    .isInstanceOf(MigrationException.class)
                    .hasMessageContaining("migrate outside of it");

            assertThat(connection.getAutoCommit()).isFalse();
            connection.rollback();
            assertThat(database.value("SELECT to_regclass('orders') IS NULL")).isEqualTo("t");
        }
    }

    private static Connection unclosable(Connection connection) {
        return proxy(
                Connection.class,
                (method, arguments) -> method.getName().equals("close") ? null : method.invoke(connection, arguments));
    }

    private interface Call {
        @Nullable
        Object run(Method method, @Nullable Object @Nullable [] arguments) throws Throwable;
    }

    private static <T> T proxy(Class<T> type, Call call) {
        return type.cast(Proxy.newProxyInstance(
                MigrationsTest.class.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
                    try {
                        return call.run(method, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                }));
    }

    /** A server with a restricted role calls it at each start. */
    @Test
    void aCurrentSchemaIsOnlyRead() throws SQLException {
        try (var database = TestDatabase.migrated()) {
            database.run("CREATE ROLE byline_reader; GRANT USAGE ON SCHEMA byline TO byline_reader;"
                    + " GRANT SELECT ON byline_schema_history TO byline_reader");
            try (var pool = pool(
                    database,
                    true,
                    "SET ROLE byline_reader; SET default_transaction_read_only = on; SET search_path = ''")) {
                assertThat(Migrations.apply(pool)).isZero();
                assertThat(Migrations.pending(pool)).isEmpty();
            } finally {
                database.run("DROP OWNED BY byline_reader; DROP ROLE byline_reader");
            }
        }
    }

    @Test
    void aMissingPrivilegeIsNamed() {
        try (var database = TestDatabase.empty()) {
            database.run("CREATE ROLE byline_guest; CREATE SCHEMA app; GRANT CREATE ON SCHEMA app TO byline_guest;"
                    + " REVOKE ALL ON SCHEMA public FROM PUBLIC");
            try (var pool = pool(database, true, "SET ROLE byline_guest")) {
                assertThatThrownBy(() -> Migrations.apply(pool, "app"))
                        .isInstanceOf(MigrationException.class)
                        .hasMessageContaining("the role may not use the schema \"app\"");
                database.run("GRANT USAGE ON SCHEMA app TO byline_guest");
                assertThatThrownBy(() -> Migrations.apply(pool, "app"))
                        .hasMessageContaining("the extension unaccent is not installed: CREATE EXTENSION unaccent");
                database.run("CREATE EXTENSION unaccent");
                assertThatThrownBy(() -> Migrations.apply(pool, "app"))
                        .hasMessageContaining("may not use the schema of the extension unaccent");
                database.run("CREATE SCHEMA tools; ALTER EXTENSION unaccent SET SCHEMA tools;"
                        + " GRANT USAGE ON SCHEMA tools TO byline_guest");
                assertThat(Migrations.apply(pool, "app")).isEqualTo(7);
            } finally {
                database.run("DROP OWNED BY byline_guest CASCADE; DROP ROLE byline_guest");
            }
        }
    }

    /** PostgreSQL's default search path starts with the schema that is called like the role. */
    @Test
    void aNewSchemaDoesNotHideTheTablesOfARole() {
        try (var database = TestDatabase.empty()) {
            Migrations.apply(database.dataSource(), "public");
            database.run("CREATE ROLE byline_server");
            try {
                assertThatThrownBy(() -> Migrations.apply(database.dataSource(), "byline_server"))
                        .isInstanceOf(MigrationException.class)
                        .hasMessageContaining("would no longer find Byline's tables in schema \"public\"")
                        .hasMessageContaining("BYLINE_SCHEMA=public");
                database.run("CREATE SCHEMA byline_server");
                assertThat(Migrations.apply(database.dataSource(), "byline_server"))
                        .isEqualTo(8);
            } finally {
                database.run("DROP ROLE byline_server");
            }
        }
    }

    @Test
    void aServerAndAnEmbedderThatStartTogetherDoNotMakeTwoSets() throws Exception {
        for (int i = 0; i < 3; i++) {
            try (var database = TestDatabase.empty();
                    var threads = Executors.newCachedThreadPool()) {
                var server = threads.submit(
                        () -> Migrations.apply(database.dataSource(), MigrationOptions.DEFAULT.currentSchema()));
                var embedder = threads.submit(() -> Migrations.apply(database.dataSource()));
                var failures = 0;
                for (var each : List.of(server, embedder)) {
                    try {
                        assertThat(each.get()).isEqualTo(8);
                    } catch (ExecutionException e) {
                        assertThat(e).hasMessageContaining("this database has Byline's tables in schema");
                        failures++;
                    }
                }
                assertThat(failures).isOne();
                assertThat(database.value("SELECT count(*) FROM pg_class WHERE relname = 'byline_schema_history'"))
                        .isEqualTo("1");
            }
        }
    }

    @Test
    void anInterruptedThreadStopsWaitingAndReturnsTheConnectionAsItCame() throws Exception {
        try (var database = TestDatabase.empty();
                var pool = pool(database, false, "SET lock_timeout = '7s'; COMMIT");
                var migrating = database.dataSource().getConnection();
                var statement = migrating.createStatement()) {
            statement.execute("SELECT pg_advisory_lock(hashtextextended('byline_schema_history', 0))");
            var interrupted = new CompletableFuture<Boolean>();
            var thread = Thread.ofVirtual().start(() -> {
                try {
                    Migrations.apply(pool);
                } catch (MigrationException e) {
                    interrupted.complete(Thread.currentThread().isInterrupted());
                }
            });
            while (pool.getHikariPoolMXBean().getActiveConnections() == 0) {
                Thread.onSpinWait();
            }
            thread.interrupt();

            assertThat(interrupted.get()).isTrue();
            assertThat(settings(pool))
                    .allMatch(settings -> settings.startsWith("7s|") && settings.endsWith("|1|false"));
        }
    }

    @Test
    void aConnectionThatBreaksInAFileLeavesNothingOfIt() throws Exception {
        try (var database = TestDatabase.migrated();
                var reader = database.inSchema().getConnection();
                var thread = Executors.newSingleThreadExecutor()) {
            database.run("DELETE FROM byline_schema_history WHERE version >= 4");
            database.run("DROP TABLE tokens, idempotency_keys, feed_items, feeds, cache_keys");
            database.run("ALTER TABLE users DROP COLUMN password_hash");
            reader.setAutoCommit(false);
            try (var statement = reader.createStatement()) {
                statement.execute("LOCK TABLE users IN ACCESS SHARE MODE");
            }
            var broken = thread.submit(() -> Migrations.apply(database.dataSource()));
            while (database.value("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                            + " WHERE wait_event_type = 'Lock' AND datname = current_database()")
                    .equals("0")) {
                assertThat(broken.isDone()).isFalse();
            }
            assertThatThrownBy(broken::get)
                    .cause()
                    .isInstanceOf(MigrationException.class)
                    .hasMessageContaining("V004__tokens.sql failed: FATAL: terminating connection");
            reader.rollback();

            assertThat(Migrations.apply(database.dataSource())).isEqualTo(5);
        }
    }

    @Test
    void theSocketTimeoutIsRestored() throws SQLException {
        try (var database = TestDatabase.empty();
                var connection = database.dataSource().getConnection()) {
            connection.setNetworkTimeout(Runnable::run, 12_345);
            var pool = proxy(DataSource.class, (method, arguments) -> unclosable(connection));

            assertThat(Migrations.apply(pool)).isEqualTo(8);

            assertThat(connection.getNetworkTimeout()).isEqualTo(12_345);
        }
    }

    @Test
    void twoSchemasAreMigratedAtTheSameTime() throws Exception {
        try (var database = TestDatabase.empty();
                var threads = Executors.newCachedThreadPool()) {
            var first = threads.submit(() -> Migrations.apply(database.dataSource(), "one"));
            var second = threads.submit(() -> Migrations.apply(database.dataSource(), "two"));

            assertThat(first.get()).isEqualTo(8);
            assertThat(second.get()).isEqualTo(8);
            assertThat(database.value(
                            "SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace"
                                    + " WHERE extname = 'unaccent'"))
                    .isEqualTo("public");
            database.run("DROP SCHEMA one CASCADE");
            database.run("INSERT INTO two.users (email, name) VALUES ('a@b.c', 'a')");
            database.run("INSERT INTO two.posts (user_id, title, body) SELECT id, 'ä', '' FROM two.users");
        }
    }

    @Test
    void aFileThatWasChangedAfterItWasAppliedIsRejected() {
        try (var database = TestDatabase.migrated()) {
            database.run("UPDATE byline_schema_history SET checksum = 'x' WHERE version = 4");

            assertThatThrownBy(() -> Migrations.apply(database.dataSource()))
                    .isInstanceOf(MigrationException.class)
                    .hasMessageContaining("V004__tokens.sql was changed");
        }
    }

    /** This happens after a rollback, and while replicas are replaced. */
    @Test
    void anOlderReleaseAcceptsANewerSchema() {
        try (var database = TestDatabase.migrated()) {
            database.run(
                    "INSERT INTO byline_schema_history (version, script, checksum) VALUES (999, 'V999__later.sql', '7')");

            assertThat(Migrations.pending(database.dataSource())).isEmpty();
            assertThat(Migrations.apply(database.dataSource())).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void connectionsReturnToTheHostsPoolWithTheirSettings(boolean autoCommit) throws SQLException {
        try (var database = TestDatabase.empty();
                var pool = pool(database, autoCommit, """
                        SET lock_timeout = '7s'; SET search_path = public, pg_catalog; SET statement_timeout = '9s';
                        SET byline.search_language = 'simple'; SET ROLE postgres; COMMIT
                        """)) {
            var before = settings(pool);
            assertThat(before).containsOnly("7s|public, pg_catalog|9s|0|simple|postgres|0|" + autoCommit);
            assertThat(Migrations.apply(pool)).isPositive();
            assertThat(settings(pool)).isEqualTo(before);
            assertThat(Migrations.apply(pool)).isZero();
            assertThat(Migrations.pending(pool)).isEmpty();
            database.run("CREATE SCHEMA taken; CREATE TABLE taken.posts ()");
            assertThatThrownBy(() -> Migrations.apply(pool, "taken")).hasMessageContaining("V002__posts.sql failed");
            assertThat(settings(pool)).isEqualTo(before);
        }
    }

    private static HikariDataSource pool(TestDatabase database, boolean autoCommit, String initSql) {
        var config = new HikariConfig();
        config.setDataSource(database.dataSource());
        config.setMaximumPoolSize(3);
        config.setAutoCommit(autoCommit);
        config.setConnectionInitSql(initSql);
        return new HikariDataSource(config);
    }

    /** Returns the settings of all connections of a pool. */
    private static List<String> settings(HikariDataSource pool) throws SQLException {
        var settings = new ArrayList<String>();
        var connections = new ArrayList<Connection>();
        for (int i = 0; i < pool.getMaximumPoolSize(); i++) {
            var connection = pool.getConnection();
            connections.add(connection);
            try (var statement = connection.createStatement();
                    var rows = statement.executeQuery("""
                            SELECT concat_ws('|', current_setting('lock_timeout'), current_setting('search_path'),
                                current_setting('statement_timeout'), coalesce(current_setting('transaction_timeout', true), '0'),
                                current_setting('byline.search_language', true),
                                current_setting('role'), (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'))
                            """)) {
                assertThat(rows.next()).isTrue();
                settings.add(rows.getString(1) + "|" + connection.getAutoCommit());
            }
        }
        for (var connection : connections) {
            connection.close();
        }
        return settings;
    }

    @Test
    void severalProcessesMigrateAtTheSameTime() throws Exception {
        try (var database = TestDatabase.empty();
                var threads = Executors.newCachedThreadPool()) {
            var applied = new ArrayList<Future<Integer>>();
            for (int i = 0; i < 5; i++) {
                applied.add(threads.submit(() -> Migrations.apply(database.dataSource())));
            }

            var total = 0;
            for (var each : applied) {
                total += each.get();
            }
            assertThat(total).isEqualTo(8);
        }
    }

    /** A process that is killed while it builds an index leaves it INVALID. */
    @Test
    void anInterruptedRunIsRepeated() {
        try (var database = TestDatabase.migrated()) {
            database.run("DELETE FROM byline_schema_history WHERE version >= 5");
            database.run("DROP TABLE idempotency_keys, feed_items, feeds, cache_keys");
            database.run("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'users_admins_idx'::regclass");

            assertThat(Migrations.apply(database.dataSource())).isEqualTo(4);

            assertThat(database.value("SELECT count(*) FROM pg_index WHERE NOT indisvalid"))
                    .isEqualTo("0");
            assertThat(Migrations.pending(database.dataSource())).isEmpty();
        }
    }

    /** The backend builds the index to its end, or not, after its client has gone; the next process waits for it. */
    @Test
    void aRunWhoseConnectionIsKilledInAnIndexIsRepeated() throws Exception {
        try (var database = TestDatabase.migrated();
                var writer = database.inSchema().getConnection();
                var thread = Executors.newSingleThreadExecutor()) {
            database.run("DELETE FROM byline_schema_history WHERE version >= 5");
            database.run("DROP TABLE idempotency_keys, feed_items, feeds, cache_keys; DROP INDEX users_admins_idx");
            writer.setAutoCommit(false);
            try (var statement = writer.createStatement()) {
                statement.execute("LOCK TABLE users IN ROW EXCLUSIVE MODE"); // CONCURRENTLY waits for it
            }
            var killed = thread.submit(() -> Migrations.apply(database.dataSource()));
            while (database.value("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                            + " WHERE query LIKE '%CREATE INDEX CONCURRENTLY%' AND wait_event_type = 'Lock'"
                            + " AND datname = current_database()")
                    .equals("0")) {
                assertThat(killed.isDone()).isFalse();
            }
            assertThatThrownBy(killed::get).hasCauseInstanceOf(MigrationException.class);
            writer.rollback();

            assertThat(Migrations.apply(database.dataSource())).isEqualTo(4);
            assertThat(database.value(
                            "SELECT indisvalid FROM pg_index WHERE indexrelid = 'users_admins_idx'::regclass"))
                    .isEqualTo("t");
        }
    }

    /** A transaction holds a lock longer than the lock timeout: the migration times out, others proceed, it retries. */
    @Test
    void aMigrationThatTimesOutOnALockIsRetried() throws Exception {
        try (var database = TestDatabase.migrated();
                var reader = database.inSchema().getConnection();
                var thread = Executors.newSingleThreadExecutor()) {
            database.run("DELETE FROM byline_schema_history WHERE version >= 4");
            database.run("DROP TABLE tokens, idempotency_keys, feed_items, feeds, cache_keys");
            database.run("ALTER TABLE users DROP COLUMN password_hash");
            reader.setAutoCommit(false);
            try (var statement = reader.createStatement()) {
                statement.execute("LOCK TABLE users IN ACCESS SHARE MODE");
            }
            var applied = thread.submit(() -> Migrations.apply(database.dataSource()));
            while (database.value("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname ="
                            + " current_database()")
                    .equals("0")) {
                assertThat(applied.isDone()).isFalse();
            }
            while (!database.value("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname ="
                            + " current_database()")
                    .equals("0")) {
                assertThat(applied.isDone()).isFalse(); // until the lock timeout
            }
            reader.rollback();

            assertThat(applied.get()).isEqualTo(5);
            assertThat(Migrations.pending(database.dataSource())).isEmpty();
        }
    }

    @Test
    void theSearchLanguageIsSetWhenTheTablesAreCreated() {
        try (var german = TestDatabase.empty();
                var simple = TestDatabase.empty()) {
            Migrations.apply(german.dataSource(), MigrationOptions.DEFAULT.searchLanguage("german"));
            Migrations.apply(simple.dataSource(), MigrationOptions.DEFAULT.searchLanguage("simple"));

            assertThat(german.value("SELECT to_tsvector('byline', 'Häuser')::text"))
                    .isEqualTo("'haus':1");
            assertThat(simple.value("SELECT to_tsvector('byline', 'Häuser')::text"))
                    .isEqualTo("'hauser':1");
            assertThatThrownBy(() -> MigrationOptions.DEFAULT.searchLanguage("x'; DROP TABLE users"))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void everyIndexIsValid() {
        try (var database = TestDatabase.migrated()) {
            assertThat(database.value("SELECT count(*) FROM pg_index WHERE NOT indisvalid"))
                    .isEqualTo("0");
        }
    }

    @Test
    void everyConstraintAndIndexFollowsTheNamingRule() {
        try (var database = TestDatabase.migrated()) {
            var others = database.value("""
                    SELECT coalesce(string_agg(name, ', '), '') FROM (
                        SELECT conname AS name, conrelid FROM pg_constraint WHERE contype <> 'n'
                        UNION SELECT indexrelid::regclass::text, indrelid FROM pg_index) named
                    WHERE conrelid IN ('users'::regclass, 'posts'::regclass, 'tokens'::regclass)
                        AND name !~ '^(users|posts|tokens)_[a-z_]+_(pkey|key|fkey|check|idx)$'
                        AND name !~ '^(users|posts|tokens)_pkey$'
                    """);
            assertThat(others).isEmpty();
        }
    }

    @Test
    void emailsAreUniqueRegardlessOfCaseInAnyScript() {
        try (var database = TestDatabase.migrated()) {
            database.run("INSERT INTO users (email, name) VALUES ('Ärger@Example.com', 'a')");

            assertThatThrownBy(() -> database.run("INSERT INTO users (email, name) VALUES ('äRGER@example.COM', 'b')"))
                    .rootCause()
                    .hasMessageContaining("users_email_key");
            assertThat(database.value("SELECT email FROM users")).isEqualTo("Ärger@Example.com");
        }
    }

    /** All examples of RFC 7396, appendix A, and other values that metadata may hold. */
    @Test
    void mergePatchFollowsTheRfc() {
        try (var database = TestDatabase.migrated()) {
            for (var example : new String[][] {
                {"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\": \"c\"}"},
                {"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\": \"b\", \"b\": \"c\"}"},
                {"{\"a\":\"b\"}", "{\"a\":null}", "{}"},
                {"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\": \"c\"}"},
                {"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\": \"c\"}"},
                {"{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\": [\"b\"]}"},
                {"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\": {\"b\": \"d\"}}"},
                {"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\": [1]}"},
                {"[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\", \"d\"]"},
                {"{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]"},
                {"{\"a\":\"foo\"}", "null", "null"},
                {"{\"a\":\"foo\"}", "\"bar\"", "\"bar\""},
                {"{\"e\":null}", "{\"a\":1}", "{\"a\": 1, \"e\": null}"},
                {"[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\": \"b\"}"},
                {"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\": {\"bb\": {}}}"},
                {"{\"e\":null}", "{\"a\":null}", "{\"e\": null}"},
                {"{\"a\":1}", "{\"a\":{}}", "{\"a\": {}}"},
                {"{\"a\":{\"b\":1}}", "{\"a\":{}}", "{\"a\": {\"b\": 1}}"},
                {"{\"a\":{\"b\":1}}", "{\"a\":{\"c\":2}}", "{\"a\": {\"b\": 1, \"c\": 2}}"},
                {"{\"a\":1}", "{\"a\":[{\"b\":null}]}", "{\"a\": [{\"b\": null}]}"},
                {"{\"null\":1}", "{\"a\":\"null\",\"b\":\"{\"}", "{\"a\": \"null\", \"b\": \"{\", \"null\": 1}"},
                {"{\"a\":1,\"a\":2}", "{\"b\":3,\"b\":null}", "{\"a\": 2}"},
            }) {
                assertThat(database.value("SELECT json_merge_patch('" + example[0] + "', '" + example[1] + "')"))
                        .as("%s + %s", example[0], example[1])
                        .isEqualTo(example[2]);
            }
            var deep = "{\"a\":".repeat(31) + "{\"%s\":%s}" + "}".repeat(31);
            assertThat(database.value("SELECT json_merge_patch('%s', '%s')"
                            .formatted(deep.formatted("b", "1"), deep.formatted("b", "null"))))
                    .isEqualTo(("{\"a\": ".repeat(31) + "{}" + "}".repeat(31)));
        }
    }

    /** The objects have 40 times the allowed size. Quadratic time would take minutes, longer than the timeout. */
    @Test
    void mergePatchTakesLinearTime() {
        try (var database = TestDatabase.migrated()) {
            database.run("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET statement_timeout = %L',"
                    + " current_database(), '20s'); END $$");
            for (var value : new String[] {"i", "'{}'::jsonb", "jsonb_build_object('a', NULL)", "NULL"}) {
                assertThat(database.value("SELECT json_merge_patch(object, object) IS NOT NULL"
                                + " FROM (SELECT jsonb_object_agg('key ' || i, " + value
                                + ") AS object FROM generate_series(1, 70000) AS i) AS o"))
                        .as(value)
                        .isEqualTo("t");
            }
        }
    }

    /** Merging one member at a time copied the object for each: 1,800 members took a second. */
    @Test
    void mergePatchIsFastWithManyMembers() {
        try (var database = TestDatabase.migrated()) {
            database.run(
                    "SET statement_timeout = '2s'; SELECT json_merge_patch('{}', (SELECT jsonb_object_agg(i::text, i)"
                            + " FROM generate_series(1, 100000) i))");
            assertThat(database.value("SELECT json_merge_patch((SELECT jsonb_object_agg(i::text, i)"
                            + " FROM generate_series(1, 1800) i),"
                            + " (SELECT jsonb_object_agg(i::text, CASE WHEN i % 2 = 0 THEN to_jsonb(-i) END)"
                            + " FROM generate_series(1, 1800) i)) = (SELECT jsonb_object_agg(i::text, -i)"
                            + " FROM generate_series(2, 1800, 2) i)"))
                    .isEqualTo("t");
            assertThat(database.value("SELECT json_merge_patch('{\"a\":1}', '[1]')"))
                    .isEqualTo("[1]");
            assertThat(database.value("SELECT json_merge_patch('[1]', '{\"a\":1,\"b\":null}')"))
                    .isEqualTo("{\"a\": 1}");
        }
    }

    /** A file that isn't listed would never be applied. */
    @Test
    void everyFileIsListed() throws Exception {
        var folder = Path.of(Objects.requireNonNull(Migrations.class.getResource("V001__users.sql"))
                        .toURI())
                .getParent();
        try (var files = Files.list(folder)) {
            assertThat(files.map(file -> String.valueOf(file.getFileName()))
                            .filter(name -> !name.endsWith(".class"))
                            .sorted())
                    .containsExactlyElementsOf(Migration.SCRIPTS);
        }
    }
}
