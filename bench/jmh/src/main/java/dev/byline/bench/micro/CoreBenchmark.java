package dev.byline.bench.micro;

import dev.byline.Byline;
import dev.byline.internal.sql.generated.Tables;
import dev.byline.model.BylineConfig;
import dev.byline.model.Page;
import dev.byline.model.PageRequest;
import dev.byline.model.Post;
import dev.byline.model.PostFilter;
import dev.byline.model.Principal;
import dev.byline.model.User;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import org.jooq.DSLContext;
import org.jooq.JSONB;
import org.jooq.Result;
import org.jooq.SQLDialect;
import org.jooq.impl.DSL;
import org.jooq.tools.jdbc.MockConnection;
import org.jooq.tools.jdbc.MockResult;
import org.jooq.tools.jdbc.SingleConnectionDataSource;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Reads through {@code core}, once from its cache, once by a statement on a connection that has the rows at hand: what jOOQ and
 * we need to build a statement, write it as SQL, bind its values and read its rows, and what the cache needs instead.
 */
public class CoreBenchmark extends Settings {
    private static final Principal ANYONE = new Principal.Anonymous();
    private static final long ID = 42;
    private static final Instant AT = Instant.parse("2026-11-25T10:00:00.123456Z");

    private final Byline cached =
            open(new BylineConfig.Cache(true, Duration.ofHours(1), Duration.ofHours(2), 1 << 24, null));
    private final Byline uncached = open(BylineConfig.Cache.OFF);

    private static Byline open(BylineConfig.Cache cache) {
        var rows = DSL.using(SQLDialect.POSTGRES);
        var user = users(rows);
        var posts = posts(rows);
        var connection = new MockConnection(asked -> {
            var page = asked.sql().toLowerCase(Locale.ROOT).contains("from posts");
            return new MockResult[] {page ? new MockResult(21, posts) : new MockResult(1, user)};
        });
        return Byline.builder().cache(cache).dataSource(new SingleConnectionDataSource(connection));
    }

    private static Result<?> users(DSLContext rows) {
        var u = Tables.USERS;
        var result = rows.newResult(
                u.ID, u.EMAIL, u.NAME, u.ROLE, u.IS_ACTIVE, u.METADATA, u.VERSION, u.CREATED_AT, u.UPDATED_AT);
        var user = rows.newRecord(
                u.ID, u.EMAIL, u.NAME, u.ROLE, u.IS_ACTIVE, u.METADATA, u.VERSION, u.CREATED_AT, u.UPDATED_AT);
        user.values(ID, "user42@example.com", "User 42", "user", true, JSONB.valueOf("{\"team\": 42}"), 1L, AT, AT);
        result.add(user);
        return result;
    }

    private static Result<?> posts(DSLContext rows) {
        var p = Tables.POSTS;
        var result = rows.newResult(
                p.ID, p.USER_ID, p.TITLE, p.BODY, p.METADATA, p.PUBLISHED_AT, p.VERSION, p.CREATED_AT, p.UPDATED_AT);
        for (long id = 1; id <= 21; id++) {
            var post = rows.newRecord(
                    p.ID,
                    p.USER_ID,
                    p.TITLE,
                    p.BODY,
                    p.METADATA,
                    p.PUBLISHED_AT,
                    p.VERSION,
                    p.CREATED_AT,
                    p.UPDATED_AT);
            post.values(id, ID, "Post " + id, "word ".repeat(18), JSONB.valueOf("{\"series\": 1}"), AT, 1L, AT, AT);
            result.add(post);
        }
        return result;
    }

    /** Fills the cache. */
    @Setup
    public void fill() {
        if (cachedUser().id() != ID || cachedFeed().items().size() != 20) {
            throw new IllegalStateException("other rows");
        }
    }

    /** Ends both. */
    @TearDown
    public void close() {
        cached.close();
        uncached.close();
    }

    /** A hit. */
    @Benchmark
    public User cachedUser() {
        return cached.users().get(ANYONE, ID);
    }

    /** A statement with one value and one row. */
    @Benchmark
    public User user() {
        return uncached.users().get(ANYONE, ID);
    }

    /** A hit. */
    @Benchmark
    public Page<Post> cachedFeed() {
        return cached.posts().feed(ANYONE, PostFilter.NONE, PageRequest.first(20));
    }

    /** A statement with 21 rows. */
    @Benchmark
    public Page<Post> feed() {
        return uncached.posts().feed(ANYONE, PostFilter.NONE, PageRequest.first(20));
    }
}
