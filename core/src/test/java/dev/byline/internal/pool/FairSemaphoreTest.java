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

    private Future<Boolean> waiter(FairSemaphore permits) {
        var before = permits.waiting();
        var waiter = threads.submit(permits::acquire);
        while (permits.waiting() == before) {
            Thread.onSpinWait();
        }
        return waiter;
    }

    @Test
    void permitsAreAcquiredInOrderOfArrival() throws Exception {
        try (var permits = new FairSemaphore(new Watchdog(), 2, LONG)) {
            assertThat(permits.acquire()).isTrue();
            assertThat(permits.acquire()).isTrue();
            var order = new ConcurrentLinkedQueue<Integer>();
            var waiters = new ArrayList<Future<?>>();
            for (int i = 0; i < 5; i++) {
                var number = i;
                waiters.add(threads.submit(() -> {
                    assertThat(permits.acquire()).isTrue();
                    order.add(number);
                    permits.release();
                    return number;
                }));
                while (permits.waiting() == i) {
                    Thread.onSpinWait();
                }
            }
            permits.release(); // each waiter releases its permit to the next
            for (var waiter : waiters) {
                waiter.get(10, TimeUnit.SECONDS);
            }

            assertThat(order).containsExactly(0, 1, 2, 3, 4);
            assertThat(permits.acquire()).isTrue();
            assertThat(permits.waiting()).isZero();
        }
    }

    @Test
    void aWaiterTimesOut() throws Exception {
        try (var permits = new FairSemaphore(new Watchdog(), 1, Duration.ofMillis(50))) {
            assertThat(permits.acquire()).isTrue();
            assertThat(List.of(waiter(permits).get(), permits.acquire())).containsExactly(false, false);
            permits.release();

            assertThat(permits.acquire()).isTrue();
        }
    }

    @Test
    void anInterruptedWaiterLeavesThePermitToTheNext() throws Exception {
        try (var permits = new FairSemaphore(new Watchdog(), 1, LONG)) {
            assertThat(permits.acquire()).isTrue();
            var interrupted = new ConcurrentLinkedQueue<Throwable>();
            var first = Thread.ofVirtual().start(() -> {
                try {
                    permits.acquire();
                } catch (InterruptedException e) {
                    interrupted.add(e);
                }
            });
            while (permits.waiting() == 0) {
                Thread.onSpinWait();
            }
            var second = waiter(permits);
            first.interrupt();
            first.join();
            permits.release();

            assertThat(interrupted).hasSize(1);
            assertThat(second.get(10, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void anInterruptedThreadAcquiresAFreePermit() throws Exception {
        try (var permits = new FairSemaphore(new Watchdog(), 1, LONG)) {
            Thread.currentThread().interrupt();
            assertThat(permits.acquire()).isTrue();
            assertThatThrownBy(permits::acquire).isInstanceOf(InterruptedException.class);
            permits.release();

            assertThat(permits.acquire()).isTrue();
        }
    }
}
