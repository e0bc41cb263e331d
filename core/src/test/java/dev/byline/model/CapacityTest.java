package dev.byline.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.byline.model.Capacity.Load;
import dev.byline.model.Capacity.Plan;
import java.time.Duration;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class CapacityTest {
    private static final Plan FIVE = new Plan(5, 2, 1, 1, 100);

    /** Requests in 10 seconds, each with one connection. */
    private static Load load(int requests, Duration hold, double cpu) {
        return new Load(Duration.ofSeconds(10), requests, requests, hold.multipliedBy(requests), cpu);
    }

    @Test
    void aQuarterOfTheLoadPredictsTheWhole() {
        var now = new Capacity(FIVE, load(125, Duration.ofMillis(100), 0.05));

        assertThat(now.throughput()).isEqualTo(12.5);
        assertThat(now.hold()).contains(Duration.ofMillis(100));
        assertThat(now.poolUtilisation()).isEqualTo(0.25);
        assertThat(now.poolThroughput()).hasValue(50);
        assertThat(now.processorThroughput()).hasValue(250);
        assertThat(now.predictedThroughput()).hasValue(50);
        assertThat(now.headroom()).hasValue(4);
        assertThat(now.verdict()).isEqualTo("room for 4.0x: the pool would be used up first");
    }

    @Test
    void cachedRequestsTakeNoConnection() {
        var now = new Capacity(FIVE, new Load(Duration.ofSeconds(10), 400, 100, Duration.ofSeconds(10), 0.1));

        assertThat(now.requestsPerConnection()).hasValue(4);
        assertThat(now.poolThroughput()).hasValue(200);
    }

    @Test
    void theVerdictNamesTheBottleneck() {
        var hold = Duration.ofMillis(100);
        assertThat(new Capacity(FIVE, load(490, hold, 0.2)).verdict())
                .isEqualTo("the pool is the limit: 98 % of 5 connections is in use while CPU is left; the recommended"
                        + " size is 5, so look for statements that wait: locks, slow disks, a far database");
        assertThat(new Capacity(new Plan(2, 2, 1, 1, null), load(200, hold, 0.2)).verdict())
                .endsWith("a pool of 5 connections is recommended");
        assertThat(new Capacity(FIVE, load(490, hold, 0.97)).verdict()).startsWith("CPU is the limit: 97 %");
        assertThat(new Capacity(FIVE, load(5000, Duration.ofMillis(1), 0.5)).verdict())
                .isEqualTo("room for 2.0x: CPU would be used up first");
    }

    @Test
    void tooLittleTrafficGivesNoPrediction() {
        var now = new Capacity(FIVE, load(3, Duration.ofMillis(1), 0.01));

        assertThat(now.predictedThroughput()).isEmpty();
        assertThat(now.headroom()).isEmpty();
        assertThat(now.verdict()).isEqualTo("too little traffic to judge by");
        assertThat(new Capacity(FIVE, Load.NONE).hold()).isEmpty();
    }

    @Test
    void fewStatementsGiveNoPoolPredictionButTheProcessorsDo() {
        var now = new Capacity(FIVE, new Load(Duration.ofSeconds(10), 100_000, 3, Duration.ofMillis(3), 0.5));

        assertThat(now.poolThroughput()).isEmpty();
        assertThat(now.predictedThroughput().orElseThrow()).isCloseTo(20_000, Offset.offset(0.1));
    }

    @Test
    void thePlanSaysWhereItsSizeComesFrom() {
        assertThat(FIVE.reason()).isEqualTo("2 database cores * 2 + 1 spindles");
        var set = new Plan(20, 8, 1, 3, 50);
        assertThat(set.recommendedPoolSize()).isEqualTo(5);
        assertThat(set.connectionsWanted()).isEqualTo(60);
        assertThat(set.reason())
                .isEqualTo("set to 20; 8 database cores * 2 + 1 spindles, shared by 3 replicas would be 5");
    }
}
