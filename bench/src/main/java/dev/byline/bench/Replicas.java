package dev.byline.bench;

import dev.byline.bench.harness.CommandLine;
import dev.byline.bench.harness.Sandbox;
import dev.byline.bench.harness.Verdict;
import dev.byline.bench.replicas.Outages;
import dev.byline.bench.replicas.OwnWrites;
import dev.byline.bench.replicas.PrimaryCpu;
import dev.byline.bench.replicas.ReplicatedDatabase;
import java.util.List;
import java.util.Locale;

/**
 * Checks what docs/high-availability.md says about read replicas, on a primary with two standbys and two nodes: users see
 * their own writes, others are at most a second behind, no request fails while a standby fails, and the primary is relieved.
 * The nodes' log is in {@code bench/target/replicas}.
 */
final class Replicas {
    private static final String USAGE = """
            usage: Replicas JAR [OPTION]...
              --only NAME,...       own-writes, killed, frozen, promoted, cpu (all)
              --pairs N             own writes that are read (100000)""";

    /** In the order in which they run: cpu needs only the standby that isn't promoted. */
    private enum Part {
        OWN_WRITES,
        KILLED,
        FROZEN,
        PROMOTED,
        CPU;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    private Replicas() {}

    public static void main(String[] args) throws Exception {
        var options = CommandLine.parse(USAGE, args);
        var chosen = options.chosen("--only", List.of(Part.values())).stream()
                .sorted()
                .distinct()
                .toList();
        var pairs = options.number("--pairs", 100_000);
        var verdict = new Verdict();
        try (var sandbox = new Sandbox("replicas")) {
            System.out.println("starting a primary, two standbys and Redis");
            var database = new ReplicatedDatabase(sandbox, options.jar());
            for (var part : chosen) {
                run(part, database, pairs, verdict);
            }
        }
        verdict.exit();
    }

    private static void run(Part part, ReplicatedDatabase database, long pairs, Verdict verdict) throws Exception {
        switch (part) {
            case OWN_WRITES -> OwnWrites.run(database, pairs, verdict);
            case KILLED -> Outages.killed(database, verdict);
            case FROZEN -> Outages.frozen(database, verdict);
            case PROMOTED -> Outages.promoted(database, verdict);
            case CPU -> PrimaryCpu.run(database, verdict);
        }
    }
}
