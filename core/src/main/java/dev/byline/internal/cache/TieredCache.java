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
 * A read-through cache of two layers: L1 in this process, L2 in Redis, then the loader, which queries the database. A
 * write invalidates after its commit and never stores a value. Safe for use by several threads. docs/caching.md has the
 * guarantees; this class keeps them as follows:
 *
 * <p>L1: each key has one load in flight, and other readers wait for it (single flight). An invalidation removes a load
 * in flight like a value: only readers that asked before the invalidation get the result, and it is not cached.
 *
 * <p>L2: leases ({@link RemoteCache}) keep out values that were read before an invalidation. A time to live starts when
 * the load starts, in both layers.
 *
 * <p>When L2 can't be trusted: an invalidation that Redis missed is retried ({@code pendingInvalidations}); a key that
 * was read past Redis is suspect, and its next load replaces the value in Redis ({@code suspects}); a transaction of
 * unknown outcome is invalidated repeatedly ({@code uncertainInvalidations}). If there are too many such keys, all
 * values in Redis are bypassed for the L2 time to live ({@code bypassRemoteUntil}).
 */
public final class TieredCache implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TieredCache.class);

    /** The time to live of a negative entry. */
    private static final Duration NEGATIVE_TTL = Duration.ofSeconds(2);

    /** The longest wait for another process that holds the lease. */
    private static final Duration LEASE_WAIT = Duration.ofMillis(500);

    private static final Duration LEASE_POLL = Duration.ofMillis(5);

    /** The most readers that wait for leases at a time: a lease in Redis may be forged. */
    private static final int MAX_LEASE_WAITS = 32;

    /** Longer than the database timeouts allow a load to take. */
    private static final Duration LOAD_WAIT = Duration.ofSeconds(5);

    private static final Duration RETRY_INTERVAL = Duration.ofMillis(200);

    /** The approximate overhead of an entry, in bytes. */
    private static final int OVERHEAD = 200;

    private static final int RETRY_BATCH = 500;

    /** The most suspect keys and the most pending invalidations; beyond it, all values in Redis are bypassed. */
    private static final int MAX_NAMES = 100_000;

    /** How long a commit of unknown outcome may still happen: longer than the database timeouts. */
    private static final Duration UNCERTAIN = Duration.ofSeconds(10);

    private final @Nullable AsyncCache<String, Entry> l1;
    private final @Nullable RemoteCache remote;
    private final CacheSeal seal;
    private final Metrics metrics;
    private final Duration l1Ttl;
    private final Duration l2Ttl;
    private final SecureRandom random = new SecureRandom();
    private final Semaphore leaseWaits = new Semaphore(MAX_LEASE_WAITS);

    /**
     * Invalidations that Redis missed, and when each began; until Redis gets them, its values for these keys are not
     * used.
     */
    private final Map<String, Long> pendingInvalidations = new ConcurrentHashMap<>();

    /**
     * Keys whose value in Redis may be older than a value that this process has returned: the next load replaces it.
     */
    private final Cache<String, Object> suspects;

    /** Keys of transactions that may still commit, and until when they are invalidated repeatedly. */
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
     * @param config size, times to live, and the Redis URL
     * @param keys reads the signing keys for Redis, by id; may block, and throw {@link BylineException}
     * @param metrics receives hits, misses and errors
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

    /** A cached value, a negative entry, or the failure of a load. */
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
     * Finds a value. Blocks for Redis and the loader, or for a load in flight of the same key.
     *
     * @param key of the value
     * @param loader finds it in the database
     * @param <V> the value
     * @throws BylineException from the loader
     */
    public <V> Optional<V> get(CacheKey<V> key, Supplier<Optional<V>> loader) {
        return lookUp(key, loader).value();
    }

    /**
     * The result of a look-up.
     *
     * @param loaded whether this look-up's own loader returned it, and not a cache or another thread
     */
    public record Found<V>(Optional<V> value, boolean loaded) {}

    /** Finds a value as {@link #get} does, and returns whether it was loaded. */
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

    @SuppressWarnings("unchecked") // all values of a key have one type
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

    /** Loads a value and completes the future. A failure reaches all current waiters and isn't cached. */
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
                        return loadBeside(key, loader); // Redis ignored the force flag
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

    /**
     * Verifies and decodes a value; null when no process of this database signed it under this key, or it is expired.
     */
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
        // The time to live in Redis leaves room for the L1 time to live; a negative entry expires everywhere at once.
        var ttl = localTtl(key, decoded.value());
        return entry(
                key, decoded.value(), start, decoded.value() == null && left.compareTo(ttl) < 0 ? left : ttl, false);
    }

    /** Returns the longest time to live in Redis. */
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
            suspects.asMap().remove(key.name(), suspect); // unless it was marked again meanwhile
        }
        return loaded(key, value, start);
    }

    /** Loads past Redis. The value in Redis may be older than the result: the next load replaces it. */
    private <V> Entry loadBeside(CacheKey<V> key, Supplier<Optional<V>> loader) {
        var start = System.nanoTime();
        suspects.put(key.name(), new Object());
        return loaded(key, loader.get().orElse(null), start);
    }

    /**
     * Marks a key as suspect, and removes its value from L1: the next read queries the database.
     *
     * @param key of the value
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

    /** Returns the time to live in L1. */
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

    /** Shortens a time to live by up to a tenth, so that values loaded together don't expire together. */
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

    /** Returns whether anything is cached. */
    public boolean isEnabled() {
        return l1 != null;
    }

    /**
     * Invalidates the keys of a transaction of unknown outcome: now, and repeatedly for some seconds, because it may
     * still commit.
     *
     * @param keys of the values
     */
    public void invalidateUncertain(Collection<CacheKey<?>> keys) {
        if (retries != null) { // without Redis, a stale value expires with the L1 time to live
            var until = System.nanoTime() + UNCERTAIN.toNanos();
            keys.forEach(key -> uncertainInvalidations.put(key.name(), until));
        }
        invalidate(keys);
    }

    /**
     * Invalidates values everywhere: in Redis first, so that L1 isn't filled with the old value in between. When this
     * returns, no read that starts in this process sees the old values.
     *
     * @param keys of the values
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

    /** Bypasses the values in Redis until all that it holds now have expired. */
    private void bypassRemote() {
        bypassRemoteUntil = System.nanoTime() + l2Ttl.toNanos();
    }

    /**
     * Removes a value from L1 only.
     *
     * @param key of the value
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
        } catch (RuntimeException | Error e) { // without this, the executor would cancel the task
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

    /** Retries the invalidations that Redis missed; drops those that are older than any value in Redis can be. */
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

    /** Stops listening and retrying, and clears L1. */
    @Override
    public void close() {
        if (retries != null) {
            retries.shutdownNow();
            retry(); // a last attempt
        }
        if (remote != null) {
            remote.close();
        }
        flush();
    }

    /** Returns the keys with a pending invalidation, for tests. */
    List<String> unheard() {
        return List.copyOf(pendingInvalidations.keySet());
    }
}
