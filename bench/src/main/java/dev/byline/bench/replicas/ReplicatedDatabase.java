package dev.byline.bench.replicas;

import dev.byline.bench.harness.SampleData;
import dev.byline.bench.harness.Sandbox;
import dev.byline.internal.cache.TestRedis;
import dev.byline.migrations.TestPostgres;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A primary with two standbys, 48 users with tokens and 20,000 posts, and a Redis. */
public final class ReplicatedDatabase {
    static final int USERS = 48;
    static final int POSTS = 20_000;
    static final int WORDS = 2000;

    private static final String INSERT_POSTS = """
            INSERT INTO byline.posts (user_id, title, body, metadata, published_at, created_at, updated_at)
            SELECT 1 + i %% %d, 'Post ' || i, words, '{}', at, at, at
            FROM generate_series(1, %d) AS i,
                LATERAL (SELECT timestamptz '2020-01-01' + i * interval '1 minute' AS at) AS a,
                LATERAL (SELECT string_agg('w' || (%d * random() ^ 3)::int, ' ') AS words
                    FROM generate_series(1, 15) WHERE i > 0) AS b
            """.formatted(USERS, POSTS, WORDS);
    private static final int TIMEOUT_SECONDS = 120;

    private final Sandbox sandbox;
    private final Path jar;
    private final TestPostgres primary;
    private final TestPostgres first;
    private final TestPostgres second;
    private final TestRedis redis;
    private final List<String> authorizations = new ArrayList<>();

    /** Starts the servers and creates the rows. */
    public ReplicatedDatabase(Sandbox sandbox, Path jar) throws Exception {
        this.sandbox = sandbox;
        this.jar = jar;
        primary = keep(new TestPostgres(sandbox.folder("primary")));
        primary.run("ALTER DATABASE postgres SET synchronous_commit = on"); // as operators have it
        createRows();
        first = keep(primary.standby(sandbox.folder("first")));
        second = keep(primary.standby(sandbox.folder("second")));
        redis = sandbox.keep(new TestRedis());
    }

    private TestPostgres keep(TestPostgres server) {
        sandbox.keep(() -> end(server));
        return server;
    }

    private static void end(TestPostgres server) {
        try {
            server.thaw(); // a frozen one can't end
        } catch (RuntimeException e) {
            // it was killed
        }
        server.close();
    }

    private void createRows() throws SQLException {
        try (var data = new SampleData(primary.serverUrl())) {
            data.users(USERS);
            for (int user = 1; user <= USERS; user++) {
                authorizations.add("Authorization: Bearer " + data.token(user));
            }
        }
        primary.run(INSERT_POSTS, "VACUUM (ANALYZE) byline.posts");
    }

    TestPostgres primary() {
        return primary;
    }

    TestPostgres first() {
        return first;
    }

    TestPostgres second() {
        return second;
    }

    /** The header of a user's requests. */
    String authorization(int user) {
        return authorizations.get(user - 1);
    }

    /** Starts nodes that read from standbys, and waits until these are current. */
    Nodes start(int count, TestPostgres... standbys) throws Exception {
        for (var standby : standbys) {
            awaitReplay(standby);
        }
        return Nodes.start(sandbox, jar, count, settings(standbys), List.of(standbys));
    }

    private Map<String, String> settings(TestPostgres... standbys) {
        var settings = Map.of(
                "DATABASE_URL", primary.serverUrl(),
                "REDIS_URL", redis.uri().toString(),
                "BYLINE_REPLICAS", "2",
                "BYLINE_POOL_SIZE", "10",
                "BYLINE_LOG_REQUESTS", "off");
        if (standbys.length == 0) {
            return settings;
        }
        var hosts = Stream.of(standbys).map(Nodes::host).collect(Collectors.joining(","));
        return Stream.concat(
                        settings.entrySet().stream(),
                        Stream.of(Map.entry(
                                "BYLINE_READ_URL",
                                "postgres://postgres:postgres@" + hosts + "/postgres?currentSchema=byline")))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    }

    private void awaitReplay(TestPostgres standby) throws SQLException, InterruptedException {
        var position = primary.value("SELECT pg_current_wal_lsn()");
        var end = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS);
        while (!standby.value("SELECT pg_last_wal_replay_lsn() >= '" + position + "'")
                .equals("t")) {
            if (System.nanoTime() > end) {
                throw new IllegalStateException("a standby doesn't replicate");
            }
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }
}
