package dev.byline.bench.replicas;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.byline.bench.harness.HttpConnection;
import java.io.IOException;
import java.time.Duration;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Anonymous clients, which wrote nothing. A read is as far behind as the time from the acknowledgement of the oldest post
 * that it lacks to the start of the read.
 */
final class OtherReaders {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int MAX_IDS = 100;
    private static final int BETWEEN_READS_MS = 10;
    private static final long KEPT_NANOS = Duration.ofSeconds(5).toNanos();
    private static final long REQUESTED_NANOS = Duration.ofSeconds(2).toNanos();

    private final Queue<Acknowledgement> acknowledged = new ConcurrentLinkedQueue<>();
    private final Queue<String> failures;
    private final AtomicLong count = new AtomicLong();
    private final AtomicLong maxBehind = new AtomicLong(); // nanoseconds
    private volatile boolean stopped;

    /**
     * Creates the clients.
     *
     * @param failures gets failed requests
     */
    OtherReaders(Queue<String> failures) {
        this.failures = failures;
    }

    /** A new post, and when a client knew of it. */
    private record Acknowledgement(long id, long at) {}

    /** Notes that a post was created. */
    void acknowledged(long id) {
        acknowledged.add(new Acknowledgement(id, System.nanoTime()));
    }

    /** Reads from a node until {@link #stop}. */
    Void read(int port) throws IOException, InterruptedException {
        try (var http = new HttpConnection(port)) {
            for (var byId = true; !stopped; byId = !byId) {
                var start = System.nanoTime();
                acknowledged.removeIf(each -> start - each.at > KEPT_NANOS);
                if (byId) {
                    readByIds(http, start);
                } else {
                    readList(http, start);
                }
                TimeUnit.MILLISECONDS.sleep(BETWEEN_READS_MS);
            }
        }
        return null;
    }

    /** Requests posts of the last 2 s, at even distances. */
    private void readByIds(HttpConnection http, long start) throws IOException {
        var recent = acknowledged.stream()
                .filter(each -> start - each.at < REQUESTED_NANOS && each.at < start)
                .toList();
        if (recent.isEmpty()) {
            return;
        }
        var step = Math.ceilDiv(recent.size(), MAX_IDS);
        var requested = IntStream.iterate(0, i -> i < recent.size(), i -> i + step)
                .mapToObj(recent::get)
                .toList();
        var ids = requested.stream().map(each -> Long.toString(each.id)).collect(Collectors.joining(","));
        get(http, "/posts?ids=" + ids)
                .ifPresent(found -> lacks(requested.stream().filter(each -> !found.contains(each.id)), start));
    }

    /** Requests the newest posts, more than the cache has. */
    private void readList(HttpConnection http, long start) throws IOException {
        var known = List.copyOf(acknowledged);
        get(http, "/posts?limit=" + MAX_IDS).ifPresent(found -> {
            var newest = Collections.max(found);
            lacks(known.stream().filter(each -> each.id > newest && each.at < start), start);
        });
    }

    private void lacks(Stream<Acknowledgement> posts, long start) {
        posts.forEach(post -> maxBehind.accumulateAndGet(start - post.at, Math::max));
    }

    /** The ids of a list; empty if the request fails. */
    private Optional<Set<Long>> get(HttpConnection http, String path) throws IOException {
        count.incrementAndGet();
        if (http.get(path) != 200) {
            failures.add(path + ": " + http.last());
            return Optional.empty();
        }
        var ids = new HashSet<Long>();
        JSON.readTree(http.last().text())
                .path("posts")
                .forEach(post -> ids.add(post.path("id").asLong()));
        return Optional.of(ids);
    }

    void stop() {
        stopped = true;
    }

    /** How many reads there were. */
    long count() {
        return count.get();
    }

    /** How far behind the reads were at most. */
    double maxBehindSeconds() {
        return maxBehind.get() / 1e9;
    }
}
