package dev.byline.internal.replica;

import static org.assertj.core.api.Assertions.assertThat;

import dev.byline.internal.replica.WrittenPositions.Required;
import dev.byline.model.Principal;
import dev.byline.model.Role;
import java.time.Duration;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Which state of a standby a reader needs, without Redis. */
class WrittenPositionsTest {
    private static final Duration LAG = Duration.ofSeconds(1);
    private static final long LONG_AGO =
            System.nanoTime() - Duration.ofMinutes(1).toNanos();

    private final WrittenPositions written = new WrittenPositions(LAG, null);

    private static Principal user(long id) {
        return new Principal.Member(id, Role.USER);
    }

    private static StandbyServer.State state(long timeline, long lsn, long currentAt) {
        return new StandbyServer.State(true, 1, new WalPosition(timeline, lsn), currentAt, System.nanoTime());
    }

    private boolean mayRead(Principal reader, StandbyServer.State state) {
        return written.required(reader) instanceof Required.Replayed required
                && required.suitable().test(state);
    }

    @Test
    void aWriterNeedsThePositionOfTheWriteOrEverythingUpToItsTime() {
        written.wrote(List.of(1L), new WalPosition(1, 500));
        assertThat(mayRead(user(1), state(1, 499, LONG_AGO))).isFalse();
        assertThat(mayRead(user(1), state(1, 500, LONG_AGO))).isTrue();
        assertThat(mayRead(user(1), state(1, 499, System.nanoTime()))).isTrue();
        assertThat(mayRead(user(2), state(1, 0, LONG_AGO))).isTrue();
        assertThat(mayRead(new Principal.Anonymous(), state(1, 0, LONG_AGO))).isTrue();
    }

    @Test
    void theHostProgramIsAWriterToo() {
        written.wrote(List.of(0L), new WalPosition(1, 500));
        assertThat(mayRead(new Principal.Operator(), state(1, 499, LONG_AGO))).isFalse();
    }

    @Test
    void aPositionOfAnotherTimelineIsNotCompared() {
        written.wrote(List.of(1L), new WalPosition(2, 500));
        assertThat(mayRead(user(1), state(1, 900, LONG_AGO))).isFalse();
        assertThat(mayRead(user(1), state(3, 100, LONG_AGO))).isTrue();
    }

    @Test
    void ofTwoWritesTheLaterOneIsNeeded() {
        written.wrote(List.of(1L), new WalPosition(1, 500));
        written.wrote(List.of(1L), new WalPosition(1, 400)); // of a slower thread
        assertThat(mayRead(user(1), state(1, 450, LONG_AGO))).isFalse();
    }

    @Test
    void afterAWriteWithoutAPositionNoPositionIsEnough() {
        written.wrote(List.of(1L), WalPosition.UNKNOWN);
        assertThat(mayRead(user(1), state(9, Long.MAX_VALUE, LONG_AGO))).isFalse();
        assertThat(mayRead(user(1), state(1, 0, System.nanoTime()))).isTrue();
    }

    @Test
    void aCommitOfUnknownOutcomeMayStillHappen() {
        written.mayHaveWritten(List.of(1L));
        assertThat(mayRead(user(1), state(9, Long.MAX_VALUE, System.nanoTime())))
                .isFalse();
        var later = System.nanoTime() + Duration.ofSeconds(11).toNanos();
        assertThat(mayRead(user(1), state(1, 0, later))).isTrue();
    }

    @Test
    void anEvictedWriteHoldsForAllUsers() {
        written.wrote(List.of(1L), new WalPosition(1, 500));
        written.wrote(LongStream.rangeClosed(2, 100_001).boxed().toList(), new WalPosition(1, 100));
        assertThat(mayRead(user(1), state(1, 499, LONG_AGO))).isFalse();
        assertThat(mayRead(user(200_000), state(1, 499, LONG_AGO))).isFalse();
        assertThat(mayRead(user(200_000), state(1, 500, LONG_AGO))).isTrue();
    }
}
