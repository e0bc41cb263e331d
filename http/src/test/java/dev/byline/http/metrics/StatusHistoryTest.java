package dev.byline.http.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.byline.http.metrics.StatusHistory.Failure;
import dev.byline.http.metrics.StatusHistory.Point;
import dev.byline.http.metrics.StatusHistory.Route;
import dev.byline.model.Capacity;
import dev.byline.model.Metrics.Layer;
import dev.byline.model.Metrics.Result;
import dev.byline.model.PoolStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** The history of an hour, in points that the test records. */
class StatusHistoryTest {
    private static final long MILLIS = 1_000_000;

    private final PrometheusMetrics metrics = new PrometheusMetrics("test");
    private final CapacityMeter capacity = new CapacityMeter(metrics, () -> new Capacity.Plan(5, 2, 1, 1, null));
    private Instant now = Instant.parse("2026-11-27T12:00:00Z");
    private final StatusHistory history =
            new StatusHistory(metrics, capacity, () -> Optional.of(new PoolStatus(5, 3, 2, 7)), () -> now);

    @AfterEach
    void close() {
        history.close();
        capacity.close();
    }

    private Point record() {
        now = now.plus(StatusHistory.INTERVAL);
        history.record(StatusHistory.INTERVAL);
        return history.points().getLast();
    }

    private void request(int status, long millis) {
        metrics.ended("GET", "/posts", status, millis * MILLIS, null);
    }

    @Nested
    class Points {
        @Test
        void withoutRequestsRatesAreZeroAndTheRestUnknown() {
            var point = record();

            assertThat(point.time()).isEqualTo(now.getEpochSecond());
            assertThat(point.requests()).isZero();
            assertThat(point.errors()).isZero();
            assertThat(point.p50()).isNaN();
            assertThat(point.hold()).isNaN();
            assertThat(point.l1HitRatio()).isNaN();
            assertThat(point.poolWaiting()).isEqualTo(7);
            assertThat(point.heap()).isPositive();
        }

        @Test
        void aPointCoversItsTenSeconds() {
            request(200, 2);
            record();
            for (int i = 0; i < 98; i++) {
                request(200, 2);
            }
            request(500, 300);
            request(200, 300);
            var point = record();

            assertThat(point.requests()).isEqualTo(10);
            assertThat(point.errors()).isEqualTo(0.1);
            assertThat(point.p50()).isBetween(0.001, 0.0025);
            assertThat(point.p99()).isBetween(0.25, 0.5);
            assertThat(record().requests()).isZero();
        }

        @Test
        void rejectionsAreNoErrors() {
            metrics.ended("GET", "/posts", 503, MILLIS, "busy");
            metrics.limited("token");
            request(429, 1);
            var point = record();

            assertThat(point.errors()).isZero();
            assertThat(point.rejected()).isEqualTo(0.2);
        }

        @Test
        void thePoolAndTheCacheAreMeans() {
            metrics.connectionReleased(Duration.ofSeconds(5));
            metrics.connectionReleased(Duration.ofSeconds(15));
            for (int i = 0; i < 3; i++) {
                metrics.looked("post", Layer.L1, Result.HIT);
            }
            metrics.looked("post", Layer.L1, Result.MISS);
            metrics.looked("post", Layer.L2, Result.ERROR);
            var point = record();

            assertThat(point.poolActive()).isEqualTo(2);
            assertThat(point.hold()).isEqualTo(10);
            assertThat(point.l1HitRatio()).isEqualTo(0.75);
            assertThat(point.l2HitRatio()).isZero();
        }

        @Test
        void thereIsAnHourOfPoints() {
            for (int i = 0; i < 400; i++) {
                record();
            }
            assertThat(history.points()).hasSize(360);
            var first = history.points().getFirst().time();
            assertThat(now.getEpochSecond() - first).isEqualTo(359 * 10);
        }
    }

    @Nested
    class Totals {
        @Test
        void routesHaveTheRequestsOfTheLastHour() {
            request(200, 10);
            assertThat(history.routes()).isEqualTo(Map.of("GET /posts", new Route(1, 0.01)));
            for (int i = 0; i < 361 + 6; i++) {
                record();
            }
            assertThat(history.routes()).isEmpty();
            request(200, 20);
            var route = Objects.requireNonNull(history.routes().get("GET /posts"));
            assertThat(route.count()).isEqualTo(1);
            assertThat(route.seconds()).isEqualTo(0.02, within(1e-9));
        }

        @Test
        void failuresAreCountedByKind() {
            request(500, 1);
            request(404, 1);
            metrics.limited("login");
            metrics.connectionMissed(Duration.ofSeconds(1));
            metrics.looked("post", Layer.L2, Result.ERROR);
            var once = new Failure(1, 1);

            assertThat(history.failures())
                    .isEqualTo(Map.of(
                            "response 500", once,
                            "rate limit: login", once,
                            "no connection in time", once,
                            "Redis not used", once));
            for (int i = 0; i < 361 + 6; i++) {
                record();
            }
            assertThat(history.failures()).containsEntry("response 500", new Failure(0, 1));
        }
    }

    @Nested
    class QuantilesOfBuckets {
        private static final double[] BOUNDS = {1, 2, 4};

        private static double median(double... cumulative) {
            return Quantiles.of(0.5, BOUNDS, cumulative);
        }

        @Test
        void areInterpolatedWithinTheBucket() {
            assertThat(median(0, 10, 10, 10)).isEqualTo(1.5);
            assertThat(median(10, 10, 10, 10)).isEqualTo(0.5);
            assertThat(median(2, 2, 6, 8)).isEqualTo(3);
            assertThat(Quantiles.of(1, BOUNDS, new double[] {1, 2, 3, 3})).isEqualTo(4);
        }

        @Test
        void areTheHighestBoundBeyondIt() {
            assertThat(median(0, 0, 0, 5)).isEqualTo(4);
        }

        @Test
        void areUnknownWithoutValues() {
            assertThat(median(0, 0, 0, 0)).isNaN();
        }
    }
}
