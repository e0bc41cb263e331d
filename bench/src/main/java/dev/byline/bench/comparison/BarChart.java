package dev.byline.bench.comparison;

import java.util.List;
import java.util.Locale;

/** Draws requests per second and CPU per request of each target as SVG, a group of bars for each workload. */
final class BarChart {
    private static final int WIDTH = 960;
    private static final int NAME = 130;
    private static final int BAR = 16;
    private static final int STEP = 22;
    private static final int HEAD = 64;
    private static final int TITLE = 34;
    private static final int GAP = 18;
    private static final int VALUE = 60;
    private static final int PANEL = (WIDTH - NAME - 40) / 2;

    /** With colours for a dark background, and a background of its own. */
    private static final String STYLE = """
            <style>
            svg { font: 12px system-ui, sans-serif }
            .back { fill: #ffffff } text { fill: #24292f } .quiet { fill: #57606a }
            .title { font-weight: 600; font-size: 13px }
            .peer { fill: #9fb3c8 } .byline { fill: #1f6feb } .track { fill: #f0f3f6 }
            .end { text-anchor: end }
            @media (prefers-color-scheme: dark) {
            .back { fill: #0d1117 } text { fill: #e6edf3 } .quiet { fill: #9198a1 }
            .peer { fill: #56697d } .byline { fill: #4c8dff } .track { fill: #161b22 }
            }
            </style>
            """;

    private final StringBuilder svg = new StringBuilder();

    private BarChart() {}

    static String draw(List<Summary> summaries) {
        var chart = new BarChart();
        chart.drawAll(summaries);
        return chart.svg.append("</svg>\n").toString();
    }

    private void drawAll(List<Summary> summaries) {
        var groups = Summary.byWorkload(summaries);
        var height = HEAD + GAP + groups.size() * (TITLE + GAP) + summaries.size() * STEP;
        svg.append("""
                <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %1$d %2$d" width="%1$d" height="%2$d" role="img" \
                aria-label="Requests per second and CPU per request">
                """.formatted(WIDTH, height));
        svg.append(STYLE).append("<rect class=\"back\" width=\"100%\" height=\"100%\" rx=\"6\"/>\n");
        text(left(0), 30, "title", "Requests per second");
        text(left(0), 47, "quiet", "longer is better");
        text(left(1), 30, "title", "CPU per 1,000 requests");
        text(left(1), 47, "quiet", "server and database, milliseconds; shorter is better");
        var y = HEAD;
        for (var group : groups.entrySet()) {
            y += TITLE;
            text(20, y - 10, "title", group.getKey());
            text(left(0), y - 10, "quiet", Workload.of(group.getKey()).description());
            panel(y, 0, group.getValue(), "per_second", 1);
            panel(y, 1, group.getValue(), "cpu_s_per_1000", 1000);
            y += GAP + STEP * group.getValue().size();
        }
    }

    private static int left(int panel) {
        return NAME + 20 + panel * (PANEL + 10);
    }

    private void panel(int top, int panel, List<Summary> rows, String column, double factor) {
        var max = rows.stream().mapToDouble(row -> row.get(column)).max().orElse(1);
        for (int i = 0; i < rows.size(); i++) {
            var row = rows.get(i);
            var y = top + i * STEP;
            if (panel == 0) {
                text(NAME + 10, y + 12, "end", row.target());
            }
            var value = row.get(column);
            var width = Math.max(1, value / max * (PANEL - VALUE));
            rect(left(panel), y, PANEL - VALUE, "track");
            rect(left(panel), y, width, row.target().startsWith("byline") ? "byline" : "peer");
            text((int) (left(panel) + width) + 6, y + 12, "", number(value * factor));
        }
    }

    private static String number(double amount) {
        return String.format(Locale.ROOT, amount < 100 ? "%.1f" : "%,.0f", amount);
    }

    private void rect(int x, int y, double width, String kind) {
        svg.append(String.format(
                Locale.ROOT,
                "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" rx=\"2\"/>%n",
                kind,
                x,
                y,
                width,
                BAR));
    }

    private void text(int x, int y, String kind, String text) {
        svg.append("<text class=\"%s\" x=\"%d\" y=\"%d\">%s</text>%n".formatted(kind, x, y, text));
    }
}
