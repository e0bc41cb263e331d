package dev.byline.bench.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Failures by kind, the first request of each kind in a file; and counts of all responses. */
public final class Findings {
    private static final int MAX_SHOWN = 20;
    private static final int SLOWEST = 5;

    /** A kind of failure; one with more changed places is of the same kind. */
    private record Kind(String fault, String route, List<String> places) {
        boolean covers(String otherFault, FuzzRequest request) {
            return fault.equals(otherFault)
                    && route.equals(request.route())
                    && request.places().containsAll(places);
        }

        @Override
        public String toString() {
            return route.isEmpty() ? fault : fault + ": " + route + " " + places;
        }
    }

    private record Slow(double seconds, String request) {}

    private final Path folder;
    private final Map<Kind, Integer> kinds = new LinkedHashMap<>();
    private final Map<Integer, Integer> statuses = new TreeMap<>();
    private final List<Slow> slowest = new ArrayList<>();
    private int repeated;

    /** Writes requests to files in the folder. */
    public Findings(Path folder) {
        this.folder = folder;
    }

    /** Counts a response. */
    public synchronized void count(FuzzRequest request, TimedResponse response) {
        statuses.merge(response.status(), 1, Integer::sum);
        if (slowest.size() < SLOWEST || response.seconds() > slowest.getLast().seconds) {
            slowest.add(new Slow(response.seconds(), request.toString()));
            slowest.sort(Comparator.comparingDouble(Slow::seconds).reversed());
            if (slowest.size() > SLOWEST) {
                slowest.removeLast();
            }
        }
    }

    /** Counts a request that is sent again. */
    public synchronized void countRepeated(FuzzRequest request, TimedResponse response) {
        repeated++;
        System.out.println("late or 503, sent again: " + request + "\n  " + response);
    }

    /** Whether there is a failure of this kind. */
    public synchronized boolean has(String fault, FuzzRequest request) {
        return kinds.keySet().stream().anyMatch(kind -> kind.covers(fault, request));
    }

    /** Adds a failure and prints it if it is the first of its kind; the detail doesn't distinguish kinds. */
    public synchronized void add(String fault, String detail, FuzzRequest request, TimedResponse response)
            throws IOException {
        var known = kinds.keySet().stream()
                .filter(kind -> kind.covers(fault, request))
                .findFirst();
        kinds.merge(known.orElse(new Kind(fault, request.route(), request.places())), 1, Integer::sum);
        if (known.isPresent() || kinds.size() > MAX_SHOWN) {
            return;
        }
        var file = folder.resolve(kinds.size() + ".http");
        Files.write(file, request.toBytes());
        System.out.printf("FAILURE %d: %s%s%n  %s%n  %s%n", kinds.size(), fault, detail, request, response);
        System.out.printf("  request: %s (%s)%n", Encoding.printable(request.bytes(), 300), file);
    }

    /** Adds a failure without a request. */
    public synchronized void add(String fault) {
        kinds.merge(new Kind(fault, "", List.of()), 1, Integer::sum);
        System.out.println("FAILURE " + kinds.size() + ": " + fault);
    }

    /** Whether there is no failure. */
    public synchronized boolean isEmpty() {
        return kinds.isEmpty();
    }

    /** Counts by status, the slowest responses, and the number of failures of each kind. */
    public synchronized String summary() {
        var lines = new StringBuilder(
                "responses by status (0: closed, -1: hung): " + statuses + "; late or 503 and sent again: " + repeated);
        slowest.forEach(
                slow -> lines.append(String.format(Locale.ROOT, "%n  slow: %.3f s, %s", slow.seconds, slow.request)));
        kinds.forEach((kind, count) -> lines.append(String.format(Locale.ROOT, "%n  found %d times: %s", count, kind)));
        return lines.toString();
    }
}
