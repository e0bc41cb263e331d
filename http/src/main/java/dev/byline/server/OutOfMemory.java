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
 * Exits the process when it runs out of memory, like {@code -XX:+ExitOnOutOfMemoryError}, but without that option. The
 * error can end any thread, such as a selector or the housekeeper, and without it the server no longer works; a restart
 * is faster. An OutOfMemoryError either ends its thread or is caught and logged, so this class checks both. It
 * allocates nothing on that path.
 */
final class OutOfMemory extends TurboFilter {
    /** The exit status of {@code -XX:+ExitOnOutOfMemoryError}. */
    static final int STATUS = 3;

    private static final int MAX_CAUSES = 20;

    /** About a second: the time for another thread to write the message. */
    private static final int SPINS = 50_000_000;

    private static final byte[] MESSAGE =
            "byline: out of memory, exits with status 3; raise -Xmx or the container's memory limit\n"
                    .getBytes(StandardCharsets.UTF_8);

    /** Not System.err: waiting for its lock allocates memory. */
    private static final FileOutputStream STDERR = new FileOutputStream(FileDescriptor.err);

    /** Static because it belongs to the process: several threads can run out of memory at the same time. */
    private static final AtomicBoolean EXITING = new AtomicBoolean();

    private OutOfMemory() {}

    /** Checks every error that ends a thread from now on. */
    static void watchThreads() {
        Thread.setDefaultUncaughtExceptionHandler((thread, error) -> {
            exitIfCausedBy(error);
            System.err.println("byline: thread " + thread.getName() + " ended with " + error);
        });
    }

    /** Checks every error that is logged from now on, at any level. */
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
            exitIfCausedBy(error);
        }
        return FilterReply.NEUTRAL;
    }

    private static void exitIfCausedBy(Throwable error) {
        @Nullable Throwable cause = error;
        for (int i = 0; cause != null && i < MAX_CAUSES; i++) {
            if (cause instanceof OutOfMemoryError) {
                exit();
            }
            cause = cause.getCause();
        }
    }

    /** The first thread writes the message. No thread may return: the process could then exit with another status. */
    private static void exit() {
        try {
            if (EXITING.compareAndSet(false, true)) {
                STDERR.write(MESSAGE);
            } else {
                for (int i = 0; i < SPINS; i++) {
                    Thread.onSpinWait();
                }
            }
        } catch (IOException e) {
            // standard error is closed; the exit status remains
        } finally {
            Runtime.getRuntime().halt(STATUS);
        }
    }
}
