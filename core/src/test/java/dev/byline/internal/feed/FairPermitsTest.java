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

    private final FairPermits places = new FairPermits(8);
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final LinkedBlockingQueue<Long> granted = new LinkedBlockingQueue<>();

    @AfterEach
    void stop() {
        threads.shutdownNow();
    }

    private boolean now(long user) throws InterruptedException {
        return places.acquire(user, new Deadline(System.nanoTime()));
    }

    private void waits(long user, int permits) {
        for (int i = 0; i < permits; i++) {
            var unused = CompletableFuture.runAsync(
                    () -> {
                        try {
                            assertThat(places.acquire(user, NEVER)).isTrue();
                            granted.add(user);
                        } catch (InterruptedException e) {
                            Thread.currentThread().interrupt();
                        }
                    },
                    threads);
        }
    }

    private List<Long> take(int count) throws InterruptedException {
        var users = new ArrayList<Long>();
        while (users.size() < count) {
            users.add(granted.take());
        }
        return users;
    }

    @Test
    void aUserHoldsAtMostHalfAndTheLastQuarterIsForOthers() throws Exception {
        for (int i = 0; i < 4; i++) {
            assertThat(now(1)).isTrue();
        }
        assertThat(now(1)).isFalse();
        assertThat(now(2)).isTrue();
        assertThat(now(2)).isTrue();
        assertThat(now(2)).isFalse();
        assertThat(now(3)).isTrue();
        assertThat(now(4)).isTrue();
        assertThat(now(5)).isFalse();
        places.release(4);
        assertThat(now(3)).isFalse();
        assertThat(now(5)).isTrue();
    }

    @Test
    void aFreePermitGoesToTheUserWhoHoldsTheFewest() throws Exception {
        for (long user = 1; user <= 8; user++) {
            assertThat(now(user)).isTrue();
        }
        waits(1, 20);
        waits(9, 1);
        while (places.waiting() < 21) {
            Thread.onSpinWait();
        }
        places.release(2);
        assertThat(take(1)).containsExactly(9L);
        places.release(3);
        places.release(4);
        places.release(5);
        assertThat(take(1)).containsExactly(1L); // above the reserve
        for (long user = 6; user <= 9; user++) {
            places.release(user);
        }
        assertThat(take(2)).containsOnly(1L); // four at most
        assertThat(places.waiting()).isEqualTo(17);
    }

    @Test
    void whoGaveUpGetsNone() throws Exception {
        for (long user = 1; user <= 8; user++) {
            assertThat(now(user)).isTrue();
        }
        assertThat(now(9)).isFalse();
        assertThat(places.acquire(10, Deadline.in(Duration.ofMillis(1)))).isFalse();
        assertThat(places.waiting()).isZero();
        places.release(1);
        assertThat(now(11)).isTrue();
        assertThat(now(12)).isFalse();
    }
}
