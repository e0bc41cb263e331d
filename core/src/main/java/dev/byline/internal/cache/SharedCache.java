package dev.byline.internal.cache;

import dev.byline.model.Metrics;
import dev.byline.model.Metrics.Layer;
import dev.byline.model.Metrics.Result;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * L2, which processes share: reads through Redis. Leases ({@link RemoteCache}) keep out values that were read before an
 * invalidation. When the values in Redis can't be trusted, {@link Invalidations} retries those that Redis missed, and
 * {@link Suspects} are keys that were read past Redis, whose value there the next load replaces. Safe for use by
 * several threads.
 */
final class SharedCache implements AutoCloseable {
    /** The longest wait for another process that holds the lease. */
    private static final Duration LEASE_WAIT = Duration.ofMillis(500);

    private static final Duration LEASE_POLL = Duration.ofMillis(5);

    /** The most readers that wait for leases at a time: a lease in Redis may be forged. */
    private static final int MAX_LEASE_WAITS = 32;

    private final RemoteCache remote;
    private final CacheSeal seal;
    private final TimesToLive ttl;
    private final Consumer<String> dropLocally;
    private final Metrics metrics;
    private final Suspects suspects;
    private final Invalidations invalidations;
    private final SecureRandom random = new SecureRandom();
    private final Semaphore leaseWaits = new Semaphore(MAX_LEASE_WAITS);

    /**
     * Starts to listen to the other processes.
     *
     * @param dropLocally removes a value from L1
     * @param flush clears L1
     */
    SharedCache(
            RemoteCache remote,
            CacheSeal seal,
            TimesToLive ttl,
            Consumer<String> dropLocally,
            Runnable flush,
            Metrics metrics) {
        this.remote = remote;
        this.seal = seal;
        this.ttl = ttl;
        this.dropLocally = dropLocally;
        this.metrics = metrics;
        this.suspects = new Suspects(ttl.l2());
        this.invalidations = new Invalidations(remote, ttl.l2(), suspects, dropLocally, metrics);
        remote.listen(dropLocally, flush);
    }

    /**
     * Finds a value in Redis, or loads it, and stores it if it gets the lease. Blocks for Redis and the loader.
     *
     * @throws RuntimeException from the loader
     */
    <V> Entry load(CacheKey<V> key, Supplier<Optional<V>> loader) {
        var start = System.nanoTime();
        if (!seal.isReady()) {
            metrics.looked(key.kind().name(), Layer.L2, Result.ERROR);
            return loadBeside(key, loader);
        }
        var lease = lease();
        var suspect = suspects.mark(key.name());
        var force = suspect != null || suspects.hasAll() || invalidations.isPending(key.name());
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
        var left = seal.left(opened.loadedAt(), ttl.remote(decoded.value()));
        if (!left.isPositive()) {
            return null;
        }
        // The time to live in Redis leaves room for the L1 time to live; a negative entry expires everywhere at once.
        var local = ttl.local(key.kind(), decoded.value());
        return Entry.of(
                key,
                decoded.value(),
                start,
                decoded.value() == null && left.compareTo(local) < 0 ? left : local,
                false);
    }

    private <V> Entry loadAndFill(
            CacheKey<V> key, Supplier<Optional<V>> loader, byte[] lease, @Nullable Object suspect) {
        var start = System.nanoTime();
        var loadedAt = seal.now();
        @Nullable V value;
        try {
            value = loader.get().orElse(null);
        } catch (RuntimeException e) {
            remote.release(key.name(), lease);
            throw e;
        }
        var sealed = seal.seal(key.name(), loadedAt, key.kind().encode(value));
        if (sealed.length > RemoteCache.MAX_BYTES) {
            remote.release(key.name(), lease);
        } else if (!remote.fill(key.name(), lease, sealed, TimesToLive.jittered(ttl.remote(value)))) {
            suspect(key.name());
        } else if (suspect != null) {
            suspects.remove(key.name(), suspect); // unless it was marked again meanwhile
        }
        return Entry.loaded(key, value, start, ttl);
    }

    /** Loads past Redis. The value in Redis may be older than the result: the next load replaces it. */
    private <V> Entry loadBeside(CacheKey<V> key, Supplier<Optional<V>> loader) {
        var start = System.nanoTime();
        suspects.add(key.name());
        return Entry.loaded(key, loader.get().orElse(null), start, ttl);
    }

    private boolean waitForLease() {
        if (!leaseWaits.tryAcquire()) {
            return false;
        }
        try {
            TimeUnit.NANOSECONDS.sleep(LEASE_POLL.toNanos());
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            leaseWaits.release();
        }
    }

    private byte[] lease() {
        var lease = new byte[16];
        random.nextBytes(lease);
        return lease;
    }

    /** Marks a key as suspect, and removes its value from L1: the next read queries the database. */
    void suspect(String name) {
        suspects.add(name);
        dropLocally.accept(name);
    }

    /** Invalidates in Redis, then in L1. */
    void invalidate(List<String> names) {
        invalidations.run(names);
    }

    /** Invalidates now, and repeatedly for 10 s. */
    void invalidateUncertain(List<String> names) {
        invalidations.addUncertain(names);
        invalidations.run(names);
    }

    /** Returns the keys with a pending invalidation, for tests. */
    List<String> pendingInvalidations() {
        return invalidations.pending();
    }

    /** Stops listening and retrying. */
    @Override
    public void close() {
        invalidations.close();
        remote.close();
    }
}
