package dev.byline.model;

import java.time.Duration;

/**
 * What core reports while it works. Methods are called on the threads that do the work: they must be quick, may not throw,
 * and must be safe for use by several threads.
 */
public interface Metrics {
    /** Nobody listens. */
    Metrics NONE = new Metrics() {};

    /** Where something was looked for. */
    enum Layer {
        /** In this process. */
        L1,
        /** In Redis. */
        L2
    }

    /** What came of it. */
    enum Result {
        HIT,
        MISS,
        /** Redis didn't answer in time, refused, or held something that can't be read; the database was asked. */
        ERROR
    }

    /** What came of a feed. */
    enum Feed {
        IMPORTED,
        UNCHANGED,
        FAILED
    }

    /**
     * Something was looked for in the cache.
     *
     * @param kind what, such as {@code post}
     * @param layer where
     * @param result what came of it
     */
    default void looked(String kind, Layer layer, Result result) {}

    /**
     * Cached values were dropped after a write.
     *
     * @param result HIT, or ERROR when Redis didn't hear of it yet and will be told again
     */
    default void invalidated(Result result) {}

    /**
     * Redis is no longer asked, or is asked again.
     *
     * @param open whether it is left alone
     */
    default void redisCircuit(boolean open) {}

    /**
     * A connection to the database was lent.
     *
     * @param waited for it
     */
    default void connectionAcquired(Duration waited) {}

    /**
     * No connection was to be had.
     *
     * @param waited in vain
     */
    default void connectionMissed(Duration waited) {}

    /**
     * A connection was given back.
     *
     * @param held since it was lent
     */
    default void connectionReleased(Duration held) {}

    /**
     * Somebody presented an address and a password.
     *
     * @param succeeded whether they got a token
     */
    default void loggedIn(boolean succeeded) {}

    /** A password was not hashed, as too many others were. */
    default void hashingRefused() {}

    /**
     * Somebody imported a feed, or tried to.
     *
     * @param outcome what came of it
     */
    default void feedImported(Feed outcome) {}
}
