package dev.byline.bench.side;

import dev.byline.migrations.Migrations;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * A PostgreSQL with 100,000 users and 1,000,000 posts, all published, ten by each; it writes as durably as any other. The
 * folder stays, so the rows are made only once.
 */
final class Database implements AutoCloseable {
    static final int USERS = 100_000;
    static final int POSTS = 1_000_000;

    private static final String CLUSTER = "postgres";
    private static final String NAME = "side_by_side";
    private static final int MAX_CONNECTIONS = 500; // FastAPI's design takes 200, twice

    /** Goes up when the rows are others. */
    private static final String LOADED = "loaded-1";

    private final EmbeddedPostgres postgres;
    private final Path folder;

    private Database(EmbeddedPostgres postgres, Path folder) {
        this.postgres = postgres;
        this.folder = folder;
    }

    /** Starts it. */
    static Database start(Path folder) throws IOException {
        Files.createDirectories(folder);
        var postgres = EmbeddedPostgres.builder()
                .setDataDirectory(folder.resolve(CLUSTER))
                .setCleanDataDirectory(false)
                .setOverrideWorkingDirectory(folder.resolve("binaries").toFile())
                .setRegisterShutdownHook(false)
                .setPGStartupWait(Duration.ofMinutes(2))
                .setServerConfig("fsync", "on")
                .setServerConfig("synchronous_commit", "on")
                .setServerConfig("full_page_writes", "on")
                .setServerConfig("shared_buffers", "1GB")
                .setServerConfig("max_wal_size", "4GB")
                .setServerConfig("checkpoint_timeout", "30min")
                .setServerConfig("max_connections", Integer.toString(MAX_CONNECTIONS))
                .setServerConfig("shared_preload_libraries", "pg_stat_statements")
                .start();
        return new Database(postgres, folder);
    }

    /** Makes the rows, the first time, and takes away what earlier runs left. */
    void prepare() throws IOException, SQLException {
        var loaded = folder.resolve(LOADED);
        if (!Files.exists(loaded)) {
            load();
            Files.writeString(loaded, "");
        }
        reset();
    }

    private void load() throws SQLException {
        System.err.println("making " + USERS + " users and " + POSTS + " posts: some minutes, once");
        run("postgres", "DROP DATABASE IF EXISTS " + NAME);
        run("postgres", "CREATE DATABASE " + NAME + " TEMPLATE template0 ENCODING 'UTF8'");
        Migrations.apply(dataSource(NAME));
        run("CREATE EXTENSION pg_stat_statements");
        run("CREATE EXTENSION pg_prewarm");
        run("INSERT INTO users (id, email, name, metadata, created_at, updated_at)"
                + " SELECT i, 'user' || i || '@example.com', 'User ' || i, jsonb_build_object('team', i % 100), at, at"
                + " FROM generate_series(1, " + USERS + ") AS i,"
                + " LATERAL (SELECT timestamptz '2020-01-01' + i * interval '1 second' AS at) AS a");
        var searchIndex = text("SELECT pg_get_indexdef('posts_search_idx'::regclass)");
        run("DROP INDEX posts_search_idx"); // built afterwards, as it is quicker
        run("INSERT INTO posts (id, user_id, title, body, metadata, published_at, created_at, updated_at)"
                + " SELECT i, 1 + (i::bigint * 7919) % " + USERS + ", 'Post ' || i, words,"
                + " jsonb_build_object('series', i / 1000), at, at, at"
                + " FROM generate_series(1, " + POSTS + ") AS i,"
                + " LATERAL (SELECT timestamptz '2020-01-01' + i * interval '1 minute' AS at) AS a,"
                + " LATERAL (SELECT string_agg('w' || (20000 * random() ^ 3)::int, ' ') AS words"
                + " FROM generate_series(1, 15) WHERE i > 0) AS b");
        run(searchIndex);
        run("SELECT setval(pg_get_serial_sequence('users', 'id'), " + USERS + ")");
        run("VACUUM (FREEZE, ANALYZE) users");
        run("VACUUM (FREEZE, ANALYZE) posts");
    }

    /** As if no run had been before. */
    private void reset() throws SQLException {
        track("none");
        run("DELETE FROM posts WHERE id > " + POSTS);
        run("SELECT setval(pg_get_serial_sequence('posts', 'id'), " + POSTS + ")");
        run("TRUNCATE tokens, idempotency_keys");
        run("VACUUM ANALYZE posts");
        run("CHECKPOINT");
        for (var relation :
                List.of("users", "users_pkey", "posts", "posts_pkey", "posts_feed_idx", "posts_author_idx")) {
            run("SELECT pg_prewarm('" + relation + "')");
        }
    }

    /** When a post was published. */
    static Instant publishedAt(long id) {
        return Instant.parse("2020-01-01T00:00:00Z").plusSeconds(60 * id);
    }

    /** From now on, statements are counted. */
    void startCounting() throws SQLException {
        track("top");
        run("SELECT pg_stat_statements_reset()");
    }

    /** What there was since, the most frequent first. */
    List<Statement> stopCounting() throws SQLException {
        try (var connection = dataSource(NAME).getConnection();
                var statement = connection.createStatement();
                var rows = statement.executeQuery(
                        "SELECT sum(calls), query FROM pg_stat_statements GROUP BY query ORDER BY 1 DESC")) {
            var found = new ArrayList<Statement>();
            while (rows.next()) {
                found.add(new Statement(rows.getLong(1), rows.getString(2)));
            }
            return found;
        } finally {
            track("none");
        }
    }

    /**
     * A statement.
     *
     * @param calls how often it was run
     * @param sql with $1 for what differs
     */
    record Statement(long calls, String sql) {
        private static final Pattern CONTROL = Pattern.compile(
                "(begin|commit|rollback|start transaction|;).*", Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

        /** Whether it only begins or ends a transaction. */
        boolean isControl() {
            return CONTROL.matcher(sql).matches();
        }
    }

    private void track(String what) throws SQLException {
        run("ALTER SYSTEM SET pg_stat_statements.track = '" + what + "'");
        run("SELECT pg_reload_conf()");
    }

    /** The process that all others are children of. */
    long pid() throws IOException {
        return Long.parseLong(Files.readAllLines(folder.resolve(CLUSTER).resolve("postmaster.pid"))
                .getFirst()
                .strip());
    }

    int port() {
        return postgres.getPort();
    }

    /** For Byline, Vert.x and psql; with another scheme for others. */
    String url(String scheme) {
        return scheme + "://postgres:postgres@127.0.0.1:" + port() + "/" + NAME;
    }

    String jdbcUrl() {
        return "jdbc:postgresql://127.0.0.1:" + port() + "/" + NAME + "?user=postgres&password=postgres";
    }

    /** The first column of the first row. */
    private String text(String sql) throws SQLException {
        try (var connection = dataSource(NAME).getConnection();
                var statement = connection.createStatement();
                var row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }

    private void run(String sql) throws SQLException {
        run(NAME, sql);
    }

    private void run(String database, String sql) throws SQLException {
        try (var connection = dataSource(database).getConnection();
                var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private PGSimpleDataSource dataSource(String database) {
        var dataSource = new PGSimpleDataSource();
        dataSource.setServerNames(new String[] {"127.0.0.1"});
        dataSource.setPortNumbers(new int[] {port()});
        dataSource.setDatabaseName(database);
        dataSource.setUser("postgres");
        dataSource.setPassword("postgres");
        return dataSource;
    }

    /** Stops it. */
    @Override
    public void close() {
        try {
            postgres.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
