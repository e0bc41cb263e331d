package dev.byline.internal.cache;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Collection;
import java.util.function.Consumer;

/**
 * A cache that several processes share. No method throws when the cache fails, or blocks for longer than a few hundred
 * milliseconds: an unavailable cache is a miss.
 *
 * <p>Leases decide who may fill a key, as in <a
 * href="https://www.usenix.org/system/files/conference/nsdi13/nsdi13-final170_update.pdf">Scaling Memcache at
 * Facebook</a>: a miss stores a lease in place of the value, and only the holder of the lease may fill the key. An
 * invalidation removes leases like values, so a value that was read before the invalidation can't be stored after it.
 * Leases also prevent several processes from loading the same value at the same time.
 */
interface RemoteCache extends AutoCloseable {
    /** The most bytes of a value: larger ones are neither stored nor read. */
    int MAX_BYTES = 4 << 20;

    /** The result of a look-up. */
    sealed interface Lookup {
        /** A value, as it was stored. */
        record Hit(ByteBuffer value) implements Lookup {}

        /** A miss; the caller holds the lease: load the value, then fill or release. */
        record Leased() implements Lookup {}

        /** A miss; another caller holds the lease. */
        record Taken() implements Lookup {}

        /** The cache failed or timed out. */
        record Failed() implements Lookup {}
    }

    /**
     * Looks up a value.
     *
     * @param name of the value
     * @param lease a unique one, stored when there is no value
     * @param force whether to store the lease even if there is a value or another lease
     */
    Lookup lookup(String name, byte[] lease, boolean force);

    /**
     * Stores a value if the lease is still there.
     *
     * @param name of the value
     * @param lease as given to {@link #lookup}
     * @param value to store
     * @param ttl its time to live
     * @return whether it was stored
     */
    boolean fill(String name, byte[] lease, byte[] value, Duration ttl);

    /**
     * Releases a lease.
     *
     * @param name of the value
     * @param lease as given to {@link #lookup}
     */
    void release(String name, byte[] lease);

    /**
     * Removes values and leases, and notifies the other processes.
     *
     * @param names of the values
     * @return false when this may have failed: then it must be retried
     */
    boolean invalidate(Collection<String> names);

    /**
     * Starts to listen to the other processes.
     *
     * @param dropped receives each key that another process invalidated
     * @param lost runs when messages may have been missed
     */
    void listen(Consumer<String> dropped, Runnable lost);

    @Override
    void close();
}
