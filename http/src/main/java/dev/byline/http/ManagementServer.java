package dev.byline.http;

import dev.byline.Byline;
import dev.byline.http.exchange.Exchange;
import dev.byline.http.exchange.JettyProblems;
import dev.byline.http.exchange.Problems;
import dev.byline.http.exchange.ResponseBudget;
import dev.byline.http.exchange.Responses;
import dev.byline.http.metrics.CapacityMeter;
import dev.byline.http.metrics.PrometheusMetrics;
import dev.byline.http.metrics.StatusHistory;
import dev.byline.model.Capacity;
import dev.byline.model.PoolStatus;
import io.javalin.Javalin;
import io.javalin.http.Context;
import io.javalin.http.HttpStatus;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.Supplier;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/**
 * The management server: a status page, metrics, capacity and probes for operators, on a separate port that clients must not reach. It
 * has its own threads, so it responds however busy the API port is.
 */
public final class ManagementServer implements AutoCloseable {
    private final Javalin javalin;
    private final CapacityMeter capacity;
    private final StatusHistory history;
    private final Byline byline;
    private final PrometheusMetrics metrics;

    private ManagementServer(
            String version,
            Byline byline,
            Readiness readiness,
            PrometheusMetrics metrics,
            Supplier<Capacity.Plan> plan) {
        this.byline = byline;
        this.metrics = metrics;
        this.capacity = new CapacityMeter(metrics, plan);
        this.history = new StatusHistory(metrics, capacity, byline::poolStatus);
        this.javalin = Javalin.create(config -> {
            HttpServer.quiet(config, metrics);
            config.jetty.threadPool = new QueuedThreadPool(8, 1);
            config.jetty.modifyServer(server -> {
                server.insertHandler(new Unmeasured());
                server.setErrorHandler(new JettyProblems(metrics));
            });
            config.routes.get("/metrics", this::metrics);
            config.routes.get("/capacity", this::capacity);
            new StatusPage(version, byline, readiness, capacity, history).install(config.routes);
            var liveness = Liveness.ofVirtualThreads();
            for (var path : List.of("/livez", "/healthz")) {
                config.routes.get(path, ctx -> SystemRoutes.livez(ctx, liveness));
            }
            for (var path : List.of("/readyz", "/health")) {
                config.routes.get(path, ctx -> SystemRoutes.readyz(ctx, readiness));
            }
            Problems.install(config.routes, path -> "GET, HEAD");
        });
        metrics.pool(byline::poolStatus);
        if (!byline.replicas().isEmpty()) {
            metrics.replicas(byline::replicas);
        }
        metrics.gauge(
                "byline_read_only",
                "1 while there is no primary, and replicas serve reads.",
                () -> byline.isReadOnly() ? 1 : 0);
    }

    /**
     * Starts the server.
     *
     * @param host the address to listen on
     * @param port the port, 0 for any free one
     * @param version the program's version
     * @param byline the core whose connection pool is reported
     * @param readiness the state that {@code /readyz} reports
     * @param metrics the metrics that {@code /metrics} returns
     * @param plan returns how the pool is sized
     * @throws io.javalin.util.JavalinBindException when the port is in use or not permitted
     */
    public static ManagementServer start(
            String host,
            int port,
            String version,
            Byline byline,
            Readiness readiness,
            PrometheusMetrics metrics,
            Supplier<Capacity.Plan> plan) {
        var server = new ManagementServer(version, byline, readiness, metrics, plan);
        try {
            server.javalin.start(host, port);
            return server;
        } catch (RuntimeException e) {
            server.close();
            throw e;
        }
    }

    /** Returns the port that the server listens on. */
    public int port() {
        return javalin.port();
    }

    private void metrics(Context ctx) {
        var text = metrics.text().getBytes(StandardCharsets.UTF_8);
        Responses.send(ctx, "text/plain; version=0.0.4; charset=utf-8", text);
    }

    private void capacity(Context ctx) {
        var now = capacity.now();
        var pool = byline.poolStatus().orElse(new PoolStatus(0, 0, 0, 0));
        Responses.json(ctx, HttpStatus.OK, json -> {
            json.writeStartObject();
            json.writeStringField("verdict", now.verdict());
            StatusPage.number(json, "requests_per_second", OptionalDouble.of(now.throughput()));
            StatusPage.number(json, "predicted_requests_per_second", now.predictedThroughput());
            StatusPage.number(json, "pool_requests_per_second", now.poolThroughput());
            StatusPage.number(json, "cpu_requests_per_second", now.processorThroughput());
            StatusPage.number(json, "headroom", now.headroom());
            StatusPage.number(
                    json,
                    "hold_seconds",
                    now.hold().stream()
                            .mapToDouble(hold -> hold.toNanos() / 1e9)
                            .findFirst());
            StatusPage.number(json, "requests_per_connection", now.requestsPerConnection());
            StatusPage.number(json, "pool_utilisation", OptionalDouble.of(now.poolUtilisation()));
            StatusPage.number(
                    json, "cpu_utilisation", OptionalDouble.of(now.load().cpu()));
            json.writeNumberField("measured_seconds", now.load().time().toNanos() / 1e9);
            json.writeNumberField("pool_size", now.plan().poolSize());
            json.writeStringField("pool_size_reason", now.plan().reason());
            json.writeNumberField("recommended_pool_size", now.plan().recommendedPoolSize());
            json.writeNumberField("connections_active", pool.active());
            json.writeNumberField("connections_idle", pool.idle());
            json.writeNumberField("requests_waiting_for_connection", pool.waiting());
            json.writeNumberField("replicas", now.plan().replicas());
            json.writeNumberField("database_connections_wanted", now.plan().connectionsWanted());
            var available = now.plan().maxConnections();
            if (available == null) {
                json.writeNullField("database_connections_available");
            } else {
                json.writeNumberField("database_connections_available", available);
            }
            json.writeEndObject();
        });
    }

    @Override
    public void close() {
        javalin.stop();
        history.close();
        capacity.close();
    }

    /** Gives requests of this port an id, but counts them in no metric. */
    private static final class Unmeasured extends Handler.Wrapper {
        @Override
        public boolean handle(Request request, Response response, Callback callback) throws Exception {
            Exchange.begin(request, response, new ResponseBudget(Long.MAX_VALUE / 2, List.of(), System::nanoTime));
            return super.handle(request, response, callback);
        }
    }
}
