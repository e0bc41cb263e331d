package dev.byline.http;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executor;

/**
 * Checks whether requests are processed: whether a new virtual thread runs, which it does not while all carrier threads
 * compute. A check does not block: it starts a virtual thread that only records that it ran, and the next check looks
 * at the result. Thread-safe.
 */
final class Liveness {
    /** How long no virtual thread may run. No request computes that long. */
    static final Duration MAX_SILENCE = Duration.ofSeconds(10);

    private final Executor virtualThreads;
    private final Duration maxSilence;
    private long askedAt; // nanoTime; 0 when the last thread ran

    Liveness(Executor virtualThreads, Duration maxSilence) {
        this.virtualThreads = virtualThreads;
        this.maxSilence = maxSilence;
    }

    /** Returns a check of this process's virtual threads. */
    static Liveness ofVirtualThreads() {
        return new Liveness(Thread::startVirtualThread, MAX_SILENCE);
    }

    /** Returns for how long no request has been processed; empty while that is below the maximum. */
    Optional<Duration> stuckFor() {
        var asked = ask();
        var silence = asked == 0 ? Duration.ZERO : Duration.ofNanos(System.nanoTime() - asked);
        return asked == 0 || silence.compareTo(maxSilence) < 0 ? Optional.empty() : Optional.of(silence);
    }

    /** Returns when the thread that has not run yet was started. If there is none, starts one and returns 0. */
    private synchronized long ask() {
        var before = askedAt;
        if (before == 0) {
            askedAt = System.nanoTime() | 1;
            virtualThreads.execute(this::ran);
        }
        return before;
    }

    private synchronized void ran() {
        askedAt = 0;
    }
}
