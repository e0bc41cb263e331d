package dev.byline.migrations;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.IntSupplier;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Fails a test that leaves a connection of a pool acquired. */
public final class LeakCheck implements AfterEachCallback {
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    private final List<IntSupplier> pools = new CopyOnWriteArrayList<>();

    /**
     * Checks a pool after each test.
     *
     * @param active returns how many of its connections are acquired
     */
    public void watch(IntSupplier active) {
        pools.add(active);
    }

    @Override
    public void afterEach(ExtensionContext context) {
        pools.forEach(LeakCheck::assertReleased);
    }

    /**
     * Checks a pool now, for tests that close it themselves. Waits up to 5 seconds: the use of a token is recorded after
     * the response.
     *
     * @param active returns how many of its connections are acquired
     */
    public static void assertReleased(IntSupplier active) {
        var end = System.nanoTime() + TIMEOUT.toNanos();
        var acquired = active.getAsInt();
        while (acquired > 0 && System.nanoTime() < end) {
            pause();
            acquired = active.getAsInt();
        }
        // not read again: the housekeeper may have acquired a connection since
        assertThat(acquired).as("acquired connections").isZero();
    }

    private static void pause() {
        try {
            Thread.sleep(5);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }
}
