package dev.byline.bench.failover;

import dev.byline.bench.failover.Journal.Acknowledgement;
import dev.byline.bench.harness.Sandbox;
import dev.byline.bench.harness.TcpProxy;
import dev.byline.bench.harness.Verdict;
import dev.byline.migrations.TestPostgres;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Two servers that say they are the primary: the old one is frozen, its asynchronous standby promoted, the old one thawed,
 * and then a proxy leads new connections to either of them at random, as a broken fail-over manager does. No write that
 * was sent after the promotion may be acknowledged by the old server.
 */
public final class SplitBrain {
    private static final Duration BETWEEN = Duration.ofSeconds(20);
    private static final int SEEN_BY_EACH_NODE = 50;
    private static final int TIMEOUT_SECONDS = 60;
    private static final int EXAMPLES = 5;

    private final TestPostgres old;
    private final TestPostgres promoted;
    private final TcpProxy proxy;
    private final BylineNodes nodes;
    private final Journal journal = new Journal();

    private SplitBrain(Sandbox sandbox, Path jar) throws Exception {
        old = new TestPostgres(sandbox.folder("old"));
        sandbox.keep(() -> {
            old.thaw();
            old.close();
        });
        promoted = sandbox.keep(old.standby(sandbox.folder("new")));
        proxy = sandbox.keep(new TcpProxy(old.serverUrl(), Duration.ZERO));
        nodes = BylineNodes.start(sandbox, jar, proxy.url(), Map.of());
    }

    /** Runs the experiment. */
    public static void run(Sandbox sandbox, Path jar, long writes, long reads, Verdict verdict) throws Exception {
        new SplitBrain(sandbox, jar).run(writes, reads, verdict);
    }

    private void run(long writes, long reads, Verdict verdict) throws Exception {
        var load = nodes.load(journal);
        load.start(writes, reads);
        System.out.println("warming up");
        load.awaitQuiet();
        System.out.println("freezing the primary, promoting its standby");
        old.freeze();
        promote();
        var promotedAt = System.nanoTime();
        awaitWrites(promotedAt);
        System.out.println("thawing the old primary, connections lead to either");
        old.thaw();
        switchBetween();
        var pending = load.stop();
        System.out.println(pending + " writes were not acknowledged within 30 s");
        judge(promotedAt, verdict);
    }

    private void promote() throws SQLException {
        promoted.run("SELECT pg_promote()");
        proxy.retarget(promoted.port());
    }

    /** Blocks until each node has written to the new primary. */
    private void awaitWrites(long promotedAt) throws InterruptedException {
        var end = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS);
        for (int node = 0; node < nodes.processes().size(); node++) {
            while (countSince(promotedAt, node) < SEEN_BY_EACH_NODE) {
                if (System.nanoTime() > end) {
                    throw new IllegalStateException("no writes at the new primary");
                }
                TimeUnit.MILLISECONDS.sleep(50);
            }
        }
    }

    private long countSince(long promotedAt, int node) {
        return since(promotedAt).stream().filter(write -> write.node() == node).count();
    }

    private List<Acknowledgement> since(long promotedAt) {
        return journal.acknowledged().stream()
                .filter(write -> write.firstStart() > promotedAt)
                .toList();
    }

    /** Some changes also end the open connections, so that the pools need new ones. */
    private void switchBetween() throws IOException, InterruptedException {
        var random = new Random();
        var end = System.nanoTime() + BETWEEN.toNanos();
        while (System.nanoTime() < end) {
            proxy.retarget(random.nextBoolean() ? old.port() : promoted.port());
            if (random.nextInt(3) == 0) {
                proxy.disconnect();
            }
            TimeUnit.MILLISECONDS.sleep(random.nextInt(50, 500));
        }
        proxy.retarget(promoted.port());
    }

    /** Earlier writes don't count: an asynchronous standby may not have them when it is promoted. */
    private void judge(long promotedAt, Verdict verdict) throws Exception {
        var onNew = titles(promoted);
        var onOld = titles(old);
        var after = since(promotedAt);
        var lost =
                after.stream().filter(write -> !onNew.contains(write.title())).toList();
        var onlyOld =
                lost.stream().filter(write -> onOld.contains(write.title())).count();
        var fenced = 0.0;
        for (var node : nodes.processes()) {
            fenced += node.metric("byline_connections_fenced_total");
        }
        System.out.printf(
                "%d writes sent and acknowledged after the promotion, %d of them only on the old server, %d on none;"
                        + " %.0f connections fenced; %s%n",
                after.size(), onlyOld, lost.size() - onlyOld, fenced, journal.statuses());
        lost.stream().limit(EXAMPLES).forEach(write -> System.out.println("  lost: " + write));
        verdict.expect(lost.isEmpty(), "no write acknowledged by the old primary");
        verdict.expect(fenced > 0, "connections to the old primary, all fenced");
    }

    private static Set<String> titles(TestPostgres server) throws SQLException {
        return Set.copyOf(server.values("SELECT title FROM byline.posts"));
    }
}
