package dev.byline.http.metrics;

import com.sun.management.OperatingSystemMXBean;
import dev.byline.model.Capacity;
import dev.byline.model.Capacity.Plan;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Samples the counters once per second, and computes the load of the last ten seconds. */
public final class CapacityMeter implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CapacityMeter.class);

    private static final int SECONDS = 10;

    private record Sample(long nanos, long requests, PrometheusMetrics.Holds holds, double cpu) {}

    private final PrometheusMetrics metrics;
    private final Supplier<Plan> plan;
    private final OperatingSystemMXBean machine = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    private final ArrayDeque<Sample> samples = new ArrayDeque<>();
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("byline-capacity").factory());
    private volatile Capacity.Load load = Capacity.Load.NONE;

    public CapacityMeter(PrometheusMetrics metrics, Supplier<Plan> plan) {
        this.metrics = metrics;
        this.plan = plan;
        metrics.gauge(
                "byline_capacity_pool_size",
                "Size of this process's connection pool.",
                () -> plan.get().poolSize());
        metrics.gauge(
                "byline_capacity_recommended_pool_size",
                "Recommended pool size, from the database's cores and the number of replicas.",
                () -> plan.get().recommendedPoolSize());
        metrics.gauge(
                "byline_capacity_predicted_requests_per_second",
                "Predicted maximum throughput, NaN while unknown.",
                () -> now().predictedThroughput().orElse(Double.NaN));
        metrics.gauge(
                "byline_capacity_requests_per_second", "Throughput of the last ten seconds.", () -> now().throughput());
        metrics.gauge(
                "byline_capacity_pool_utilisation_ratio", "Share of the pool in use.", () -> now().poolUtilisation());
        metrics.gauge("byline_capacity_cpu_utilisation_ratio", "Share of all CPUs in use.", () -> load.cpu());
        metrics.gauge(
                "byline_capacity_headroom_ratio",
                "Factor by which the load can grow, NaN while unknown.",
                () -> now().headroom().orElse(Double.NaN));
        metrics.gauge(
                "byline_capacity_database_connections_wanted",
                "Connections of the pools of all replicas together.",
                () -> plan.get().connectionsWanted());
        metrics.gauge(
                "byline_capacity_database_connections_available",
                "Connections that the database allows, NaN while unknown.",
                () -> {
                    var available = plan.get().maxConnections();
                    return available == null ? Double.NaN : available.doubleValue();
                });
        var unused = clock.scheduleAtFixedRate(this::sampleOrLog, 0, 1, TimeUnit.SECONDS);
    }

    /** Logs failures: an exception would make the executor cancel the task silently. */
    private void sampleOrLog() {
        try {
            sample();
        } catch (RuntimeException | Error e) {
            LOG.error("could not measure the load", e);
        }
    }

    private void sample() {
        var sample =
                new Sample(System.nanoTime(), metrics.served(), metrics.holds(), Math.max(0, machine.getCpuLoad()));
        samples.add(sample);
        if (samples.size() > SECONDS + 1) {
            samples.remove();
        }
        var first = samples.peek();
        if (first == null || samples.size() == 1) {
            return;
        }
        load = new Capacity.Load(
                Duration.ofNanos(sample.nanos() - first.nanos()),
                sample.requests() - first.requests(),
                sample.holds().count() - first.holds().count(),
                Duration.ofNanos(
                        Math.round((sample.holds().seconds() - first.holds().seconds()) * 1e9)),
                // The first sample's CPU load is of the time before it.
                samples.stream().skip(1).mapToDouble(Sample::cpu).average().orElse(0));
    }

    /** Returns the capacity, computed from the load of the last ten seconds. */
    public Capacity now() {
        return new Capacity(plan.get(), load);
    }

    @Override
    public void close() {
        clock.shutdownNow();
    }
}
