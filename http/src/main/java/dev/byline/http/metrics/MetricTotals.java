package dev.byline.http.metrics;

import io.prometheus.client.Collector.MetricFamilySamples.Sample;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;

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
        var rejected = sum(samples(REJECTED));
        var failed = sum(samples(REQUESTS).filter(each -> label(each, "status").startsWith("5")));
        return new Totals(
                sum(samples(REQUESTS)),
                Math.max(0, failed - rejected),
                rejected + sum(samples(LIMITED)),
                latencies(),
                metrics.holds(),
                lookups("l1", true),
                lookups("l1", false),
                lookups("l2", true),
                lookups("l2", false));
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

    private double lookups(String layer, boolean hitsOnly) {
        return sum(samples(LOOKUPS)
                .filter(each -> label(each, "layer").equals(layer)
                        && (!hitsOnly || label(each, "result").equals("hit"))));
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
        var failures = group(
                samples(REQUESTS).filter(each -> label(each, "status").startsWith("5")),
                each -> "response " + label(each, "status"));
        failures.putAll(group(samples(REJECTED), each -> "rejected: " + label(each, "reason")));
        failures.putAll(group(samples(LIMITED), each -> "rate limit: " + label(each, "limit")));
        failures.putAll(group(
                samples(LOOKUPS).filter(each -> label(each, "result").equals("error")), each -> "Redis not used"));
        FAILURES.forEach((name, text) -> failures.put(text, sum(samples(name))));
        return failures;
    }

    private Stream<Sample> samples(String name) {
        return metrics.samples(Set.of(name));
    }

    private static String label(Sample sample, String name) {
        var index = sample.labelNames.indexOf(name);
        return index < 0 ? "" : sample.labelValues.get(index);
    }

    private static double sum(Stream<Sample> samples) {
        return samples.mapToDouble(each -> each.value).sum();
    }

    private static Map<String, Double> group(Stream<Sample> samples, Function<Sample, String> name) {
        ToDoubleFunction<Sample> value = each -> each.value;
        return samples.collect(Collectors.groupingBy(name, TreeMap::new, Collectors.summingDouble(value)));
    }

    /** Maps the values, and leaves out those without a result. */
    static <A, B> Map<String, B> map(Map<String, A> values, BiFunction<String, A, Optional<B>> mapping) {
        var result = new TreeMap<String, B>();
        values.forEach((name, value) -> mapping.apply(name, value).ifPresent(mapped -> result.put(name, mapped)));
        return result;
    }
}
