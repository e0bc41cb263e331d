package dev.byline.http;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.byline.http.admission.RequestWatchdog;
import dev.byline.http.metrics.PrometheusMetrics;
import dev.byline.model.Principal;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** More endless computations than processors: no virtual thread is scheduled. */
class StuckComputationTest extends ServerTest {
    private final AtomicInteger computing = new AtomicInteger();
    private volatile boolean stop;

    private Principal compute(String token) {
        computing.incrementAndGet();
        while (!stop) {
            Thread.onSpinWait();
        }
        return new Principal.Anonymous();
    }

    private static HttpRequest request(HttpServer stuck, String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + stuck.port() + path))
                .timeout(Duration.ofSeconds(20))
                .header("Authorization", "Bearer spin")
                .build();
    }

    @Test
    void probesAreAnsweredAndEachStuckRequestIsLoggedOnceWithItsStack() throws Exception {
        var lines = new ListAppender<ILoggingEvent>();
        var logger = (Logger) LoggerFactory.getLogger(RequestWatchdog.class);
        lines.start();
        logger.addAppender(lines);
        var processors = Runtime.getRuntime().availableProcessors();
        try (var client = HttpClient.newHttpClient();
                var stuck = HttpServer.start(
                        config(),
                        byline,
                        this::compute,
                        Optional::empty,
                        new PrometheusMetrics("test"),
                        Duration.ofMillis(500))) {
            var requests = new ArrayList<CompletableFuture<HttpResponse<String>>>();
            for (int i = 0; i < processors + 2; i++) {
                requests.add(client.sendAsync(request(stuck, "/posts"), BodyHandlers.ofString()));
            }
            try {
                await(() -> computing.get() >= processors);
                for (var probe : List.of("/livez", "/readyz", "/livez", "/readyz")) {
                    assertThat(client.send(request(stuck, probe), BodyHandlers.ofString())
                                    .statusCode())
                            .isEqualTo(200);
                }
                await(() -> lines.list.size() >= processors);
            } finally {
                stop = true;
            }
            for (var each : requests) {
                assertThat(each.join().statusCode()).isEqualTo(200);
            }
        } finally {
            stop = true;
            logger.detachAppender(lines);
        }
        assertThat(lines.list).hasSizeBetween(processors, processors + 2);
        assertThat(lines.list.getFirst().getFormattedMessage())
                .contains("has been computing for more than")
                .contains("StuckComputationTest.compute");
    }

    private static void await(java.util.function.BooleanSupplier condition) throws InterruptedException {
        var end = System.nanoTime() + 15_000_000_000L;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).isLessThan(end);
            Thread.sleep(10);
        }
    }

    @Test
    void aServerThatRunsNoTaskIsNotAlive() {
        var never = new Liveness(thread -> {}, Duration.ZERO);
        var always = new Liveness(Runnable::run, Duration.ZERO);

        assertThat(never.stuckFor()).isEmpty();
        assertThat(never.stuckFor()).isPresent();
        assertThat(always.stuckFor()).isEmpty();
        assertThat(always.stuckFor()).isEmpty();
    }
}
