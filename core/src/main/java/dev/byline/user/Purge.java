package dev.byline.user;

import dev.byline.BylineException;
import dev.byline.db.Database;
import dev.byline.idempotency.Idempotency;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes in the background what is gone for everyone already: the rows of deleted users, and answers kept for idempotency
 * keys whose day is over. A batch goes in a transaction of its own, so that no statement runs long however much there is. What a process leaves behind when it dies, any process finds on its
 * next round. Runs one thread; several processes may work on the same user, as each skips what another has locked.
 */
public final class Purge implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Purge.class);
    private static final Duration INTERVAL = Duration.ofMinutes(1);

    /** Rows removed in one transaction at most: a post may have hundreds of chunks of its body beside it. */
    private static final int BATCH = 200;

    private final Database database;
    private final ScheduledExecutorService executor;
    private final AtomicBoolean requested = new AtomicBoolean();

    /**
     * Starts looking for what is deleted or expired, once a minute.
     *
     * @param database where users are kept
     */
    public Purge(Database database) {
        this.database = database;
        this.executor = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name("byline-purge").factory());
        var unused = executor.scheduleWithFixedDelay(
                this::round, INTERVAL.toMillis(), INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Starts a round now and returns at once. */
    void run() {
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
        attempt(this::removeUsers);
        attempt(() -> Idempotency.removeExpired(database, executor::isShutdown));
    }

    private static void attempt(Runnable task) {
        try {
            task.run();
        } catch (BylineException.Unavailable e) {
            LOG.info("could not remove what is deleted or expired, will try again in {}", INTERVAL, e);
        } catch (RuntimeException | Error e) { // the executor would drop it, and never call again
            LOG.error("could not remove what is deleted or expired", e);
        }
    }

    private void removeUsers() {
        for (var ids = marked(); !ids.isEmpty() && !executor.isShutdown(); ids = marked()) {
            var progress = false;
            for (var id : ids) {
                progress |= purge(id);
            }
            if (!progress) {
                return; // another process is at it
            }
        }
    }

    private List<Long> marked() {
        return database.read(dsl -> UserSql.markedDeleted(dsl, 100));
    }

    private boolean purge(long id) {
        var progress = false;
        for (var batch = BATCH; !executor.isShutdown(); ) {
            var limit = batch;
            try {
                var rows = database.write(dsl -> UserSql.deleteRows(dsl, id, limit));
                progress |= rows > 0;
                if (rows < limit) {
                    return database.write(dsl -> UserSql.lock(dsl, id) && UserSql.deleteMarked(dsl, id)) || progress;
                }
            } catch (BylineException.Unavailable e) {
                if (batch == 1) {
                    throw e;
                }
                batch = Math.max(1, batch / 4); // too much for the statement's time limit, perhaps
            }
        }
        return false;
    }

    /** Stops after the batch that is under way. Waits for it, at most 5 seconds. */
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
