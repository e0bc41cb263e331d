package dev.byline.internal.feed;

import dev.byline.model.ImportOutcome;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Platform threads that read documents and write posts: a virtual thread that computes keeps its carrier from all others. First
 * come, first served. Safe for use by several threads.
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

    /** Something to do. */
    interface Work {
        ImportOutcome run() throws FeedException;
    }

    /**
     * Does it on a thread of these. Blocks until it is done, which is the work's to see to: only the start waits for the deadline.
     *
     * @throws FeedException when there was no time left, or from the work
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

    /** As the work threw it. */
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
