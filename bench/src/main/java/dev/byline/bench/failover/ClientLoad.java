package dev.byline.bench.failover;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.byline.bench.failover.Journal.Acknowledgement;
import dev.byline.bench.failover.Journal.Exchange;
import dev.byline.bench.failover.Journal.Period;
import dev.byline.bench.harness.HttpConnection;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Reads and writes at a fixed rate, whether earlier ones are done or not, at random nodes. A write that fails is repeated
 * with its Idempotency-Key until it is acknowledged. Then, in one of two cases, its author reads it at the other node.
 */
public final class ClientLoad {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int PAGE = 50;
    private static final long PAUSE_MS = 500;

    /** Writes that are repeated at the same time: more would overload the new primary, and measure that. */
    private static final int REPEATED = 8;

    private static final long DRAIN_NANOS = TimeUnit.SECONDS.toNanos(30);
    private static final long QUIET_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final long TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(120);

    /** A user and the header of their requests. */
    public record Author(long id, String authorization) {
        /** A user with a token. */
        public static Author of(long id, String token) {
            return new Author(id, "Authorization: Bearer " + token);
        }
    }

    /** A write, with the header of its key. */
    private record Write(String title, String key, Author author, long firstStart) {}

    /** A response; without a body, if the connection broke. */
    private record Answer(Exchange exchange, String body) {
        boolean is(int status) {
            return exchange.status() == status;
        }

        JsonNode json() {
            try {
                return JSON.readTree(body);
            } catch (IOException e) {
                throw new IllegalStateException(body, e);
            }
        }
    }

    private final List<Integer> ports;
    private final List<Queue<HttpConnection>> idle = new ArrayList<>();
    private final List<Author> authors;
    private final Journal journal;
    private final ScheduledExecutorService pacer = Executors.newScheduledThreadPool(
            2, task -> Thread.ofPlatform().daemon().unstarted(task));
    private final Semaphore repeated = new Semaphore(REPEATED);
    private final AtomicInteger pending = new AtomicInteger();
    private final AtomicLong count = new AtomicLong();
    private final List<Long> ids = new ArrayList<>();
    private volatile @Nullable String cursor;
    private volatile boolean ending;

    /** Clients of the nodes with these ports. */
    public ClientLoad(List<Integer> ports, List<Author> authors, Journal journal) {
        this.ports = ports;
        this.authors = authors;
        this.journal = journal;
        ports.forEach(port -> idle.add(new ConcurrentLinkedQueue<>()));
    }

    /** Starts in the background. */
    public void start(long writesPerSecond, long readsPerSecond) {
        pace(writesPerSecond, this::write);
        pace(readsPerSecond, this::read);
    }

    private void pace(long perSecond, Runnable operation) {
        if (perSecond > 0) {
            var unused = pacer.scheduleAtFixedRate(
                    () -> Thread.startVirtualThread(operation), 0, 1_000_000_000 / perSecond, TimeUnit.NANOSECONDS);
        }
    }

    /** Blocks until no request has failed for 5 s: the JVMs are warm, and the writes of an outage are repeated. */
    public void awaitQuiet() throws InterruptedException {
        var end = System.nanoTime() + TIMEOUT_NANOS;
        var quiet = new Period(System.nanoTime(), System.nanoTime());
        while (quiet.length() < QUIET_NANOS || journal.failed(quiet)) {
            if (System.nanoTime() > end) {
                throw new IllegalStateException("requests fail without a reason: can this machine sustain the load?");
            }
            TimeUnit.MILLISECONDS.sleep(100);
            var now = System.nanoTime();
            quiet = new Period(Math.max(quiet.start(), now - QUIET_NANOS), now);
        }
    }

    /** Starts no more requests, waits up to 30 s until each write is acknowledged, and returns how many aren't. */
    public int stop() throws InterruptedException {
        pacer.shutdown();
        var end = System.nanoTime() + DRAIN_NANOS;
        while (pending.get() > 0 && System.nanoTime() < end) {
            TimeUnit.MILLISECONDS.sleep(50);
        }
        ending = true;
        return pending.get();
    }

    private void write() {
        pending.incrementAndGet();
        var title = "write " + count.incrementAndGet();
        var write = new Write(title, "Idempotency-Key: " + UUID.randomUUID(), random(authors), System.nanoTime());
        if (!isAcknowledged(write)) {
            repeat(write);
        }
        pending.decrementAndGet();
    }

    private void repeat(Write write) {
        repeated.acquireUninterruptibly();
        try {
            while (!ending && !isAcknowledged(write)) {
                sleep();
            }
        } finally {
            repeated.release();
        }
    }

    /** Sends a write. */
    private boolean isAcknowledged(Write write) {
        var node = randomNode();
        var post = "{\"title\":\"" + write.title + "\",\"body\":\"words\"}";
        var answer = send(node, "POST", "/posts", post, write.author, write.key);
        journal.write(answer.exchange);
        if (answer.is(201)) {
            var id = answer.json().path("id").asLong();
            var end = answer.exchange.end();
            acknowledge(new Acknowledgement(write.title, id, node, write.firstStart, end), write.author);
        }
        return answer.is(201);
    }

    private void acknowledge(Acknowledgement write, Author author) {
        journal.acknowledge(write);
        synchronized (ids) {
            ids.add(write.id());
        }
        if (ThreadLocalRandom.current().nextBoolean()) {
            var unused = Thread.startVirtualThread(() -> readOwn(write, author));
        }
    }

    /** Reads an acknowledged write as its author, at the other node. */
    private void readOwn(Acknowledgement write, Author author) {
        var byId = ThreadLocalRandom.current().nextBoolean();
        var path = byId ? "/posts?ids=" + write.id() : "/users/" + author.id + "/posts?limit=" + PAGE;
        var answer = send((write.node() + 1) % ports.size(), "GET", path, "", author);
        journal.read(answer.exchange);
        if (answer.exchange.failed() || answer.exchange.marked()) {
            return;
        }
        journal.ownRead();
        if (!answer.is(200) || !contains(answer.json().path("posts"), write.id())) {
            journal.wrong("no " + write, path, answer.exchange, answer.body);
        }
    }

    /** Whether a list has a post; a full page that ends before it doesn't count as lacking it. */
    private static boolean contains(JsonNode posts, long id) {
        var oldest = Long.MAX_VALUE;
        for (var post : posts) {
            oldest = Math.min(oldest, post.path("id").asLong());
            if (post.path("id").asLong() == id) {
                return true;
            }
        }
        return posts.size() == PAGE && oldest > id;
    }

    private void read() {
        var path = randomPath();
        var answer = send(randomNode(), "GET", path, "", null);
        journal.read(answer.exchange);
        if (path.equals("/posts") && answer.is(200)) {
            cursor = answer.json().path("next_cursor").textValue();
        }
    }

    private String randomPath() {
        var next = cursor;
        return switch (ThreadLocalRandom.current().nextInt(5)) {
            case 0 -> "/posts";
            case 1 -> "/users/" + random(authors).id;
            case 2 -> next == null ? "/posts" : "/posts?cursor=" + next;
            case 3 -> knowsNoPost() ? "/posts" : "/posts?ids=" + randomPost() + "," + randomPost();
            default -> knowsNoPost() ? "/posts" : "/posts/" + randomPost();
        };
    }

    private boolean knowsNoPost() {
        synchronized (ids) {
            return ids.isEmpty();
        }
    }

    private long randomPost() {
        synchronized (ids) {
            return random(ids);
        }
    }

    private int randomNode() {
        return ThreadLocalRandom.current().nextInt(ports.size());
    }

    private static <T> T random(List<T> values) {
        return values.get(ThreadLocalRandom.current().nextInt(values.size()));
    }

    private Answer send(int node, String method, String path, String json, @Nullable Author author, String... headers) {
        var all = new ArrayList<>(List.of(headers));
        if (author != null) {
            all.add(author.authorization);
        }
        var connection = idle.get(node).poll();
        if (connection == null) {
            connection = new HttpConnection(ports.get(node));
        }
        var start = System.nanoTime();
        try {
            var status = connection.send(method, path, json, all.toArray(String[]::new));
            var marked = !connection.last().header("Age").isEmpty();
            var answer = new Answer(
                    new Exchange(start, System.nanoTime(), status, marked),
                    connection.last().text());
            if (answer.exchange.unexpected()) {
                journal.wrong("an error", method + " " + path, answer.exchange, answer.body);
            }
            return answer;
        } catch (IOException e) {
            return new Answer(new Exchange(start, System.nanoTime(), 0, false), e.toString());
        } finally {
            idle.get(node).add(connection);
        }
    }

    private static void sleep() {
        try {
            TimeUnit.MILLISECONDS.sleep(PAUSE_MS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
