package dev.byline.internal.feed;

import dev.byline.model.ImportOutcome;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Platform threads that parse documents and write posts: a virtual thread that computes would block its carrier. Fair.
 * Safe for use by several threads.
 */
final class FeedWorkers implements AutoCloseable {
    private final Semaphore permits;
    private final ThreadPoolExecutor threads;

    FeedWorkers(int count) {
        this.permits = new Semaphore(count, true);
        this.threads = new ThreadPoolExecutor(
                count,
                count,
                10,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                Thread.ofPlatform().daemon().name("byline-import-worker-", 0).factory());
        threads.allowCoreThreadTimeOut(true);
    }

    /** Work that may fail. */
    interface Work {
        ImportOutcome run() throws FeedException;
    }

    /**
     * Runs work on one of the threads. Blocks until a thread is free or the deadline passes, then until the work ends:
     * the work must observe its own deadline.
     *
     * @throws FeedException when no thread was free before the deadline, or thrown by the work
     */
    ImportOutcome run(Work work, Deadline deadline) throws FeedException, InterruptedException {
        if (!permits.tryAcquire(deadline.left(), TimeUnit.NANOSECONDS)) {
            throw FeedException.busy();
        }
        try {
            var result = threads.submit(work::run);
            try {
                return result.get();
            } catch (InterruptedException e) {
                result.cancel(true);
                throw e;
            }
        } catch (ExecutionException e) {
            throw cause(e);
        } catch (RejectedExecutionException e) { // closed
            throw FeedException.busy();
        } finally {
            permits.release();
        }
    }

    /** Unwraps what the work threw. */
    private static FeedException cause(ExecutionException e) {
        var cause = e.getCause();
        if (cause instanceof RuntimeException bug) {
            throw bug;
        }
        if (cause instanceof Error error) {
            throw error;
        }
        return cause instanceof FeedException failure ? failure : unexpected(e);
    }

    private static FeedException unexpected(ExecutionException e) {
        throw new IllegalStateException(e);
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
