package dev.byline.http;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.byline.Byline;
import dev.byline.http.exchange.Responses;
import dev.byline.http.metrics.CapacityMeter;
import dev.byline.http.metrics.StatusHistory;
import dev.byline.http.metrics.StatusHistory.Point;
import dev.byline.model.PoolStatus;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import io.javalin.http.HttpStatus;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.ToDoubleFunction;

/** {@code GET /} of the management port: a page for operators, which draws what {@code /status.json} says. */
final class StatusPage {
    /** The path of uPlot, which draws charts, in its webjar. The version must be that of the parent POM. */
    private static final String UPLOT = "/META-INF/resources/webjars/uplot/1.6.30/dist/";

    private final String version;
    private final Byline byline;
    private final Readiness readiness;
    private final CapacityMeter capacity;
    private final StatusHistory history;

    StatusPage(String version, Byline byline, Readiness readiness, CapacityMeter capacity, StatusHistory history) {
        this.version = version;
        this.byline = byline;
        this.readiness = readiness;
        this.capacity = capacity;
        this.history = history;
    }

    void install(RoutesConfig routes) {
        var page = StaticFile.read("status.html", StaticFile.HTML);
        routes.get("/", page::send);
        file(routes, "/status.css", StaticFile.read("status.css", StaticFile.CSS));
        file(routes, "/status.js", StaticFile.read("status.js", StaticFile.SCRIPT));
        file(routes, "/uplot.css", StaticFile.read(UPLOT + "uPlot.min.css", StaticFile.CSS));
        file(routes, "/uplot.js", StaticFile.read(UPLOT + "uPlot.iife.min.js", StaticFile.SCRIPT));
        routes.get("/status.json", this::status);
    }

    private static void file(RoutesConfig routes, String path, StaticFile file) {
        routes.get(path, file::send);
    }

    private void status(Context ctx) {
        Responses.json(ctx, HttpStatus.OK, json -> {
            json.writeStartObject();
            writeProcess(json);
            writeCapacity(json);
            writePool(json);
            writeReplicas(json);
            writeMemory(json);
            writeFailures(json);
            writeRoutes(json);
            writeHistory(json);
            json.writeEndObject();
        });
    }

    private void writeProcess(JsonGenerator json) throws IOException {
        var runtime = ManagementFactory.getRuntimeMXBean();
        json.writeStringField("version", version);
        json.writeStringField("time", Instant.now().toString());
        json.writeNumberField("uptime_seconds", runtime.getUptime() / 1000);
        var obstacle = readiness.obstacle();
        json.writeBooleanField("ready", obstacle.isEmpty());
        json.writeStringField("obstacle", obstacle.orElse(null));
        json.writeBooleanField("read_only", readiness.isReadOnly());
        json.writeNumberField("seconds_since_database_answered", seconds(byline.sinceDatabaseAnswered()));
    }

    private void writeCapacity(JsonGenerator json) throws IOException {
        var now = capacity.now();
        json.writeObjectFieldStart("capacity");
        json.writeStringField("verdict", now.verdict());
        number(json, "headroom", now.headroom());
        number(json, "requests_per_second", now.throughput());
        number(json, "predicted_requests_per_second", now.predictedThroughput());
        number(json, "pool_utilisation", now.poolUtilisation());
        number(json, "cpu_utilisation", now.load().cpu());
        json.writeEndObject();
    }

    private void writePool(JsonGenerator json) throws IOException {
        var pool = byline.poolStatus().orElse(new PoolStatus(0, 0, 0, 0));
        json.writeObjectFieldStart("pool");
        json.writeNumberField("size", pool.size());
        json.writeNumberField("active", pool.active());
        json.writeNumberField("idle", pool.idle());
        json.writeNumberField("waiting", pool.waiting());
        number(
                json,
                "hold_seconds",
                capacity.now().hold().map(StatusPage::seconds).orElse(Double.NaN));
        json.writeEndObject();
    }

    private void writeReplicas(JsonGenerator json) throws IOException {
        json.writeArrayFieldStart("replicas");
        for (var replica : byline.replicas()) {
            json.writeStartObject();
            json.writeStringField("name", replica.name());
            json.writeBooleanField("usable", replica.usable());
            number(json, "seconds_behind", seconds(replica.behind()));
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private static void writeMemory(JsonGenerator json) throws IOException {
        var memory = ManagementFactory.getMemoryMXBean();
        json.writeObjectFieldStart("memory");
        json.writeNumberField("heap_used_bytes", memory.getHeapMemoryUsage().getUsed());
        json.writeNumberField("heap_max_bytes", memory.getHeapMemoryUsage().getMax());
        json.writeNumberField(
                "non_heap_used_bytes", memory.getNonHeapMemoryUsage().getUsed());
        json.writeEndObject();
    }

    private void writeFailures(JsonGenerator json) throws IOException {
        json.writeArrayFieldStart("failures");
        for (var failure : history.failures().entrySet()) {
            json.writeStartObject();
            json.writeStringField("kind", failure.getKey());
            number(json, "last_hour", failure.getValue().lastHour());
            number(json, "total", failure.getValue().total());
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private void writeRoutes(JsonGenerator json) throws IOException {
        json.writeArrayFieldStart("routes");
        for (var route : history.routes().entrySet()) {
            json.writeStartObject();
            json.writeStringField("route", route.getKey());
            number(json, "requests", route.getValue().count());
            number(json, "seconds", route.getValue().seconds());
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private void writeHistory(JsonGenerator json) throws IOException {
        var points = history.points();
        json.writeObjectFieldStart("history");
        json.writeNumberField("interval_seconds", StatusHistory.INTERVAL.toSeconds());
        column(json, "time", points, Point::time);
        column(json, "requests_per_second", points, Point::requests);
        column(json, "errors_per_second", points, Point::errors);
        column(json, "rejected_per_second", points, Point::rejected);
        column(json, "p50_seconds", points, Point::p50);
        column(json, "p99_seconds", points, Point::p99);
        column(json, "pool_active", points, Point::poolActive);
        column(json, "pool_waiting", points, Point::poolWaiting);
        column(json, "hold_seconds", points, Point::hold);
        column(json, "l1_hit_ratio", points, Point::l1HitRatio);
        column(json, "l2_hit_ratio", points, Point::l2HitRatio);
        column(json, "cpu_utilisation", points, Point::cpu);
        column(json, "heap_used_bytes", points, Point::heap);
        json.writeEndObject();
    }

    private static void column(JsonGenerator json, String name, List<Point> points, ToDoubleFunction<Point> value)
            throws IOException {
        json.writeArrayFieldStart(name);
        for (var point : points) {
            write(json, value.applyAsDouble(point));
        }
        json.writeEndArray();
    }

    private static double seconds(Duration duration) {
        return duration.toNanos() / 1e9;
    }

    /** Writes a number, null if it is unknown. */
    static void number(JsonGenerator json, String name, OptionalDouble value) throws IOException {
        number(json, name, value.orElse(Double.NaN));
    }

    private static void number(JsonGenerator json, String name, double value) throws IOException {
        json.writeFieldName(name);
        write(json, value);
    }

    /** Writes six digits after the point at most, null for NaN. */
    private static void write(JsonGenerator json, double value) throws IOException {
        if (Double.isNaN(value)) {
            json.writeNull();
        } else if (value == Math.rint(value)) {
            json.writeNumber((long) value);
        } else {
            json.writeNumber(Math.rint(value * 1e6) / 1e6);
        }
    }
}
