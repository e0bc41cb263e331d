package dev.byline.internal.cache;

import com.github.benmanes.caffeine.cache.AsyncCache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import dev.byline.internal.OptionalLibrary;
import dev.byline.model.BylineConfig;
import dev.byline.model.BylineException;
import dev.byline.model.Metrics;
import dev.byline.model.Metrics.Layer;
import dev.byline.model.Metrics.Result;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A read-through cache of two layers: L1 in this process, L2 in Redis, then the loader, which queries the database. A
 * write invalidates after its commit and never stores a value. Safe for use by several threads. docs/caching.md has the
 * guarantees; this class keeps them as follows:
 *
 * <p>L1: each key has one load in flight, and other readers wait for it (single flight). An invalidation removes a load
 * in flight like a value: only readers that asked before the invalidation get the result, and it is not cached.
 *
 * <p>L2: {@link SharedCache}. A time to live starts when the load starts, in both layers.
 */
public final class TieredCache implements AutoCloseable {
    /** Longer than the database timeouts allow a load to take. */
    private static final Duration LOAD_WAIT = Duration.ofSeconds(5);

    private final @Nullable AsyncCache<String, Entry> l1;
    private final @Nullable SharedCache shared;
    private final TimesToLive ttl;
    private final Metrics metrics;

    TieredCache(BylineConfig.Cache config, @Nullable RemoteCache remote, CacheSeal seal, Metrics metrics) {
        this.metrics = metrics;
        this.ttl = new TimesToLive(config.l1Ttl(), config.l2Ttl());
        this.l1 = config.enabled()
                ? Caffeine.newBuilder()
                        .maximumWeight(config.l1Bytes())
                        .weigher((String name, Entry entry) -> entry.weight() + 2 * name.length())
                        .expireAfter(Expiry.creating((String name, Entry entry) -> entry.left()))
                        .executor(Runnable::run)
                        .buildAsync()
                : null;
        this.shared =
                remote == null ? null : new SharedCache(remote, seal, ttl, this::dropLocally, this::flush, metrics);
    }

    /**
     * Opens a cache.
     *
     * @param config size and times to live
     * @param redis the connections to Redis, null without it; not closed by this cache
     * @param seal signs values for Redis
     * @param metrics receives hits, misses and errors
     * @throws IllegalStateException when Caffeine is needed and missing
     */
    public static TieredCache open(
            BylineConfig.Cache config, @Nullable RedisPool redis, CacheSeal seal, Metrics metrics) {
        if (config.enabled()) {
            OptionalLibrary.CAFFEINE.require("caches");
        }
        return new TieredCache(
                config, redis == null || !config.enabled() ? null : new RedisCache(redis), seal, metrics);
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
        var entry = await(known);
        return entry.failure() == null || entry.failure() instanceof BylineException
                ? new Found<>(value(entry), false)
                : new Found<>(loader.get(), true); // the failure belongs to the thread that loaded
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
        if (shared != null && !key.kind().isLocal()) {
            return shared.load(key, loader);
        }
        var start = System.nanoTime();
        return Entry.loaded(key, loader.get().orElse(null), start, ttl);
    }

    /**
     * Marks a key as suspect, and removes its value from L1: the next read queries the database.
     *
     * @param key of the value
     */
    public void suspect(CacheKey<?> key) {
        if (shared == null) {
            dropLocally(key.name());
        } else {
            shared.suspect(key.name());
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
        if (shared == null || keys.isEmpty()) {
            invalidate(keys); // another process's stale value expires with its L1 time to live
        } else {
            shared.invalidateUncertain(names(keys));
        }
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
        if (shared == null) {
            names(keys).forEach(this::dropLocally);
        } else {
            shared.invalidate(names(keys));
        }
    }

    private static List<String> names(Collection<CacheKey<?>> keys) {
        return keys.stream().map(CacheKey::name).toList();
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

    /** Stops listening and retrying, and clears L1. */
    @Override
    public void close() {
        if (shared != null) {
            shared.close();
        }
        flush();
    }

    /** Returns the keys with a pending invalidation, for tests. */
    List<String> pendingInvalidations() {
        return shared == null ? List.of() : shared.pendingInvalidations();
    }
}
