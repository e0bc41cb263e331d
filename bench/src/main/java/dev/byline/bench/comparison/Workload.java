package dev.byline.bench.comparison;

import dev.byline.bench.comparison.Dialect.Request;
import dev.byline.bench.peer.Sql;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/** The requests of a measurement. */
enum Workload {
    HOT_USER("GET /users/{id}, 100 of them"),
    NOT_MODIFIED("GET /users/{id}, the client has it: 304"),
    UNIFORM_USER("GET /users/{id}, any of 100,000"),
    FEED("GET /posts, the first page"),
    FEED_CURSOR("GET /posts?cursor=, any page"),
    AUTHOR("GET /users/{id}/posts"),
    USER_WITH_POSTS("GET /users/{id}?include=posts"),
    CREATE("POST /posts"),
    MIX("10 % POST /posts, 50 % any user, 10 % first page, 15 % any page, 15 % an author's page");

    private static final int SAMPLE = 50_000;
    private static final int HOT = 100;

    /** The body of new posts, as long as those of the existing ones. */
    private static final String TEXT = "w17 w4033 w2 w986 w14002 w311 w7 w19877 w550 w3 w8121 w64 w1207 w5 w2900";

    private final String description;

    Workload(String description) {
        this.description = description;
    }

    static Workload of(String name) {
        return valueOf(name.toUpperCase(Locale.ROOT).replace('-', '_'));
    }

    /** The name on the command line. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    String description() {
        return description;
    }

    /** Whether servers of constant bytes can respond to it. */
    boolean isConstant() {
        return this == HOT_USER || this == NOT_MODIFIED || this == FEED;
    }

    /** The same requests at each call and in each dialect. */
    List<Request> requests(Dialect dialect) {
        var random = new Random(name().hashCode());
        return switch (this) {
            case HOT_USER, NOT_MODIFIED ->
                LongStream.rangeClosed(1, HOT)
                        .mapToObj(id -> Request.get("/users/" + id))
                        .toList();
            case UNIFORM_USER -> sample(() -> user(random, ""));
            case FEED -> List.of(feed());
            case FEED_CURSOR -> sample(() -> page(dialect, random));
            case AUTHOR -> sample(() -> user(random, "/posts"));
            case USER_WITH_POSTS -> sample(() -> user(random, "?include=posts"));
            case CREATE -> sample(() -> create(dialect, random));
            case MIX -> sample(() -> mixed(dialect, random));
        };
    }

    private static List<Request> sample(Supplier<Request> requests) {
        return Stream.generate(requests).limit(SAMPLE).toList();
    }

    private static Request mixed(Dialect dialect, Random random) {
        var share = random.nextInt(100);
        if (share < 10) {
            return create(dialect, random);
        }
        if (share < 60) {
            return user(random, "");
        }
        return share < 70 ? feed() : share < 85 ? page(dialect, random) : user(random, "/posts");
    }

    private static Request user(Random random, String suffix) {
        return Request.get("/users/" + (1 + random.nextInt(ComparisonDatabase.USERS)) + suffix);
    }

    private static Request feed() {
        return Request.get("/posts?limit=20");
    }

    private static Request page(Dialect dialect, Random random) {
        var id = 1000 + random.nextInt(ComparisonDatabase.POSTS - 1000);
        return Request.get("/posts?limit=20&cursor=" + dialect.cursor(ComparisonDatabase.publishedAt(id), id));
    }

    private static Request create(Dialect dialect, Random random) {
        return dialect.create(random.nextInt(Dialect.WRITERS), "Post " + random.nextInt(1_000_000), TEXT);
    }

    /** Scripts for pgbench with their weights. */
    Map<String, Integer> scripts() {
        var user = script(1, ComparisonDatabase.USERS, Sql.USER);
        var feed = Sql.FEED + ";\n";
        var position = "(timestamptz '2020-01-01 00:00Z' + :id * interval '1 minute', :id)";
        var page = script(1000, ComparisonDatabase.POSTS, Sql.FEED_AFTER.replace("(?, ?)", position));
        var author = script(1, ComparisonDatabase.USERS, Sql.AUTHOR);
        var insert = Sql.INSERT.replace("?, ?, ?::jsonb", "'Post 1', '" + TEXT + "', '{}'::jsonb");
        var create = script(1, Dialect.WRITERS, insert);
        return switch (this) {
            case HOT_USER -> Map.of(script(1, HOT, Sql.USER), 1);
            case NOT_MODIFIED -> Map.of();
            case UNIFORM_USER -> Map.of(user, 1);
            case FEED -> Map.of(feed, 1);
            case FEED_CURSOR -> Map.of(page, 1);
            case AUTHOR, USER_WITH_POSTS -> Map.of(author, 1);
            case CREATE -> Map.of(create, 1);
            case MIX -> Map.of(create, 10, user, 50, feed, 10, page, 15, author, 15);
        };
    }

    /** A statement with a random id for its parameters. */
    private static String script(int min, int max, String sql) {
        return "\\set id random(" + min + ", " + max + ")\n" + sql.replace("?", ":id") + ";\n";
    }
}
