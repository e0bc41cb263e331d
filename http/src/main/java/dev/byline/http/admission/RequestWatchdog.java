package dev.byline.http.admission;

import dev.byline.http.exchange.Exchange;
import dev.byline.http.exchange.ResponseWrite;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.Objects;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Checks the requests in flight ten times per second, on a platform thread: closes the connections of clients that read
 * too slowly, rescues reads that no carrier thread has started, and logs a request that computes for longer than
 * {@link #MAX_COMPUTING}, once, with its stack trace.
 */
public final class RequestWatchdog implements AutoCloseable {
    public static final Duration MAX_COMPUTING = Duration.ofSeconds(5);

    private static final Logger LOG = LoggerFactory.getLogger(RequestWatchdog.class);
    private static final long INTERVAL_MILLIS = 100;
    private static final int MAX_FRAMES = 40;

    private final Collection<Exchange> inFlight;
    private final RequestThreads threads;
    private final Duration maxComputing;
    private final Thread thread =
            Thread.ofPlatform().daemon().name("byline-http-watchdog").unstarted(this::run);
    private volatile boolean closed;

    public RequestWatchdog(Collection<Exchange> inFlight, RequestThreads threads, Duration maxComputing) {
        this.inFlight = inFlight;
        this.threads = threads;
        this.maxComputing = maxComputing;
    }

    public void start() {
        thread.start();
    }

    private void run() {
        while (!closed) {
            try {
                Thread.sleep(INTERVAL_MILLIS);
                threads.rescueOverdue();
                look();
            } catch (InterruptedException e) {
                return;
            } catch (RuntimeException | Error e) {
                LOG.error("request watchdog failed", e);
            }
        }
    }

    private void look() {
        var now = System.nanoTime();
        for (var exchange : inFlight) {
            boolean ignored = exchange.closeIfSlow(now, ResponseWrite.GRACE);
            var worker = exchange.nanos() < maxComputing.toNanos() / 5 ? null : exchange.worker();
            if (exchange.computingTime().isOver(maxComputing, worker != null && isComputing(worker), now)) {
                report(exchange, Objects.requireNonNull(worker));
            }
        }
    }

    /**
     * Returns whether a thread uses a CPU. An unmounted virtual thread is RUNNABLE too: its top frame tells them apart.
     */
    private static boolean isComputing(Thread thread) {
        if (thread.getState() != Thread.State.RUNNABLE) {
            return false;
        }
        var stack = thread.getStackTrace();
        return stack.length > 0 && !stack[0].getClassName().equals("java.lang.VirtualThread");
    }

    private void report(Exchange exchange, Thread worker) {
        var stack = Arrays.stream(worker.getStackTrace())
                .limit(MAX_FRAMES)
                .map(frame -> "\n\tat " + frame)
                .collect(Collectors.joining());
        LOG.warn(
                "request {} to {} has been computing for more than {} s{}",
                exchange.requestId(),
                exchange.endpoint(),
                maxComputing.toSeconds(),
                stack);
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
    }
}
