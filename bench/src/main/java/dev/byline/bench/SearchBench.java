package dev.byline.bench;

import dev.byline.Byline;
import dev.byline.internal.sql.Cursor;
import dev.byline.migrations.TestDatabase;
import dev.byline.model.BylineConfig;
import dev.byline.model.Metadata;
import dev.byline.model.NewPost;
import dev.byline.model.PageRequest;
import dev.byline.model.PostFilter;
import dev.byline.model.PostStatus;
import dev.byline.model.Principal;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;

/**
 * Lists and searches of a million posts, uncached, and beside them the same pages by OFFSET; then an index that is built
 * while clients write.
 */
final class SearchBench {
    private static final int POSTS = 1_000_000;
    private static final int TIMES = 200;
    private static final Principal ANYONE = new Principal.Anonymous();

    private SearchBench() {}

    public static void main(String[] args) throws Exception {
        try (var database = TestDatabase.migrated();
                var byline = Byline.open(BylineConfig.of(database.url()).withCache(BylineConfig.Cache.OFF))) {
            fill(database);
            reads(database, byline);
            buffers(database);
            writes(database, byline);
        }
    }

    /** 40 words each of a vocabulary in which few are common; some words at known places. */
    private static void fill(TestDatabase database) {
        database.run(
                "INSERT INTO users (email, name) SELECT 'u' || i || '@example.com', 'U' FROM generate_series(1, 10000) AS i");
        var index = indexDefinition(database);
        database.run("DROP INDEX posts_search_idx"); // built afterwards, as it is quicker
        database.run("INSERT INTO posts (user_id, title, body, metadata, published_at, created_at)"
                + " SELECT 1 + (i::bigint * 7919) % 10000, 'Post ' || i, concat_ws(' ', words,"
                + " CASE WHEN i % 100000 = 7 THEN 'seldom' END, CASE WHEN i % 100 = 0 THEN 'hundredth' END,"
                + " CASE WHEN i % 2 = 0 THEN 'common' END, CASE WHEN i < 150000 THEN 'ancient' END),"
                + " jsonb_build_object('series', i / 1000), at, at"
                + " FROM generate_series(1, " + POSTS + ") AS i,"
                + " LATERAL (SELECT timestamptz '2020-01-01' + i * interval '1 minute' AS at) AS a,"
                + " LATERAL (SELECT string_agg('w' || (20000 * random() ^ 3)::int, ' ') AS words"
                + " FROM generate_series(1, 40) WHERE i > 0) AS b");
        database.run(index);
        database.run("VACUUM ANALYZE posts");
        database.run("VACUUM ANALYZE users");
    }

    private static String indexDefinition(TestDatabase database) {
        return database.value("SELECT pg_get_indexdef('posts_search_idx'::regclass)");
    }

    /** Blocks that PostgreSQL touched for a statement. */
    private static void buffers(TestDatabase database, String name, String sql) {
        var plan = database.value("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + sql);
        var count = 0L;
        for (var kind : List.of("Shared Hit Blocks", "Shared Read Blocks")) {
            var first = Pattern.compile("\"" + kind + "\": ([0-9]+)").matcher(plan);
            count += first.find() ? Long.parseLong(first.group(1)) : 0;
        }
        System.out.printf("  %-40s %d buffers%n", name, count);
    }

    private static void buffers(TestDatabase database) {
        var feed =
                "SELECT * FROM posts WHERE published_at IS NOT NULL AND user_id NOT IN (SELECT id FROM users WHERE deleted_at"
                        + " IS NOT NULL) %s ORDER BY published_at DESC, id DESC LIMIT 21";
        buffers(database, "feed, page 1", feed.formatted(""));
        var time = Instant.parse("2020-01-01T00:00:00Z").plusSeconds(60L * (POSTS - 5000 * 20));
        buffers(database, "feed, page 5,000", feed.formatted("AND (published_at, id) < ('" + time + "', 0)"));
        buffers(database, "feed, page 5,000 by OFFSET", feed.formatted("") + " OFFSET 100000");
        buffers(
                database,
                "an author's page",
                "SELECT * FROM posts WHERE user_id = 7 AND published_at IS NOT NULL ORDER BY created_at DESC, id DESC LIMIT 21");
        for (var query : List.of(
                "seldom", "hundredth", "common", "ancient", "nowhere", "\"common common common\"", "ancient -common")) {
            buffers(
                    database,
                    "q=" + query,
                    "SELECT p.* FROM find_posts(websearch_to_tsquery('byline', '" + query
                            + "'), NULL, NULL, NULL, NULL, 21) f JOIN posts p ON p.id = f.found_id");
        }
        buffers(
                database,
                "by relevance, 50 % word",
                "SELECT p.* FROM find_posts(websearch_to_tsquery('byline', 'common'), NULL, NULL, NULL, NULL, 1000) f"
                        + " JOIN posts p ON p.id = f.found_id"
                        + " ORDER BY ts_rank(p.search, websearch_to_tsquery('byline', 'common')) DESC LIMIT 20");
        buffers(
                database,
                "metadata, 1,000 old matches",
                "SELECT p.* FROM find_posts(NULL, '{\"series\":3}', NULL, NULL, NULL, 21) f JOIN posts p ON p.id = f.found_id");
    }

    private interface Read {
        void run();
    }

    private static String after(int row) {
        var time = Instant.parse("2020-01-01T00:00:00Z").plusSeconds(60L * row);
        return new Cursor(time, Long.MAX_VALUE).encode("posts");
    }

    private static PostFilter query(String query) {
        return new PostFilter(null, query, null);
    }

    private static void reads(TestDatabase database, Byline byline) throws SQLException {
        var posts = byline.posts();
        var first = PageRequest.first(20);
        var far = new PageRequest(20, after(POSTS - 5000 * 20));
        measure("feed, page 1", () -> posts.feed(ANYONE, PostFilter.NONE, first));
        measure("feed, page 5,000", () -> posts.feed(ANYONE, PostFilter.NONE, far));
        measure("an author's page", () -> posts.byAuthor(ANYONE, 7, first));
        measure("rare word (10 matches)", () -> posts.feed(ANYONE, query("seldom"), first));
        measure("1 % word", () -> posts.feed(ANYONE, query("hundredth"), first));
        measure("50 % word", () -> posts.feed(ANYONE, query("common"), first));
        measure("worst: 150,000 matches, none new", () -> posts.feed(ANYONE, query("ancient"), first));
        measure("a word that isn't there", () -> posts.feed(ANYONE, query("nowhere"), first));
        measure(
                "phrase that hardly occurs, of two 50 % words",
                () -> posts.feed(ANYONE, query("\"common common common\""), first));
        measure("exclusion that leaves nothing new", () -> posts.feed(ANYONE, query("ancient -common"), first));
        measure("by relevance, 50 % word", () -> posts.mostRelevant(ANYONE, query("common"), 20));
        measure(
                "metadata, 1,000 old matches",
                () -> posts.feed(ANYONE, new PostFilter(null, null, Metadata.parse("{\"series\":3}")), first));
        try (var connection = database.dataSource().getConnection()) {
            byOffset(connection);
        }
    }

    private static void byOffset(Connection connection) {
        System.out.println("the same by OFFSET:");
        var list =
                "SELECT id, title, body FROM posts WHERE published_at IS NOT NULL ORDER BY published_at DESC, id DESC"
                        + " LIMIT 20 OFFSET ";
        measure("feed, page 1", () -> fetch(connection, list + 0));
        measure("feed, page 5,000", () -> fetch(connection, list + 100_000));
        var search = "SELECT id, title, body FROM posts WHERE published_at IS NOT NULL AND"
                + " to_tsvector('english', title || ' ' || body) @@ websearch_to_tsquery('english', 'seldom')"
                + " ORDER BY published_at DESC LIMIT 20";
        var author =
                "SELECT id, title, body FROM posts WHERE user_id = 7 ORDER BY created_at DESC, id DESC LIMIT 20 OFFSET 80";
        measure("an author's page 5", () -> fetch(connection, author));
        var relevant = "SELECT id, title, body FROM posts WHERE published_at IS NOT NULL AND search @@"
                + " websearch_to_tsquery('byline', '%s') ORDER BY %s DESC, id DESC LIMIT 20 OFFSET %s";
        measure(
                "50 % word, page 1 by our GIN index",
                20, () -> fetch(connection, relevant.formatted("common", "published_at", 0)));
        measure(
                "50 % word, page 5,000",
                5, () -> fetch(connection, relevant.formatted("common", "published_at", 100_000)));
        var rank = "ts_rank(search, websearch_to_tsquery('byline', 'common'))";
        measure("by relevance, 50 % word", 5, () -> fetch(connection, relevant.formatted("common", rank, 0)));
        var metadata = "SELECT id, title, body FROM posts WHERE published_at IS NOT NULL AND metadata->>'series' = '3'"
                + " ORDER BY published_at DESC LIMIT 20";
        measure("metadata by ->>, 1,000 old matches", 5, () -> fetch(connection, metadata));
        measure("rare word, no index on the expression", 1, () -> fetch(connection, search));
    }

    private static void fetch(Connection connection, String sql) {
        try (var statement = connection.prepareStatement(sql);
                var rows = statement.executeQuery()) {
            while (rows.next()) {
                rows.getString(3);
            }
        } catch (SQLException e) {
            throw new IllegalStateException(sql, e);
        }
    }

    private static void measure(String name, Read read) {
        measure(name, TIMES, read);
    }

    private static void measure(String name, int times, Read read) {
        if (times > 1) {
            read.run(); // warms up
        }
        var millis = new double[times];
        for (int i = 0; i < times; i++) {
            var start = System.nanoTime();
            read.run();
            millis[i] = (System.nanoTime() - start) / 1e6;
        }
        print(name, millis);
    }

    private static void print(String name, double[] millis) {
        Arrays.sort(millis);
        System.out.printf(
                Locale.ROOT,
                "  %-40s p50 %8.2f ms   p99 %8.2f ms%n",
                name,
                millis[millis.length / 2],
                millis[(int) (millis.length * 0.99)]);
    }

    /** Posts at 100 a second, before and while an index is dropped and built again. */
    private static void writes(TestDatabase database, Byline byline) throws InterruptedException {
        System.out.println("writes at 100 a second:");
        print("before", write(byline, Duration.ofSeconds(10), new AtomicBoolean(true)));
        var done = new AtomicBoolean();
        var index = indexDefinition(database);
        var build = Thread.ofPlatform().start(() -> {
            database.run("DROP INDEX CONCURRENTLY posts_search_idx");
            database.run(index.replace("CREATE INDEX", "CREATE INDEX CONCURRENTLY"));
            done.set(true);
        });
        print("while the search index is built", write(byline, Duration.ofMinutes(5), done));
        build.join();
    }

    private static double[] write(Byline byline, Duration atMost, AtomicBoolean stop) throws InterruptedException {
        var times = new ConcurrentLinkedQueue<Double>();
        var post = new NewPost("written meanwhile", "common words", Metadata.EMPTY, PostStatus.PUBLISHED, 7L, null);
        var alwaysStops = stop.get();
        var rounds = alwaysStops ? atMost.toSeconds() : Long.MAX_VALUE;
        for (long round = 0; round < rounds && (alwaysStops || !stop.get()); round++) {
            var counts = new OpenLoop(100, 8).run(Duration.ofSeconds(1), (number, due) -> {
                var start = System.nanoTime();
                var written = byline.posts().create(new Principal.Operator(), post);
                times.add((System.nanoTime() - start) / 1e6 + 0 * written.id());
            });
            if (counts.failed() > 0) {
                System.out.println("  FAILED: " + counts.failed());
            }
        }
        System.out.println("  " + times.size() + " posts written");
        return times.stream().mapToDouble(Double::doubleValue).toArray();
    }
}
