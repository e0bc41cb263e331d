package dev.byline.bench;

import dev.byline.Byline;
import dev.byline.internal.cache.TestRedis;
import dev.byline.migrations.TestDatabase;
import dev.byline.model.BylineConfig;
import dev.byline.model.Metadata;
import dev.byline.model.NewPost;
import dev.byline.model.NewUser;
import dev.byline.model.PageRequest;
import dev.byline.model.Post;
import dev.byline.model.PostChange;
import dev.byline.model.PostFilter;
import dev.byline.model.PostStatus;
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
 * Two nodes write and read the same posts, a third one, which keeps next to nothing itself, reads what Redis holds, and Redis is
 * killed, frozen and emptied at random. Each read is compared with the writes that had been answered when it began: how long ago
 * was the version that it shows replaced?
 */
final class CacheSoak {
    private static final int POSTS = 200;
    private static final Duration L1 = BylineConfig.Cache.L1_TTL;
    private static final Duration L2 = BylineConfig.Cache.L2_TTL;

    /** For clocks and threads that run a little late. */
    private static final Duration SLACK = Duration.ofMillis(100);

    /** A version, by which node it was written, and when the write was answered. */
    private record Written(long version, int node, long answeredAt) {}

    private final TestDatabase database = TestDatabase.migrated();
    private final TestRedis redis = new TestRedis();
    private final List<Byline> nodes = List.of(open(L1), open(L1), open(Duration.ofMillis(100)));
    private final Map<Long, List<Written>> history = new ConcurrentHashMap<>();
    private final Map<String, AtomicLong> seen = new ConcurrentHashMap<>();

    private final AtomicLong reads = new AtomicLong();
    private final AtomicLong writes = new AtomicLong();
    private final AtomicLong staleOnWriter = new AtomicLong();
    private final AtomicLong staleInPeace = new AtomicLong();
    private final AtomicLong staleBeyondAll = new AtomicLong();
    private final AtomicLong backwards = new AtomicLong();
    private final LongAccumulator worstInPeace = new LongAccumulator(Math::max, 0);
    private final LongAccumulator worstInTrouble = new LongAccumulator(Math::max, 0);
    private final AtomicLong troubles = new AtomicLong();

    /** When Redis was last not itself; the future while it isn't. */
    private volatile long troubleUntil = System.nanoTime();

    private CacheSoak() {}

    private Byline open(Duration l1) {
        var cache = new BylineConfig.Cache(true, l1, L2, 32 << 20, redis.uri());
        return Byline.open(BylineConfig.of(database.url()).withCache(cache));
    }

    public static void main(String[] args) throws Exception {
        var duration = Duration.ofSeconds(args.length > 0 ? Long.parseLong(args[0]) : 600);
        var perSecond = args.length > 1 ? Integer.parseInt(args[1]) : 1500;
        System.exit(new CacheSoak().run(duration, perSecond) ? 0 : 1);
    }

    private boolean run(Duration duration, int perSecond) throws Exception {
        var author = nodes.get(0)
                .users()
                .create(new Principal.Anonymous(), new NewUser("soak@example.com", "Soak", Metadata.EMPTY));
        var principal = new Principal.Member(author.id(), Role.USER);
        var ids = new ArrayList<Long>();
        for (int i = 0; i < POSTS; i++) {
            var post = nodes.get(0)
                    .posts()
                    .create(principal, new NewPost("t", "", Metadata.EMPTY, PostStatus.PUBLISHED, null, null));
            ids.add(post.id());
            history.put(post.id(), new ArrayList<>(List.of(new Written(1, 0, System.nanoTime()))));
        }
        var trouble = Thread.ofPlatform().daemon().start(this::trouble);
        var counts = new OpenLoop(perSecond, 32).run(duration, (number, due) -> {
            var random = ThreadLocalRandom.current();
            var id = ids.get(random.nextInt(POSTS));
            if (number % 20 == 0) {
                write(principal, random.nextInt(2), id);
            } else if (number % 20 == 1) {
                var node = random.nextInt(3);
                readPage(node, author.id());
            } else {
                read(random.nextInt(3), id);
            }
        });
        trouble.interrupt();
        trouble.join();
        System.out.printf(
                "%d s, %d operations begun, %d failed; %d writes, %d reads checked, Redis disturbed %d times%n"
                        + "stale on the node that wrote: %d; stale by more than 1 s on another with Redis in order: %d"
                        + " (worst %d ms)%nstale by more than the L2 time: %d (worst in trouble %d ms); older after newer"
                        + " on one node: %d%n",
                duration.toSeconds(),
                counts.begun(),
                counts.failed(),
                writes.get(),
                reads.get(),
                troubles.get(),
                staleOnWriter.get(),
                staleInPeace.get(),
                worstInPeace.get(),
                staleBeyondAll.get(),
                worstInTrouble.get(),
                backwards.get());
        nodes.forEach(Byline::close);
        redis.close();
        database.close();
        return counts.failed() + staleOnWriter.get() + staleInPeace.get() + staleBeyondAll.get() + backwards.get() == 0;
    }

    private void write(Principal principal, int node, long id) {
        var writings = Objects.requireNonNull(history.get(id));
        synchronized (writings) { // one writer of a post at a time, so that its history has an order
            var post = nodes.get(node).posts().change(principal, id, new PostChange("t", null, null, null));
            writings.add(new Written(post.version(), node, System.nanoTime()));
        }
        writes.incrementAndGet();
    }

    private void read(int node, long id) {
        var begun = System.nanoTime();
        var before = newestSeen(node, "post", id).get();
        var post = nodes.get(node).posts().get(new Principal.Anonymous(), id);
        check(node, "post", post, begun, before);
    }

    private void readPage(int node, long author) {
        var begun = System.nanoTime();
        var feed = begun % 2 == 0;
        var what = feed ? "feed" : "author";
        var before = newestPage(node, what);
        var page = feed
                ? nodes.get(node).posts().feed(new Principal.Anonymous(), PostFilter.NONE, PageRequest.first(20))
                : nodes.get(node).posts().byAuthor(new Principal.Anonymous(), author, PageRequest.first(20));
        for (var post : page.items()) {
            check(node, what, post, begun, before.getOrDefault(post.id(), 0L));
        }
    }

    private Map<Long, Long> newestPage(int node, String what) {
        var versions = new ConcurrentHashMap<Long, Long>();
        history.keySet()
                .forEach(id -> versions.put(id, newestSeen(node, what, id).get()));
        return versions;
    }

    private AtomicLong newestSeen(int node, String what, long id) {
        return seen.computeIfAbsent(node + " " + what + " " + id, key -> new AtomicLong());
    }

    private void check(int node, String what, Post post, long begun, long before) {
        reads.incrementAndGet();
        if (post.version() < before) {
            backwards.incrementAndGet();
        }
        newestSeen(node, what, post.id()).accumulateAndGet(post.version(), Math::max);
        Written next = null;
        var writings = Objects.requireNonNull(history.get(post.id()));
        List<Written> snapshot;
        synchronized (writings) { // the last few: nobody may show anything older than a minute
            snapshot = List.copyOf(writings.subList(Math.max(0, writings.size() - 200), writings.size()));
        }
        for (var written : snapshot) {
            if (written.version() > post.version() && (next == null || written.version() < next.version())) {
                next = written;
            }
            if (written.version() > post.version() && written.node() == node && written.answeredAt() < begun) {
                staleOnWriter.incrementAndGet();
                return;
            }
        }
        if (next == null || next.answeredAt() > begun) {
            return;
        }
        var stale = Duration.ofNanos(begun - next.answeredAt());
        if (next.answeredAt() - Duration.ofSeconds(2).toNanos() > troubleUntil) {
            worstInPeace.accumulate(stale.toMillis());
            if (stale.compareTo(Duration.ofSeconds(1).plus(SLACK)) > 0) {
                staleInPeace.incrementAndGet();
            }
        } else {
            worstInTrouble.accumulate(stale.toMillis());
        }
        if (stale.compareTo(L2.plus(SLACK)) > 0) {
            staleBeyondAll.incrementAndGet();
        }
    }

    /** Half of the time in order, so that both promises are put to the test. */
    private void trouble() {
        var random = new Random(42);
        try {
            while (true) {
                Thread.sleep(random.nextInt(5_000, 25_000));
                troubleUntil = Long.MAX_VALUE;
                troubles.incrementAndGet();
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
                Thread.sleep(3_000); // until everybody listens again
                troubleUntil = System.nanoTime();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
