package dev.byline.internal.pool;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Checks timeouts ten times a second, for timeouts that hardly ever expire: a timed wait of a virtual thread must be
 * scheduled on another thread and cancelled, which often costs more than the wait itself. Runs one thread while there
 * are checks. Safe for use by several threads.
 */
public final class Watchdog {
    private static final Logger LOG = LoggerFactory.getLogger(Watchdog.class);
    private static final long INTERVAL_MS = 100;

    private final Set<Runnable> checks = new HashSet<>(); // guarded by itself
    private boolean running; // guarded by checks

    /**
     * Adds a check.
     *
     * @param check must not block or throw
     */
    void add(Runnable check) {
        synchronized (checks) {
            checks.add(check);
            if (!running) {
                running = true;
                Thread.ofPlatform().daemon().name("byline-watch").start(this::run);
            }
        }
    }

    void remove(Runnable check) {
        synchronized (checks) {
            checks.remove(check);
        }
    }

    private void run() {
        while (hasChecks()) {
            try {
                TimeUnit.MILLISECONDS.sleep(INTERVAL_MS);
            } catch (InterruptedException e) {
                // never interrupted
            }
            for (var check : copy()) {
                try {
                    check.run();
                } catch (RuntimeException | Error e) { // without this, no timeout would work any more
                    LOG.error("a check of timeouts failed", e);
                }
            }
        }
    }

    private List<Runnable> copy() {
        synchronized (checks) {
            return List.copyOf(checks);
        }
    }

    private boolean hasChecks() {
        synchronized (checks) {
            running = !checks.isEmpty();
            return running;
        }
    }
}
