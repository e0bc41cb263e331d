package dev.byline.bench.harness;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * The results of a load.
 *
 * @param time for which the load was sent
 */
public record Results(List<Outcome> outcomes, Duration time) {
    /**
     * The result of one request.
     *
     * @param number of the request, from 0
     * @param startNanos when it was sent; in an open loop, when it was due
     * @param nanos until the response was read
     * @param status 0 when the connection broke
     */
    public record Outcome(long number, long startNanos, long nanos, int status) {
        public long endNanos() {
            return startNanos + nanos;
        }

        public double millis() {
            return nanos / 1e6;
        }
    }

    public Results where(Predicate<Outcome> condition) {
        return new Results(outcomes.stream().filter(condition).toList(), time);
    }

    public Results withStatus(int status) {
        return where(outcome -> outcome.status() == status);
    }

    public int count() {
        return outcomes.size();
    }

    public double perSecond() {
        return outcomes.size() / (time.toMillis() / 1e3);
    }

    /** Whether all responses are 2xx. */
    public boolean allSucceeded() {
        return outcomes.stream().allMatch(outcome -> outcome.status() / 100 == 2);
    }

    /** How many responses had each status. */
    public Map<Integer, Long> statuses() {
        return outcomes.stream().collect(Collectors.groupingBy(Outcome::status, TreeMap::new, Collectors.counting()));
    }

    /** A percentile of the latencies in milliseconds, 0 if there are none; 1 is the maximum. */
    public double percentile(double share) {
        var sorted = outcomes.stream().mapToDouble(Outcome::millis).sorted().toArray();
        return percentile(sorted, share);
    }

    /** A percentile of sorted values, 0 if there are none. */
    public static double percentile(double[] sorted, double share) {
        return sorted.length == 0 ? 0 : sorted[Math.min(sorted.length - 1, (int) (sorted.length * share))];
    }

    /** The median; the mean of the two in the middle for an even number. */
    public static double median(double... values) {
        var sorted = values.clone();
        Arrays.sort(sorted);
        var middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%d requests (%.0f/s), statuses %s, p50 %.2f ms, p99 %.1f ms, slowest %.0f ms",
                count(),
                perSecond(),
                statuses(),
                percentile(0.5),
                percentile(0.99),
                percentile(1));
    }
}
