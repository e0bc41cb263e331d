package dev.byline.migrations;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/** Waits for what happens on other threads or in other processes. */
public final class Await {
    private static final long TIMEOUT = TimeUnit.SECONDS.toNanos(20);

    private Await() {}

    /** Returns when a condition holds; fails after 20 seconds. */
    public static void until(Callable<Boolean> condition) throws Exception {
        var end = System.nanoTime() + TIMEOUT;
        while (!condition.call()) {
            assertThat(System.nanoTime()).as("the condition holds in time").isLessThan(end);
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }
}
