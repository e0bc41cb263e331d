package dev.byline.server;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.UnsynchronizedAppenderBase;
import ch.qos.logback.core.encoder.Encoder;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * Writes the lines of requests, many at a time, on a thread of its own. Logback's AsyncAppender takes a lock and wakes its thread for each
 * line, and writes each by itself: that took a third of a cached read. Who logs never waits: when nobody reads the lines
 * as fast as they come, they are dropped. A line says all by itself: the context and the name of the thread that logs are not kept.
 */
final class AccessLogAppender extends UnsynchronizedAppenderBase<ILoggingEvent> {
    /** About so many lines may wait to be written. */
    private static final int MAX_WAITING = 8192;

    /** How long lines are gathered after others were written. */
    private static final Duration GATHERED = Duration.ofMillis(10);

    /** About so many bytes are written at a time. */
    private static final int CHUNK = 32 * 1024;

    private static final Duration STOP_WAIT = Duration.ofSeconds(1);

    private final Encoder<ILoggingEvent> encoder;
    private final OutputStream out;
    private final ConcurrentLinkedQueue<ILoggingEvent> lines = new ConcurrentLinkedQueue<>();
    private final AtomicInteger waiting = new AtomicInteger();
    private final AtomicBoolean asleep = new AtomicBoolean();
    private volatile boolean stopped;
    private final Thread writer =
            Thread.ofPlatform().daemon().name("byline-log").unstarted(this::write);

    /**
     * Writes lines somewhere.
     *
     * @param encoder makes bytes of a line
     * @param out where they go; not closed
     */
    AccessLogAppender(Encoder<ILoggingEvent> encoder, OutputStream out) {
        this.encoder = encoder;
        this.out = out;
    }

    @Override
    public void start() {
        super.start();
        writer.start();
    }

    @Override
    protected void append(ILoggingEvent line) {
        if (waiting.get() >= MAX_WAITING) {
            return;
        }
        waiting.incrementAndGet();
        lines.add(line);
        if (asleep.get() && asleep.compareAndSet(true, false)) {
            LockSupport.unpark(writer);
        }
    }

    private void write() {
        while (!stopped) {
            writeWaiting();
            LockSupport.parkNanos(this, GATHERED.toNanos());
            if (!lines.isEmpty()) {
                continue;
            }
            asleep.set(true);
            while (lines.isEmpty() && !stopped && asleep.get()) { // looked at again after it is said to sleep
                LockSupport.park(this);
            }
            asleep.set(false);
        }
        writeWaiting();
    }

    private void writeWaiting() {
        while (!lines.isEmpty()) {
            var bytes = new ByteArrayOutputStream(CHUNK);
            for (var line = lines.poll(); line != null; line = bytes.size() < CHUNK ? lines.poll() : null) {
                waiting.decrementAndGet();
                bytes.writeBytes(encoder.encode(line));
            }
            try {
                bytes.writeTo(out);
                out.flush();
            } catch (IOException e) {
                addError("could not write lines of requests", e);
            }
        }
    }

    /** Writes what is still waiting. */
    @Override
    public void stop() {
        super.stop();
        stopped = true;
        LockSupport.unpark(writer);
        try {
            writer.join(STOP_WAIT);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
