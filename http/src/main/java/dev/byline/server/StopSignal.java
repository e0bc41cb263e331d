package dev.byline.server;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Whether the program was asked to end, by SIGTERM or SIGINT, and the time to do so in order.
 *
 * <p>The JVM starts its shutdown hooks all at once and ends when they return. Ours, the only one, says that the end has
 * come and waits until {@link #close} says that everything is closed.
 */
final class StopSignal implements AutoCloseable {
    private final CountDownLatch stop = new CountDownLatch(1);
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread owner = Thread.currentThread();
    private volatile boolean interrupting;

    /**
     * Begins to listen.
     *
     * @param timeout how long the JVM waits for {@link #close} at most
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
                System.err.println("byline: could not close everything in time");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    boolean isGiven() {
        return stop.getCount() == 0;
    }

    /** Waits for the signal. */
    void await() throws InterruptedException {
        stop.await();
    }

    /** Waits for the signal for some time and returns whether it came. */
    boolean await(Duration time) throws InterruptedException {
        return stop.await(time.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Runs something that only an interrupt ends, and lets the signal interrupt it. */
    void interruptible(Runnable work) {
        interrupting = true;
        try {
            if (!isGiven()) {
                work.run();
            }
        } finally {
            interrupting = false;
            if (isGiven()) {
                boolean ignored = Thread.interrupted();
            }
        }
    }

    /** Lets the JVM end. */
    @Override
    public void close() {
        closed.countDown();
    }
}
