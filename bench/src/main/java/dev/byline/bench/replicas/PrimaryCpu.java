package dev.byline.bench.replicas;

import dev.byline.bench.harness.BylineProcess;
import dev.byline.bench.harness.LoadGenerator.Request;
import dev.byline.bench.harness.ProcessStats;
import dev.byline.bench.harness.Results;
import dev.byline.bench.harness.Verdict;
import dev.byline.bench.replicas.Requests.Kind;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The CPU time of all processes of the primary for the same requests to a node that reads from a standby and to one that
 * doesn't, in rotation.
 */
public final class PrimaryCpu {
    private static final int ROUNDS = 5;
    private static final int PER_SECOND = 400;
    private static final Duration TIME = Duration.ofSeconds(4);
    private static final int CONNECTIONS = 16;
    private static final double MAX_RATIO = 0.1;

    private final ReplicatedDatabase database;
    private final BylineProcess with;
    private final BylineProcess without;

    private PrimaryCpu(ReplicatedDatabase database, BylineProcess with, BylineProcess without) {
        this.database = database;
        this.with = with;
        this.without = without;
    }

    /** Measures each kind of reads, and a mix with writes. */
    public static void run(ReplicatedDatabase database, Verdict verdict) throws Exception {
        database.primary().run("VACUUM (ANALYZE) byline.posts"); // no autovacuum meanwhile
        try (var reading = database.start(1, database.first());
                var plain = database.start(1)) {
            var cpu = new PrimaryCpu(
                    database, reading.processes().getFirst(), plain.processes().getFirst());
            var requests = new Requests(database, cpu.without.port());
            System.out.printf("cpu: ms per 1,000 requests %14s %14s %8s%n", "with replica", "without", "ratio");
            for (var kind : Kind.values()) {
                var ratio = cpu.compare(kind.toString(), (http, number) -> requests.read(kind, http, number));
                verdict.expect(ratio <= MAX_RATIO, "at most a tenth of the primary's CPU for " + kind);
            }
            var unused = cpu.compare("all, and 10% writes", requests::readOrWrite);
        }
    }

    /** Returns the median CPU time with a replica, divided by the one without. */
    private double compare(String name, Request request) throws Exception {
        var withReplica = new ArrayList<Double>();
        var withoutReplica = new ArrayList<Double>();
        var unused = List.of(measure(with, request), measure(without, request)); // warm-up
        for (int round = 0; round < ROUNDS; round++) {
            withReplica.add(measure(with, request));
            withoutReplica.add(measure(without, request));
        }
        var ratio = median(withReplica) / median(withoutReplica);
        System.out.printf(
                Locale.ROOT, "  %-24s %14.1f %14.1f %8.3f%n", name, median(withReplica), median(withoutReplica), ratio);
        return ratio;
    }

    /** Returns milliseconds of CPU per 1,000 requests. Both take the same time, in which idle processes use some, too. */
    private double measure(BylineProcess node, Request request) throws Exception {
        var before = cpuSeconds();
        var results = node.load(CONNECTIONS).openLoop(PER_SECOND, TIME, request);
        if (!results.allSucceeded()) {
            throw new IOException("a request failed: " + results);
        }
        return (cpuSeconds() - before) * 1e6 / results.count();
    }

    private double cpuSeconds() throws IOException, InterruptedException {
        return ProcessStats.treeCpuSeconds(List.of(database.primary().pid()));
    }

    private static double median(List<Double> values) {
        return Results.median(values.stream().mapToDouble(Double::doubleValue).toArray());
    }
}
