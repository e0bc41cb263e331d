package dev.byline.bench.replicas;

import dev.byline.bench.harness.LoadGenerator.Request;
import dev.byline.bench.harness.Results;
import dev.byline.bench.harness.Verdict;
import dev.byline.migrations.TestPostgres;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** What clients of both nodes see while something happens to the second standby. */
public final class Outages {
    private static final Duration TIME = Duration.ofSeconds(20);
    private static final Duration BEFORE = Duration.ofSeconds(3);
    private static final Duration KILLED = Duration.ofSeconds(3);
    private static final Duration FROZEN = Duration.ofSeconds(5);

    /** Reads of a frozen standby run on the primary after 2 s. */
    private static final double MAX_READ_MS = 2500;

    private static final int PER_SECOND = 50; // for each node

    /** So many that a request doesn't wait for a connection while others wait for a frozen standby. */
    private static final int CONNECTIONS = 64;

    private static final int STATISTICS_SECONDS = 2; // PostgreSQL counts uses up to 1 s later
    private static final int SILENT_SECONDS = 3;

    private final ReplicatedDatabase database;
    private final Nodes nodes;
    private final TestPostgres standby;
    private final Requests requests;
    private long scansWhenUnused = -1;

    private Outages(ReplicatedDatabase database, Nodes nodes) throws Exception {
        this.database = database;
        this.nodes = nodes;
        this.standby = database.second();
        this.requests = new Requests(database, nodes.processes().getFirst().port());
    }

    private interface Event {
        void run() throws Exception;
    }

    /** Kills the standby and starts it again. */
    public static void killed(ReplicatedDatabase database, Verdict verdict) throws Exception {
        try (var nodes = database.start(2, database.first(), database.second())) {
            var outages = new Outages(database, nodes);
            var results = outages.observe("killed", outages.requests::readAny, outages::killAndRestart);
            verdict.expect(results.allSucceeded(), "no failed request while a standby is killed");
        }
    }

    private void killAndRestart() throws Exception {
        standby.kill();
        nodes.awaitUsable(standby, false);
        TimeUnit.NANOSECONDS.sleep(KILLED.toNanos());
        standby.restart();
        nodes.awaitUsable(standby, true);
    }

    /** Freezes the standby for 5 s. */
    public static void frozen(ReplicatedDatabase database, Verdict verdict) throws Exception {
        try (var nodes = database.start(2, database.first(), database.second())) {
            var outages = new Outages(database, nodes);
            var results = outages.observe("frozen", outages.requests::readAny, outages::freezeAndThaw);
            verdict.expect(results.allSucceeded(), "no failed request while a standby is frozen");
            verdict.expect(results.percentile(1) <= MAX_READ_MS, "no read over 2.5 s while a standby is frozen");
        }
    }

    private void freezeAndThaw() throws Exception {
        standby.freeze();
        try {
            TimeUnit.NANOSECONDS.sleep(FROZEN.toNanos());
        } finally {
            standby.thaw();
        }
        nodes.awaitUsable(standby, true);
    }

    /** Promotes the standby, which ends its replication: the last part that uses it. */
    public static void promoted(ReplicatedDatabase database, Verdict verdict) throws Exception {
        try (var nodes = database.start(2, database.first(), database.second())) {
            var outages = new Outages(database, nodes);
            var results = outages.observe("promoted", outages.requests::readOrWrite, outages::promote);
            verdict.expect(results.allSucceeded(), "no failed request while a standby is promoted");
            outages.judgePromoted(verdict);
        }
    }

    private void promote() throws Exception {
        standby.run("SELECT pg_promote()");
        nodes.awaitUsable(standby, false);
        TimeUnit.SECONDS.sleep(STATISTICS_SECONDS);
        var scans = scans();
        TimeUnit.SECONDS.sleep(SILENT_SECONDS);
        scansWhenUnused = scans() - scans;
    }

    /** How many statements have read posts on the standby, by its own statistics. */
    private long scans() throws SQLException {
        return Long.parseLong(standby.value(
                "SELECT seq_scan + coalesce(idx_scan, 0) FROM pg_stat_user_tables WHERE relname = 'posts'"));
    }

    private void judgePromoted(Verdict verdict) throws Exception {
        nodes.awaitUsable(standby, false);
        var onPrimary = posts(database.primary());
        var onPromoted = posts(standby);
        System.out.printf(
                "  %d posts on the primary, %d on the promoted server, which was read %d times in %d s%n",
                onPrimary.size(), onPromoted.size(), scansWhenUnused, SILENT_SECONDS);
        verdict.expect(onPrimary.containsAll(onPromoted), "no write on a promoted server");
        verdict.expect(onPrimary.size() > onPromoted.size(), "writes after the promotion");
        verdict.expect(scansWhenUnused == 0, "no read on a promoted server");
    }

    /** What identifies the posts: two servers may give the same id. */
    private static Set<String> posts(TestPostgres server) throws SQLException {
        return Set.copyOf(server.values("SELECT id || ' ' || created_at FROM byline.posts"));
    }

    /** Sends requests to both nodes while something happens, and prints what clients see. */
    private Results observe(String name, Request request, Event event) throws Exception {
        nodes.warmUp(requests::readOrWrite);
        var before = nodes.outcomes();
        var results = load(request, event);
        System.out.println(name + ": " + results);
        System.out.println("  outcomes of reads: " + nodes.outcomesSince(before));
        return results;
    }

    /** Sends requests to both nodes at a fixed rate, while something happens. */
    private Results load(Request request, Event event) throws Exception {
        var outcomes = new ArrayList<Results.Outcome>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var loads = nodes.processes().stream()
                    .map(node -> threads.submit(() -> node.load(CONNECTIONS).openLoop(PER_SECOND, TIME, request)))
                    .toList();
            TimeUnit.NANOSECONDS.sleep(BEFORE.toNanos());
            event.run();
            for (var load : loads) {
                outcomes.addAll(load.get().outcomes());
            }
        }
        return new Results(outcomes, TIME);
    }
}
