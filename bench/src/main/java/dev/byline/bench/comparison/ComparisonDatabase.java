package dev.byline.bench.comparison;

import dev.byline.migrations.MigrationOptions;
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
 * A PostgreSQL with 100,000 users and 1,000,000 published posts, ten by each, with fsync on. Its folder is kept, so
 * that the rows are created only once.
 */
final class ComparisonDatabase implements AutoCloseable {
    static final int USERS = 100_000;
    static final int POSTS = 1_000_000;

    private static final String CLUSTER = "postgres";
    private static final String NAME = "side_by_side";
    private static final int MAX_CONNECTIONS = 500; // FastAPI's design takes 200, twice

    /** The file that marks complete rows; renamed when the rows change. */
    private static final String LOADED = "loaded-1";

    private static final String INSERT_USERS = """
            INSERT INTO users (id, email, name, metadata, created_at, updated_at)
            SELECT i, 'user' || i || '@example.com', 'User ' || i, jsonb_build_object('team', i % 100), at, at
            FROM generate_series(1, 100000) AS i,
                LATERAL (SELECT timestamptz '2020-01-01' + i * interval '1 second' AS at) AS a
            """;
    private static final String INSERT_POSTS = """
            INSERT INTO posts (id, user_id, title, body, metadata, published_at, created_at, updated_at)
            SELECT i, 1 + (i::bigint * 7919) % 100000, 'Post ' || i, words,
                jsonb_build_object('series', i / 1000), at, at, at
            FROM generate_series(1, 1000000) AS i,
                LATERAL (SELECT timestamptz '2020-01-01' + i * interval '1 minute' AS at) AS a,
                LATERAL (SELECT string_agg('w' || (20000 * random() ^ 3)::int, ' ') AS words
                    FROM generate_series(1, 15) WHERE i > 0) AS b
            """;

    private final EmbeddedPostgres postgres;
    private final Path folder;

    private ComparisonDatabase(EmbeddedPostgres postgres, Path folder) {
        this.postgres = postgres;
        this.folder = folder;
    }

    static ComparisonDatabase start(Path folder) throws IOException {
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
        return new ComparisonDatabase(postgres, folder);
    }

    /** Creates the rows if they don't exist, and removes what earlier runs left. */
    void prepare() throws IOException, SQLException {
        if (!Files.exists(folder.resolve(LOADED))) {
            load();
            Files.writeString(folder.resolve(LOADED), "");
        }
        track("none");
        run("DELETE FROM posts WHERE id > " + POSTS);
        run("SELECT setval(pg_get_serial_sequence('posts', 'id'), " + POSTS + ")");
        run("TRUNCATE tokens, idempotency_keys");
        run("VACUUM ANALYZE posts");
        run("CHECKPOINT");
        for (var table : List.of("users", "users_pkey", "posts", "posts_pkey", "posts_feed_idx", "posts_author_idx")) {
            run("SELECT pg_prewarm('" + table + "')");
        }
    }

    private void load() throws SQLException {
        System.err.println("creating " + USERS + " users and " + POSTS + " posts: some minutes, once");
        run("postgres", "DROP DATABASE IF EXISTS " + NAME);
        run("postgres", "CREATE DATABASE " + NAME + " TEMPLATE template0 ENCODING 'UTF8'");
        Migrations.apply(dataSource(NAME), MigrationOptions.DEFAULT.currentSchema());
        run("CREATE EXTENSION pg_stat_statements");
        run("CREATE EXTENSION pg_prewarm");
        run(INSERT_USERS);
        var searchIndex = searchIndex();
        run("DROP INDEX posts_search_idx"); // building it afterwards is faster
        run(INSERT_POSTS);
        run(searchIndex);
        run("SELECT setval(pg_get_serial_sequence('users', 'id'), " + USERS + ")");
        run("VACUUM (FREEZE, ANALYZE) users");
        run("VACUUM (FREEZE, ANALYZE) posts");
    }

    private String searchIndex() throws SQLException {
        try (var connection = dataSource(NAME).getConnection();
                var statement = connection.createStatement();
                var row = statement.executeQuery("SELECT pg_get_indexdef('posts_search_idx'::regclass)")) {
            row.next();
            return row.getString(1);
        }
    }

    /** When a post was published. */
    static Instant publishedAt(long id) {
        return Instant.parse("2020-01-01T00:00:00Z").plusSeconds(60 * id);
    }

    /** Starts to count statements. */
    void startCounting() throws SQLException {
        track("top");
        run("SELECT pg_stat_statements_reset()");
    }

    /** Stops and returns the statements, the most frequent first. */
    List<Statement> stopCounting() throws SQLException {
        try (var connection = dataSource(NAME).getConnection();
                var statement = connection.createStatement();
                var rows = statement.executeQuery(
                        "SELECT sum(calls), query FROM pg_stat_statements GROUP BY query ORDER BY 1 DESC")) {
            var statements = new ArrayList<Statement>();
            while (rows.next()) {
                statements.add(new Statement(rows.getLong(1), rows.getString(2)));
            }
            return statements;
        } finally {
            track("none");
        }
    }

    /** A normalized statement and how often it ran. */
    record Statement(long calls, String sql) {
        private static final Pattern CONTROL = Pattern.compile("(?is)(begin|commit|rollback|start transaction|;).*");

        /** Whether it only starts or ends a transaction. */
        boolean isControl() {
            return CONTROL.matcher(sql).matches();
        }
    }

    private void track(String what) throws SQLException {
        run("ALTER SYSTEM SET pg_stat_statements.track = '" + what + "'");
        run("SELECT pg_reload_conf()");
    }

    /** The PID of the postmaster. */
    long pid() throws IOException {
        var lines = Files.readAllLines(folder.resolve(CLUSTER).resolve("postmaster.pid"));
        return Long.parseLong(lines.getFirst().strip());
    }

    String url(String scheme) {
        return scheme + "://postgres:postgres@127.0.0.1:" + postgres.getPort() + "/" + NAME;
    }

    String jdbcUrl() {
        return "jdbc:postgresql://127.0.0.1:" + postgres.getPort() + "/" + NAME + "?user=postgres&password=postgres";
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
        dataSource.setUrl(jdbcUrl().replace("/" + NAME + "?", "/" + database + "?"));
        return dataSource;
    }

    @Override
    public void close() {
        try {
            postgres.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
