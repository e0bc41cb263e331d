package dev.byline.bench.side;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** Requests per second and CPU per request of each target, as SVG: a group of bars for each workload. */
public final class BarChart {
    private static final int WIDTH = 960;
    private static final int NAME = 130;
    private static final int BAR = 16;
    private static final int STEP = 22;
    private static final int HEAD = 64;
    private static final int TITLE = 34;
    private static final int GAP = 18;
    private static final int VALUE = 60;
    private static final int PANEL = (WIDTH - NAME - 40) / 2;

    /** Colours of its own, and others where the reader's are dark; its own background, so that both are readable anywhere. */
    private static final String STYLE = """
            <style>
            svg { font: 12px system-ui, sans-serif }
            .back { fill: #ffffff } text { fill: #24292f } .quiet { fill: #57606a } .title { font-weight: 600; font-size: 13px }
            .peer { fill: #9fb3c8 } .byline { fill: #1f6feb } .track { fill: #f0f3f6 }
            .end { text-anchor: end }
            @media (prefers-color-scheme: dark) {
            .back { fill: #0d1117 } text { fill: #e6edf3 } .quiet { fill: #9198a1 }
            .peer { fill: #56697d } .byline { fill: #4c8dff } .track { fill: #161b22 }
            }
            </style>
            """;

    private BarChart() {}

    /**
     * Draws a chart.
     *
     * @param csv what {@code summary.csv} holds, its first line included
     */
    public static String svg(List<String> csv) {
        return draw(csv.stream().skip(1).map(Summary::parse).toList());
    }

    static String draw(List<Summary> summaries) {
        var groups = new LinkedHashMap<String, List<Summary>>();
        summaries.forEach(each -> groups.computeIfAbsent(each.workload(), name -> new ArrayList<>())
                .add(each));
        var height = HEAD + GAP;
        for (var group : groups.values()) {
            height += TITLE + GAP + STEP * group.size();
        }
        var svg = new StringBuilder();
        svg.append("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + WIDTH + " " + height + "\" width=\""
                + WIDTH + "\" height=\"" + height
                + "\" role=\"img\" aria-label=\"Requests per second and CPU per request\">\n");
        svg.append(STYLE).append("<rect class=\"back\" width=\"100%\" height=\"100%\" rx=\"6\"/>\n");
        text(svg, left(0), 30, "title", "Requests per second");
        text(svg, left(0), 47, "quiet", "longer is better");
        text(svg, left(1), 30, "title", "CPU per 1,000 requests");
        text(svg, left(1), 47, "quiet", "server and database, milliseconds; shorter is better");
        var y = HEAD;
        for (var group : groups.entrySet()) {
            y += TITLE;
            text(svg, 20, y - 10, "title", group.getKey());
            text(svg, left(0), y - 10, "quiet", description(group.getKey()));
            panel(svg, y, 0, group.getValue(), Summary::perSecond);
            panel(svg, y, 1, group.getValue(), each -> each.cpuPerThousand() * 1000);
            y += GAP + STEP * group.getValue().size();
        }
        return svg.append("</svg>\n").toString();
    }

    private static String description(String workload) {
        return Workload.valueOf(workload.toUpperCase(Locale.ROOT).replace('-', '_'))
                .description();
    }

    private static int left(int panel) {
        return NAME + 20 + panel * (PANEL + 10);
    }

    private static void panel(
            StringBuilder svg, int top, int panel, List<Summary> rows, ToDoubleFunction<Summary> value) {
        var max = rows.stream().mapToDouble(value).max().orElse(1);
        for (int i = 0; i < rows.size(); i++) {
            var row = rows.get(i);
            var y = top + i * STEP;
            if (panel == 0) {
                text(svg, NAME + 10, y + 12, "end", row.target());
            }
            var amount = value.applyAsDouble(row);
            var kind = row.target().startsWith("byline") ? "byline" : "peer";
            var width = Math.max(1, amount / max * (PANEL - VALUE));
            rect(svg, left(panel), y, PANEL - VALUE, "track");
            rect(svg, left(panel), y, width, kind);
            text(svg, (int) (left(panel) + width) + 6, y + 12, "", number(amount));
        }
    }

    private static String number(double amount) {
        return String.format(Locale.ROOT, amount < 100 ? "%.1f" : "%,.0f", amount);
    }

    private static void rect(StringBuilder svg, int x, int y, double width, String kind) {
        svg.append(String.format(
                Locale.ROOT,
                "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" rx=\"2\"/>%n",
                kind,
                x,
                y,
                width,
                BAR));
    }

    private static void text(StringBuilder svg, int x, int y, String kind, String text) {
        svg.append("<text class=\"" + kind + "\" x=\"" + x + "\" y=\"" + y + "\">" + text + "</text>\n");
    }
}
