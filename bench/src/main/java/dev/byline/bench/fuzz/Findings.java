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

/** What was found, the first of each kind with its request in a file; and counts of all answers. */
public final class Findings {
    private static final int MAX_SHOWN = 20;
    private static final int SLOWEST = 5;

    /** What findings are told apart by; one with more places changed is of the same kind. */
    private record Kind(String fault, String operation, List<String> places) {
        boolean covers(String otherFault, Request request) {
            return fault.equals(otherFault)
                    && operation.equals(request.route())
                    && request.places().containsAll(places);
        }

        @Override
        public String toString() {
            return operation.isEmpty() ? fault : fault + ": " + operation + " " + places;
        }
    }

    private record Slow(double seconds, String what) {}

    private final Path folder;
    private final Map<Kind, Integer> kinds = new LinkedHashMap<>();
    private final Map<Integer, Integer> statuses = new TreeMap<>();
    private final List<Slow> slowest = new ArrayList<>();
    private int repeated;

    /** The requests go into the folder. */
    public Findings(Path folder) {
        this.folder = folder;
    }

    /** Counts an answer. */
    public synchronized void count(Request request, Answer answer) {
        statuses.merge(answer.status(), 1, Integer::sum);
        if (slowest.size() < SLOWEST || answer.seconds() > slowest.getLast().seconds) {
            slowest.add(new Slow(answer.seconds(), request.toString()));
            slowest.sort(Comparator.comparingDouble(Slow::seconds).reversed());
            if (slowest.size() > SLOWEST) {
                slowest.removeLast();
            }
        }
    }

    /** Counts a request that is sent again. */
    public synchronized void repeat(Request request, Answer answer) {
        repeated++;
        System.out.println("late or 503, sent again: " + request + "\n  " + answer);
    }

    /** Whether there is a finding of this kind. */
    public synchronized boolean has(String fault, Request request) {
        return kinds.keySet().stream().anyMatch(kind -> kind.covers(fault, request));
    }

    /** Notes a finding, and prints it if it is the first of its kind; the detail doesn't make another kind. */
    public synchronized void add(String fault, String detail, Request request, Answer answer) throws IOException {
        var known = kinds.keySet().stream()
                .filter(kind -> kind.covers(fault, request))
                .findFirst();
        kinds.merge(known.orElse(new Kind(fault, request.route(), request.places())), 1, Integer::sum);
        if (known.isPresent() || kinds.size() > MAX_SHOWN) {
            return;
        }
        var file = folder.resolve(kinds.size() + ".http");
        Files.write(file, request.toBytes());
        System.out.printf(
                Locale.ROOT,
                "FAILURE %d: %s%s%n  %s%n  %s%n  request: %s (%s)%n",
                kinds.size(),
                fault,
                detail,
                request,
                answer,
                Bytes.show(request.bytes(), 300),
                file);
    }

    /** As above, without a request. */
    public synchronized void add(String fault) {
        kinds.merge(new Kind(fault, "", List.of()), 1, Integer::sum);
        System.out.println("FAILURE " + kinds.size() + ": " + fault);
    }

    /** Whether there is nothing. */
    public synchronized boolean isEmpty() {
        return kinds.isEmpty();
    }

    /** Counts, the slowest answers, how often each finding came. */
    public synchronized String summary() {
        var lines = new StringBuilder(
                "answers by status (0: closed, -1: hung): " + statuses + "; late or 503 and sent again: " + repeated);
        slowest.forEach(
                slow -> lines.append(String.format(Locale.ROOT, "%n  slow: %.3f s, %s", slow.seconds, slow.what)));
        kinds.forEach((kind, count) -> lines.append(String.format(Locale.ROOT, "%n  found %d times: %s", count, kind)));
        return lines.toString();
    }
}
