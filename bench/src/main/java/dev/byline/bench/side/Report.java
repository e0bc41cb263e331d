package dev.byline.bench.side;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;

/** Results as Markdown. */
final class Report {
    private Report() {}

    /** A table for each workload. */
    static String markdown(List<Summary> summaries) {
        var byWorkload = new LinkedHashMap<String, List<Summary>>();
        summaries.forEach(each -> byWorkload
                .computeIfAbsent(each.workload(), workload -> new ArrayList<>())
                .add(each));
        var text = new StringBuilder();
        byWorkload.forEach((workload, rows) -> {
            text.append("### ")
                    .append(workload)
                    .append(": ")
                    .append(description(workload))
                    .append("\n\n");
            table(text, rows);
            text.append('\n');
        });
        return text.toString();
    }

    private static String description(String workload) {
        return Workload.valueOf(workload.toUpperCase(Locale.ROOT).replace('-', '_'))
                .description();
    }

    private static void table(StringBuilder text, List<Summary> rows) {
        var base = rows.getFirst().target();
        text.append("| target | requests/s | x ")
                .append(base)
                .append(" | p50 ms | p99 ms | CPU s per 1,000: server | database | both | x ")
                .append(base)
                .append(" | statements (+ BEGIN, COMMIT) | KB allocated | RSS MB |\n")
                .append("| --- |")
                .append(" ---: |".repeat(11))
                .append('\n');
        rows.forEach(row -> text.append(row(row)));
    }

    private static String row(Summary row) {
        return String.format(
                Locale.ROOT,
                "| %s | %,.0f | %.2f | %.2f | %.2f | %.4f | %.4f | %.4f | %.2f | %s | %s | %s |%n",
                row.target(),
                row.perSecond(),
                row.rate(),
                row.p50Millis(),
                row.p99Millis(),
                row.serverCpuPerThousand(),
                row.databaseCpuPerThousand(),
                row.cpuPerThousand(),
                row.cpu(),
                statements(row),
                row.allocatedKb() == 0 ? "" : String.format(Locale.ROOT, "%.1f", row.allocatedKb()),
                row.megabytes() == 0 ? "" : String.format(Locale.ROOT, "%.0f", row.megabytes()));
    }

    private static String statements(Summary row) {
        var statements = String.format(Locale.ROOT, "%.2f", row.statements());
        return row.control() < 0.005 ? statements : statements + String.format(Locale.ROOT, " (+ %.2f)", row.control());
    }
}
