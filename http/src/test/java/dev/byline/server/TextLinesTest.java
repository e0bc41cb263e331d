package dev.byline.server;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.slf4j.event.KeyValuePair;

class TextLinesTest {
    private static String line(Level level, boolean colored) {
        var context = new LoggerContext();
        var event = new LoggingEvent(
                "x", context.getLogger("dev.byline.Some"), level, "request {}", null, new Object[] {7});
        event.setMDCPropertyMap(Map.of());
        event.setKeyValuePairs(List.of(new KeyValuePair("status", 503)));
        return new String(new TextLines(context, colored).encode(event), StandardCharsets.UTF_8);
    }

    @Test
    void aLineHasTimeLevelMessageAndValues() {
        assertThat(line(Level.INFO, false)).matches("[0-9:.]{12} INFO  request 7 status=503 \n");
    }

    @Test
    void aTerminalGetsTheLevelInColour() {
        assertThat(line(Level.INFO, true))
                .matches("[0-9:.]{12} \u001b\\[32mINFO \u001b\\[0;39m request 7 status=503 \n");
        assertThat(line(Level.WARN, true)).contains("\u001b[33mWARN ");
        assertThat(line(Level.ERROR, true)).contains("\u001b[1;31mERROR");
    }
}
