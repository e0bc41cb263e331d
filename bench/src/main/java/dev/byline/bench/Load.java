package dev.byline.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingDeque;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;

/** Requests to a server, and what became of each. */
final class Load {
    /** Sends one request and returns its status. */
    interface Request {
        int send(Wire wire, long number) throws IOException;
    }

    /**
     * What became of a request.
     *
     * @param number as given to the request
     * @param at when it was sent, or by {@link #open} was to be sent
     * @param nanos until its answer
     * @param status of the answer, 0 when the connection broke
     */
    record Outcome(long number, long at, long nanos, int status) {
        long end() {
            return at + nanos;
        }

        double millis() {
            return nanos / 1e6;
        }
    }

    private Load() {}

    /** Begins so many a second, whatever becomes of them; waiting for a connection counts as waiting for the answer. */
    static List<Outcome> open(int port, int perSecond, int connections, Duration time, Request request)
            throws Exception {
        var idle = new LinkedBlockingDeque<Wire>();
        for (int i = 0; i < connections; i++) {
            idle.add(new Wire(port));
        }
        var outcomes = new ConcurrentLinkedQueue<Outcome>();
        var unused = new OpenLoop(perSecond, connections).run(time, (number, due) -> {
            var wire = idle.takeFirst();
            try {
                outcomes.add(send(wire, number, due, request));
            } finally {
                idle.addFirst(wire);
            }
        });
        for (var wire : idle) {
            wire.close();
        }
        return List.copyOf(outcomes);
    }

    /** Each connection sends its next as soon as it has the answer. */
    static List<Outcome> closed(int port, int connections, Duration time, Request request) throws Exception {
        var outcomes = new ConcurrentLinkedQueue<Outcome>();
        var numbers = new AtomicLong();
        var end = System.nanoTime() + time.toNanos();
        try (var threads = Executors.newFixedThreadPool(connections)) {
            var clients = new ArrayList<Future<?>>();
            for (int i = 0; i < connections; i++) {
                clients.add(threads.submit(() -> {
                    try (var wire = new Wire(port)) {
                        while (System.nanoTime() < end) {
                            outcomes.add(send(wire, numbers.getAndIncrement(), System.nanoTime(), request));
                        }
                    }
                    return null;
                }));
            }
            for (var client : clients) {
                client.get();
            }
        }
        return List.copyOf(outcomes);
    }

    private static Outcome send(Wire wire, long number, long start, Request request) {
        try {
            var status = request.send(wire, number);
            return new Outcome(number, start, System.nanoTime() - start, status);
        } catch (IOException e) {
            return new Outcome(number, start, System.nanoTime() - start, 0);
        }
    }

    static double perSecond(List<Outcome> outcomes, Duration time, Predicate<Outcome> which) {
        return outcomes.stream().filter(which).count() / (time.toMillis() / 1e3);
    }

    /** A percentile of latencies in milliseconds, 0 when there are none. */
    static double percentile(List<Outcome> outcomes, double share, Predicate<Outcome> which) {
        var sorted =
                outcomes.stream().filter(which).mapToDouble(Outcome::millis).toArray();
        Arrays.sort(sorted);
        return sorted.length == 0 ? 0 : sorted[Math.min(sorted.length - 1, (int) (sorted.length * share))];
    }
}
