package dev.byline.server;

import dev.byline.Byline;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Checks whether the database is up, with hysteresis so that a single slow moment does not take the server out of
 * service: down after 3 seconds without a successful statement, up after two successful checks in a row. Statements of
 * requests count, so a busy pool is not taken for a database that is down. Runs its own statement only if no request
 * ran one within the last second.
 */
final class DatabaseWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DatabaseWatch.class);

    private static final Duration DOWN_AFTER = Duration.ofSeconds(3);
    private static final Duration INTERVAL = Duration.ofMillis(500);
    private static final int SUCCESSES_TO_RECOVER = 2;

    private final Byline byline;
    private final ScheduledExecutorService scheduler = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("byline-watch").factory());
    private int successes;
    private boolean readOnly;
    private volatile boolean down;
    private volatile long readOnlyAt = System.nanoTime() - DOWN_AFTER.toNanos();

    private DatabaseWatch(Byline byline) {
        this.byline = byline;
    }

    static DatabaseWatch start(Byline byline) {
        var watch = new DatabaseWatch(byline);
        var unused = watch.scheduler.scheduleWithFixedDelay(
                watch::checkOrLog, 0, INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
        return watch;
    }

    /** Logs every failure: the executor would swallow it and stop the schedule. */
    private void checkOrLog() {
        try {
            check();
        } catch (RuntimeException | Error e) {
            LOG.error("the check of the database failed", e);
        }
    }

    private void check() {
        logReadOnly();
        successes = answers() ? successes + 1 : 0;
        if (down && successes >= SUCCESSES_TO_RECOVER) {
            down = false;
            LOG.info("ready again: the database answers");
        } else if (!down && isDown()) {
            down = true;
            LOG.warn("not ready: the database has not answered for {} s", DOWN_AFTER.toSeconds());
        }
    }

    private void logReadOnly() {
        if (readOnly != byline.isReadOnly()) {
            readOnly = !readOnly;
            LOG.warn(
                    readOnly
                            ? "there is no primary: replicas serve reads, writes fail"
                            : "replicas do not stand in for the primary any more");
        }
    }

    private boolean answers() {
        if (byline.sinceDatabaseAnswered().compareTo(INTERVAL.multipliedBy(2)) < 0) {
            return true;
        }
        try {
            return byline.serverFacts() != null;
        } catch (RuntimeException e) {
            LOG.debug("the database check failed", e);
            return false;
        }
    }

    private boolean isSilent() {
        return byline.sinceDatabaseAnswered().compareTo(DOWN_AFTER) > 0;
    }

    /**
     * Returns whether the database is down: not while replicas serve reads, nor in the first seconds after that, in which the
     * pool fills. Doesn't block.
     */
    boolean isDown() {
        if (byline.isReadOnly()) {
            readOnlyAt = System.nanoTime();
        }
        // the check that would set the flag may itself be blocked
        return (down || isSilent()) && System.nanoTime() - readOnlyAt > DOWN_AFTER.toNanos();
    }

    @Override
    public void close() {
        scheduler.shutdownNow();
    }
}
