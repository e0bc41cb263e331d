package dev.byline.internal.pool;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Checks timeouts ten times a second, for timeouts that hardly ever expire: a timed wait of a virtual thread must be
 * scheduled on another thread and cancelled, which often costs more than the wait itself. Runs one thread while there
 * are checks. Safe for use by several threads.
 */
public final class Watchdog {
    private static final long INTERVAL_MS = 100;

    private final Set<Runnable> looks = new HashSet<>(); // guarded by itself
    private boolean running; // guarded by looks

    /**
     * Adds a check.
     *
     * @param look must not block or throw
     */
    void add(Runnable look) {
        synchronized (looks) {
            looks.add(look);
            if (!running) {
                running = true;
                Thread.ofPlatform().daemon().name("byline-watch").start(this::run);
            }
        }
    }

    void remove(Runnable look) {
        synchronized (looks) {
            looks.remove(look);
        }
    }

    private void run() {
        while (goesOn()) {
            try {
                TimeUnit.MILLISECONDS.sleep(INTERVAL_MS);
            } catch (InterruptedException e) {
                // never interrupted
            }
            for (var look : now()) {
                look.run();
            }
        }
    }

    private List<Runnable> now() {
        synchronized (looks) {
            return List.copyOf(looks);
        }
    }

    private boolean goesOn() {
        synchronized (looks) {
            running = !looks.isEmpty();
            return running;
        }
    }
}
