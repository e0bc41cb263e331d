package dev.byline.internal.cache;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Collection;
import java.util.function.Consumer;

/**
 * A cache that several processes share. No method throws because of it or blocks for longer than a few hundred
 * milliseconds: a cache that is away is a miss.
 *
 * <p>Who may fill it is decided by leases, as in <a
 * href="https://www.usenix.org/system/files/conference/nsdi13/nsdi13-final170_update.pdf">Scaling Memcache at Facebook</a>: a
 * miss leaves a lease in the value's place, and only who holds it may fill. An invalidation removes leases like values, so what
 * was read before it can't come back after it. It also keeps others from loading the same thing at the same time.
 */
interface RemoteCache extends AutoCloseable {
    /** The most bytes of a value: nothing larger is filled in, or read. */
    int MAX_BYTES = 4 << 20;

    /** What a look-up found. */
    sealed interface Lookup {
        /** A value, as it was filled. */
        record Hit(ByteBuffer value) implements Lookup {}

        /** Nothing; the lease was taken: load it, and fill or release. */
        record Leased() implements Lookup {}

        /** Nothing; somebody else is loading it. */
        record Taken() implements Lookup {}

        /** The cache didn't answer. */
        record Failed() implements Lookup {}
    }

    /**
     * Looks for a value.
     *
     * @param name of the value
     * @param lease taken when there is no value; unlike any other
     * @param force whether to take the lease whatever is there
     */
    Lookup lookup(String name, byte[] lease, boolean force);

    /**
     * Fills a value in, if the lease is still there.
     *
     * @param name of the value
     * @param lease as it was taken
     * @param value to fill in
     * @param ttl how long it may stay
     * @return whether it is there now
     */
    boolean fill(String name, byte[] lease, byte[] value, Duration ttl);

    /**
     * Gives a lease back.
     *
     * @param name of the value
     * @param lease as it was taken
     */
    void release(String name, byte[] lease);

    /**
     * Drops values and leases, and tells the other processes.
     *
     * @param names of the values
     * @return false when it isn't known to have happened: then it has to be repeated
     */
    boolean invalidate(Collection<String> names);

    /**
     * Starts to listen to the other processes.
     *
     * @param dropped is told what others invalidated
     * @param lost is told that something may have been missed
     */
    void listen(Consumer<String> dropped, Runnable lost);

    @Override
    void close();
}
