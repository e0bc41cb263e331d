package dev.byline.server;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.byline.http.exchange.AccessLogEntry;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.slf4j.event.KeyValuePair;

class JsonLinesTest {
    @Test
    void anEventIsOneLineOfJson() throws Exception {
        var logger = new LoggerContext().getLogger("dev.byline.Some");
        var event = new LoggingEvent(
                "x",
                logger,
                Level.WARN,
                "two\nlines, a \"quote\" and {}",
                new IllegalStateException("why"),
                new Object[] {"\u0000"});
        event.setInstant(Instant.parse("2026-01-02T03:04:05.678901234Z"));
        event.setMDCPropertyMap(Map.of("request_id", "r-1"));
        event.setKeyValuePairs(List.of(new KeyValuePair("status", 503), new KeyValuePair("route", "/posts/{id}")));

        var line = new String(new JsonLines().encode(event), StandardCharsets.UTF_8);

        assertThat(line).endsWith("}\n").containsOnlyOnce("\n");
        var json = new ObjectMapper().readTree(line);
        assertThat(json.get("time").textValue()).isEqualTo("2026-01-02T03:04:05.678901Z");
        assertThat(json.get("level").textValue()).isEqualTo("WARN");
        assertThat(json.get("logger").textValue()).isEqualTo("dev.byline.Some");
        assertThat(json.get("message").textValue()).isEqualTo("two\nlines, a \"quote\" and \u0000");
        assertThat(json.get("status").intValue()).isEqualTo(503);
        assertThat(json.get("route").textValue()).isEqualTo("/posts/{id}");
        assertThat(json.get("request_id").textValue()).isEqualTo("r-1");
        assertThat(json.get("error").textValue()).contains("IllegalStateException: why");
    }

    @Test
    void anAccessLogEntryIsOneLineOfJson() throws Exception {
        var request = new AccessLogEntry("r-1", "GET", "/posts/{id}", 200, 1_002_999, "4bf92f", 7L);

        var json = new ObjectMapper().readTree(line(request));

        assertThat(json).isEqualTo(new ObjectMapper().readTree("""
                {
                  "time": "2026-01-02T03:04:05.678901Z",
                  "level": "INFO",
                  "logger": "dev.byline.Some",
                  "message": "request",
                  "request_id": "r-1",
                  "method": "GET",
                  "route": "/posts/{id}",
                  "status": 200,
                  "duration_ms": 1.002,
                  "trace_id": "4bf92f",
                  "user_id": 7
                }
                """));
        assertThat(line(request)).endsWith("}\n").containsOnlyOnce("\n");
    }

    @Test
    void anAccessLogEntryOmitsAnUnknownTraceAndUser() {
        var request = new AccessLogEntry("r-1", "other", "unmatched", 404, 45_000, null, null);

        assertThat(line(request)).endsWith("""
                "status":404,"duration_ms":0.045}
                """);
        assertThat(request).hasToString("request_id=r-1 method=other route=unmatched status=404 duration_ms=0.045");
    }

    @Test
    void theTextOfAnAccessLogEntryIsKeysAndValues() {
        assertThat(new AccessLogEntry("r-1", "GET", "/posts/{id}", 200, 1_002_999, "4bf92f", 7L))
                .hasToString("request_id=r-1 method=GET route=/posts/{id} status=200 duration_ms=1.002"
                        + " trace_id=4bf92f user_id=7");
    }

    private static String line(AccessLogEntry request) {
        var logger = new LoggerContext().getLogger("dev.byline.Some");
        var event = new LoggingEvent("x", logger, Level.INFO, "request {}", null, new Object[] {request});
        event.setInstant(Instant.parse("2026-01-02T03:04:05.678901234Z"));
        return new String(new JsonLines().encode(event), StandardCharsets.UTF_8);
    }
}
