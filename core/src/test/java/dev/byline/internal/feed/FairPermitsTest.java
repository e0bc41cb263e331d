package dev.byline.internal.feed;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FairPermitsTest {
    private static final Deadline NEVER = Deadline.in(Duration.ofMinutes(10));

    private final FairPermits permits = new FairPermits(8);
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final LinkedBlockingQueue<Long> granted = new LinkedBlockingQueue<>();

    @AfterEach
    void stop() {
        threads.shutdownNow();
    }

    private boolean acquireNow(long user) throws InterruptedException {
        return permits.acquire(user, new Deadline(System.nanoTime()));
    }

    private void enqueue(long user, int count) {
        for (int i = 0; i < count; i++) {
            var unused = CompletableFuture.runAsync(
                    () -> {
                        try {
                            assertThat(permits.acquire(user, NEVER)).isTrue();
                            granted.add(user);
                        } catch (InterruptedException e) {
                            Thread.currentThread().interrupt();
                        }
                    },
                    threads);
        }
    }

    private List<Long> nextGranted(int count) throws InterruptedException {
        var users = new ArrayList<Long>();
        while (users.size() < count) {
            users.add(granted.take());
        }
        return users;
    }

    @Test
    void aUserHoldsAtMostHalfOfThePermits() throws Exception {
        for (int i = 0; i < 4; i++) {
            assertThat(acquireNow(1)).isTrue();
        }
        assertThat(acquireNow(1)).isFalse();
    }

    @Test
    void theLastQuarterIsReservedForUsersWithoutPermits() throws Exception {
        for (int i = 0; i < 4; i++) {
            assertThat(acquireNow(1)).isTrue();
        }
        assertThat(acquireNow(2)).isTrue();
        assertThat(acquireNow(2)).isTrue();
        assertThat(acquireNow(2)).isFalse();
        assertThat(acquireNow(3)).isTrue();
        assertThat(acquireNow(4)).isTrue();
        assertThat(acquireNow(5)).isFalse();
        permits.release(4);
        assertThat(acquireNow(3)).isFalse();
        assertThat(acquireNow(5)).isTrue();
    }

    @Test
    void aFreePermitGoesToTheWaitingUserWithTheFewest() throws Exception {
        for (long user = 1; user <= 8; user++) {
            assertThat(acquireNow(user)).isTrue();
        }
        enqueue(1, 20);
        enqueue(9, 1);
        while (permits.waiting() < 21) {
            Thread.onSpinWait();
        }
        permits.release(2);
        assertThat(nextGranted(1)).containsExactly(9L);
        permits.release(3);
        permits.release(4);
        permits.release(5);
        assertThat(nextGranted(1)).containsExactly(1L); // one more than the reserve is free
        for (long user = 6; user <= 9; user++) {
            permits.release(user);
        }
        assertThat(nextGranted(2)).containsOnly(1L); // which reaches its maximum of four
        assertThat(permits.waiting()).isEqualTo(17);
    }

    @Test
    void anExpiredWaiterGetsNoPermit() throws Exception {
        for (long user = 1; user <= 8; user++) {
            assertThat(acquireNow(user)).isTrue();
        }
        assertThat(acquireNow(9)).isFalse();
        assertThat(permits.acquire(10, Deadline.in(Duration.ofMillis(1)))).isFalse();
        assertThat(permits.waiting()).isZero();
        permits.release(1);
        assertThat(acquireNow(11)).isTrue();
        assertThat(acquireNow(12)).isFalse();
    }
}
