package dev.byline.migrations;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.sql.SQLException;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * A separate database for each test class, cloned from a migrated template. By default on an embedded PostgreSQL that
 * runs until the JVM ends; with {@code -Dbyline.test.database=postgres://user:password@host:port/database} on that
 * server, whose user must be allowed to create databases.
 */
public final class TestDatabase implements AutoCloseable {
    private static final AtomicInteger COUNT = new AtomicInteger();

    private final String name;

    private TestDatabase(String template) {
        name = "byline_test_" + ProcessHandle.current().pid() + "_" + COUNT.incrementAndGet();
        execute("CREATE DATABASE " + name + " TEMPLATE " + template + " ENCODING 'UTF8'");
    }

    /** Creates a database with Byline's tables, in the schema {@code byline}. */
    public static TestDatabase migrated() {
        return new TestDatabase(Template.NAME);
    }

    /** Creates an empty database. */
    public static TestDatabase empty() {
        return new TestDatabase("template0");
    }

    /** Creates an empty database, with options such as {@code LC_CTYPE 'C'}. */
    public static TestDatabase empty(String options) {
        return new TestDatabase("template0 " + options);
    }

    /** Returns a DataSource without a pool or limits: each connection is new, with PostgreSQL's default search path. */
    public DataSource dataSource() {
        return Server.dataSource(name);
    }

    /** Returns a DataSource as {@link #dataSource}, whose search path starts with Byline's schema. */
    public DataSource inSchema() {
        var dataSource = Server.dataSource(name);
        dataSource.setCurrentSchema("byline,public");
        return dataSource;
    }

    /** Returns its URL, with user and password, and Byline's schema as the current one. */
    public String serverUrl() {
        return url() + "?currentSchema=byline";
    }

    /** Returns its URL, with user and password. */
    public String url() {
        var server = Server.dataSource(name);
        return String.format(
                Locale.ROOT,
                "postgres://%s:%s@%s:%d/%s",
                server.getUser(),
                server.getPassword(),
                server.getServerNames()[0],
                server.getPortNumbers()[0],
                name);
    }

    /** Runs a statement; names are looked up in Byline's schema first. */
    public void run(String sql) {
        execute(inSchema(), sql);
    }

    /** Returns the first value of a query's result; names are looked up in Byline's schema first. */
    public String value(String sql) {
        try (var connection = inSchema().getConnection();
                var statement = connection.createStatement();
                var rows = statement.executeQuery(sql)) {
            if (!rows.next()) {
                throw new IllegalStateException("no row: " + sql);
            }
            return String.valueOf(rows.getString(1));
        } catch (SQLException e) {
            throw new IllegalStateException(sql, e);
        }
    }

    @Override
    public void close() {
        execute("DROP DATABASE " + name + " WITH (FORCE)");
    }

    private static void execute(String sql) {
        execute(Server.dataSource(Server.MAINTENANCE), sql);
    }

    private static void execute(DataSource dataSource, String sql) {
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new IllegalStateException(sql, e);
        }
    }

    private static final class Template {
        static final String NAME;

        static {
            var template = empty();
            Migrations.apply(template.dataSource());
            NAME = template.name;
            if (Server.EMBEDDED == null) { // an embedded server is removed with all its databases
                Runtime.getRuntime().addShutdownHook(new Thread(template::close));
            }
        }
    }

    private static final class Server {
        private static final URI EXTERNAL = URI.create(System.getProperty("byline.test.database", ""));
        private static final @Nullable EmbeddedPostgres EMBEDDED = EXTERNAL.getHost() == null ? start() : null;
        static final String MAINTENANCE = EMBEDDED == null ? EXTERNAL.getPath().substring(1) : "postgres";

        private static EmbeddedPostgres start() {
            var server =
                    TestPostgres.start(() -> EmbeddedPostgres.builder().setServerConfig("full_page_writes", "off"));
            Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(server)));
            return server;
        }

        static PGSimpleDataSource dataSource(String database) {
            var dataSource = new PGSimpleDataSource();
            dataSource.setDatabaseName(database);
            if (EMBEDDED != null) {
                dataSource.setServerNames(new String[] {"localhost"});
                dataSource.setPortNumbers(new int[] {EMBEDDED.getPort()});
                dataSource.setUser("postgres");
                dataSource.setPassword("postgres");
            } else {
                var credentials = EXTERNAL.getUserInfo().split(":", 2);
                dataSource.setServerNames(new String[] {EXTERNAL.getHost()});
                dataSource.setPortNumbers(new int[] {EXTERNAL.getPort() < 0 ? 5432 : EXTERNAL.getPort()});
                dataSource.setUser(credentials[0]);
                dataSource.setPassword(credentials.length > 1 ? credentials[1] : "");
            }
            return dataSource;
        }

        private static void stop(EmbeddedPostgres server) {
            try {
                server.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
