package dev.byline.internal.pool;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Looks at what may last too long, ten times a second. For limits that are hardly ever reached: a timed wait of a virtual thread is
 * a task for another thread, to schedule and to cancel, which takes longer than much of what is waited for. One thread, while there is
 * anything to look at. Safe for use by several threads.
 */
public final class Watchdog {
    private static final long INTERVAL_MS = 100;

    private final Set<Runnable> looks = new HashSet<>(); // guards itself
    private boolean running; // guarded by looks

    /**
     * Begins to look.
     *
     * @param look doesn't block, and throws nothing
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
                // nobody has a reason to
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
