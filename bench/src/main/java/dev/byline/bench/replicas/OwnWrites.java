package dev.byline.bench.replicas;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.byline.bench.harness.HttpConnection;
import dev.byline.bench.harness.Verdict;
import dev.byline.migrations.TestPostgres;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Users write at one node and read what they wrote at the other, while replay is paused again and again on both standbys
 * or on one. Anonymous clients measure how far behind the reads of others are.
 */
public final class OwnWrites {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** More than there are users: some users write with two clients at a time. */
    private static final int CLIENTS = 64;

    private static final int PAGE = 50;

    /**
     * Half of the reads follow their write after up to this time. A node asks a standby for its position every 100 ms: the
     * primary answers reads that follow at once, standbys answer later ones.
     */
    private static final int MAX_DELAY_MS = 300;

    private static final Duration BETWEEN_PAUSES = Duration.ofSeconds(3);
    private static final Duration PAUSE = Duration.ofSeconds(5);
    private static final double MAX_BEHIND_SECONDS = 1.2;
    private static final int EXAMPLES = 5;

    private final ReplicatedDatabase database;
    private final Nodes nodes;
    private final long pairs;
    private final OtherReaders others;
    private final AtomicLong started = new AtomicLong();
    private final AtomicLong done = new AtomicLong();
    private final ConcurrentLinkedQueue<String> missing = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<String> failures = new ConcurrentLinkedQueue<>();
    private final Map<String, Long> before;
    private int pauses; // used by one thread

    private OwnWrites(ReplicatedDatabase database, Nodes nodes, long pairs) throws IOException {
        this.database = database;
        this.nodes = nodes;
        this.pairs = pairs;
        this.before = nodes.outcomes();
        this.others = new OtherReaders(failures);
    }

    /** A new post, and the time at which it was acknowledged, as the nodes' log has it. */
    private record Write(int user, long id, Instant at) {}

    /** Runs this many writes, each with a read. */
    public static void run(ReplicatedDatabase database, long pairs, Verdict verdict) throws Exception {
        try (var nodes = database.start(2, database.first(), database.second())) {
            nodes.warmUp(new Requests(database, nodes.processes().getFirst().port())::readOrWrite);
            new OwnWrites(database, nodes, pairs).run(verdict);
        }
    }

    private void run(Verdict verdict) throws Exception {
        var start = System.nanoTime();
        try (var threads = Executors.newCachedThreadPool(
                task -> Thread.ofPlatform().daemon().unstarted(task))) {
            var clients = new ArrayList<Future<?>>();
            for (int i = 0; i < CLIENTS; i++) {
                var user = 1 + i % ReplicatedDatabase.USERS;
                clients.add(threads.submit(() -> writeAndRead(user)));
            }
            var readers = nodes.processes().stream()
                    .map(node -> threads.submit(() -> others.read(node.port())))
                    .toList();
            var replay = threads.submit(this::pauseReplay);
            try {
                await(clients);
            } finally {
                others.stop();
                replay.cancel(true);
            }
            await(readers);
        }
        report((System.nanoTime() - start) / 1e9, verdict);
    }

    private static void await(List<? extends Future<?>> futures) throws InterruptedException, ExecutionException {
        for (var future : futures) {
            future.get();
        }
    }

    private Void writeAndRead(int user) throws Exception {
        var first = nodes.processes().getFirst().port();
        var second = nodes.processes().getLast().port();
        try (var one = new HttpConnection(first);
                var other = new HttpConnection(second)) {
            while (started.getAndIncrement() < pairs) {
                var random = ThreadLocalRandom.current();
                var isFirst = random.nextBoolean();
                var write = write(isFirst ? one : other, user);
                if (random.nextBoolean()) {
                    TimeUnit.MILLISECONDS.sleep(random.nextInt(MAX_DELAY_MS));
                }
                if (write.isPresent()) {
                    readOwn(isFirst ? other : one, write.get());
                }
            }
        }
        return null;
    }

    /** Creates a post; empty if that fails. */
    private Optional<Write> write(HttpConnection http, int user) throws IOException {
        var post = "{\"title\":\"Own\",\"body\":\"words\"}";
        if (http.send("POST", "/posts", post, database.authorization(user)) != 201) {
            failures.add("write: " + http.last());
            return Optional.empty();
        }
        var id = JSON.readTree(http.last().text()).path("id").asLong();
        others.acknowledged(id);
        return Optional.of(new Write(user, id, Instant.now()));
    }

    private void readOwn(HttpConnection http, Write write) throws IOException {
        var byId = ThreadLocalRandom.current().nextBoolean();
        var path = byId ? "/posts?ids=" + write.id : "/users/" + write.user + "/posts?limit=" + PAGE;
        if (http.get(path, database.authorization(write.user)) != 200) {
            failures.add("read: " + http.last());
        } else if (!contains(JSON.readTree(http.last().text()).path("posts"), write.id)) {
            missing.add(write + ", read at " + Instant.now() + ": " + path);
        }
        done.incrementAndGet();
    }

    private static boolean contains(JsonNode posts, long id) {
        for (var post : posts) {
            if (post.path("id").asLong() == id) {
                return true;
            }
        }
        return false;
    }

    private Void pauseReplay() throws SQLException {
        var choices = List.of(
                List.of(database.first(), database.second()), List.of(database.first()), List.of(database.second()));
        try {
            while (true) {
                TimeUnit.NANOSECONDS.sleep(BETWEEN_PAUSES.toNanos());
                pause(choices.get(pauses++ % choices.size()));
            }
        } catch (InterruptedException e) {
            return null; // the clients are done
        }
    }

    private static void pause(List<TestPostgres> standbys) throws SQLException, InterruptedException {
        for (var standby : standbys) {
            standby.run("SELECT pg_wal_replay_pause()");
        }
        try {
            TimeUnit.NANOSECONDS.sleep(PAUSE.toNanos());
        } finally {
            for (var standby : standbys) {
                standby.run("SELECT pg_wal_replay_resume()");
            }
        }
    }

    private void report(double seconds, Verdict verdict) throws IOException {
        var outcomes = nodes.outcomesSince(before);
        var ownOnReplicas = outcomes.getOrDefault("replica", 0L) - others.count();
        System.out.printf(
                Locale.ROOT,
                "own-writes: %d pairs in %.0f s, replay paused %d times: %d own writes missing, %d failed requests%n"
                        + "  outcomes of reads: %s; at least %d own writes were read from replicas%n"
                        + "  others: %d reads, at most %.3f s behind%n",
                done.get(),
                seconds,
                pauses,
                missing.size(),
                failures.size(),
                outcomes,
                ownOnReplicas,
                others.count(),
                others.maxBehindSeconds());
        missing.stream().limit(EXAMPLES).forEach(each -> System.out.println("  missing: " + each));
        failures.stream().limit(EXAMPLES).forEach(each -> System.out.println("  failed: " + each));
        verdict.expect(missing.isEmpty(), "no own write missing");
        verdict.expect(failures.isEmpty(), "no failed request while replay is paused");
        verdict.expect(ownOnReplicas > 0, "own writes read from replicas");
        verdict.expect(others.maxBehindSeconds() <= MAX_BEHIND_SECONDS, "others at most 1.2 s behind");
    }
}
