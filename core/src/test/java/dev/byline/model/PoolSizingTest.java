package dev.byline.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class PoolSizingTest {
    @Test
    void poolIsTwiceTheCoresAndTheSpindles() {
        assertThat(PoolSizing.forDatabase(4, 1)).isEqualTo(9);
        assertThat(PoolSizing.forDatabase(1, 0)).isEqualTo(2);
        assertThatThrownBy(() -> PoolSizing.forDatabase(0, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> PoolSizing.forDatabase(1, -1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> PoolSizing.forDatabase(Integer.MAX_VALUE, 1)).isInstanceOf(ArithmeticException.class);
    }

    @Test
    void replicasShareIt() {
        assertThat(PoolSizing.perReplica(9, 3)).isEqualTo(3);
        assertThat(PoolSizing.perReplica(10, 3)).isEqualTo(3);
        assertThat(PoolSizing.perReplica(2, 3)).isEqualTo(1);
        assertThatThrownBy(() -> PoolSizing.perReplica(9, 0)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void oneConnectionAtATimeNeverDeadlocks() {
        assertThat(PoolSizing.deadlockFloor(200, 1)).isEqualTo(1);
        assertThat(PoolSizing.deadlockFloor(8, 3)).isEqualTo(17);
        assertThatThrownBy(() -> PoolSizing.deadlockFloor(1, 0)).isInstanceOf(IllegalArgumentException.class);
    }

    /** The first case is the article's example: 20 connections, one request each, 50 ms. */
    @Test
    void throughputFollowsLittlesLaw() {
        assertThat(PoolSizing.throughput(20, 1, Duration.ofMillis(50))).isEqualTo(400.0);
        assertThat(PoolSizing.throughput(5, 4, Duration.ofMillis(1))).isEqualTo(20_000.0);
        assertThatThrownBy(() -> PoolSizing.throughput(20, 1, Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> PoolSizing.throughput(20, 0, Duration.ofMillis(1)))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
