package dev.byline.server;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.turbo.TurboFilter;
import ch.qos.logback.core.spi.FilterReply;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Marker;

/**
 * Ends the process when it runs out of memory, as {@code -XX:+ExitOnOutOfMemoryError} does, however it was started. Any thread may have
 * been ended by the error, a selector or the housekeeper among them, and a process without them serves nobody: another one is there
 * sooner. Such an error either ends its thread, or is caught and logged: both are looked at. Nothing is allocated on the way.
 */
final class OutOfMemory extends TurboFilter {
    /** The status of {@code -XX:+ExitOnOutOfMemoryError}. */
    static final int STATUS = 3;

    private static final int MAX_CAUSES = 20;

    /** About a second, in which another thread writes the message. */
    private static final int SPINS = 50_000_000;

    private static final byte[] MESSAGE =
            "byline: out of memory: ends with status 3; give it more (-Xmx, or the container's memory limit)\n"
                    .getBytes(StandardCharsets.UTF_8);

    /** Not System.err: waiting for its lock takes memory. */
    private static final FileOutputStream STDERR = new FileOutputStream(FileDescriptor.err);

    /** Of the process, of which each thread may find it out. */
    private static final AtomicBoolean ENDING = new AtomicBoolean();

    private OutOfMemory() {}

    /** Looks at each thread that ends by an error from now on. */
    static void watchThreads() {
        Thread.setDefaultUncaughtExceptionHandler((thread, error) -> {
            endIfCause(error);
            System.err.println("byline: thread " + thread.getName() + " ended: " + error);
        });
    }

    /** Looks at each error that is logged from now on, at whatever level. */
    static void watchLog(LoggerContext context) {
        var filter = new OutOfMemory();
        filter.setContext(context);
        filter.start();
        context.addTurboFilter(filter);
    }

    @Override
    public FilterReply decide(
            @Nullable Marker marker,
            ch.qos.logback.classic.Logger logger,
            Level level,
            @Nullable String format,
            Object @Nullable [] params,
            @Nullable Throwable error) {
        if (error != null) {
            endIfCause(error);
        }
        return FilterReply.NEUTRAL;
    }

    private static void endIfCause(Throwable error) {
        @Nullable Throwable cause = error;
        for (int i = 0; cause != null && i < MAX_CAUSES; i++) {
            if (cause instanceof OutOfMemoryError) {
                end();
            }
            cause = cause.getCause();
        }
    }

    /** Of several threads the first writes; none goes on, as the process could then end with another status. */
    private static void end() {
        try {
            if (ENDING.compareAndSet(false, true)) {
                STDERR.write(MESSAGE);
            } else {
                for (int i = 0; i < SPINS; i++) {
                    Thread.onSpinWait();
                }
            }
        } catch (IOException e) {
            // nothing to write to: the status says it
        } finally {
            Runtime.getRuntime().halt(STATUS);
        }
    }
}
