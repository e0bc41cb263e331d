package dev.byline.bench;

import dev.byline.Byline;
import dev.byline.BylineConfig;
import dev.byline.Metadata;
import dev.byline.migrations.TestDatabase;
import dev.byline.page.PageRequest;
import dev.byline.post.NewPost;
import dev.byline.post.PostFilter;
import dev.byline.post.PostStatus;
import dev.byline.user.NewUser;
import dev.byline.user.Principal;
import dev.byline.user.Role;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * How long do the slowest requests take at half of what is possible? Clients share the processors with server and database, in
 * both parts: 32 that never pause show the capacity, then half of that is sent by a clock. Without a cache and with it.
 */
final class Tail {
    private static final int USERS = 500;
    private static final int POSTS = 10;
    private static final int CONNECTIONS = 32;
    private static final Duration WARM_UP = Duration.ofSeconds(8);
    private static final Duration TIME = Duration.ofSeconds(12);

    private final List<String> cursors = new ArrayList<>();
    private String token = "";

    private Tail() {}

    public static void main(String[] args) throws Exception {
        var options = Arrays.copyOfRange(args, 1, args.length);
        var tail = new Tail();
        try (var database = TestDatabase.migrated()) {
            tail.fill(database);
            for (var cache : List.of("on", "off")) {
                var settings = Map.of("DATABASE_URL", database.url(), "BYLINE_CACHE", cache);
                try (var server = Jar.start(Path.of(args[0]), settings, options)) {
                    System.out.println("cache " + cache);
                    for (var work : tail.work().entrySet()) {
                        measure(server, work.getKey(), work.getValue());
                    }
                }
            }
        }
    }

    private void fill(TestDatabase database) {
        try (var byline = Byline.open(BylineConfig.of(database.url()))) {
            var operator = new Principal.Operator();
            for (int i = 0; i < USERS; i++) {
                var user = byline.users().create(operator, new NewUser("u" + i + "@example.com", "U", Metadata.EMPTY));
                for (int j = 0; j < POSTS; j++) {
                    byline.posts()
                            .create(
                                    new Principal.Member(user.id(), Role.USER),
                                    new NewPost(
                                            "A title",
                                            "word ".repeat(20),
                                            Metadata.EMPTY,
                                            PostStatus.PUBLISHED,
                                            null,
                                            null));
                }
            }
            token = byline.tokens().issue(operator, 1, null).secret();
            var anonymous = new Principal.Anonymous();
            var cursor = byline.posts()
                    .feed(anonymous, PostFilter.NONE, PageRequest.first(20))
                    .nextCursor();
            while (cursor != null) {
                cursors.add(cursor);
                cursor = byline.posts()
                        .feed(anonymous, PostFilter.NONE, new PageRequest(20, cursor))
                        .nextCursor();
            }
        }
    }

    private Map<String, Load.Request> work() {
        var work = new LinkedHashMap<String, Load.Request>();
        work.put("a user", (wire, number) -> wire.get("/users/" + (1 + number * 7919 % USERS)));
        work.put("first page", (wire, number) -> wire.get("/posts"));
        work.put(
                "any page",
                (wire, number) ->
                        wire.get("/posts?limit=20&cursor=" + cursors.get((int) (number * 7919 % cursors.size()))));
        work.put("an author's page", (wire, number) -> wire.get("/users/" + (1 + number * 7919 % USERS) + "/posts"));
        work.put(
                "a new post",
                (wire, number) -> wire.send(
                        "POST",
                        "/posts",
                        "{\"title\":\"A title\",\"body\":\"" + "word ".repeat(20) + "\"}",
                        "Authorization: Bearer " + token));
        return work;
    }

    private static void measure(Jar server, String name, Load.Request request) throws Exception {
        var unused = Load.closed(server.port(), CONNECTIONS, WARM_UP, request);
        var capacity =
                Load.perSecond(Load.closed(server.port(), CONNECTIONS, WARM_UP, request), WARM_UP, outcome -> true);
        var rate = (int) (capacity / 2);
        unused = Load.open(server.port(), rate, CONNECTIONS, WARM_UP, request); // warms up the client, too
        var outcomes = Load.open(server.port(), rate, CONNECTIONS, TIME, request);
        var p50 = Load.percentile(outcomes, 0.5, outcome -> true);
        var p99 = Load.percentile(outcomes, 0.99, outcome -> true);
        System.out.printf(
                Locale.ROOT,
                "  %-17s %6d/s of %6.0f/s: p50 %6.2f ms, p90 %6.2f, p99 %6.2f (%4.1f x p50), p99.9 %6.2f; 39 to 45 ms:"
                        + " %.3f %%; not 2xx: %d%n",
                name,
                rate,
                capacity,
                p50,
                Load.percentile(outcomes, 0.9, outcome -> true),
                p99,
                p99 / p50,
                Load.percentile(outcomes, 0.999, outcome -> true),
                100.0 * outcomes.stream().filter(Tail::isNagle).count() / outcomes.size(),
                outcomes.stream().filter(outcome -> outcome.status() / 100 != 2).count());
    }

    /** Where Nagle's algorithm and delayed acknowledgement, waiting for each other, put their requests: 40 ms later. */
    private static boolean isNagle(Load.Outcome outcome) {
        return outcome.millis() >= 39 && outcome.millis() <= 45;
    }
}
