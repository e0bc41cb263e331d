package dev.byline.bench;

import dev.byline.Byline;
import dev.byline.bench.harness.LoadGenerator;
import dev.byline.bench.harness.SampleData;
import dev.byline.bench.harness.Verdict;
import dev.byline.internal.cache.TestRedis;
import dev.byline.migrations.TestDatabase;
import dev.byline.model.BylineConfig;
import dev.byline.model.PageRequest;
import dev.byline.model.Post;
import dev.byline.model.PostChange;
import dev.byline.model.PostFilter;
import dev.byline.model.Principal;
import dev.byline.model.Role;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAccumulator;

/**
 * Measures how stale reads are while Redis is killed, frozen and emptied at random. Two nodes write and read the same
 * posts; a third one with a short L1 time reads from Redis. Each read is compared with the writes that had been
 * answered when it started. Fails if a read was more stale than docs/caching.md guarantees. Arguments: seconds (600),
 * operations a second (1500).
 */
final class CacheStaleness {
    private static final int POSTS = 200;
    private static final Duration L1 = BylineConfig.Cache.L1_TTL;
    private static final Duration L2 = BylineConfig.Cache.L2_TTL;
    private static final Duration OTHER_NODE = Duration.ofSeconds(1);

    /** Allowed in addition, for clocks and threads that run late. */
    private static final Duration TOLERANCE = Duration.ofMillis(100);

    private static final Principal READER = new Principal.Anonymous();
    private static final Principal WRITER = new Principal.Member(1, Role.USER);

    /** A write of a version by a node. */
    private record Write(long version, int node, long answeredAt) {}

    private final TestDatabase database = TestDatabase.migrated();
    private final TestRedis redis = new TestRedis();
    private final List<Byline> nodes = List.of(open(L1), open(L1), open(Duration.ofMillis(100)));
    private final Map<Long, List<Write>> writes = new ConcurrentHashMap<>();
    private final Map<String, AtomicLong> newestSeen = new ConcurrentHashMap<>();

    private final AtomicLong reads = new AtomicLong();
    private final AtomicLong staleOnWriter = new AtomicLong();
    private final AtomicLong olderAfterNewer = new AtomicLong();
    private final LongAccumulator worstMillis = new LongAccumulator(Math::max, 0);
    private final LongAccumulator worstMillisWithFault = new LongAccumulator(Math::max, 0);
    private final AtomicLong faults = new AtomicLong();

    /** When Redis last recovered; in the future while there is a fault. */
    private volatile long faultUntil = System.nanoTime();

    private CacheStaleness() {}

    private Byline open(Duration l1) {
        var cache = new BylineConfig.Cache(true, l1, L2, 32 << 20, redis.uri());
        return Byline.open(BylineConfig.of(database.url()).withCache(cache));
    }

    public static void main(String[] args) throws Exception {
        var time = Duration.ofSeconds(args.length > 0 ? Long.parseLong(args[0]) : 600);
        var perSecond = args.length > 1 ? Integer.parseInt(args[1]) : 1500;
        new CacheStaleness().run(time, perSecond);
    }

    private void run(Duration time, int perSecond) throws Exception {
        createPosts();
        var ids = List.copyOf(writes.keySet());
        var redisFaults = Thread.ofPlatform().daemon().start(this::injectFaults);
        var counts = LoadGenerator.openLoop(perSecond, 32, time, (number, due) -> {
            var random = ThreadLocalRandom.current();
            var id = ids.get(random.nextInt(POSTS));
            switch ((int) (number % 20)) {
                case 0 -> write(random.nextInt(2), id);
                case 1 -> readPage(random.nextInt(3), random.nextBoolean());
                default -> read(random.nextInt(3), id);
            }
        });
        redisFaults.interrupt();
        redisFaults.join();
        System.out.printf(
                "%d operations, %d failed, %d posts read, %d faults of Redis%n"
                        + "stale on the node that wrote: %d; older after newer on one node: %d%n"
                        + "worst staleness on another node: %d ms, with a fault of Redis %d ms%n",
                counts.started(),
                counts.failed(),
                reads.get(),
                faults.get(),
                staleOnWriter.get(),
                olderAfterNewer.get(),
                worstMillis.get(),
                worstMillisWithFault.get());
        nodes.forEach(Byline::close);
        redis.close();
        database.close();
        var verdict = new Verdict();
        verdict.expect(counts.failed() == 0, "no failed operation");
        verdict.expect(staleOnWriter.get() == 0, "the node that wrote sees its write");
        verdict.expect(olderAfterNewer.get() == 0, "no older version after a newer one");
        verdict.expect(worstMillis.get() <= OTHER_NODE.plus(TOLERANCE).toMillis(), "at most 1 s stale elsewhere");
        verdict.expect(
                worstMillisWithFault.get() <= L2.plus(TOLERANCE).toMillis(), "at most the L2 time stale with a fault");
        verdict.exit();
    }

    private void createPosts() {
        try (var data = new SampleData(database.serverUrl())) {
            data.users(1);
            for (var id : data.posts(1, POSTS, "")) {
                writes.put(id, new ArrayList<>(List.of(new Write(1, 0, System.nanoTime()))));
            }
        }
    }

    private List<Write> writesOf(long id) {
        return Objects.requireNonNull(writes.get(id));
    }

    private void write(int node, long id) {
        var all = writesOf(id);
        synchronized (all) { // one writer per post at a time, so that its writes are in order
            var post = nodes.get(node).posts().change(WRITER, id, new PostChange("t", null, null, null));
            all.add(new Write(post.version(), node, System.nanoTime()));
        }
    }

    private void read(int node, long id) {
        var start = System.nanoTime();
        var seen = newestSeen(node, "post", id).get();
        check(node, "post", nodes.get(node).posts().get(READER, id), start, seen);
    }

    private void readPage(int node, boolean feed) {
        var start = System.nanoTime();
        var list = feed ? "feed" : "author";
        var seen = new ConcurrentHashMap<Long, Long>();
        writes.keySet().forEach(id -> seen.put(id, newestSeen(node, list, id).get()));
        var posts = nodes.get(node).posts();
        var first = PageRequest.first(20);
        var page = feed ? posts.feed(READER, PostFilter.NONE, first) : posts.byAuthor(READER, 1, first);
        page.items().forEach(post -> check(node, list, post, start, seen.getOrDefault(post.id(), 0L)));
    }

    private AtomicLong newestSeen(int node, String list, long id) {
        return newestSeen.computeIfAbsent(node + " " + list + " " + id, key -> new AtomicLong());
    }

    /** Checks a post read after {@code start}; {@code seen} is the newest version that was read before. */
    private void check(int node, String list, Post post, long start, long seen) {
        reads.incrementAndGet();
        if (post.version() < seen) {
            olderAfterNewer.incrementAndGet();
        }
        newestSeen(node, list, post.id()).accumulateAndGet(post.version(), Math::max);
        var missed = missedWrites(post, start);
        if (missed.isEmpty()) {
            return;
        }
        if (missed.stream().anyMatch(write -> write.node() == node)) {
            staleOnWriter.incrementAndGet();
        }
        var replacedAt = missed.getFirst().answeredAt();
        var millis = Duration.ofNanos(start - replacedAt).toMillis();
        var healthy = replacedAt - Duration.ofSeconds(2).toNanos() > faultUntil;
        (healthy ? worstMillis : worstMillisWithFault).accumulate(millis);
    }

    /** The writes that were answered before a read started and that it doesn't show, the oldest first. */
    private List<Write> missedWrites(Post post, long start) {
        var all = writesOf(post.id());
        synchronized (all) {
            return all.stream()
                    .filter(write -> write.version() > post.version() && write.answeredAt() < start)
                    .toList();
        }
    }

    /** Redis works half of the time, so that both guarantees are tested. */
    private void injectFaults() {
        var random = new Random(42);
        try {
            while (true) {
                Thread.sleep(random.nextInt(5_000, 25_000));
                faultUntil = Long.MAX_VALUE;
                faults.incrementAndGet();
                switch (random.nextInt(3)) {
                    case 0 -> {
                        redis.kill();
                        Thread.sleep(random.nextInt(100, 8_000));
                        redis.restart();
                    }
                    case 1 -> {
                        redis.freeze();
                        Thread.sleep(random.nextInt(100, 8_000));
                        redis.thaw();
                    }
                    default -> redis.clear();
                }
                Thread.sleep(3_000); // until all nodes are subscribed again
                faultUntil = System.nanoTime();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
