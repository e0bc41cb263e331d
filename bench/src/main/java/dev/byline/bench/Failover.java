package dev.byline.bench;

import dev.byline.bench.failover.BylineNodes;
import dev.byline.bench.failover.FailureEvents;
import dev.byline.bench.failover.Journal;
import dev.byline.bench.failover.Journal.Period;
import dev.byline.bench.failover.PatroniCluster;
import dev.byline.bench.failover.Programs;
import dev.byline.bench.failover.Report;
import dev.byline.bench.failover.SplitBrain;
import dev.byline.bench.harness.CommandLine;
import dev.byline.bench.harness.Sandbox;
import dev.byline.bench.harness.Verdict;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/**
 * Measures what clients of two nodes see while the primary of a Patroni cluster is switched over, killed and frozen, and
 * checks that each acknowledged write exists once; or, with {@code --split-brain}, that no write goes to a primary that
 * was replaced. Logs, and what happened in each second, are in {@code bench/target/failover}.
 */
final class Failover {
    private static final String USAGE = """
            usage: Failover JAR [OPTION]...
              --switchovers N       (5)
              --kills N             by signal 9, of PostgreSQL and Patroni on the primary (2)
              --freezes N           by SIGSTOP, until another server is the primary (1)
              --calm N              seconds before and after each event (10)
              --writes N            a second (60)
              --reads N             a second (60)
              --without-replicas    without BYLINE_READ_URL: reads may fail as long as writes
              --split-brain         instead of the events: two servers that say they are the primary""";

    private final CommandLine options;
    private final Sandbox sandbox;
    private final Verdict verdict = new Verdict();

    private Failover(CommandLine options, Sandbox sandbox) {
        this.options = options;
        this.sandbox = sandbox;
    }

    public static void main(String[] args) throws Exception {
        var options = CommandLine.parse(USAGE, args);
        var splitBrain = options.has("--split-brain");
        if (!splitBrain) {
            Programs.require();
        }
        Verdict verdict;
        try (var sandbox = new Sandbox("failover")) {
            var failover = new Failover(options, sandbox);
            if (splitBrain) {
                failover.splitBrain();
            } else {
                failover.events();
            }
            verdict = failover.verdict;
        }
        verdict.exit();
    }

    private long writes() {
        return options.number("--writes", 60);
    }

    private long reads() {
        return options.number("--reads", 60);
    }

    private void splitBrain() throws Exception {
        SplitBrain.run(sandbox, options.jar(), writes(), reads(), verdict);
    }

    private void events() throws Exception {
        System.out.println("starting etcd, three PostgreSQL servers, HAProxy, Redis and two nodes");
        var cluster = PatroniCluster.start(sandbox);
        var replicas = !options.has("--without-replicas");
        var nodes = BylineNodes.start(sandbox, options.jar(), cluster.url(), settings(cluster, replicas));
        var journal = new Journal();
        var load = nodes.load(journal);
        load.start(writes(), reads());
        System.out.println("warming up");
        load.awaitQuiet();
        var start = System.nanoTime();
        var events = new FailureEvents(cluster, load, Duration.ofSeconds(options.number("--calm", 10)))
                .run(options.number("--switchovers", 5), options.number("--kills", 2), options.number("--freezes", 1));
        var report = new Report(journal, new Period(start, System.nanoTime()));
        System.out.println(load.stop() + " writes were not acknowledged within 30 s");
        report.writeSeconds(sandbox.log("seconds.csv"));
        report.printTable(events);
        report.judge(titles(cluster), replicas, verdict);
    }

    private static Map<String, String> settings(PatroniCluster cluster, boolean replicas) {
        var settings = new HashMap<>(Map.of("BYLINE_MIGRATE_URL", cluster.url()));
        if (replicas) {
            settings.put("BYLINE_READ_URL", cluster.urlOfAll());
            settings.put("BYLINE_READ_LAG", "1s");
        }
        return settings;
    }

    /** How many posts have each title. */
    private static Map<String, Long> titles(PatroniCluster cluster) throws SQLException, InterruptedException {
        var titles = new HashMap<String, Long>();
        try (var connection = cluster.connect(cluster.awaitHealthy());
                var statement = connection.createStatement();
                var rows = statement.executeQuery("SELECT title, count(*) FROM posts GROUP BY title")) {
            while (rows.next()) {
                titles.put(rows.getString(1), rows.getLong(2));
            }
        }
        return titles;
    }
}
