package dev.byline.internal.store;

import dev.byline.internal.sql.GinSql;
import dev.byline.model.BylineException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes rows in the background that are already invisible to everyone: the rows of deleted users, and expired
 * snapshots for idempotency keys. Each batch has its own transaction, so that no statement runs long. Rows that a
 * process leaves behind when it dies are removed in the next round of any process. Runs one thread. Several processes
 * may work on the same user: each skips rows that another has locked.
 */
public final class Housekeeper implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Housekeeper.class);
    private static final Duration INTERVAL = Duration.ofMinutes(1);

    private final Database database;
    private final DeletedUsers deletedUsers;
    private final ScheduledExecutorService executor;
    private final AtomicBoolean requested = new AtomicBoolean();
    private boolean loggedPendingLists; // only the executor's thread uses it

    /**
     * Starts a round every minute.
     *
     * @param database the database to clean
     */
    public Housekeeper(Database database) {
        this.database = database;
        this.deletedUsers = new DeletedUsers(database, InstantSource.system());
        this.executor = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name("byline-housekeeper").factory());
        var unused = executor.scheduleWithFixedDelay(
                this::round, INTERVAL.toMillis(), INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Starts a round now and returns at once. */
    public void run() {
        if (requested.compareAndSet(false, true)) {
            try {
                executor.execute(this::round);
            } catch (RejectedExecutionException e) {
                LOG.debug("closing: the next start removes the rest");
            }
        }
    }

    private void round() {
        requested.set(false);
        attempt(() -> deletedUsers.remove(executor::isShutdown));
        attempt(() -> Idempotency.removeExpired(database, executor::isShutdown));
        attempt(this::cleanPendingLists);
    }

    private void cleanPendingLists() {
        var mayNot = database.read(GinSql::cleanPendingLists).contains(false);
        if (mayNot && !loggedPendingLists) {
            loggedPendingLists = true;
            LOG.info(
                    "another role owns the search indexes: only writes and autovacuum can merge their pending lists (1 MB each)");
        }
    }

    private static void attempt(Runnable task) {
        try {
            task.run();
        } catch (BylineException.Unavailable e) {
            LOG.info("a round of housekeeping failed, will try again in {}", INTERVAL, e);
        } catch (RuntimeException | Error e) { // without this, the executor would cancel the task
            LOG.error("a round of housekeeping failed", e);
        }
    }

    /** Stops after the batch in progress. Waits for it, at most 5 seconds. */
    @Override
    public void close() {
        executor.shutdown();
        try {
            if (!executor.awaitTermination(5, TimeUnit.SECONDS)) {
                executor.shutdownNow();
            }
        } catch (InterruptedException e) {
            executor.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }
}
