package dev.byline.internal.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.byline.model.BylineException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class BatchLoaderTest {
    private static final int MAX_KEYS = 8;

    /** The keys of each batch. */
    private final List<Set<Integer>> statements = Collections.synchronizedList(new ArrayList<>());

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Watchdog watchdog = new Watchdog();
    private final CountDownLatch firstBegan = new CountDownLatch(1);
    private final CountDownLatch firstMayEnd = new CountDownLatch(1);

    @AfterEach
    void close() {
        firstMayEnd.countDown();
        threads.shutdownNow(); // close() would wait for lookups that a failed test left
        threads.close();
    }

    /** Returns the squares of odd numbers. The first batch blocks until it may end. */
    private Map<Integer, Integer> squares(Set<Integer> keys) {
        statements.add(Set.copyOf(keys));
        if (firstBegan.getCount() > 0) {
            firstBegan.countDown();
            await(firstMayEnd);
        }
        var found = new HashMap<Integer, Integer>();
        keys.stream().filter(key -> key % 2 == 1).forEach(key -> found.put(key, key * key));
        return found;
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private <T> Future<T> start(Callable<T> task) {
        return threads.submit(task);
    }

    /** Starts a batch that stays in flight. */
    private void beginFirst(BatchLoader<Integer, Integer> squares) {
        var unused = start(() -> squares.get(1));
        await(firstBegan);
    }

    private List<Future<Optional<Integer>>> startTwenty(BatchLoader<Integer, Integer> squares) {
        return IntStream.range(100, 120)
                .mapToObj(key -> start(() -> squares.get(key)))
                .toList();
    }

    /** Starts a lookup of 5 that waits for the first batch, behind an older lookup that is interrupted. */
    private Future<Optional<Integer>> lookupBehindAnInterruptedOne(BatchLoader<Integer, Integer> squares)
            throws InterruptedException {
        beginFirst(squares);
        var interrupted = start(() -> squares.get(3));
        awaitWaiting(squares, 1);
        var other = start(() -> squares.get(5));
        awaitWaiting(squares, 2);
        assertThat(interrupted.cancel(true)).isTrue();
        return other;
    }

    private static void awaitWaiting(BatchLoader<?, ?> loader, int count) throws InterruptedException {
        while (loader.waiting() < count) {
            Thread.sleep(1);
        }
    }

    private static void awaitDone(List<Future<Optional<Integer>>> lookups, int count) throws InterruptedException {
        while (lookups.stream().filter(Future::isDone).count() < count) {
            Thread.sleep(1);
        }
    }

    @Test
    void aLookupRunsAtOnceWhenNoBatchIsInFlight() {
        firstMayEnd.countDown();
        var squares = new BatchLoader<>(watchdog, MAX_KEYS, this::squares);
        assertThat(squares.get(3)).contains(9);
        assertThat(squares.get(4)).isEmpty();
        assertThat(statements).containsExactly(Set.of(3), Set.of(4));
    }

    @Test
    void lookupsDuringABatchJoinTheNextOneWithEachKeyOnce() throws Exception {
        var squares = new BatchLoader<>(watchdog, MAX_KEYS, this::squares);
        beginFirst(squares);
        var lookups = new ArrayList<Future<Optional<Integer>>>();
        for (var key : List.of(2, 3, 5, 5, 3)) {
            lookups.add(start(() -> squares.get(key)));
        }
        awaitWaiting(squares, 5);
        firstMayEnd.countDown();
        var found = new ArrayList<Optional<Integer>>();
        for (var lookup : lookups) {
            found.add(lookup.get());
        }
        assertThat(found)
                .containsExactly(Optional.empty(), Optional.of(9), Optional.of(25), Optional.of(25), Optional.of(9));
        assertThat(statements).containsExactly(Set.of(1), Set.of(2, 3, 5));
    }

    @Test
    void aBatchHasAtMostTheMaximumOfKeys() throws Exception {
        var squares = new BatchLoader<>(watchdog, MAX_KEYS, this::squares);
        beginFirst(squares);
        var lookups = startTwenty(squares);
        awaitWaiting(squares, 20);
        firstMayEnd.countDown();
        for (var lookup : lookups) {
            lookup.get();
        }
        assertThat(statements.stream().map(Set::size)).containsExactly(1, 8, 8, 4);
    }

    @Test
    void aLookupNeverJoinsABatchThatAlreadyStarted() throws Exception {
        var row = new int[] {1};
        var rows = new BatchLoader<Integer, Integer>(watchdog, MAX_KEYS, keys -> {
            statements.add(Set.copyOf(keys));
            var seen = row[0]; // its snapshot
            if (firstBegan.getCount() > 0) {
                firstBegan.countDown();
                await(firstMayEnd);
            }
            return Map.of(7, seen);
        });
        var before = start(() -> rows.get(7));
        await(firstBegan);
        row[0] = 2; // committed
        var after = start(() -> rows.get(7));
        awaitWaiting(rows, 1);
        firstMayEnd.countDown();
        assertThat(before.get()).contains(1);
        assertThat(after.get()).contains(2);
    }

    @Test
    void lookupsOfAFailedBatchRunAlone() throws Exception {
        var squares = new BatchLoader<Integer, Integer>(watchdog, MAX_KEYS, keys -> {
            if (keys.size() > 1) {
                throw new BylineException.Unavailable("the statement of several");
            }
            return squares(keys);
        });
        beginFirst(squares);
        var lookups = List.of(3, 5, 7).stream()
                .map(key -> start(() -> squares.get(key)))
                .toList();
        awaitWaiting(squares, 3);
        firstMayEnd.countDown();
        var failed = 0;
        for (var lookup : lookups) {
            try {
                assertThat(lookup.get()).isPresent();
            } catch (ExecutionException e) {
                assertThat(e.getCause()).isInstanceOf(BylineException.Unavailable.class);
                failed++; // it started the batch
            }
        }
        assertThat(failed).isEqualTo(1);
        assertThat(squares.get(9)).contains(81);
    }

    @Test
    void aFailureOfASingleLookupIsThrown() {
        var failing = new BatchLoader<Integer, Integer>(watchdog, MAX_KEYS, keys -> {
            throw new IllegalStateException("a fault");
        });
        assertThatThrownBy(() -> failing.get(1)).hasMessage("a fault");
        assertThatThrownBy(() -> failing.get(1)).hasMessage("a fault"); // and does not block
    }

    @Test
    void aLookupDoesNotWaitForASlowBatch() throws Exception {
        var squares = new BatchLoader<>(watchdog, MAX_KEYS, this::squares);
        beginFirst(squares);
        assertThat(start(() -> squares.get(3)).get()).contains(9); // while the first is in flight
        assertThat(statements).containsExactly(Set.of(1), Set.of(3));
    }

    @Test
    void manyLookupsDoNotWaitForASlowBatch() throws Exception {
        var squares = new BatchLoader<>(watchdog, MAX_KEYS, this::squares);
        beginFirst(squares);
        var lookups = startTwenty(squares);
        for (var lookup : lookups) {
            lookup.get(); // while the first is in flight
        }
        assertThat(statements).hasSize(21).allMatch(keys -> keys.size() == 1);
    }

    @Test
    void lookupsBeyondTheMaximumDoNotWaitForTheBatch() throws Exception {
        var mayEnd = new CountDownLatch(1);
        var squares = new BatchLoader<Integer, Integer>(watchdog, MAX_KEYS, keys -> {
            if (keys.size() > 1) {
                await(mayEnd);
            }
            return squares(keys);
        });
        beginFirst(squares);
        var lookups = startTwenty(squares);
        awaitWaiting(squares, 20);
        firstMayEnd.countDown();
        awaitDone(lookups, 20 - MAX_KEYS);
        mayEnd.countDown();
        awaitDone(lookups, 20);
    }

    @Test
    void aLookupBehindAnInterruptedOneDoesNotWaitForASlowBatch() throws Exception {
        var squares = new BatchLoader<>(watchdog, MAX_KEYS, this::squares);
        var other = lookupBehindAnInterruptedOne(squares);
        assertThat(other.get()).contains(25); // while the first is in flight
    }

    @Test
    void anInterruptedLookupDoesNotAffectOthers() throws Exception {
        var squares = new BatchLoader<>(watchdog, MAX_KEYS, this::squares);
        var other = lookupBehindAnInterruptedOne(squares);
        firstMayEnd.countDown();
        assertThat(other.get()).contains(25);
        assertThat(squares.get(7)).contains(49);
    }
}
