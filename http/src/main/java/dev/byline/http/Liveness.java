package dev.byline.http;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executor;

/**
 * Whether requests are worked on at all: whether a virtual thread gets to run, which it doesn't while each carrier thread computes. Asked by
 * probes, without blocking: each time a thread is started that only says that it ran. Safe for use by several threads.
 */
final class Liveness {
    /** Nothing that a request computes takes as long. */
    static final Duration MAX_SILENCE = Duration.ofSeconds(10);

    private final Executor virtualThreads;
    private final Duration maxSilence;
    private long askedAt; // 0 when the last one ran

    Liveness(Executor virtualThreads, Duration maxSilence) {
        this.virtualThreads = virtualThreads;
        this.maxSilence = maxSilence;
    }

    /** In this process. */
    static Liveness ofVirtualThreads() {
        return new Liveness(Thread::startVirtualThread, MAX_SILENCE);
    }

    /** Returns for how long no request has been worked on, if that is too long. */
    Optional<Duration> stuckFor() {
        var asked = ask();
        var silence = asked == 0 ? Duration.ZERO : Duration.ofNanos(System.nanoTime() - asked);
        return asked == 0 || silence.compareTo(maxSilence) < 0 ? Optional.empty() : Optional.of(silence);
    }

    /** When the thread was started that hasn't run yet; 0 if the last one has. */
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
