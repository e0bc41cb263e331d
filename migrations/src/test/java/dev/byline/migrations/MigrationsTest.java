package dev.byline.migrations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
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
    void tablesOfTheHostInTheSameSchemaAreIgnored() {
        try (var database = TestDatabase.empty()) {
            database.run("CREATE TABLE invoices (id int)");

            assertThat(Migrations.apply(database.dataSource())).isEqualTo(8);
        }
    }

    /** This happens after a rollback, and while replicas are replaced. */
    @Test
    void anOlderReleaseAcceptsANewerSchema() {
        try (var database = TestDatabase.migrated()) {
            database.run(
                    "INSERT INTO byline_schema_history (installed_rank, version, description, type, script, checksum,"
                            + " installed_by, execution_time, success) VALUES (999, '999', 'later', 'SQL',"
                            + " 'V999__later.sql', 7, 'postgres', 1, true)");

            assertThat(Migrations.pending(database.dataSource())).isEmpty();
            assertThat(Migrations.apply(database.dataSource())).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void connectionsReturnToTheHostsPoolWithTheirSettings(boolean autoCommit) throws SQLException {
        try (var database = TestDatabase.empty();
                var pool = pool(database, autoCommit)) {
            var before = settings(pool);
            assertThat(before).containsOnly("7s|public, pg_catalog|simple|postgres");
            assertThat(Migrations.apply(pool)).isPositive();
            assertThat(settings(pool)).isEqualTo(before);
            assertThat(Migrations.apply(pool)).isZero();
            assertThat(Migrations.pending(pool)).isEmpty();
            assertThat(settings(pool)).isEqualTo(before);
        }
    }

    private static HikariDataSource pool(TestDatabase database, boolean autoCommit) {
        var config = new HikariConfig();
        config.setDataSource(database.dataSource());
        config.setMaximumPoolSize(3);
        config.setAutoCommit(autoCommit);
        config.setConnectionInitSql("SET lock_timeout = '7s'; SET search_path = public, pg_catalog;"
                + " SET byline.search_language = 'simple'; SET ROLE postgres; COMMIT");
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
                                current_setting('byline.search_language'), current_setting('role'))
                            """)) {
                assertThat(rows.next()).isTrue();
                settings.add(rows.getString(1));
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

    /** A process that is killed while it builds an index leaves it INVALID, and maybe a failed row in the history. */
    @Test
    void anInterruptedRunIsRepeated() {
        try (var database = TestDatabase.migrated()) {
            database.run("DELETE FROM byline_schema_history WHERE version >= '005'");
            database.run("DROP TABLE idempotency_keys, feed_items, feeds, cache_keys");
            database.run("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'users_admins_idx'::regclass");

            assertThat(Migrations.apply(database.dataSource())).isEqualTo(4);

            assertThat(database.value("SELECT count(*) FROM pg_index WHERE NOT indisvalid"))
                    .isEqualTo("0");
            database.run("DELETE FROM byline_schema_history WHERE version >= '006'");
            database.run("DROP TABLE idempotency_keys, feed_items, feeds, cache_keys");
            database.run("UPDATE byline_schema_history SET success = false WHERE version = '005'");
            assertThat(Migrations.apply(database.dataSource())).isEqualTo(4);
            assertThat(Migrations.pending(database.dataSource())).isEmpty();
        }
    }

    /** A transaction holds a lock longer than the lock timeout: the migration times out, others proceed, it retries. */
    @Test
    void aMigrationThatTimesOutOnALockIsRetried() throws Exception {
        try (var database = TestDatabase.migrated();
                var reader = database.dataSource().getConnection();
                var thread = Executors.newSingleThreadExecutor()) {
            database.run("DELETE FROM byline_schema_history WHERE version >= '004'");
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
            Migrations.apply(german.dataSource(), "german");
            Migrations.apply(simple.dataSource(), "simple");

            assertThat(german.value("SELECT to_tsvector('byline', 'Häuser')::text"))
                    .isEqualTo("'haus':1");
            assertThat(simple.value("SELECT to_tsvector('byline', 'Häuser')::text"))
                    .isEqualTo("'hauser':1");
            assertThatThrownBy(() -> Migrations.apply(simple.dataSource(), "x'; DROP TABLE users"))
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
                    .containsExactlyElementsOf(Scripts.NAMES);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"11.7.2", "11.10.0", "10.20.1", "9.22.3"})
    void anOlderFlywayIsRejectedByName(String version) {
        assertThatThrownBy(() -> FlywayVersion.check(version))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("need Flyway 11.14 or newer, but found " + version);
    }

    @ParameterizedTest
    @ValueSource(strings = {"11.14.1", "12.4.0", "13.12.1", "unknown"})
    void otherVersionsOfFlywayAreAccepted(String version) {
        assertThatCode(() -> FlywayVersion.check(version)).doesNotThrowAnyException();
    }
}
