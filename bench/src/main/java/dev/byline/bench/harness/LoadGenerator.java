package dev.byline.bench.harness;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingDeque;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Sends requests to a port of this machine and records the outcome of each.
 *
 * @param connections that are used at the same time
 */
public record LoadGenerator(int port, int connections) {
    /** Sends the request of a number and returns the status. */
    public interface Request {
        int send(HttpConnection connection, long number) throws IOException;
    }

    /** An operation; {@code due} is the {@link System#nanoTime} at which it was to start. */
    public interface Operation {
        void run(long number, long due) throws Exception;
    }

    /** How many operations were started, and how many of them failed. */
    public record Counts(long started, long failed) {}

    /** Closed loop: each connection sends its next request when it has the response. */
    public Results closedLoop(Duration time, Request request) throws Exception {
        var outcomes = new ConcurrentLinkedQueue<Results.Outcome>();
        var numbers = new AtomicLong();
        var end = System.nanoTime() + time.toNanos();
        try (var threads = Executors.newFixedThreadPool(connections)) {
            var clients = new ArrayList<Future<?>>();
            for (int i = 0; i < connections; i++) {
                clients.add(threads.submit(() -> {
                    try (var connection = new HttpConnection(port)) {
                        while (System.nanoTime() < end) {
                            outcomes.add(send(connection, numbers.getAndIncrement(), System.nanoTime(), request));
                        }
                    }
                }));
            }
            for (var client : clients) {
                client.get();
            }
        }
        return new Results(List.copyOf(outcomes), time);
    }

    /** Open loop: latencies include the time that a request waited for a connection. */
    public Results openLoop(int perSecond, Duration time, Request request) throws InterruptedException {
        var outcomes = new ConcurrentLinkedQueue<Results.Outcome>();
        var idle = new LinkedBlockingDeque<HttpConnection>();
        for (int i = 0; i < connections; i++) {
            idle.add(new HttpConnection(port));
        }
        var unused = openLoop(perSecond, connections, time, (number, due) -> {
            var connection = idle.takeFirst();
            try {
                outcomes.add(send(connection, number, due, request));
            } finally {
                idle.addFirst(connection);
            }
        });
        idle.forEach(HttpConnection::close);
        return new Results(List.copyOf(outcomes), time);
    }

    /** Starts an open loop in the background. */
    public CompletableFuture<Results> startOpenLoop(int perSecond, Duration time, Request request) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return openLoop(perSecond, time, request);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            }
        });
    }

    private static Results.Outcome send(HttpConnection connection, long number, long start, Request request) {
        var status = 0;
        try {
            status = request.send(connection, number);
        } catch (IOException e) {
            // the connection broke: status 0
        }
        return new Results.Outcome(number, start, System.nanoTime() - start, status);
    }

    /**
     * Starts operations at a fixed rate, whether earlier ones are done or not, so that a slow system can't reduce its
     * own load (coordinated omission).
     *
     * @param threads that run operations; more wait
     */
    public static Counts openLoop(int perSecond, int threads, Duration time, Operation operation)
            throws InterruptedException {
        var started = 0L;
        var failed = new AtomicLong();
        try (var executor = Executors.newFixedThreadPool(threads)) {
            var start = System.nanoTime();
            var step = 1_000_000_000L / perSecond;
            for (; started * step < time.toNanos(); started++) {
                var number = started;
                var due = start + number * step;
                while (System.nanoTime() < due) {
                    LockSupport.parkNanos(due - System.nanoTime());
                }
                executor.execute(() -> {
                    try {
                        operation.run(number, due);
                    } catch (Exception e) {
                        failed.incrementAndGet();
                    }
                });
            }
        }
        return new Counts(started, failed.get());
    }
}
