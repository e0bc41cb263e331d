package dev.byline.http.metrics;

import dev.byline.model.PoolStatus;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the metrics were in the last hour: a point for every ten seconds, in a ring of fixed size (some hundred kB), so that
 * an operator who looks after an incident sees it.
 */
public final class StatusHistory implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StatusHistory.class);

    /** The time between two points. */
    public static final Duration INTERVAL = Duration.ofSeconds(10);

    private static final int POINTS = 360;
    private static final int POINTS_PER_MINUTE = 6;
    private static final int MINUTES = 60;

    /**
     * The means of ten seconds. A value is NaN if nothing happened that it could be computed from.
     *
     * @param time at its end, in seconds since the epoch
     * @param requests per second
     * @param errors responses with a status of 500 or more per second, without rejections
     * @param rejected requests per second that were rejected for lack of capacity or by a rate limit
     * @param p50 the median duration of requests, in seconds
     * @param p99 of the duration of requests, in seconds
     * @param poolActive connections in use, on average
     * @param poolWaiting waiters for a connection at the end
     * @param hold the mean time that a connection was held, in seconds
     * @param l1HitRatio of look-ups in this process: 0 to 1
     * @param l2HitRatio of look-ups in Redis: 0 to 1
     * @param cpu of the whole machine: 0 to 1
     * @param heap in use at the end, in bytes
     */
    public record Point(
            long time,
            double requests,
            double errors,
            double rejected,
            double p50,
            double p99,
            double poolActive,
            double poolWaiting,
            double hold,
            double l1HitRatio,
            double l2HitRatio,
            double cpu,
            double heap) {}

    /**
     * The requests of one route.
     *
     * @param count requests
     * @param seconds their durations added up
     */
    public record Route(double count, double seconds) {}

    /** Totals since the start, by name. */
    private record Minute(Map<String, Route> routes, Map<String, Double> failures) {}

    /**
     * A kind of failure.
     *
     * @param lastHour how often it happened in the last hour
     * @param total since the start
     */
    public record Failure(double lastHour, double total) {}

    private final MetricTotals totals;
    private final CapacityMeter capacity;
    private final Supplier<Optional<PoolStatus>> pool;
    private final InstantSource clock;
    private final Deque<Point> points = new ArrayDeque<>();
    private final Deque<Minute> minutes = new ArrayDeque<>();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("byline-status").factory());
    private MetricTotals.Totals before;
    private long count;
    private long recordedAt = System.nanoTime(); // used by the timer only

    /**
     * Starts to record.
     *
     * @param metrics the source
     * @param capacity knows the load of the processors
     * @param pool returns the state of the connection pool; empty for a pool of the host's
     */
    public StatusHistory(PrometheusMetrics metrics, CapacityMeter capacity, Supplier<Optional<PoolStatus>> pool) {
        this(metrics, capacity, pool, InstantSource.system());
        var unused = timer.scheduleAtFixedRate(
                this::recordOrLog, INTERVAL.toMillis(), INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Creates a history that records only by {@link #record}, for tests. */
    StatusHistory(
            PrometheusMetrics metrics,
            CapacityMeter capacity,
            Supplier<Optional<PoolStatus>> pool,
            InstantSource clock) {
        this.totals = new MetricTotals(metrics);
        this.capacity = capacity;
        this.pool = pool;
        this.clock = clock;
        this.before = totals.now();
        minutes.add(new Minute(totals.routes(), totals.failures()));
    }

    /** Logs failures: an exception would make the executor cancel the task silently. */
    private void recordOrLog() {
        try {
            var now = System.nanoTime();
            record(Duration.ofNanos(now - recordedAt));
            recordedAt = now;
        } catch (RuntimeException | Error e) {
            LOG.error("could not record the status", e);
        }
    }

    /**
     * Records a point.
     *
     * @param elapsed since the last one
     */
    synchronized void record(Duration elapsed) {
        var now = totals.now();
        var seconds = elapsed.toNanos() / 1e9;
        var latencies = now.latenciesSince(before);
        points.add(new Point(
                clock.instant().getEpochSecond(),
                (now.requests() - before.requests()) / seconds,
                Math.max(0, now.errors() - before.errors()) / seconds,
                (now.rejected() - before.rejected()) / seconds,
                Quantiles.of(0.5, PrometheusMetrics.SECONDS, latencies),
                Quantiles.of(0.99, PrometheusMetrics.SECONDS, latencies),
                (now.holds().seconds() - before.holds().seconds()) / seconds,
                pool.get().map(PoolStatus::waiting).orElse(0),
                ratio(now.holds().seconds() - before.holds().seconds(), (double)
                        (now.holds().count() - before.holds().count())),
                ratio(now.l1Hits() - before.l1Hits(), now.l1Lookups() - before.l1Lookups()),
                ratio(now.l2Hits() - before.l2Hits(), now.l2Lookups() - before.l2Lookups()),
                capacity.now().load().cpu(),
                (double) Runtime.getRuntime().totalMemory()
                        - Runtime.getRuntime().freeMemory()));
        before = now;
        if (points.size() > POINTS) {
            points.remove();
        }
        if (++count % POINTS_PER_MINUTE == 0) {
            minutes.add(new Minute(totals.routes(), totals.failures()));
            if (minutes.size() > MINUTES + 1) {
                minutes.remove();
            }
        }
    }

    private static double ratio(double part, double whole) {
        return whole == 0 ? Double.NaN : part / whole;
    }

    /** Returns the points of the last hour, oldest first. */
    public synchronized List<Point> points() {
        return List.copyOf(points);
    }

    /** Returns the requests of the last hour by route, such as {@code GET /posts}. Routes without requests are left out. */
    public synchronized Map<String, Route> routes() {
        var then = minutes.getFirst().routes();
        return MetricTotals.map(totals.routes(), (name, now) -> {
            var old = then.getOrDefault(name, new Route(0, 0));
            return now.count() == old.count()
                    ? Optional.empty()
                    : Optional.of(new Route(now.count() - old.count(), now.seconds() - old.seconds()));
        });
    }

    /** Returns what failed or was rejected since the start, by kind. */
    public synchronized Map<String, Failure> failures() {
        var then = minutes.getFirst().failures();
        return MetricTotals.map(
                totals.failures(),
                (name, now) -> now == 0
                        ? Optional.empty()
                        : Optional.of(new Failure(now - then.getOrDefault(name, 0.0), now)));
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
