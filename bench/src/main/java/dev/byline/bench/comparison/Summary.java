package dev.byline.bench.comparison;

import dev.byline.bench.harness.Results;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * One target over all rounds of a workload: medians, and medians of the ratios to the first target within each round.
 *
 * @param columns by name
 */
record Summary(String workload, String target, Map<String, Double> columns) {
    /** Per request, counted in a separate run; control statements are BEGIN, COMMIT and the like. */
    record Counts(double statements, double control, double allocatedKb) {}

    static Summary of(List<Measurement> rounds, List<Measurement> base, Counts counts) {
        var columns = new LinkedHashMap<String, Double>();
        columns.put("per_second", median(rounds, Measurement::perSecond));
        columns.put("rate_ratio", ratio(rounds, base, Measurement::perSecond));
        columns.put("p50_ms", median(rounds, each -> each.result().p50Millis()));
        columns.put("p99_ms", median(rounds, each -> each.result().p99Millis()));
        columns.put("server_cpu_s_per_1000", median(rounds, Measurement::serverCpuPerThousand));
        columns.put("database_cpu_s_per_1000", median(rounds, Measurement::databaseCpuPerThousand));
        columns.put("cpu_s_per_1000", median(rounds, Measurement::cpuPerThousand));
        columns.put("cpu_ratio", ratio(rounds, base, Measurement::cpuPerThousand));
        columns.put("statements", counts.statements());
        columns.put("control_statements", counts.control());
        columns.put("allocated_kb", counts.allocatedKb());
        columns.put("rss_mb", median(rounds, Measurement::residentMib));
        columns.put("response_bytes", median(rounds, Measurement::bytesPerResponse));
        var first = rounds.getFirst();
        return new Summary(first.workload().toString(), first.target().toString(), columns);
    }

    private static double ratio(List<Measurement> rounds, List<Measurement> base, ToDoubleFunction<Measurement> value) {
        return Results.median(IntStream.range(0, rounds.size())
                .mapToDouble(i -> value.applyAsDouble(rounds.get(i)) / value.applyAsDouble(base.get(i)))
                .toArray());
    }

    private static double median(List<Measurement> rounds, ToDoubleFunction<Measurement> value) {
        return Results.median(rounds.stream().mapToDouble(value).toArray());
    }

    double get(String column) {
        return columns.getOrDefault(column, 0.0);
    }

    static Map<String, List<Summary>> byWorkload(List<Summary> summaries) {
        return summaries.stream()
                .collect(Collectors.groupingBy(Summary::workload, LinkedHashMap::new, Collectors.toList()));
    }

    /** A table in Markdown for each workload. */
    static String toMarkdown(List<Summary> summaries) {
        var text = new StringBuilder();
        byWorkload(summaries).forEach((workload, rows) -> {
            var base = rows.getFirst().target;
            text.append(
                    "### %s: %s%n%n".formatted(workload, Workload.of(workload).description()));
            text.append("| target | requests/s | x %s | p50 ms | p99 ms ".formatted(base));
            text.append("| CPU s per 1,000: server | database | both | x %s ".formatted(base));
            text.append("| statements (+ BEGIN, COMMIT) | KB allocated | RSS MB |\n| --- |");
            text.append(" ---: |".repeat(11)).append('\n');
            rows.forEach(row -> text.append(row.toMarkdown()));
            text.append('\n');
        });
        return text.toString();
    }

    private String toMarkdown() {
        return String.format(
                Locale.ROOT,
                "| %s | %,.0f | %.2f | %.2f | %.2f | %.4f | %.4f | %.4f | %.2f | %.2f%s | %s | %s |%n",
                target,
                get("per_second"),
                get("rate_ratio"),
                get("p50_ms"),
                get("p99_ms"),
                get("server_cpu_s_per_1000"),
                get("database_cpu_s_per_1000"),
                get("cpu_s_per_1000"),
                get("cpu_ratio"),
                get("statements"),
                optional(" (+ %.2f)", get("control_statements")),
                optional("%.1f", get("allocated_kb")),
                optional("%.0f", get("rss_mb")));
    }

    private static String optional(String format, double value) {
        return value < 0.005 ? "" : String.format(Locale.ROOT, format, value);
    }
}
