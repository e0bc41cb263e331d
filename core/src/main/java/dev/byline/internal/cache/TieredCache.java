package dev.byline.internal.cache;

import com.github.benmanes.caffeine.cache.AsyncCache;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.github.benmanes.caffeine.cache.RemovalCause;
import dev.byline.model.BylineConfig;
import dev.byline.model.BylineException;
import dev.byline.model.Metrics;
import dev.byline.model.Metrics.Layer;
import dev.byline.model.Metrics.Result;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads through: this process, then Redis, then the loader, which asks the database. A write invalidates after its commit and
 * never puts anything in. Safe for use by several threads.
 *
 * <p>What is read before a write and arrives after it is not kept: in this process because an invalidation also removes
 * loads that are under way, whose result then only their own waiters see; in Redis by leases ({@link RemoteCache}). A value's
 * time runs from when its loading began. docs/caching.md has the promise in full.
 */
public final class TieredCache implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TieredCache.class);

    /** For what isn't there. */
    private static final Duration NEGATIVE_TTL = Duration.ofSeconds(2);

    /** How long to wait for another process to load what it has the lease for. */
    private static final Duration LEASE_WAIT = Duration.ofMillis(500);

    private static final Duration LEASE_POLL = Duration.ofMillis(5);

    /** How many reads wait for leases at a time: a lease in Redis may be forged. */
    private static final int MAX_LEASE_WAITS = 32;

    /** Longer than the database's own limits allow a load to take. */
    private static final Duration LOAD_WAIT = Duration.ofSeconds(5);

    private static final Duration RETRY_INTERVAL = Duration.ofMillis(200);

    /** Bookkeeping of an entry, roughly. */
    private static final int OVERHEAD = 200;

    private static final int RETRY_BATCH = 500;

    /** Beyond so many names to mind, Redis isn't believed at all for a while. */
    private static final int MAX_NAMES = 100_000;

    /** How long a commit of unknown outcome may still happen: longer than the database's own limits. */
    private static final Duration UNCERTAIN = Duration.ofSeconds(10);

    private final @Nullable AsyncCache<String, Entry> l1;
    private final @Nullable RemoteCache remote;
    private final CacheSeal seal;
    private final Metrics metrics;
    private final Duration l1Ttl;
    private final Duration l2Ttl;
    private final SecureRandom random = new SecureRandom();
    private final Semaphore leaseWaits = new Semaphore(MAX_LEASE_WAITS);

    /** Invalidations that Redis hasn't heard of, and when each began: until then its values are not believed. */
    private final Map<String, Long> pendingInvalidations = new ConcurrentHashMap<>();

    /** Names whose value in Redis may be older than what this process has seen: the next load replaces it. */
    private final Cache<String, Object> suspects;

    /** What may yet be committed, and until when: dropped again and again. */
    private final Map<String, Long> uncertainInvalidations = new ConcurrentHashMap<>();

    private volatile long bypassRemoteUntil = System.nanoTime();
    private final @Nullable ScheduledExecutorService retries;

    TieredCache(BylineConfig.Cache config, @Nullable RemoteCache remote, CacheSeal seal, Metrics metrics) {
        this.seal = seal;
        this.metrics = metrics;
        this.l1Ttl = config.l1Ttl();
        this.l2Ttl = config.l2Ttl();
        this.remote = config.enabled() ? remote : null;
        this.l1 = config.enabled()
                ? Caffeine.newBuilder()
                        .maximumWeight(config.l1Bytes())
                        .weigher((String name, Entry entry) -> entry.weight() + 2 * name.length())
                        .expireAfter(Expiry.creating((String name, Entry entry) -> entry.left()))
                        .executor(Runnable::run)
                        .buildAsync()
                : null;
        this.suspects = Caffeine.newBuilder()
                .maximumSize(MAX_NAMES)
                .expireAfterWrite(l2Ttl)
                .executor(Runnable::run)
                .removalListener((name, suspect, cause) -> {
                    if (cause == RemovalCause.SIZE) {
                        bypassRemote();
                    }
                })
                .build();
        this.retries = this.remote == null ? null : retrying();
        if (this.remote != null) {
            this.remote.listen(this::dropLocally, this::flush);
        }
    }

    /**
     * Opens a cache.
     *
     * @param config how much, how long, and where Redis is
     * @param keys reads the keys that values in Redis are signed with, by their ids; may block, and throw {@link
     *     BylineException}
     * @param metrics is told what happens
     */
    public static TieredCache open(BylineConfig.Cache config, Supplier<Map<Long, byte[]>> keys, Metrics metrics) {
        var redis = config.redis();
        return new TieredCache(
                config,
                redis == null || !config.enabled() ? null : new RedisCache(redis, metrics),
                new CacheSeal(keys, InstantSource.system()),
                metrics);
    }

    private ScheduledExecutorService retrying() {
        var executor = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name("byline-cache-retries").factory());
        var millis = RETRY_INTERVAL.toMillis();
        var unused = executor.scheduleWithFixedDelay(this::retry, millis, millis, TimeUnit.MILLISECONDS);
        return executor;
    }

    /** A value or the knowledge that there is none, or why neither could be had. */
    private record Entry(
            @Nullable Object value, @Nullable RuntimeException failure, int weight, long expiresAt, boolean loaded) {
        static Entry failed(RuntimeException failure) {
            return new Entry(null, failure, 0, 0, true);
        }

        Duration left() {
            return Duration.ofNanos(Math.max(0, expiresAt - System.nanoTime()));
        }
    }

    /**
     * Finds a value. Blocks for Redis and the loader, or for another thread that is loading the same.
     *
     * @param key names it
     * @param loader finds it in the database
     * @param <V> what it is
     * @throws BylineException what the loader throws
     */
    public <V> Optional<V> get(CacheKey<V> key, Supplier<Optional<V>> loader) {
        return lookUp(key, loader).value();
    }

    /**
     * What a look-up found.
     *
     * @param loaded whether the loader of this look-up found it, rather than a cache or another thread
     */
    public record Found<V>(Optional<V> value, boolean loaded) {}

    /** As {@link #get}, and says where the value comes from. */
    public <V> Found<V> lookUp(CacheKey<V> key, Supplier<Optional<V>> loader) {
        if (l1 == null) {
            return new Found<>(loader.get(), true);
        }
        var known = l1.getIfPresent(key.name());
        if (known == null) {
            var mine = new CompletableFuture<Entry>();
            known = l1.asMap().putIfAbsent(key.name(), mine);
            if (known == null) {
                var entry = load(key, loader, mine);
                return new Found<>(value(entry), entry.loaded());
            }
        }
        metrics.looked(key.kind().name(), Layer.L1, Result.HIT);
        return new Found<>(value(await(known)), false);
    }

    @SuppressWarnings("unchecked") // a name belongs to one kind
    private static <V> Optional<V> value(Entry entry) {
        if (entry.failure() != null) {
            throw entry.failure();
        }
        return Optional.ofNullable((V) entry.value());
    }

    private static Entry await(CompletableFuture<Entry> future) {
        try {
            return future.get(LOAD_WAIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException | ExecutionException e) {
            throw new BylineException.Unavailable(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BylineException.Unavailable(e);
        }
    }

    /** Failures are told to all who wait, and kept for nobody else. */
    private <V> Entry load(CacheKey<V> key, Supplier<Optional<V>> loader, CompletableFuture<Entry> future) {
        Entry entry;
        try {
            metrics.looked(key.kind().name(), Layer.L1, Result.MISS);
            entry = load(key, loader);
        } catch (RuntimeException e) {
            entry = Entry.failed(e);
        } catch (Error e) {
            forget(key, future, Entry.failed(new BylineException.Unavailable(e)));
            throw e;
        }
        if (entry.failure() == null) {
            future.complete(entry);
        } else {
            forget(key, future, entry);
        }
        return entry;
    }

    private void forget(CacheKey<?> key, CompletableFuture<Entry> future, Entry failure) {
        if (l1 != null) {
            l1.asMap().remove(key.name(), future);
        }
        future.complete(failure);
    }

    private <V> Entry load(CacheKey<V> key, Supplier<Optional<V>> loader) {
        var start = System.nanoTime();
        if (remote == null || key.kind().isLocal()) {
            return loaded(key, loader.get().orElse(null), start);
        }
        if (!seal.isReady()) {
            metrics.looked(key.kind().name(), Layer.L2, Result.ERROR);
            return loadBeside(key, loader);
        }
        var lease = lease();
        var suspect = suspects.getIfPresent(key.name());
        var force = suspect != null || pendingInvalidations.containsKey(key.name()) || start < bypassRemoteUntil;
        while (true) {
            switch (remote.lookup(key.name(), lease, force)) {
                case RemoteCache.Lookup.Hit hit -> {
                    var entry = open(key, hit.value(), start);
                    if (entry != null) {
                        metrics.looked(key.kind().name(), Layer.L2, Result.HIT);
                        return entry;
                    }
                    metrics.looked(key.kind().name(), Layer.L2, Result.ERROR);
                    if (force) {
                        return loadBeside(key, loader); // it answers, but not what it was asked
                    }
                    force = true;
                }
                case RemoteCache.Lookup.Leased ignored -> {
                    metrics.looked(key.kind().name(), Layer.L2, Result.MISS);
                    return loadAndFill(key, loader, lease, suspect);
                }
                case RemoteCache.Lookup.Taken ignored -> {
                    if (System.nanoTime() - start > LEASE_WAIT.toNanos() || !waitForLease()) {
                        return loadBeside(key, loader);
                    }
                }
                case RemoteCache.Lookup.Failed ignored -> {
                    metrics.looked(key.kind().name(), Layer.L2, Result.ERROR);
                    return loadBeside(key, loader);
                }
            }
        }
    }

    /** Null for what no process of this database signed under this name, and for what is past its time. */
    private <V> @Nullable Entry open(CacheKey<V> key, ByteBuffer sealed, long start) {
        var opened = seal.open(key.name(), sealed);
        var decoded = opened == null ? null : key.kind().decode(opened.bytes());
        if (opened == null || decoded == null) {
            return null;
        }
        var left = seal.left(opened.loadedAt(), remoteTtl(decoded.value()));
        if (!left.isPositive()) {
            return null;
        }
        // A value's time in Redis leaves it time here; that something is absent ends everywhere at once.
        var ttl = localTtl(key, decoded.value());
        return entry(
                key, decoded.value(), start, decoded.value() == null && left.compareTo(ttl) < 0 ? left : ttl, false);
    }

    /** How long Redis may have a value. */
    private Duration remoteTtl(@Nullable Object value) {
        return value == null ? negativeTtl() : l2Ttl.minus(l1Ttl);
    }

    private <V> Entry loadAndFill(
            CacheKey<V> key, Supplier<Optional<V>> loader, byte[] lease, @Nullable Object suspect) {
        var start = System.nanoTime();
        var loadedAt = seal.now();
        @Nullable V value;
        try {
            value = loader.get().orElse(null);
        } catch (RuntimeException e) {
            remote().release(key.name(), lease);
            throw e;
        }
        var sealed = seal.seal(key.name(), loadedAt, key.kind().encode(value));
        if (sealed.length > RemoteCache.MAX_BYTES) {
            remote().release(key.name(), lease);
        } else if (!remote().fill(key.name(), lease, sealed, jittered(remoteTtl(value)))) {
            suspect(key);
        } else if (suspect != null) {
            suspects.asMap().remove(key.name(), suspect); // not one that arose meanwhile
        }
        return loaded(key, value, start);
    }

    /** What Redis holds, or will hold, may be older than this: the next load replaces it. */
    private <V> Entry loadBeside(CacheKey<V> key, Supplier<Optional<V>> loader) {
        var start = System.nanoTime();
        suspects.put(key.name(), new Object());
        return loaded(key, loader.get().orElse(null), start);
    }

    /**
     * Believes neither this process nor Redis about a value: the next read asks the database.
     *
     * @param key names the value
     */
    public void suspect(CacheKey<?> key) {
        suspects.put(key.name(), new Object());
        dropLocally(key.name());
    }

    private RemoteCache remote() {
        if (remote == null) {
            throw new IllegalStateException("no remote cache");
        }
        return remote;
    }

    private <V> Entry loaded(CacheKey<V> key, @Nullable V value, long start) {
        return entry(key, value, start, localTtl(key, value), true);
    }

    /** How long this process may have a value. */
    private <V> Duration localTtl(CacheKey<V> key, @Nullable V value) {
        return value != null ? jittered(l1Ttl) : key.kind().isLocal() ? Duration.ZERO : jittered(negativeTtl());
    }

    private static <V> Entry entry(CacheKey<V> key, @Nullable V value, long start, Duration ttl, boolean loaded) {
        var weight = OVERHEAD + (value == null ? 0 : key.kind().weight().applyAsInt(value));
        return new Entry(value, null, weight, start + ttl.toNanos(), loaded);
    }

    private Duration negativeTtl() {
        return NEGATIVE_TTL.compareTo(l1Ttl) < 0 ? NEGATIVE_TTL : l1Ttl;
    }

    /** Up to a tenth less, so that what was filled together doesn't expire together; never more than was said. */
    private static Duration jittered(Duration ttl) {
        return Duration.ofNanos(
                (long) (ttl.toNanos() * ThreadLocalRandom.current().nextDouble(0.9, 1.0)));
    }

    private boolean waitForLease() {
        if (!leaseWaits.tryAcquire()) {
            return false;
        }
        try {
            return sleep(LEASE_POLL);
        } finally {
            leaseWaits.release();
        }
    }

    private byte[] lease() {
        var lease = new byte[16];
        random.nextBytes(lease);
        return lease;
    }

    private static boolean sleep(Duration duration) {
        try {
            TimeUnit.NANOSECONDS.sleep(duration.toNanos());
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Whether anything is kept at all. */
    public boolean isEnabled() {
        return l1 != null;
    }

    /**
     * Invalidates keys of a transaction whose outcome is unknown: now and again for some seconds, as it may still be committed.
     *
     * @param keys name the values
     */
    public void invalidateUncertain(Collection<CacheKey<?>> keys) {
        if (retries != null) { // without Redis a stale value ends with the L1 time
            var until = System.nanoTime() + UNCERTAIN.toNanos();
            keys.forEach(key -> uncertainInvalidations.put(key.name(), until));
        }
        invalidate(keys);
    }

    /**
     * Drops values, here and everywhere: in Redis first, so that nothing here is filled from it in between. When it returns,
     * no read that begins in this process sees what was there before.
     *
     * @param keys name the values
     */
    public void invalidate(Collection<CacheKey<?>> keys) {
        if (l1 == null || keys.isEmpty()) {
            return;
        }
        drop(keys.stream().map(CacheKey::name).toList());
    }

    private void drop(List<String> names) {
        try {
            if (remote != null) {
                var heard = remote.invalidate(names);
                if (!heard) {
                    remember(names);
                }
                metrics.invalidated(heard ? Result.HIT : Result.ERROR);
            }
        } finally {
            names.forEach(this::dropLocally);
        }
    }

    private void remember(List<String> names) {
        var now = System.nanoTime();
        names.forEach(name -> pendingInvalidations.put(name, now));
        if (pendingInvalidations.size() > MAX_NAMES) {
            pendingInvalidations.clear();
            bypassRemote();
        }
    }

    /** As long as anything that Redis holds now can be there. */
    private void bypassRemote() {
        bypassRemoteUntil = System.nanoTime() + l2Ttl.toNanos();
    }

    /**
     * Drops a value in this process only.
     *
     * @param key names the value
     */
    public void forget(CacheKey<?> key) {
        dropLocally(key.name());
    }

    private void dropLocally(String name) {
        if (l1 != null) {
            l1.synchronous().invalidate(name);
        }
    }

    private void flush() {
        if (l1 != null) {
            l1.synchronous().invalidateAll();
        }
    }

    private void retry() {
        try {
            repeatUncertain();
            repeatPending();
        } catch (RuntimeException | Error e) { // the executor would drop it, and never call again
            LOG.error("could not repeat invalidations", e);
        }
    }

    private void repeatUncertain() {
        var now = System.nanoTime();
        uncertainInvalidations.values().removeIf(until -> until - now < 0);
        if (!uncertainInvalidations.isEmpty()) {
            drop(List.copyOf(uncertainInvalidations.keySet()));
        }
    }

    /** What is older than any value can be in Redis needs no invalidation any more. */
    private void repeatPending() {
        var now = System.nanoTime();
        var kept = l2Ttl.plus(UNCERTAIN).toNanos();
        pendingInvalidations.values().removeIf(since -> now - since > kept);
        while (!pendingInvalidations.isEmpty()) {
            var batch = new ArrayList<Map.Entry<String, Long>>();
            for (var entry : pendingInvalidations.entrySet()) {
                batch.add(Map.entry(entry.getKey(), entry.getValue()));
                if (batch.size() == RETRY_BATCH) {
                    break;
                }
            }
            if (!remote().invalidate(batch.stream().map(Map.Entry::getKey).toList())) {
                return;
            }
            batch.forEach(entry -> pendingInvalidations.remove(entry.getKey(), entry.getValue()));
        }
    }

    /** Stops listening and retrying; forgets everything. */
    @Override
    public void close() {
        if (retries != null) {
            retries.shutdownNow();
            retry(); // the last word
        }
        if (remote != null) {
            remote.close();
        }
        flush();
    }

    /** What Redis hasn't heard of yet, for tests. */
    List<String> unheard() {
        return List.copyOf(pendingInvalidations.keySet());
    }
}
