package dev.byline.bench.hosts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.byline.migrations.Migrations;
import dev.byline.migrations.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.sql.DataSource;
import liquibase.Contexts;
import liquibase.Liquibase;
import liquibase.database.DatabaseFactory;
import liquibase.database.jvm.JdbcConnection;
import liquibase.resource.DirectoryResourceAccessor;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A host migrates its own tables with a tool of its own, before and after Byline. */
class HostMigrationToolsTest {
    private static final String USERS = "CREATE TABLE users (login text PRIMARY KEY)";
    private static final String ORDERS = "CREATE TABLE orders (buyer bigint REFERENCES byline.users ON DELETE CASCADE)";

    enum Tool {
        FLYWAY {
            @Override
            void migrate(DataSource dataSource, Path folder, int version, String sql) throws IOException {
                Files.writeString(folder.resolve("V" + version + "__host.sql"), sql);
                var unused = Flyway.configure()
                        .dataSource(dataSource)
                        .locations("filesystem:" + folder)
                        .load()
                        .migrate();
            }
        },
        LIQUIBASE {
            @Override
            void migrate(DataSource dataSource, Path folder, int version, String sql) throws Exception {
                Files.writeString(
                        folder.resolve(version + ".sql"),
                        "--liquibase formatted sql\n--changeset host:" + version + "\n" + sql + ";\n");
                var connection = new JdbcConnection(dataSource.getConnection());
                var database = DatabaseFactory.getInstance().findCorrectDatabaseImplementation(connection);
                try (var liquibase = new Liquibase(
                        version + ".sql", new DirectoryResourceAccessor(folder), database)) { // closes all
                    liquibase.update(new Contexts());
                }
            }
        };

        abstract void migrate(DataSource dataSource, Path folder, int version, String sql) throws Exception;
    }

    @ParameterizedTest
    @EnumSource
    void theHostGoesFirstThenRefersToBylinesTables(Tool tool, @TempDir Path folder) throws Exception {
        try (var database = TestDatabase.empty()) {
            tool.migrate(database.dataSource(), folder, 1, USERS);
            assertThat(Migrations.apply(database.dataSource())).isPositive();
            tool.migrate(database.dataSource(), folder, 2, ORDERS);
            assertThat(Migrations.apply(database.dataSource())).isZero();
            assertSeparate(database);
        }
    }

    @ParameterizedTest
    @EnumSource
    void bylineGoesFirst(Tool tool, @TempDir Path folder) throws Exception {
        try (var database = TestDatabase.empty()) {
            assertThat(Migrations.apply(database.dataSource())).isPositive();
            tool.migrate(database.dataSource(), folder, 1, USERS);
            tool.migrate(database.dataSource(), folder, 2, ORDERS);
            assertThat(Migrations.apply(database.dataSource())).isZero();
            assertSeparate(database);
        }
    }

    private static void assertSeparate(TestDatabase database) {
        assertThat(database.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
                        + " AND tablename IN ('users', 'orders')"))
                .isEqualTo("2");
        assertThat(database.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
                        + " AND tablename IN ('posts', 'tokens', 'byline_schema_history')"))
                .isEqualTo("0");
    }
}
