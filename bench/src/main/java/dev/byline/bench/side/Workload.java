package dev.byline.bench.side;

import dev.byline.bench.peer.Sql;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.LongStream;

/** What clients ask for. */
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

    /** In the body of a new post; as long as those that are there. */
    private static final String TEXT = "w17 w4033 w2 w986 w14002 w311 w7 w19877 w550 w3 w8121 w64 w1207 w5 w2900";

    private static final Set<Workload> CACHED_BYTES = EnumSet.of(HOT_USER, NOT_MODIFIED, FEED);

    private final String description;

    Workload(String description) {
        this.description = description;
    }

    /**
     * A request.
     *
     * @param body JSON, or empty
     * @param token or empty
     */
    record Request(String method, String path, String body, String token) {
        static Request get(String path) {
            return new Request("GET", path, "", "");
        }
    }

    /** As on the command line. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    String description() {
        return description;
    }

    /** Whether the answers are few enough to be kept as bytes. */
    boolean isBytes() {
        return CACHED_BYTES.contains(this);
    }

    /** The same at each call, but for how the server wants it to be written. */
    List<Request> requests(Dialect dialect) {
        var random = new Random(name().hashCode());
        return switch (this) {
            case HOT_USER, NOT_MODIFIED ->
                LongStream.rangeClosed(1, HOT).mapToObj(Workload::user).toList();
            case UNIFORM_USER -> many(() -> user(anyUser(random)));
            case FEED -> List.of(feed());
            case FEED_CURSOR -> many(() -> page(dialect, random));
            case AUTHOR -> many(() -> author(random));
            case USER_WITH_POSTS -> many(() -> Request.get("/users/" + anyUser(random) + "?include=posts"));
            case CREATE -> many(() -> create(dialect, random));
            case MIX -> many(() -> mixed(dialect, random));
        };
    }

    private interface Source {
        Request next();
    }

    private static List<Request> many(Source source) {
        var requests = new ArrayList<Request>();
        for (int i = 0; i < SAMPLE; i++) {
            requests.add(source.next());
        }
        return requests;
    }

    private static Request mixed(Dialect dialect, Random random) {
        var share = random.nextInt(100);
        if (share < 10) {
            return create(dialect, random);
        }
        if (share < 60) {
            return user(anyUser(random));
        }
        return share < 70 ? feed() : share < 85 ? page(dialect, random) : author(random);
    }

    private static Request user(long id) {
        return Request.get("/users/" + id);
    }

    private static Request author(Random random) {
        return Request.get("/users/" + anyUser(random) + "/posts");
    }

    private static Request feed() {
        return Request.get("/posts?limit=20");
    }

    private static Request page(Dialect dialect, Random random) {
        var id = 1000 + random.nextInt(Database.POSTS - 1000);
        return Request.get("/posts?limit=20&cursor=" + dialect.cursor(Database.publishedAt(id), id));
    }

    private static Request create(Dialect dialect, Random random) {
        return dialect.create(random.nextInt(dialect.writers()), "Post " + random.nextInt(1_000_000), TEXT);
    }

    private static long anyUser(Random random) {
        return 1L + random.nextInt(Database.USERS);
    }

    /** Scripts for pgbench, and how often each is run. */
    Map<String, Integer> scripts() {
        var user = "\\set id random(1, " + Database.USERS + ")\n";
        var place = "\\set id random(1000, " + Database.POSTS + ")\n";
        var place2 =
                Sql.FEED_AFTER.replace("(?, ?)", "(timestamptz '2020-01-01 00:00Z' + :id * interval '1 minute', :id)");
        var any = user + Sql.USER.replace("?", ":id") + ";\n";
        var feed = Sql.FEED + ";\n";
        var page = place + place2 + ";\n";
        var author = user + Sql.AUTHOR.replace("?", ":id") + ";\n";
        var create = user.replace(Integer.toString(Database.USERS), "64")
                + Sql.INSERT
                        .replaceFirst("\\?", "'Post 1'")
                        .replaceFirst("\\?", "'" + TEXT + "'")
                        .replaceFirst("\\?", "'{}'")
                        .replace("?", ":id")
                + ";\n";
        return switch (this) {
            case HOT_USER -> Map.of(any.replace(Integer.toString(Database.USERS), Integer.toString(HOT)), 1);
            case NOT_MODIFIED -> Map.of();
            case UNIFORM_USER -> Map.of(any, 1);
            case FEED -> Map.of(feed, 1);
            case FEED_CURSOR -> Map.of(page, 1);
            case AUTHOR, USER_WITH_POSTS -> Map.of(author, 1);
            case CREATE -> Map.of(create, 1);
            case MIX -> Map.of(create, 10, any, 50, feed, 10, page, 15, author, 15);
        };
    }
}
