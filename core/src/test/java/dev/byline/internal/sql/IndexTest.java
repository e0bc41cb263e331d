package dev.byline.internal.sql;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import dev.byline.migrations.TestDatabase;
import dev.byline.model.Metadata;
import dev.byline.model.PostFilter;
import dev.byline.model.UserFilter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jooq.DSLContext;
import org.jooq.ExecuteContext;
import org.jooq.ExecuteListener;
import org.jooq.SQLDialect;
import org.jooq.conf.ParamType;
import org.jooq.conf.RenderQuotedNames;
import org.jooq.conf.Settings;
import org.jooq.impl.DSL;
import org.jooq.impl.DefaultConfiguration;
import org.jooq.impl.DefaultConnectionProvider;
import org.jooq.impl.DefaultExecuteListenerProvider;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * Checks the plans of list and search statements on 200,000 posts of 20,000 users; one user has 4,000 posts. A listener
 * captures the statements that the SQL classes run.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class IndexTest {
    private static final int POSTS = 200_000;

    private final TestDatabase database = TestDatabase.migrated();
    private final List<String> statements = new ArrayList<>();
    private final DSLContext dsl = DSL.using(new DefaultConfiguration()
            .set(database.inSchema())
            .set(SQLDialect.POSTGRES)
            .set(new Settings()
                    .withExecuteLogging(false)
                    .withRenderSchema(false)
                    .withRenderQuotedNames(RenderQuotedNames.NEVER))
            .set(new DefaultExecuteListenerProvider(new ExecuteListener() {
                private static final long serialVersionUID = 1L;

                @Override
                public void executeStart(ExecuteContext context) {
                    if (context.query() != null) {
                        statements.add(context.query().getSQL(ParamType.INLINED));
                    }
                }
            })));

    @BeforeAll
    void fill() {
        database.run(
                "INSERT INTO users (email, name, is_active, metadata, created_at) SELECT 'u' || i || '@example.com',"
                        + " 'U', i % 100 > 0,"
                        + " jsonb_build_object('plan', CASE WHEN i % 500 = 0 THEN 'pro' ELSE 'free' END),"
                        + " timestamptz '2020-01-01' + i * interval '1 hour' FROM generate_series(1, 20000) AS i");
        database.run("INSERT INTO posts (user_id, title, body, metadata, published_at, created_at)"
                + " SELECT CASE WHEN i % 50 = 3 THEN 7 ELSE 1 + (i::bigint * 7919) % 20000 END, 'title ' || i,"
                + " concat_ws(' ', 'everywhere', CASE WHEN i % 20000 = 5 THEN 'seldom' END,"
                + " CASE WHEN i % 100 = 0 THEN 'hundredth' END,"
                + " CASE WHEN i < 20000 THEN 'ancient' END), jsonb_build_object('series', i / 100),"
                + " CASE WHEN i % 10 > 0 THEN timestamptz '2020-01-01' + i * interval '1 minute' END,"
                + " timestamptz '2020-01-01' + i * interval '1 minute' FROM generate_series(1, " + POSTS + ") AS i");
        database.run("VACUUM ANALYZE posts");
        database.run("VACUUM ANALYZE users");
    }

    @AfterAll
    void close() {
        database.close();
    }

    /** The output of EXPLAIN (ANALYZE, BUFFERS). */
    private record Plan(String text, List<String> nodes, List<String> indexes, long buffers) {
        static Plan of(String json) {
            var nodes = new ArrayList<String>();
            var indexes = new ArrayList<String>();
            var buffers = -1L;
            try (var parser = new JsonFactory().createParser(json)) {
                while (parser.nextToken() != null) {
                    var name = parser.currentName();
                    if (parser.currentToken().isScalarValue() && name != null) {
                        switch (name) {
                            case "Node Type" -> nodes.add(parser.getText());
                            case "Index Name" -> indexes.add(parser.getText());
                            case "Shared Hit Blocks", "Shared Read Blocks" -> {
                                if (nodes.size() == 1) { // the first node's count includes all others
                                    buffers = Math.max(buffers, 0) + parser.getLongValue();
                                }
                            }
                            default -> {}
                        }
                    }
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return new Plan(json, nodes, indexes, buffers);
        }

        boolean has(String node) {
            return nodes.contains(node);
        }
    }

    private Plan plan(Consumer<DSLContext> query) {
        statements.clear();
        query.accept(dsl);
        assertThat(statements).hasSize(1); // a read runs one statement
        return Plan.of(database.value("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + statements.getFirst()));
    }

    private static Cursor at(int minute) {
        return new Cursor(Instant.parse("2020-01-01T00:00:00Z").plusSeconds(60L * minute), Long.MAX_VALUE);
    }

    /** Checks that page 1 and page 5,000 read the index in its order, without a sort, and few buffers. */
    private void assertByIndex(
            String index, int maxBuffers, Function<@Nullable Cursor, Consumer<DSLContext>> query, Cursor far) {
        for (var cursor : new Cursor[] {null, far}) {
            var plan = plan(query.apply(cursor));
            assertThat(plan.indexes()).as(plan.text()).contains(index);
            assertThat(plan.has("Seq Scan")).as(plan.text()).isFalse();
            assertThat(plan.has("Sort")).as(plan.text()).isFalse();
            assertThat(plan.buffers()).as(plan.text()).isPositive().isLessThan(maxBuffers);
        }
    }

    @Test
    void theFeedReadsItsIndex() {
        assertByIndex(
                "posts_feed_idx",
                60,
                cursor -> d -> PostSql.feed(d, PostFilter.NONE, cursor, 21),
                at(POSTS - 5000 * 20));
    }

    @Test
    void anAuthorsFeedReadsItsIndex() throws SQLException {
        for (var cursor : new Cursor[] {null, at(POSTS / 2)}) {
            assertOnePlanFits(
                    "posts_author_feed_idx",
                    (d, author) -> PostSql.feed(d, new PostFilter(author), cursor, 21),
                    cursor);
        }
    }

    @Test
    void anAuthorsPostsReadTheirIndex() throws SQLException {
        for (var shown : PostSql.Shown.values()) {
            var index = shown == PostSql.Shown.DRAFTS ? "posts_drafts_idx" : "posts_author_idx";
            for (var cursor : new Cursor[] {null, at(POSTS / 2)}) {
                assertOnePlanFits(index, (d, author) -> PostSql.byAuthor(d, author, shown, cursor, 21), cursor);
            }
        }
    }

    /**
     * Checks that PostgreSQL chooses a generic plan, and that the plan is good for the author of 4,000 posts. It plans
     * a prepared statement five times for its values (here authors of 10 posts), then decides for or against a generic
     * plan. Without one, planning takes longer than running.
     */
    private void assertOnePlanFits(String index, BiConsumer<DSLContext, Long> query, @Nullable Cursor cursor)
            throws SQLException {
        try (var connection = database.inSchema().getConnection()) {
            var d = DSL.using(dsl.configuration().derive(new DefaultConnectionProvider(connection)));
            for (long author = 101; author < 120; author++) {
                query.accept(d, author);
            }
            var prepared = d.fetchSingle(
                    "SELECT name, generic_plans FROM pg_prepared_statements WHERE statement ILIKE '%lateral%'");
            assertThat(prepared.get("generic_plans", Long.class)).isPositive();
            var arguments = cursor == null ? "7" : "'%s', %d, 7".formatted(cursor.time(), cursor.id());
            var plan = Plan.of(String.valueOf(d.fetchValue("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE \""
                    + prepared.get("name") + "\"(" + arguments + ")")));
            assertThat(plan.indexes()).as(plan.text()).containsExactlyInAnyOrder("users_pkey", index);
            assertThat(plan.has("Incremental Sort")).as(plan.text()).isFalse();
            assertThat(plan.buffers()).as(plan.text()).isPositive().isLessThan(60);
        }
    }

    @Test
    void listsOfUsersReadTheirIndexes() {
        var far = new Cursor(Instant.parse("2021-01-20T00:00:00Z"), Long.MAX_VALUE);
        assertByIndex("users_newest_idx", 60, cursor -> d -> UserSql.newest(d, UserFilter.NONE, cursor, 21), far);
        assertByIndex("users_active_idx", 60, cursor -> d -> UserSql.newest(d, new UserFilter(true), cursor, 21), far);
        assertByIndex(
                "users_inactive_idx", 60, cursor -> d -> UserSql.newest(d, new UserFilter(false), cursor, 21), far);
    }

    private static PostFilter query(String query) {
        return new PostFilter(null, query, null);
    }

    /** Returns the number of sequential scans so far: plans don't show those inside functions. */
    private long sequentialScans() {
        database.value("SELECT pg_stat_force_next_flush()::text");
        return Long.parseLong(
                database.value("SELECT sum(seq_scan) FROM pg_stat_user_tables WHERE relname IN ('posts', 'users')"));
    }

    private long buffers(Consumer<DSLContext> query) {
        var before = sequentialScans();
        var plan = plan(query);
        assertThat(sequentialScans()).as(statements.getFirst()).isEqualTo(before);
        return plan.buffers();
    }

    /**
     * Rare words, common words, absent words, and the worst case: a word with many matches, none of them new, so that
     * all are read from the GIN index.
     */
    @Test
    void searchesReadFewBuffers() {
        assertThat(buffers(d -> PostSearchSql.search(d, query("everywhere"), null, 21)))
                .isLessThan(600);
        assertThat(buffers(d -> PostSearchSql.search(d, query("hundredth"), null, 21)))
                .isLessThan(2000);
        // some hundred of these are the sample of pages that tells how common the word is
        assertThat(buffers(d -> PostSearchSql.search(d, query("seldom"), null, 21)))
                .isLessThan(1200);
        assertThat(buffers(d -> PostSearchSql.search(d, query("nowhere"), null, 21)))
                .isLessThan(1200);
        assertThat(buffers(d -> PostSearchSql.search(d, query("ancient"), null, 21)))
                .isLessThan(3000);
        assertThat(buffers(d -> PostSearchSql.search(d, query("everywhere"), at(POSTS - 5000 * 20), 21)))
                .isLessThan(600);
        assertThat(buffers(d -> PostSearchSql.search(d, new PostFilter(7L, "everywhere", null), null, 21)))
                .isLessThan(600);
        assertThat(buffers(d -> PostSearchSql.mostRelevant(d, query("everywhere"), 500, 21)))
                .isLessThan(3000);
    }

    /** GIN can't answer these: a search examines the newest 10,000 candidates and returns where it stopped. */
    @Test
    void searchesForPhrasesAndExclusionsContinueWhereTheyStopped() {
        var before = sequentialScans();
        for (var query : List.of(
                "\"everywhere seldom\"",
                "\"hundredth everywhere\"",
                "-everywhere",
                "\"ancient everywhere\" or \"seldom seldom\"")) {
            var seen = 0;
            Cursor after = null;
            var pages = 0;
            do {
                var found = PostSearchSql.search(dsl, query(query), after, 21);
                seen += found.posts().size();
                after = found.edge();
                pages++;
            } while (after != null);
            assertThat(pages).as(query).isLessThan(25);
            assertThat(seen).as(query).isLessThan(21);
        }
        assertThat(sequentialScans()).isEqualTo(before);
        assertThat(PostSearchSql.search(dsl, query("\"everywhere seldom\""), null, 21)
                        .edge())
                .isNull(); // 10 candidates
        assertThat(PostSearchSql.search(dsl, query("-everywhere"), null, 21).edge())
                .isNotNull();
        assertThat(buffers(d -> PostSearchSql.search(d, query("-everywhere"), null, 21)))
                .isLessThan(50_000);
    }

    @Test
    void searchesForMetadataReadFewBuffers() {
        var old = Metadata.parse("{\"series\":3}");
        var recent = Metadata.parse("{\"series\":1999}");
        assertThat(buffers(d -> PostSearchSql.search(d, new PostFilter(null, null, old), null, 21)))
                .isLessThan(1200);
        assertThat(buffers(d -> PostSearchSql.search(d, new PostFilter(null, null, recent), null, 21)))
                .isLessThan(600);
        assertThat(buffers(
                        d -> UserSql.search(d, new UserFilter(null, Metadata.parse("{\"plan\":\"pro\"}")), null, 21)))
                .isLessThan(600);
    }

    @Test
    void noIndexIsUnusedOrDuplicate() {
        for (var filter : List.of(
                PostFilter.NONE,
                new PostFilter(7L),
                query("seldom"),
                new PostFilter(null, null, Metadata.parse("{\"series\":3}")))) {
            var unused = filter.isSearch()
                    ? PostSearchSql.search(dsl, filter, null, 21)
                    : PostSql.feed(dsl, filter, null, 21);
        }
        for (var shown : PostSql.Shown.values()) {
            var unused = PostSql.byAuthor(dsl, 7, shown, null, 21);
        }
        for (var active : new Boolean[] {null, true, false}) {
            UserSql.newest(dsl, new UserFilter(active), null, 21);
        }
        UserSql.search(dsl, new UserFilter(null, Metadata.parse("{\"plan\":\"unknown\"}")), null, 21);
        assertThat(UserSql.adminExists(dsl)).isFalse();
        DeletedUserSql.markedDeleted(dsl, 0, 10);
        database.value("SELECT pg_stat_force_next_flush()::text");
        assertThat(database.value(
                        "SELECT coalesce(string_agg(s.indexrelname, ', '), 'none') FROM pg_stat_user_indexes s"
                                + " JOIN pg_index i USING (indexrelid) WHERE s.idx_scan = 0 AND NOT i.indisunique"
                                + " AND s.relname IN ('posts', 'users')"))
                .isEqualTo("none");
        assertThat(database.value(
                        "SELECT coalesce(string_agg(a.indexrelid::regclass || ' = ' || b.indexrelid::regclass, ', '),"
                                + " 'none')"
                                + " FROM pg_index a JOIN pg_index b"
                                + " ON a.indrelid = b.indrelid AND a.indexrelid < b.indexrelid"
                                + " AND a.indkey = b.indkey AND a.indclass = b.indclass"
                                + " AND a.indpred IS NOT DISTINCT FROM b.indpred"
                                + " AND a.indexprs IS NOT DISTINCT FROM b.indexprs"
                                + " WHERE a.indrelid IN ('posts'::regclass, 'users'::regclass, 'tokens'::regclass)"))
                .isEqualTo("none");
    }
}
