package dev.byline.http.metrics;

import dev.byline.http.message.RejectionReason;
import dev.byline.model.Metrics;
import dev.byline.model.PoolStatus;
import dev.byline.model.ReplicaStatus;
import io.prometheus.client.Collector;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Counter;
import io.prometheus.client.Gauge;
import io.prometheus.client.Histogram;
import io.prometheus.client.exporter.common.TextFormat;
import io.prometheus.client.hotspot.BufferPoolsExports;
import io.prometheus.client.hotspot.ClassLoadingExports;
import io.prometheus.client.hotspot.GarbageCollectorExports;
import io.prometheus.client.hotspot.MemoryPoolsExports;
import io.prometheus.client.hotspot.StandardExports;
import io.prometheus.client.hotspot.ThreadExports;
import io.prometheus.client.hotspot.VersionInfoExports;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * All metrics, in their own registry; docs/operations.md lists them. Label values come from the program (routes,
 * methods, kinds), never from clients, so the number of time series is bounded.
 */
public final class PrometheusMetrics implements Metrics {
    /** The endpoint label of paths that match no route. */
    public static final String UNMATCHED = "unmatched";

    private static final Set<String> METHODS = Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");

    /** The upper bounds of the buckets of durations, in seconds. */
    static final double[] SECONDS = {.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5};

    private final CollectorRegistry registry = new CollectorRegistry();

    private final Counter requests = Counter.build("http_requests_total", "Completed requests.")
            .labelNames("method", "endpoint", "status")
            .register(registry);
    private final Histogram durations = Histogram.build(
                    "http_request_duration_seconds",
                    "Time from the end of the request headers to the end of the response.")
            .labelNames("method", "endpoint")
            .buckets(SECONDS)
            .register(registry);
    private final Counter rejected = Counter.build(
                    "http_requests_rejected_total", "Requests rejected before any work was done.")
            .labelNames("reason")
            .register(registry);

    private final Counter responsesCut = Counter.build(
                    "http_responses_cut_total", "Connections closed because the client read its response too slowly.")
            .register(registry);

    private final Histogram waits = Histogram.build(
                    "hikaricp_connection_acquire_seconds", "Time spent waiting for a database connection.")
            .buckets(.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1)
            .register(registry);
    private final Histogram holds = Histogram.build(
                    "hikaricp_connection_usage_seconds", "Time for which a database connection was held.")
            .buckets(SECONDS)
            .register(registry);
    private final Counter timeouts = Counter.build(
                    "hikaricp_connection_timeouts_total", "Connection acquisitions that timed out.")
            .register(registry);

    private final Counter lookups = Counter.build("cache_requests_total", "Cache lookups.")
            .labelNames("kind", "layer", "result")
            .register(registry);
    private final Counter invalidations = Counter.build(
                    "cache_invalidations_total",
                    "Cache invalidations after writes; error: Redis missed it, and it is retried.")
            .labelNames("result")
            .register(registry);
    private final Gauge circuit = Gauge.build("cache_redis_circuit_open", "1 while Redis is bypassed after errors.")
            .register(registry);

    private final Counter fenced = Counter.build(
                    "byline_connections_fenced_total",
                    "Connections closed because they led to a server that a newer one replaced.")
            .register(registry);
    private final Gauge suspended = Gauge.build(
                    "byline_writes_suspended", "1 while writes are rejected because commits don't return.")
            .register(registry);

    private final Counter replicaReads = Counter.build(
                    "byline_replica_reads_total", "Reads that a replica may serve, by how they were served.")
            .labelNames("outcome")
            .register(registry);

    private final Counter limited = Counter.build("byline_rate_limited_total", "Requests rejected by a rate limit.")
            .labelNames("limit")
            .register(registry);
    private final Counter logins = Counter.build("byline_logins_total", "Login attempts.")
            .labelNames("result")
            .register(registry);
    private final Counter hashingRefused = Counter.build(
                    "byline_password_hashing_rejected_total",
                    "Passwords not hashed: too many were waiting, or the wait timed out.")
            .register(registry);

    private final Counter feeds = Counter.build("byline_feeds_total", "Feed imports, by outcome.")
            .labelNames("outcome")
            .register(registry);

    /** The counters of look-ups by kind. */
    private final Map<String, Map<Layer, Map<Result, Counter.Child>>> lookupsOf = new ConcurrentHashMap<>();

    private final LongAdder served = new LongAdder();

    /**
     * Registers all metrics, with those of the JVM and the process.
     *
     * @param version the program's version
     */
    public PrometheusMetrics(String version) {
        Gauge.build("byline_build_info", "The program's version, always 1.")
                .labelNames("version")
                .register(registry)
                .labels(version)
                .set(1);
        for (var exports : List.<Collector>of(
                new StandardExports(),
                new MemoryPoolsExports(),
                new BufferPoolsExports(),
                new GarbageCollectorExports(),
                new ThreadExports(),
                new ClassLoadingExports(),
                new VersionInfoExports())) {
            exports.register(registry);
        }
        for (var reason : RejectionReason.values()) {
            rejected.labels(reason.label());
        }
        for (var outcome : Feed.values()) {
            feedCounter(outcome);
        }
        for (var outcome : ReplicaRead.values()) {
            replicaReads.labels(lower(outcome));
        }
        logins.labels("succeeded");
        logins.labels("failed");
        invalidations.labels(lower(Result.HIT));
        invalidations.labels(lower(Result.ERROR));
    }

    /**
     * Starts the counters of a route's failures at zero: {@code rate()} misses the first increment of a new series.
     *
     * @param method of the route
     * @param endpoint its path
     */
    public void route(String method, String endpoint) {
        for (var status : List.of("500", "503")) {
            requests.labels(method, endpoint, status);
        }
    }

    /** Starts the counter of a rate limit at zero. */
    public void limit(String name) {
        limited.labels(name);
    }

    private Counter.Child feedCounter(Feed outcome) {
        return feeds.labels(outcome.name().toLowerCase(Locale.ROOT));
    }

    @Override
    public void feedImported(Feed outcome) {
        feedCounter(outcome).inc();
    }

    /** Returns a method as a label value: {@code other} for unknown ones, so that clients cannot add time series. */
    public static String method(String sent) {
        return METHODS.contains(sent) ? sent : "other";
    }

    public void ended(String method, String endpoint, int status, long nanos, @Nullable String rejection) {
        counted(method, endpoint, status, nanos);
        if (rejection != null) {
            rejected.labels(rejection).inc();
        } else if (status < 500 && status != 429) {
            served.increment();
        }
    }

    /** Counts a request that Jetty rejected before the first handler. */
    public void refused(String method, int status) {
        counted(method, UNMATCHED, status, 0);
    }

    private void counted(String method, String endpoint, int status, long nanos) {
        var known = method(method);
        requests.labels(known, endpoint, Integer.toString(status)).inc();
        durations.labels(known, endpoint).observe(nanos / 1e9);
    }

    public void responseCut() {
        responsesCut.inc();
    }

    public void limited(String limit) {
        limited.labels(limit).inc();
    }

    /** Returns the requests served since the start: not those rejected, rate limited or failed with 5xx. */
    public long served() {
        return served.sum();
    }

    /** Returns how many connections were released since the start, and the seconds they were held in total. */
    public Holds holds() {
        var value = holds.labels().get();
        return new Holds((long) value.buckets[value.buckets.length - 1], value.sum);
    }

    /** Connections released, and the seconds they were held in total. */
    public record Holds(long count, double seconds) {}

    /**
     * Registers the gauges of the connection pool.
     *
     * @param pool returns its current state; empty for a pool that the host application owns
     */
    public void pool(Supplier<Optional<PoolStatus>> pool) {
        gauge(
                "hikaricp_connections",
                "Open connections.",
                () -> pool.get().map(PoolStatus::size).orElse(0));
        gauge(
                "hikaricp_active_connections",
                "Connections in use.",
                () -> pool.get().map(PoolStatus::active).orElse(0));
        gauge(
                "hikaricp_idle_connections",
                "Idle connections.",
                () -> pool.get().map(PoolStatus::idle).orElse(0));
        gauge(
                "hikaricp_pending_threads",
                "Requests waiting for a connection.",
                () -> pool.get().map(PoolStatus::waiting).orElse(0));
    }

    /**
     * Registers the gauges of replicas.
     *
     * @param replicas returns their current states
     */
    public void replicas(Supplier<List<ReplicaStatus>> replicas) {
        new Collector() {
            @Override
            public List<MetricFamilySamples> collect() {
                var states = replicas.get();
                return List.of(
                        family(
                                "byline_replica_usable",
                                "1 while the replica serves reads.",
                                states,
                                state -> state.usable() ? 1 : 0),
                        family(
                                "byline_replica_lag_seconds",
                                "How far the replica is behind the primary; more than a day while that is unknown.",
                                states,
                                state -> state.behind().toNanos() / 1e9));
            }
        }.register(registry);
    }

    private static Collector.MetricFamilySamples family(
            String name, String help, List<ReplicaStatus> states, ToDoubleFunction<ReplicaStatus> value) {
        var samples = states.stream()
                .map(state -> new Collector.MetricFamilySamples.Sample(
                        name, List.of("replica"), List.of(state.name()), value.applyAsDouble(state)))
                .toList();
        return new Collector.MetricFamilySamples(name, Collector.Type.GAUGE, help, samples);
    }

    /** Registers a gauge whose value is read at each scrape. */
    public void gauge(String name, String help, Supplier<? extends Number> value) {
        new Collector() {
            @Override
            public List<MetricFamilySamples> collect() {
                var sample = new MetricFamilySamples.Sample(
                        name, List.of(), List.of(), value.get().doubleValue());
                return List.of(new MetricFamilySamples(name, Type.GAUGE, help, List.of(sample)));
            }
        }.register(registry);
    }

    /**
     * Returns the current samples of series.
     *
     * @param names such as {@code http_requests_total}
     */
    Stream<Collector.MetricFamilySamples.Sample> samples(Set<String> names) {
        return Collections.list(registry.filteredMetricFamilySamples(names)).stream()
                .flatMap(family -> family.samples.stream());
    }

    /** Returns all metrics in the Prometheus text format. */
    public String text() {
        var text = new StringWriter(16 * 1024);
        try {
            // The _created series are a third of all lines, and no query uses them.
            var families = Collections.list(registry.metricFamilySamples()).stream()
                    .map(PrometheusMetrics::withoutCreated)
                    .toList();
            TextFormat.write004(text, Collections.enumeration(families));
        } catch (IOException e) {
            throw new UncheckedIOException("a StringWriter can't fail", e);
        }
        return text.toString();
    }

    private static Collector.MetricFamilySamples withoutCreated(Collector.MetricFamilySamples family) {
        var samples = family.samples.stream()
                .filter(sample -> !sample.name.endsWith("_created"))
                .toList();
        return new Collector.MetricFamilySamples(family.name, family.unit, family.type, family.help, samples);
    }

    @Override
    public void looked(String kind, Layer layer, Result result) {
        var counters = lookupsOf.computeIfAbsent(kind, this::lookupCounters);
        Objects.requireNonNull(Objects.requireNonNull(counters.get(layer)).get(result))
                .inc();
    }

    /** Creates the counters of all results, which start at zero. */
    private Map<Layer, Map<Result, Counter.Child>> lookupCounters(String kind) {
        var counters = new EnumMap<Layer, Map<Result, Counter.Child>>(Layer.class);
        for (var layer : Layer.values()) {
            var results = new EnumMap<Result, Counter.Child>(Result.class);
            for (var result : Result.values()) {
                results.put(result, lookups.labels(kind, lower(layer), lower(result)));
            }
            counters.put(layer, results);
        }
        return counters;
    }

    @Override
    public void invalidated(Result result) {
        invalidations.labels(lower(result)).inc();
    }

    private static String lower(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public void redisCircuit(boolean open) {
        circuit.set(open ? 1 : 0);
    }

    @Override
    public void connectionFenced() {
        fenced.inc();
    }

    @Override
    public void writesSuspended(boolean now) {
        suspended.set(now ? 1 : 0);
    }

    @Override
    public void connectionAcquired(Duration waited) {
        waits.observe(waited.toNanos() / 1e9);
    }

    @Override
    public void connectionMissed(Duration waited) {
        timeouts.inc();
    }

    @Override
    public void connectionReleased(Duration held) {
        holds.observe(held.toNanos() / 1e9);
    }

    @Override
    public void replicaRead(ReplicaRead outcome) {
        replicaReads.labels(lower(outcome)).inc();
    }

    @Override
    public void loggedIn(boolean succeeded) {
        logins.labels(succeeded ? "succeeded" : "failed").inc();
    }

    @Override
    public void hashingRefused() {
        hashingRefused.inc();
    }
}
