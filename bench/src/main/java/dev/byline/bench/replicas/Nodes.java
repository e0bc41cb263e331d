package dev.byline.bench.replicas;

import dev.byline.bench.harness.BylineProcess;
import dev.byline.bench.harness.LoadGenerator.Request;
import dev.byline.bench.harness.Sandbox;
import dev.byline.internal.cache.TestRedis;
import dev.byline.migrations.TestPostgres;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Nodes of one cluster.
 *
 * @param processes one for each
 */
record Nodes(List<BylineProcess> processes) implements AutoCloseable {
    private static final int TIMEOUT_SECONDS = 60;
    private static final Duration WARM_UP = Duration.ofSeconds(6);
    private static final int WARM_UP_CONNECTIONS = 4;

    /** The values of a label of {@code byline_replica_reads_total}. */
    private static final List<String> OUTCOMES = List.of("replica", "own_write", "unavailable", "retried", "stale");

    /** Starts nodes that use these standbys, and waits until they do. */
    static Nodes start(Sandbox sandbox, Path jar, int count, Map<String, String> settings, List<TestPostgres> standbys)
            throws Exception {
        var log = ProcessBuilder.Redirect.appendTo(sandbox.log("byline.log").toFile());
        var nodes = new Nodes(new ArrayList<>());
        for (int i = 0; i < count; i++) {
            var command = BylineProcess.command(jar, List.of("-Xmx512m"));
            nodes.processes.add(sandbox.keep(BylineProcess.start(command, TestRedis.freePort(), settings, log)));
        }
        for (var standby : standbys) {
            nodes.awaitUsable(standby, true);
        }
        return nodes;
    }

    /** A server as it is called in BYLINE_READ_URL and in metrics. */
    static String host(TestPostgres standby) {
        return "localhost:" + standby.port();
    }

    /** Blocks until all nodes read from a standby, or until none does. */
    void awaitUsable(TestPostgres standby, boolean usable) throws IOException, InterruptedException {
        var end = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS);
        while (usableCount(standby) != (usable ? processes.size() : 0)) {
            if (System.nanoTime() > end) {
                throw new IllegalStateException("replica " + host(standby) + (usable ? " isn't used" : " is used"));
            }
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }

    /** How many nodes read from a standby. */
    private int usableCount(TestPostgres standby) throws IOException {
        var count = 0;
        for (var node : processes) {
            count += (int) node.metric("byline_replica_usable{replica=\"" + host(standby) + "\",}");
        }
        return count;
    }

    /** Sends requests to one node after the other, with few connections, until their JVMs are warm. */
    void warmUp(Request request) throws Exception {
        for (var node : processes) {
            var unused = node.load(WARM_UP_CONNECTIONS).closedLoop(WARM_UP, request);
        }
    }

    /** How many reads that a replica may serve had each outcome so far. */
    Map<String, Long> outcomes() throws IOException {
        var counts = new LinkedHashMap<String, Long>();
        for (var outcome : OUTCOMES) {
            var count = 0L;
            for (var node : processes) {
                count += (long) node.metric("byline_replica_reads_total{outcome=\"" + outcome + "\",}");
            }
            counts.put(outcome, count);
        }
        return counts;
    }

    /** How many had each outcome since an earlier result of {@link #outcomes}. */
    Map<String, Long> outcomesSince(Map<String, Long> before) throws IOException {
        var counts = outcomes();
        counts.replaceAll((outcome, count) -> count - before.getOrDefault(outcome, 0L));
        return counts;
    }

    @Override
    public void close() {
        processes.forEach(BylineProcess::close);
    }
}
