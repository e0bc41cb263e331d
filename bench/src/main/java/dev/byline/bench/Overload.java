package dev.byline.bench;

import dev.byline.Byline;
import dev.byline.migrations.TestDatabase;
import dev.byline.model.BylineConfig;
import dev.byline.model.Metadata;
import dev.byline.model.NewPost;
import dev.byline.model.NewUser;
import dev.byline.model.PostStatus;
import dev.byline.model.Principal;
import dev.byline.model.Role;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;

/**
 * Three times as much as the server can do, for a while: does it still do what it can, and refuse the rest quickly? Where CPU
 * is the limit the server has a core of its own (by {@code taskset}): what sends three times as much needs some as well.
 */
final class Overload {
    private static final int USERS = 1000;
    private static final int CONNECTIONS = 400;
    private static final Duration TIME = Duration.ofSeconds(15);

    /** What {@link Load.Outcome#status} says of a request that was refused after it had waited. */
    private static final int WAITED = 1503;

    private Overload() {}

    public static void main(String[] args) throws Exception {
        var jar = Path.of(args[0]);
        try (var database = TestDatabase.migrated()) {
            fill(database);
            var direct = URI.create(database.url());
            try (var link = new Link(direct.getPort(), Duration.ofMillis(5))) {
                var far = database.url().replace(":" + direct.getPort() + "/", ":" + link.port() + "/");
                var settings = Map.of("DATABASE_URL", far, "BYLINE_CACHE", "off", "BYLINE_POOL_SIZE", "4");
                try (var server = Jar.start(jar, settings)) {
                    check("the pool is the limit (4 connections, database 5 ms away)", server, Overload::user);
                }
            }
            pin(ProcessHandle.current().pid(), 1);
            for (var page : new boolean[] {true, false}) {
                try (var server =
                        Jar.start(jar, Map.of("DATABASE_URL", database.url()), "-XX:ActiveProcessorCount=1")) {
                    pin(server.process().pid(), 0);
                    if (page) {
                        check(
                                "CPU is the limit, feeds of 20 posts out of the cache",
                                server,
                                (wire, number) -> wire.get("/posts"));
                    } else {
                        check(
                                "CPU is the limit, users out of the cache, the least work there is",
                                server,
                                Overload::user);
                    }
                }
            }
        }
    }

    private static void fill(TestDatabase database) {
        try (var byline = Byline.open(BylineConfig.of(database.url()))) {
            var operator = new Principal.Operator();
            for (int i = 0; i < USERS; i++) {
                var user = byline.users().create(operator, new NewUser("u" + i + "@example.com", "U", Metadata.EMPTY));
                if (i < 20) {
                    var author = new Principal.Member(user.id(), Role.USER, null);
                    byline.posts()
                            .create(
                                    author,
                                    new NewPost(
                                            "A title",
                                            "word ".repeat(200),
                                            Metadata.EMPTY,
                                            PostStatus.PUBLISHED,
                                            null,
                                            null));
                }
            }
        }
    }

    private static int user(Wire wire, long number) throws IOException {
        return wire.get("/users/" + (1 + number * 7919 % USERS));
    }

    private static void pin(long process, int core) throws Exception {
        var command = new String[] {"taskset", "-acp", Integer.toString(core), Long.toString(process)};
        var unused = new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor();
    }

    private static void check(String name, Jar server, Load.Request work) throws Exception {
        Load.Request request = (wire, number) -> {
            var status = number % 50 == 0 ? wire.get("/livez") : work.send(wire, number);
            return status == 503 && wire.body().contains("not admitted within") ? WAITED : status;
        };
        Predicate<Load.Outcome> probe = outcome -> outcome.number() % 50 == 0;
        Predicate<Load.Outcome> served = probe.negate().and(outcome -> outcome.status() == 200);
        var unused = Load.closed(server.port(), 32, TIME, request); // warms up
        var best = Load.closed(server.port(), 32, TIME, request);
        var peak = Load.perSecond(best, TIME, served);
        var rate = (int) (3 * peak);
        var over = Load.open(server.port(), rate, CONNECTIONS, TIME, request);
        var goodput = Load.perSecond(over, TIME, served);
        System.out.printf(
                Locale.ROOT,
                "%s:%n  peak %.0f/s; at %d/s (sent: %.0f/s): goodput %.0f/s (%.0f %%), broken %d%n",
                name,
                peak,
                rate,
                Load.perSecond(over, TIME, outcome -> true),
                goodput,
                100 * goodput / peak,
                over.stream().filter(outcome -> outcome.status() == 0).count());
        var groups = new LinkedHashMap<String, Predicate<Load.Outcome>>();
        groups.put("served", served);
        groups.put("refused at once", outcome -> outcome.status() == 503);
        groups.put("refused after waiting", outcome -> outcome.status() == WAITED);
        groups.put("/livez, 200", probe.and(outcome -> outcome.status() == 200));
        groups.put("/livez, other", probe.and(outcome -> outcome.status() != 200));
        groups.forEach((group, which) -> System.out.printf(
                Locale.ROOT,
                "  %-22s %7d: p50 %6.2f ms, p99 %6.1f ms%n",
                group,
                over.stream().filter(which).count(),
                Load.percentile(over, 0.5, which),
                Load.percentile(over, 0.99, which)));
    }
}
