package dev.byline.server;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.classic.util.LogbackMDCAdapter;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class AccessLogAppenderTest {
    private final LoggerContext context = new LoggerContext();
    private final JsonLines encoder = new JsonLines();

    AccessLogAppenderTest() {
        context.setMDCAdapter(new LogbackMDCAdapter());
    }

    private AccessLogAppender start(OutputStream out) {
        var lines = new AccessLogAppender(encoder, out);
        lines.setContext(context);
        lines.start();
        return lines;
    }

    private ILoggingEvent line(int number) {
        return new LoggingEvent("", context.getLogger("test"), Level.INFO, "line " + number, null, null);
    }

    @Test
    void everyLineIsWrittenOnceAndInOrder() throws InterruptedException {
        var out = new ByteArrayOutputStream();
        var lines = start(out);
        for (int i = 0; i < 5000; i++) {
            lines.doAppend(line(i));
            if (i % 1000 == 0) {
                Thread.sleep(15); // sometimes long enough for the writer to park
            }
        }
        lines.stop();
        var written = out.toString(StandardCharsets.UTF_8).lines().toList();
        assertThat(written).hasSize(5000);
        assertThat(written.getFirst()).contains("\"line 0\"");
        assertThat(written.get(2500)).contains("\"line 2500\"");
        assertThat(written.getLast()).contains("\"line 4999\"");
    }

    @Test
    void aSingleLineIsWrittenWithoutDelay() throws InterruptedException {
        var written = new CountDownLatch(1);
        var lines = start(new OutputStream() {
            @Override
            public void write(int b) {
                written.countDown();
            }
        });
        Thread.sleep(50); // the writer is probably parked now; the line must be written in any case
        lines.doAppend(line(1));
        written.await();
        lines.stop();
    }

    @Test
    void aBlockedOutputDoesNotBlockCallersAndLinesAreDropped() throws InterruptedException {
        var reads = new CountDownLatch(1);
        var out = new ByteArrayOutputStream() {
            @Override
            public synchronized void write(byte[] b, int off, int len) {
                try {
                    reads.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                super.write(b, off, len);
            }
        };
        var lines = start(out);
        for (int i = 0; i < 20_000; i++) {
            lines.doAppend(line(i)); // a blocked call would time out the test
        }
        reads.countDown();
        lines.stop();
        assertThat(out.toString(StandardCharsets.UTF_8).lines().count()).isBetween(8192L, 10_000L);
    }

    /** The MDC of a request repeats what its entry contains. */
    @Test
    void theMdcIsNotWritten() {
        context.getMDCAdapter().put("request_id", "r-1");
        var out = new ByteArrayOutputStream();
        var lines = start(out);
        lines.doAppend(line(1));
        lines.stop();
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("line 1").doesNotContain("request_id");
    }
}
