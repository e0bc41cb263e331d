package dev.byline.internal.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FairSemaphoreTest {
    private static final Duration LONG = Duration.ofMinutes(1);

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    @AfterEach
    void end() {
        threads.shutdownNow();
    }

    private Future<Boolean> waiter(FairSemaphore turns) {
        var before = turns.waiting();
        var waiter = threads.submit(turns::take);
        while (turns.waiting() == before) {
            Thread.onSpinWait();
        }
        return waiter;
    }

    @Test
    void areGivenInOrder() throws Exception {
        try (var turns = new FairSemaphore(new Watchdog(), 2, LONG)) {
            assertThat(turns.take()).isTrue();
            assertThat(turns.take()).isTrue();
            var order = new ConcurrentLinkedQueue<Integer>();
            var waiters = new ArrayList<Future<?>>();
            for (int i = 0; i < 5; i++) {
                var number = i;
                waiters.add(threads.submit(() -> {
                    assertThat(turns.take()).isTrue();
                    order.add(number);
                    turns.giveBack();
                    return number;
                }));
                while (turns.waiting() == i) {
                    Thread.onSpinWait();
                }
            }
            turns.giveBack(); // one after the other, as each gives its own back
            for (var waiter : waiters) {
                waiter.get(10, TimeUnit.SECONDS);
            }

            assertThat(order).containsExactly(0, 1, 2, 3, 4);
            assertThat(turns.take()).isTrue();
            assertThat(turns.waiting()).isZero();
        }
    }

    @Test
    void whoWaitedTooLongGetsNone() throws Exception {
        try (var turns = new FairSemaphore(new Watchdog(), 1, Duration.ofMillis(50))) {
            assertThat(turns.take()).isTrue();
            assertThat(List.of(waiter(turns).get(), turns.take())).containsExactly(false, false);
            turns.giveBack();

            assertThat(turns.take()).isTrue();
        }
    }

    @Test
    void whoIsInterruptedLeavesTheTurnToTheNext() throws Exception {
        try (var turns = new FairSemaphore(new Watchdog(), 1, LONG)) {
            assertThat(turns.take()).isTrue();
            var interrupted = new ConcurrentLinkedQueue<Throwable>();
            var first = Thread.ofVirtual().start(() -> {
                try {
                    turns.take();
                } catch (InterruptedException e) {
                    interrupted.add(e);
                }
            });
            while (turns.waiting() == 0) {
                Thread.onSpinWait();
            }
            var second = waiter(turns);
            first.interrupt();
            first.join();
            turns.giveBack();

            assertThat(interrupted).hasSize(1);
            assertThat(second.get(10, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void whoComesInterruptedAndNeedNotWaitGetsOne() throws Exception {
        try (var turns = new FairSemaphore(new Watchdog(), 1, LONG)) {
            Thread.currentThread().interrupt();
            assertThat(turns.take()).isTrue();
            assertThatThrownBy(turns::take).isInstanceOf(InterruptedException.class);
            turns.giveBack();

            assertThat(turns.take()).isTrue();
        }
    }
}
