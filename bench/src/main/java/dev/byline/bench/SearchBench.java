package dev.byline.bench;

import dev.byline.Byline;
import dev.byline.bench.harness.LoadGenerator;
import dev.byline.bench.harness.Results;
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
 * Measures lists and searches of a million posts, uncached, and the same pages by OFFSET; then writes while an index is
 * built.
 */
final class SearchBench {
    private static final int POSTS = 1_000_000;
    private static final int CALLS = 200;
    private static final Instant FIRST_POST = Instant.parse("2020-01-01T00:00:00Z");
    private static final Instant PAGE_5000 = FIRST_POST.plusSeconds(60L * (POSTS - 5000 * 20));
    private static final Principal ANYONE = new Principal.Anonymous();

    /** 40 words per post from a vocabulary in which few are common, and some words at known places. */
    private static final String INSERT_POSTS = """
            INSERT INTO posts (user_id, title, body, metadata, published_at, created_at)
            SELECT 1 + (i::bigint * 7919) % 10000, 'Post ' || i, concat_ws(' ', words,
                CASE WHEN i % 100000 = 7 THEN 'seldom' END, CASE WHEN i % 100 = 0 THEN 'hundredth' END,
                CASE WHEN i % 2 = 0 THEN 'common' END, CASE WHEN i < 150000 THEN 'ancient' END),
                jsonb_build_object('series', i / 1000), at, at
            FROM generate_series(1, 1000000) AS i,
                LATERAL (SELECT timestamptz '2020-01-01 00:00Z' + i * interval '1 minute' AS at) AS a,
                LATERAL (SELECT string_agg('w' || (20000 * random() ^ 3)::int, ' ') AS words
                    FROM generate_series(1, 40) WHERE i > 0) AS b
            """;

    private static final String FEED = """
            SELECT * FROM posts WHERE published_at IS NOT NULL
            AND user_id NOT IN (SELECT id FROM users WHERE deleted_at IS NOT NULL) %s
            ORDER BY published_at DESC, id DESC LIMIT 21 OFFSET %d
            """;
    private static final String AUTHOR = """
            SELECT * FROM posts WHERE user_id = 7 AND published_at IS NOT NULL
            ORDER BY created_at DESC, id DESC LIMIT 21
            """;
    private static final String FIND = """
            SELECT p.* FROM find_posts(%s, %s, NULL, NULL, NULL, %d) f JOIN posts p ON p.id = f.found_id
            """;

    private static final String OFFSET_FEED = """
            SELECT id, title, body FROM posts WHERE published_at IS NOT NULL
            ORDER BY published_at DESC, id DESC LIMIT 20 OFFSET %d
            """;
    private static final String OFFSET_AUTHOR = """
            SELECT id, title, body FROM posts WHERE user_id = 7 ORDER BY created_at DESC, id DESC LIMIT 20 OFFSET 80
            """;
    private static final String OFFSET_SEARCH = """
            SELECT id, title, body FROM posts WHERE published_at IS NOT NULL
            AND search @@ websearch_to_tsquery('byline', 'common') ORDER BY %s DESC, id DESC LIMIT 20 OFFSET %d
            """;
    private static final String RANK = "ts_rank(search, websearch_to_tsquery('byline', 'common'))";
    private static final String UNINDEXED_METADATA = """
            SELECT id, title, body FROM posts WHERE published_at IS NOT NULL AND metadata->>'series' = '3'
            ORDER BY published_at DESC LIMIT 20
            """;
    private static final String UNINDEXED_WORD = """
            SELECT id, title, body FROM posts WHERE published_at IS NOT NULL
            AND to_tsvector('english', title || ' ' || body) @@ websearch_to_tsquery('english', 'seldom')
            ORDER BY published_at DESC LIMIT 20
            """;

    private SearchBench() {}

    public static void main(String[] args) throws Exception {
        try (var database = TestDatabase.migrated();
                var byline = Byline.open(BylineConfig.of(database.url()).withCache(BylineConfig.Cache.OFF))) {
            createPosts(database);
            measureReads(byline);
            try (var connection = database.dataSource().getConnection()) {
                measureOffset(connection);
            }
            countBuffers(database);
            measureWrites(database, byline);
        }
    }

    private static void createPosts(TestDatabase database) {
        database.run("INSERT INTO users (email, name) SELECT 'u' || i || '@example.com', 'U'"
                + " FROM generate_series(1, 10000) AS i");
        var index = indexDefinition(database);
        database.run("DROP INDEX posts_search_idx"); // building it afterwards is faster
        database.run(INSERT_POSTS);
        database.run(index);
        database.run("VACUUM ANALYZE posts");
        database.run("VACUUM ANALYZE users");
    }

    private static String indexDefinition(TestDatabase database) {
        return database.value("SELECT pg_get_indexdef('posts_search_idx'::regclass)");
    }

    private static void measureReads(Byline byline) {
        var posts = byline.posts();
        var first = PageRequest.first(20);
        var far = new PageRequest(20, new Cursor(PAGE_5000, Long.MAX_VALUE).encode("posts"));
        measure("feed, page 1", () -> posts.feed(ANYONE, PostFilter.NONE, first));
        measure("feed, page 5,000", () -> posts.feed(ANYONE, PostFilter.NONE, far));
        measure("an author's page", () -> posts.byAuthor(ANYONE, 7, first));
        measure("rare word (10 matches)", () -> posts.feed(ANYONE, query("seldom"), first));
        measure("1 % word", () -> posts.feed(ANYONE, query("hundredth"), first));
        measure("50 % word", () -> posts.feed(ANYONE, query("common"), first));
        measure("worst: 150,000 matches, none new", () -> posts.feed(ANYONE, query("ancient"), first));
        measure("a word that isn't there", () -> posts.feed(ANYONE, query("nowhere"), first));
        measure("rare phrase of 50 % words", () -> posts.feed(ANYONE, query("\"common common common\""), first));
        measure("old word with an exclusion", () -> posts.feed(ANYONE, query("ancient -common"), first));
        measure("by relevance, 50 % word", () -> posts.mostRelevant(ANYONE, query("common"), 20));
        var series = new PostFilter(null, null, Metadata.parse("{\"series\":3}"));
        measure("metadata, 1,000 old matches", () -> posts.feed(ANYONE, series, first));
    }

    private static PostFilter query(String query) {
        return new PostFilter(null, query, null);
    }

    private static void measureOffset(Connection connection) {
        System.out.println("by OFFSET, plain JDBC:");
        measure(connection, "feed, page 1", CALLS, OFFSET_FEED.formatted(0));
        measure(connection, "feed, page 5,000", CALLS, OFFSET_FEED.formatted(100_000));
        measure(connection, "an author's page 5", CALLS, OFFSET_AUTHOR);
        measure(connection, "50 % word, page 1, our GIN index", 20, OFFSET_SEARCH.formatted("published_at", 0));
        measure(connection, "50 % word, page 5,000", 5, OFFSET_SEARCH.formatted("published_at", 100_000));
        measure(connection, "by relevance, 50 % word", 5, OFFSET_SEARCH.formatted(RANK, 0));
        measure(connection, "metadata by ->>, no index", 5, UNINDEXED_METADATA);
        measure(connection, "rare word, no index", 1, UNINDEXED_WORD);
    }

    private static void measure(Connection connection, String name, int calls, String sql) {
        measure(name, calls, () -> {
            try (var statement = connection.prepareStatement(sql);
                    var rows = statement.executeQuery()) {
                while (rows.next()) {
                    rows.getString(3);
                }
            } catch (SQLException e) {
                throw new IllegalStateException(sql, e);
            }
        });
    }

    private static void measure(String name, Runnable read) {
        measure(name, CALLS, read);
    }

    private static void measure(String name, int calls, Runnable read) {
        if (calls > 1) {
            read.run(); // warms up
        }
        var millis = new double[calls];
        for (int i = 0; i < calls; i++) {
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
                Results.percentile(millis, 0.5),
                Results.percentile(millis, 0.99));
    }

    private static void countBuffers(TestDatabase database) {
        System.out.println("blocks read:");
        buffers(database, "feed, page 1", FEED.formatted("", 0));
        buffers(database, "feed, page 5,000", FEED.formatted("AND (published_at, id) < ('" + PAGE_5000 + "', 0)", 0));
        buffers(database, "feed, page 5,000 by OFFSET", FEED.formatted("", 100_000));
        buffers(database, "an author's page", AUTHOR);
        for (var query : List.of(
                "seldom", "hundredth", "common", "ancient", "nowhere", "\"common common common\"", "ancient -common")) {
            buffers(database, "q=" + query, FIND.formatted(tsQuery(query), "NULL", 21));
        }
        var relevance = FIND.formatted(tsQuery("common"), "NULL", 1000) + " ORDER BY ts_rank(p.search, "
                + tsQuery("common") + ") DESC LIMIT 20";
        buffers(database, "by relevance, 50 % word", relevance);
        buffers(database, "metadata, 1,000 old matches", FIND.formatted("NULL", "'{\"series\":3}'", 21));
    }

    private static String tsQuery(String query) {
        return "websearch_to_tsquery('byline', '" + query + "')";
    }

    private static void buffers(TestDatabase database, String name, String sql) {
        var plan = database.value("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + sql);
        var count = 0L;
        for (var kind : List.of("Shared Hit Blocks", "Shared Read Blocks")) { // the first of each is the plan's root
            var first = Pattern.compile("\"" + kind + "\": ([0-9]+)").matcher(plan);
            count += first.find() ? Long.parseLong(first.group(1)) : 0;
        }
        System.out.printf("  %-40s %d%n", name, count);
    }

    /** Creates 100 posts a second, before and while an index is dropped and built again. */
    private static void measureWrites(TestDatabase database, Byline byline) throws InterruptedException {
        System.out.println("writes at 100 a second:");
        print("before", write(byline, 10, new AtomicBoolean()));
        var built = new AtomicBoolean();
        var index = indexDefinition(database);
        var build = Thread.ofPlatform().start(() -> {
            database.run("DROP INDEX CONCURRENTLY posts_search_idx");
            database.run(index.replace("CREATE INDEX", "CREATE INDEX CONCURRENTLY"));
            built.set(true);
        });
        print("while the search index is built", write(byline, Integer.MAX_VALUE, built));
        build.join();
    }

    private static double[] write(Byline byline, int maxSeconds, AtomicBoolean stop) throws InterruptedException {
        var millis = new ConcurrentLinkedQueue<Double>();
        var failed = 0L;
        var post = new NewPost("written meanwhile", "common words", Metadata.EMPTY, PostStatus.PUBLISHED, 7L, null);
        for (int second = 0; second < maxSeconds && !stop.get(); second++) {
            var counts = LoadGenerator.openLoop(100, 8, Duration.ofSeconds(1), (number, due) -> {
                var start = System.nanoTime();
                var unused = byline.posts().create(new Principal.Operator(), post);
                millis.add((System.nanoTime() - start) / 1e6);
            });
            failed += counts.failed();
        }
        System.out.println("  " + millis.size() + " posts written, " + failed + " failed");
        return millis.stream().mapToDouble(Double::doubleValue).toArray();
    }
}
