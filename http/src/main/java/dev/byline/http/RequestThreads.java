package dev.byline.http;

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
 * The threads of requests: virtual ones. The JVM runs these on one carrier thread for each processor and takes none of them off while it
 * computes, so that as many long computations as processors stop all requests, probes included. Therefore what reads requests is
 * run by a platform thread instead when no carrier has begun it within {@link #RESCUE_AFTER}: that is enough to answer probes. Safe for
 * use by several threads.
 */
final class RequestThreads implements AutoCloseable {
    static final Duration RESCUE_AFTER = Duration.ofMillis(100);

    private static final int RESCUERS = 4;
    private static final int MAX_RESCUED = 10_000;

    private final Executor virtual = Objects.requireNonNull(VirtualThreads.getDefaultVirtualThreadsExecutor());
    private final Set<ReadTask> notBegun = ConcurrentHashMap.newKeySet();
    private final Set<Thread> rescuerThreads = ConcurrentHashMap.newKeySet();
    private final ThreadPoolExecutor rescuers = new ThreadPoolExecutor(
            RESCUERS, RESCUERS, 10, TimeUnit.SECONDS, new ArrayBlockingQueue<>(MAX_RESCUED), this::newRescuer);

    RequestThreads() {
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

    /** Reads the next request of a connection, on whichever thread begins it first. */
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

    /** Reads a request: for Jetty. */
    void read(Runnable task) {
        var read = new ReadTask(task);
        notBegun.add(read);
        virtual.execute(read);
    }

    /** Works on a request, on a virtual thread. */
    void execute(Runnable work) {
        virtual.execute(work);
    }

    /** Runs what must not wait for a carrier thread, and hardly blocks. */
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

    /** Called some times a second: hands over what no carrier thread has begun. */
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
