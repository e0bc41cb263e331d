package dev.byline.bench.fuzz;

import dev.byline.bench.harness.HttpConnection.Response;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Failures by kind, the first request of each kind in a file; and counts of all responses. */
public final class Findings {
    private static final int MAX_SHOWN = 20;

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

    private final Path folder;
    private final Map<Kind, Integer> kinds = new LinkedHashMap<>();
    private final Map<Integer, Integer> statuses = new TreeMap<>();
    private double slowestSeconds;
    private String slowest = "";
    private int repeated;

    /** Writes requests to files in the folder. */
    public Findings(Path folder) {
        this.folder = folder;
    }

    /** Counts a response. */
    public synchronized void count(FuzzRequest request, Response response) {
        statuses.merge(response.status(), 1, Integer::sum);
        if (response.seconds() > slowestSeconds) {
            slowestSeconds = response.seconds();
            slowest = request.toString();
        }
    }

    /** Counts a request that is sent again. */
    public synchronized void countRepeated(FuzzRequest request, Response response) {
        repeated++;
        System.out.println("late or 503, sent again: " + request + "\n  " + describe(response));
    }

    /** Adds a failure and prints it if it is the first of its kind; the detail doesn't distinguish kinds. */
    public synchronized void add(String fault, String detail, FuzzRequest request, Response response)
            throws IOException {
        var known = kinds.keySet().stream()
                .filter(kind -> kind.covers(fault, request))
                .findFirst();
        kinds.merge(known.orElse(new Kind(fault, request.route(), request.places())), 1, Integer::sum);
        if (known.isPresent() || kinds.size() > MAX_SHOWN) {
            return;
        }
        var file = folder.resolve(kinds.size() + ".http");
        var bytes = request.bytes();
        Files.write(file, bytes);
        System.out.printf("FAILURE %d: %s%s%n  %s%n  %s%n", kinds.size(), fault, detail, request, describe(response));
        System.out.printf(
                "  request: %s (%s)%n", Encoding.printable(new String(bytes, StandardCharsets.ISO_8859_1), 300), file);
    }

    private static String describe(Response response) {
        return switch (response.status()) {
            case FuzzClient.CLOSED -> "no response: the connection was closed";
            case FuzzClient.HUNG -> "no response in time";
            default ->
                "%d in %.3f s: %s"
                        .formatted(response.status(), response.seconds(), Encoding.printable(response.body(), 400));
        };
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

    /** Counts by status, the slowest response, and the number of failures of each kind. */
    public synchronized String summary() {
        var lines = new StringBuilder(String.format(
                Locale.ROOT,
                "responses by status (0: closed, -1: hung): %s; late or 503 and sent again: %d%n  slowest: %.3f s, %s",
                statuses,
                repeated,
                slowestSeconds,
                slowest));
        kinds.forEach((kind, count) -> lines.append(String.format(Locale.ROOT, "%n  found %d times: %s", count, kind)));
        return lines.toString();
    }
}
