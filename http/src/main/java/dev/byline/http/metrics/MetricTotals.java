package dev.byline.http.metrics;

import io.prometheus.client.Collector.MetricFamilySamples.Sample;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/** Sums over the labels of the metrics. */
final class MetricTotals {
    private static final String REQUESTS = "http_requests_total";
    private static final String BUCKETS = "http_request_duration_seconds_bucket";
    private static final String COUNTS = "http_request_duration_seconds_count";
    private static final String SUMS = "http_request_duration_seconds_sum";
    private static final String REJECTED = "http_requests_rejected_total";
    private static final String LIMITED = "byline_rate_limited_total";
    private static final String LOOKUPS = "cache_requests_total";

    /** Counters of failures beside responses, with their names for operators. */
    private static final Map<String, String> FAILURES = Map.of(
            "hikaricp_connection_timeouts_total",
            "no connection in time",
            "byline_password_hashing_rejected_total",
            "password not hashed: too many waiting",
            "http_responses_cut_total",
            "response read too slowly");

    private final PrometheusMetrics metrics;

    MetricTotals(PrometheusMetrics metrics) {
        this.metrics = metrics;
    }

    /**
     * Counts since the start.
     *
     * @param errors responses with a status of 500 or more that were not rejections
     * @param rejected for lack of capacity, or by a rate limit
     * @param latencies cumulative, by the buckets of {@link PrometheusMetrics#SECONDS}
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Totals(
            double requests,
            double errors,
            double rejected,
            double[] latencies,
            PrometheusMetrics.Holds holds,
            double l1Hits,
            double l1Lookups,
            double l2Hits,
            double l2Lookups) {
        double[] latenciesSince(Totals before) {
            var since = new double[latencies.length];
            for (int i = 0; i < since.length; i++) {
                since[i] = latencies[i] - before.latencies[i];
            }
            return since;
        }
    }

    Totals now() {
        var requests = samples(REQUESTS);
        var rejected = sum(samples(REJECTED));
        var lookups = samples(LOOKUPS);
        return new Totals(
                sum(requests),
                Math.max(0, sum(failed(requests)) - rejected),
                rejected + sum(samples(LIMITED)),
                latencies(),
                metrics.holds(),
                sum(with(with(lookups, "layer", "l1"), "result", "hit")),
                sum(with(lookups, "layer", "l1")),
                sum(with(with(lookups, "layer", "l2"), "result", "hit")),
                sum(with(lookups, "layer", "l2")));
    }

    private double[] latencies() {
        var buckets = new double[PrometheusMetrics.SECONDS.length + 1];
        samples(BUCKETS).forEach(each -> {
            var bound = label(each, "le");
            var index = bound.equals("+Inf")
                    ? buckets.length - 1
                    : Arrays.binarySearch(PrometheusMetrics.SECONDS, Double.parseDouble(bound));
            buckets[index] += each.value;
        });
        return buckets;
    }

    /** Returns the requests of each route, by method and path. */
    Map<String, StatusHistory.Route> routes() {
        var seconds = byRoute(SUMS);
        return map(
                byRoute(COUNTS),
                (route, count) -> Optional.of(new StatusHistory.Route(count, seconds.getOrDefault(route, 0.0))));
    }

    private Map<String, Double> byRoute(String name) {
        return group(samples(name), each -> label(each, "method") + " " + label(each, "endpoint"));
    }

    /** Returns the number of failures and rejections of each kind. */
    Map<String, Double> failures() {
        var failures = group(failed(samples(REQUESTS)), each -> "response " + label(each, "status"));
        failures.putAll(group(samples(REJECTED), each -> "rejected: " + label(each, "reason")));
        failures.putAll(group(samples(LIMITED), each -> "rate limit: " + label(each, "limit")));
        failures.putAll(group(with(samples(LOOKUPS), "result", "error"), each -> "Redis not used"));
        FAILURES.forEach((name, text) -> failures.put(text, sum(samples(name))));
        return failures;
    }

    /** Returns the samples of a series: collecting them costs more than to read them. */
    private List<Sample> samples(String name) {
        return metrics.samples(Set.of(name)).toList();
    }

    private static List<Sample> failed(List<Sample> requests) {
        return requests.stream()
                .filter(each -> label(each, "status").startsWith("5"))
                .toList();
    }

    private static List<Sample> with(List<Sample> samples, String label, String value) {
        return samples.stream().filter(each -> label(each, label).equals(value)).toList();
    }

    private static String label(Sample sample, String name) {
        var index = sample.labelNames.indexOf(name);
        return index < 0 ? "" : sample.labelValues.get(index);
    }

    private static double sum(List<Sample> samples) {
        return samples.stream().mapToDouble(each -> each.value).sum();
    }

    private static Map<String, Double> group(List<Sample> samples, Function<Sample, String> name) {
        ToDoubleFunction<Sample> value = each -> each.value;
        return samples.stream().collect(Collectors.groupingBy(name, TreeMap::new, Collectors.summingDouble(value)));
    }

    /** Maps the values, and leaves out those without a result. */
    static <A, B> Map<String, B> map(Map<String, A> values, BiFunction<String, A, Optional<B>> mapping) {
        var result = new TreeMap<String, B>();
        values.forEach((name, value) -> mapping.apply(name, value).ifPresent(mapped -> result.put(name, mapped)));
        return result;
    }
}
