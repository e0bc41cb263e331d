package dev.byline.db;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Looks at what may last too long, ten times a second. For limits that are hardly ever reached: a timed wait of a virtual thread is
 * a task for another thread, to schedule and to cancel, which takes longer than much of what is waited for. One thread for the whole
 * process, while there is anything to look at.
 */
final class Watch {
    private static final long INTERVAL_MS = 100;

    private static final Set<Runnable> LOOKS = new HashSet<>(); // guards itself
    private static boolean running; // guarded by LOOKS

    private Watch() {}

    /**
     * Begins to look.
     *
     * @param look doesn't block, and throws nothing
     */
    static void add(Runnable look) {
        synchronized (LOOKS) {
            LOOKS.add(look);
            if (!running) {
                running = true;
                Thread.ofPlatform().daemon().name("byline-watch").start(Watch::run);
            }
        }
    }

    static void remove(Runnable look) {
        synchronized (LOOKS) {
            LOOKS.remove(look);
        }
    }

    private static void run() {
        while (goesOn()) {
            try {
                TimeUnit.MILLISECONDS.sleep(INTERVAL_MS);
            } catch (InterruptedException e) {
                // nobody has a reason to
            }
            for (var look : looks()) {
                look.run();
            }
        }
    }

    private static List<Runnable> looks() {
        synchronized (LOOKS) {
            return List.copyOf(LOOKS);
        }
    }

    private static boolean goesOn() {
        synchronized (LOOKS) {
            running = !LOOKS.isEmpty();
            return running;
        }
    }
}
