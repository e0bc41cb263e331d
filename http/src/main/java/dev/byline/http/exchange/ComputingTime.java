package dev.byline.http.exchange;

import java.time.Duration;

/** How long a request has been computing without a pause. Used by one thread, the watchdog's. */
public final class ComputingTime {
    /** A value of {@link System#nanoTime}; 0 while the request isn't computing. */
    private long since;

    private boolean reported;

    /**
     * Records whether the request is computing now.
     *
     * @return true once, when the request has been computing without a pause for the given time
     */
    public boolean isOver(Duration time, boolean computing, long now) {
        if (!computing) {
            since = 0;
            return false;
        }
        if (since == 0) {
            since = now | 1;
        }
        if (reported || now - since < time.toNanos()) {
            return false;
        }
        reported = true;
        return true;
    }
}
