package dev.byline.model;

import java.time.Duration;

/**
 * Receives measurements and events from core. Methods are called on the threads that do the work: they must return
 * quickly, must not throw, and must be safe for use by several threads.
 */
public interface Metrics {
    /** Ignores everything. */
    Metrics NONE = new Metrics() {};

    /** A cache layer. */
    enum Layer {
        /** In this process. */
        L1,
        /** In Redis. */
        L2
    }

    /** The result of a cache look-up. */
    enum Result {
        HIT,
        MISS,
        /** Redis timed out, rejected the command, or returned an invalid value; the value is read from the database. */
        ERROR
    }

    /** The result of importing a feed. */
    enum Feed {
        IMPORTED,
        UNCHANGED,
        FAILED
    }

    /** How a read was served that a replica may serve. */
    enum ReplicaRead {
        /** By a replica. */
        REPLICA,
        /** By the primary: no replica has replayed the reader's last write, or that isn't known. */
        OWN_WRITE,
        /** By the primary: no replica is current enough. */
        UNAVAILABLE,
        /** By the primary, after it failed on a replica. */
        RETRIED,
        /** By a replica, however far behind, because there is no primary. */
        STALE
    }

    /**
     * A cache look-up.
     *
     * @param kind the kind of value, such as {@code post}
     * @param layer the layer
     * @param result the result
     */
    default void looked(String kind, Layer layer, Result result) {}

    /**
     * An invalidation after a write.
     *
     * @param result HIT, or ERROR when Redis missed it; then it is retried
     */
    default void invalidated(Result result) {}

    /**
     * Redis is bypassed, or is used again.
     *
     * @param open whether Redis is bypassed
     */
    default void redisCircuit(boolean open) {}

    /**
     * A database connection was acquired.
     *
     * @param waited the time that the acquisition took
     */
    default void connectionAcquired(Duration waited) {}

    /**
     * The acquisition of a connection failed or timed out.
     *
     * @param waited the time until it failed
     */
    default void connectionMissed(Duration waited) {}

    /**
     * A connection was released.
     *
     * @param held the time since it was acquired
     */
    default void connectionReleased(Duration held) {}

    /** A connection was closed because a newer server had been seen. */
    default void connectionFenced() {}

    /**
     * Writes are suspended, because commits don't return, or are resumed.
     *
     * @param now whether writes are suspended
     */
    default void writesSuspended(boolean now) {}

    /**
     * A read that a replica may serve; or any read that a replica served because there is no primary.
     *
     * @param outcome how it was served
     */
    default void replicaRead(ReplicaRead outcome) {}

    /**
     * A login attempt.
     *
     * @param succeeded whether a token was issued
     */
    default void loggedIn(boolean succeeded) {}

    /** A password was not hashed because too many others were in progress. */
    default void hashingRefused() {}

    /**
     * The import of a feed.
     *
     * @param outcome the result
     */
    default void feedImported(Feed outcome) {}
}
