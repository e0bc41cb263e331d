package dev.byline.server;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Reports SIGTERM or SIGINT, and delays the end of the JVM until the program has shut down in order.
 *
 * <p>The JVM starts all shutdown hooks at the same time and exits when they return. The only hook of the program is the
 * one here: it announces the signal and waits for {@link #close}.
 */
final class StopSignal implements AutoCloseable {
    private final CountDownLatch stop = new CountDownLatch(1);
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread owner = Thread.currentThread();
    private volatile boolean interrupting;

    /**
     * Registers the shutdown hook.
     *
     * @param timeout the longest time from the signal to {@link #close}; then the JVM exits all the same
     */
    StopSignal(Duration timeout) {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stopAndWait(timeout), "byline-stop"));
    }

    private void stopAndWait(Duration timeout) {
        stop.countDown();
        if (interrupting) {
            owner.interrupt();
        }
        try {
            if (!closed.await(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
                System.err.println(
                        "byline: shutdown timed out after " + timeout.toSeconds() + " s; some parts are not closed");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Returns whether the signal was received. */
    boolean isReceived() {
        return stop.getCount() == 0;
    }

    /** Blocks until the signal is received. */
    void await() throws InterruptedException {
        stop.await();
    }

    /** Blocks until the signal is received or the timeout expires; returns whether it was received. */
    boolean await(Duration timeout) throws InterruptedException {
        return stop.await(timeout.toMillis(), TimeUnit.MILLISECONDS);
    }

    /**
     * Runs blocking work, which the signal interrupts; does not start it after the signal. Call it on the thread that
     * created this object.
     */
    void interruptible(Runnable work) {
        interrupting = true;
        try {
            if (!isReceived()) {
                work.run();
            }
        } finally {
            interrupting = false;
            if (isReceived()) {
                boolean ignored = Thread.interrupted();
            }
        }
    }

    /** Lets the JVM exit. */
    @Override
    public void close() {
        closed.countDown();
    }
}
