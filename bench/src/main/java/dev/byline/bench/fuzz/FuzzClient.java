package dev.byline.bench.fuzz;

import dev.byline.bench.harness.HttpConnection;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Sends requests over one connection, which is used again when request and response allow it. */
public final class FuzzClient implements AutoCloseable {
    /** The time for a request and its response, after which the server is considered hung. */
    public static final Duration TIMEOUT = Duration.ofSeconds(10);

    private static final ScheduledThreadPoolExecutor TIMER = timer();

    private final HttpConnection connection;

    /** Connects with the first request. */
    public FuzzClient(int port) {
        this.connection = new HttpConnection(port);
    }

    private static ScheduledThreadPoolExecutor timer() {
        var timer = new ScheduledThreadPoolExecutor(
                1, Thread.ofPlatform().daemon().name("timeouts").factory());
        timer.setRemoveOnCancelPolicy(true);
        return timer;
    }

    /** Sends one request and reads the response. */
    public TimedResponse send(FuzzRequest request) {
        if (request.malformed()) {
            connection.close(); // so that the server can't confuse it with an earlier request
        }
        var reused = connection.isOpen();
        var response = attempt(request);
        return response.status() == TimedResponse.CLOSED && reused ? attempt(request) : response;
    }

    private TimedResponse attempt(FuzzRequest request) {
        var start = System.nanoTime();
        var timeout = TIMER.schedule(connection::close, TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
        try {
            var response = connection.exchange(request.toBytes(), request.isHead(), request.malformed());
            return new TimedResponse(response, System.nanoTime() - start);
        } catch (IOException e) {
            var nanos = System.nanoTime() - start;
            return TimedResponse.none(nanos >= TIMEOUT.toNanos() ? TimedResponse.HUNG : TimedResponse.CLOSED, nanos);
        } finally {
            timeout.cancel(false);
        }
    }

    @Override
    public void close() {
        connection.close();
    }
}
