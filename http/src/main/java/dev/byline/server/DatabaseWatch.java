package dev.byline.server;

import dev.byline.Byline;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether the database answers, with hysteresis, so that one slow moment doesn't take a server out of service: away after 3
 * seconds without an answer, back after two answers in a row. An answer is any statement that succeeded, of whatever
 * request: a pool that is merely busy is not a database that is away. Only when nobody else asked does this.
 */
final class DatabaseWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DatabaseWatch.class);

    private static final Duration AWAY_AFTER = Duration.ofSeconds(3);
    private static final Duration INTERVAL = Duration.ofMillis(500);
    private static final int BACK_AFTER = 2;

    private final Byline byline;
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("byline-watch").factory());
    private int answers;
    private volatile boolean away;

    private DatabaseWatch(Byline byline) {
        this.byline = byline;
    }

    static DatabaseWatch start(Byline byline) {
        var watch = new DatabaseWatch(byline);
        var unused =
                watch.clock.scheduleWithFixedDelay(watch::lookOrLog, 0, INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
        return watch;
    }

    /** What fails here is logged: the executor would drop it, and never call again. */
    private void lookOrLog() {
        try {
            look();
        } catch (RuntimeException | Error e) {
            LOG.error("could not ask the database", e);
        }
    }

    private void look() {
        answers = answers() ? answers + 1 : 0;
        if (away && answers >= BACK_AFTER) {
            away = false;
            LOG.info("ready again: the database answers");
        } else if (!away && isSilent()) {
            away = true;
            LOG.warn("not ready: the database has not answered for {} s", AWAY_AFTER.toSeconds());
        }
    }

    private boolean answers() {
        if (byline.sinceDatabaseAnswered().compareTo(INTERVAL.multipliedBy(2)) < 0) {
            return true;
        }
        try {
            return byline.serverFacts() != null;
        } catch (RuntimeException e) {
            LOG.debug("database", e);
            return false;
        }
    }

    private boolean isSilent() {
        return byline.sinceDatabaseAnswered().compareTo(AWAY_AFTER) > 0;
    }

    /** Whether the database is away. Doesn't block. */
    boolean isAway() {
        return away || isSilent(); // the look that would say so may itself be waiting
    }

    @Override
    public void close() {
        clock.shutdownNow();
    }
}
