package dev.byline.bench.side;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * One target over all rounds of a workload: medians, and medians of the ratios to the first target within each round.
 *
 * @param rate requests a second, in ratio to the base
 * @param cpu of server and database, in ratio to the base
 * @param statements a request, but for BEGIN, COMMIT and the like
 * @param control BEGIN, COMMIT and the like a request
 * @param allocatedKb a request, 0 when it is no JVM
 */
record Summary(
        String workload,
        String target,
        double perSecond,
        double rate,
        double p50Millis,
        double p99Millis,
        double serverCpuPerThousand,
        double databaseCpuPerThousand,
        double cpuPerThousand,
        double cpu,
        double statements,
        double control,
        double allocatedKb,
        double megabytes,
        double answerBytes) {
    static final String HEADER = "workload,target,per_second,rate_ratio,p50_ms,p99_ms,server_cpu_s_per_1000,"
            + "database_cpu_s_per_1000,cpu_s_per_1000,cpu_ratio,statements,control_statements,allocated_kb,rss_mb,answer_bytes";

    /** @param base the rounds of what the others are compared with */
    static Summary of(List<Figures> rounds, List<Figures> base, Counts counts) {
        var first = rounds.getFirst();
        return new Summary(
                first.workload().toString(),
                first.target().toString(),
                median(rounds, Figures::perSecond),
                ratio(rounds, base, Figures::perSecond),
                median(rounds, each -> each.result().p50Millis()),
                median(rounds, each -> each.result().p99Millis()),
                median(rounds, Figures::serverCpuPerThousand),
                median(rounds, Figures::databaseCpuPerThousand),
                median(rounds, Figures::cpuPerThousand),
                ratio(rounds, base, Figures::cpuPerThousand),
                counts.statements(),
                counts.control(),
                counts.allocatedKb(),
                median(rounds, Figures::megabytes),
                median(
                        rounds,
                        each -> each.result().bytes() / (double) each.result().requests()));
    }

    /** For each request, counted in a run of its own. */
    record Counts(double statements, double control, double allocatedKb) {}

    private static double ratio(List<Figures> rounds, List<Figures> base, ToDoubleFunction<Figures> value) {
        var ratios = new double[rounds.size()];
        for (int i = 0; i < ratios.length; i++) {
            ratios[i] = value.applyAsDouble(rounds.get(i)) / value.applyAsDouble(base.get(i));
        }
        return median(ratios);
    }

    private static double median(List<Figures> rounds, ToDoubleFunction<Figures> value) {
        return median(rounds.stream().mapToDouble(value).toArray());
    }

    private static double median(double[] values) {
        var sorted = values.clone();
        Arrays.sort(sorted);
        var middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    String csv() {
        return workload + "," + target
                + String.format(
                        Locale.ROOT,
                        ",%.1f,%.3f,%.3f,%.3f,%.5f,%.5f,%.5f,%.3f,%.3f,%.3f,%.2f,%.0f,%.0f",
                        perSecond,
                        rate,
                        p50Millis,
                        p99Millis,
                        serverCpuPerThousand,
                        databaseCpuPerThousand,
                        cpuPerThousand,
                        cpu,
                        statements,
                        control,
                        allocatedKb,
                        megabytes,
                        answerBytes);
    }

    /** Reads a line of {@link #csv} back. */
    static Summary parse(String line) {
        var f = line.split(",", -1);
        var n = Arrays.stream(f).skip(2).mapToDouble(Double::parseDouble).toArray();
        return new Summary(f[0], f[1], n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8], n[9], n[10], n[11], n[12]);
    }
}
