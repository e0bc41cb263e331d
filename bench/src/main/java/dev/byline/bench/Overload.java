package dev.byline.bench;

import dev.byline.bench.harness.BylineProcess;
import dev.byline.bench.harness.ChildProcess;
import dev.byline.bench.harness.HttpConnection;
import dev.byline.bench.harness.LoadGenerator;
import dev.byline.bench.harness.Results;
import dev.byline.bench.harness.SampleData;
import dev.byline.bench.harness.TcpProxy;
import dev.byline.migrations.TestDatabase;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;

/**
 * Sends three times the sustainable rate: how much is still served, and how fast is the rest refused? Where CPU is the
 * limit, the server has a core of its own (by {@code taskset}), because the clients need the other one.
 */
final class Overload {
    private static final int USERS = 1000;
    private static final int CONNECTIONS = 400;
    private static final Duration TIME = Duration.ofSeconds(15);

    /** Recorded for a 503 after waiting for admission. */
    private static final int WAITED = 1503;

    private Overload() {}

    public static void main(String[] args) throws Exception {
        var jar = Path.of(args[0]);
        try (var database = TestDatabase.migrated()) {
            try (var data = new SampleData(database.serverUrl())) {
                data.users(USERS);
                for (int user = 1; user <= 20; user++) {
                    data.posts(user, 1, "word ".repeat(200));
                }
            }
            try (var distant = new TcpProxy(database.serverUrl(), Duration.ofMillis(5))) {
                var settings = Map.of("DATABASE_URL", distant.url(), "BYLINE_CACHE", "off", "BYLINE_POOL_SIZE", "4");
                try (var server = BylineProcess.start(jar, settings)) {
                    check("the pool is the limit (4 connections, database 5 ms away)", server, Overload::user);
                }
            }
            pin(ProcessHandle.current().pid(), 1);
            onOneCore(jar, database, "CPU is the limit, feeds of 20 cached posts", (http, n) -> http.get("/posts"));
            onOneCore(jar, database, "CPU is the limit, cached users, the cheapest request", Overload::user);
        }
    }

    private static void onOneCore(Path jar, TestDatabase database, String name, LoadGenerator.Request request)
            throws Exception {
        var settings = Map.of("DATABASE_URL", database.serverUrl());
        try (var server = BylineProcess.start(jar, settings, "-XX:ActiveProcessorCount=1")) {
            pin(server.process().pid(), 0);
            check(name, server, request);
        }
    }

    private static void pin(long pid, int core) throws Exception {
        var unused = ChildProcess.run("taskset", "-acp", Integer.toString(core), Long.toString(pid));
    }

    private static int user(HttpConnection http, long number) throws IOException {
        return http.get("/users/" + TypicalRequests.spread(number, USERS));
    }

    private static void check(String name, BylineProcess server, LoadGenerator.Request work) throws Exception {
        LoadGenerator.Request request = (http, n) -> {
            var status = n % 50 == 0 ? http.get("/livez") : work.send(http, n);
            return status == 503 && http.last().text().contains("not admitted within") ? WAITED : status;
        };
        Predicate<Results.Outcome> isProbe = outcome -> outcome.number() % 50 == 0;
        var unused = server.load(32).closedLoop(TIME, request); // warms up
        var peak = served(server.load(32).closedLoop(TIME, request)).perSecond();
        var rate = (int) (3 * peak);
        var results = server.load(CONNECTIONS).openLoop(rate, TIME, request);
        var goodput = served(results).perSecond();
        System.out.printf(
                Locale.ROOT,
                "%s:%n  peak %.0f/s; at %d/s (sent: %.0f/s): goodput %.0f/s (%.0f %%), broken %d%n",
                name,
                peak,
                rate,
                results.perSecond(),
                goodput,
                100 * goodput / peak,
                results.withStatus(0).count());
        print("served", served(results));
        print("refused at once", results.withStatus(503));
        print("refused after waiting", results.withStatus(WAITED));
        print("/livez, 200", results.where(isProbe).withStatus(200));
        print("/livez, other", results.where(isProbe.and(outcome -> outcome.status() != 200)));
    }

    private static Results served(Results results) {
        return results.where(outcome -> outcome.number() % 50 != 0).withStatus(200);
    }

    private static void print(String name, Results group) {
        System.out.printf(
                Locale.ROOT,
                "  %-22s %7d: p50 %6.2f ms, p99 %6.1f ms%n",
                name,
                group.count(),
                group.percentile(0.5),
                group.percentile(0.99));
    }
}
