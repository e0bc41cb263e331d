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
 * Writes access log lines in batches on a separate thread. Logback's AsyncAppender takes a lock, wakes its thread and
 * writes once per line, which took a third of the time of a cached read. Callers never block: if the output is too
 * slow, lines are dropped. An entry is complete in itself, so the MDC and the name of the calling thread are not
 * recorded.
 */
final class AccessLogAppender extends UnsynchronizedAppenderBase<ILoggingEvent> {
    /** The approximate maximum of queued lines; further lines are dropped. */
    private static final int MAX_QUEUED = 8192;

    /** The pause between two batches. */
    private static final Duration BATCH_INTERVAL = Duration.ofMillis(10);

    /** The approximate size of one write, in bytes. */
    private static final int BATCH_BYTES = 32 * 1024;

    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(1);

    private final Encoder<ILoggingEvent> encoder;
    private final OutputStream out;
    private final ConcurrentLinkedQueue<ILoggingEvent> lines = new ConcurrentLinkedQueue<>();
    private final AtomicInteger queued = new AtomicInteger();
    private final AtomicBoolean parked = new AtomicBoolean();
    private volatile boolean stopped;
    private final Thread writer =
            Thread.ofPlatform().daemon().name("byline-log").unstarted(this::write);

    /**
     * Creates an appender.
     *
     * @param encoder formats a line, on the writing thread
     * @param out receives the bytes; it is not closed
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
        if (queued.get() >= MAX_QUEUED) {
            return;
        }
        queued.incrementAndGet();
        lines.add(line);
        if (parked.get() && parked.compareAndSet(true, false)) {
            LockSupport.unpark(writer);
        }
    }

    private void write() {
        while (!stopped) {
            writeQueued();
            LockSupport.parkNanos(this, BATCH_INTERVAL.toNanos());
            if (!lines.isEmpty()) {
                continue;
            }
            parked.set(true);
            // Checks lines again: a line that was added before the flag was set did not unpark this thread.
            while (lines.isEmpty() && !stopped && parked.get()) {
                LockSupport.park(this);
            }
            parked.set(false);
        }
        writeQueued();
    }

    private void writeQueued() {
        while (!lines.isEmpty()) {
            var bytes = new ByteArrayOutputStream(BATCH_BYTES);
            for (var line = lines.poll(); line != null; line = bytes.size() < BATCH_BYTES ? lines.poll() : null) {
                queued.decrementAndGet();
                bytes.writeBytes(encoder.encode(line));
            }
            try {
                bytes.writeTo(out);
                out.flush();
            } catch (IOException e) {
                addError("could not write the access log", e);
            }
        }
    }

    /** Writes queued lines; blocks for at most a second. */
    @Override
    public void stop() {
        super.stop();
        stopped = true;
        LockSupport.unpark(writer);
        try {
            writer.join(STOP_TIMEOUT);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
