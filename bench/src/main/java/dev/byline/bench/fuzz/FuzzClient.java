package dev.byline.bench.fuzz;

import dev.byline.bench.harness.HttpConnection;
import dev.byline.bench.harness.HttpConnection.Response;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Sends requests over one connection, which is used again when request and response allow it. */
public final class FuzzClient implements AutoCloseable {
    /** The status when the connection was closed before a response, or the response isn't HTTP. */
    public static final int CLOSED = 0;

    /** The status when there was no response within the timeout. */
    public static final int HUNG = -1;

    private static final Duration TIMEOUT = Duration.ofSeconds(10);
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
    public Response send(FuzzRequest request) {
        if (request.malformed) {
            connection.close(); // so that the server can't confuse it with an earlier request
        }
        var reused = connection.isOpen();
        var response = attempt(request);
        return response.status() == CLOSED && reused ? attempt(request) : response;
    }

    private Response attempt(FuzzRequest request) {
        var start = System.nanoTime();
        var timeout = TIMER.schedule(connection::close, TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
        try {
            return connection.exchange(request.bytes(), request.isHead(), request.malformed);
        } catch (IOException e) {
            var nanos = System.nanoTime() - start;
            return new Response(nanos >= TIMEOUT.toNanos() ? HUNG : CLOSED, List.of(), "", nanos);
        } finally {
            timeout.cancel(false);
        }
    }

    @Override
    public void close() {
        connection.close();
    }
}
