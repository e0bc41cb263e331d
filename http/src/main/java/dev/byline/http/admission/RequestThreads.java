package dev.byline.http.admission;

import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.eclipse.jetty.util.VirtualThreads;

/**
 * Runs requests on virtual threads. The JVM has one carrier thread per CPU and does not preempt a virtual thread that
 * computes, so as many long computations as CPUs block all requests, probes included. Therefore a platform thread reads
 * the next request of a connection if no carrier thread has started to within {@link #RESCUE_AFTER}: enough to serve
 * probes. Thread-safe.
 */
public final class RequestThreads implements AutoCloseable {
    static final Duration RESCUE_AFTER = Duration.ofMillis(100);

    private static final int RESCUERS = 4;
    private static final int MAX_RESCUED = 10_000;

    private final Executor virtual = Objects.requireNonNull(VirtualThreads.getDefaultVirtualThreadsExecutor());
    private final Set<ReadTask> notBegun = ConcurrentHashMap.newKeySet();
    private final Set<Thread> rescuerThreads = ConcurrentHashMap.newKeySet();
    private final ThreadPoolExecutor rescuers = new ThreadPoolExecutor(
            RESCUERS, RESCUERS, 10, TimeUnit.SECONDS, new ArrayBlockingQueue<>(MAX_RESCUED), this::newRescuer);

    public RequestThreads() {
        rescuers.allowCoreThreadTimeOut(true);
    }

    private Thread newRescuer(Runnable work) {
        return Thread.ofPlatform().daemon().name("byline-http-rescue").unstarted(() -> {
            rescuerThreads.add(Thread.currentThread());
            try {
                work.run();
            } finally {
                rescuerThreads.remove(Thread.currentThread());
            }
        });
    }

    /** Reads the next request of a connection. Runs once, on the first thread that starts it. */
    private final class ReadTask implements Runnable {
        private final Runnable task;
        private final long since = System.nanoTime();
        private final AtomicBoolean begun = new AtomicBoolean();
        private final AtomicBoolean rescued = new AtomicBoolean();

        ReadTask(Runnable task) {
            this.task = task;
        }

        boolean isOverdue(long now) {
            return now - since > RESCUE_AFTER.toNanos();
        }

        @Override
        public void run() {
            if (begun.compareAndSet(false, true)) {
                notBegun.remove(this);
                task.run();
            }
        }
    }

    /** Runs a task of Jetty that reads a request, on a virtual thread or, if that is late, a rescuer. */
    public void read(Runnable task) {
        var read = new ReadTask(task);
        notBegun.add(read);
        virtual.execute(read);
    }

    /** Processes a request on a virtual thread. */
    public void execute(Runnable work) {
        virtual.execute(work);
    }

    /** Runs a task on a platform thread: one that must not wait for a carrier thread, and hardly blocks. */
    void rescue(Runnable work) {
        try {
            rescuers.execute(work);
        } catch (RejectedExecutionException e) {
            virtual.execute(work);
        }
    }

    boolean isRescuer(Thread thread) {
        return rescuerThreads.contains(thread);
    }

    /** Moves overdue read tasks to platform threads. Called several times per second. */
    void rescueOverdue() {
        var now = System.nanoTime();
        for (var read : notBegun) {
            if (read.isOverdue(now) && read.rescued.compareAndSet(false, true)) {
                rescue(read);
            }
        }
    }

    @Override
    public void close() {
        rescuers.shutdownNow();
    }
}
