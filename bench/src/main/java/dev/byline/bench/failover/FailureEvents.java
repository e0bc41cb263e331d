package dev.byline.bench.failover;

import dev.byline.bench.failover.Journal.Period;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** Replaces the primary of a cluster in different ways, each time when the cluster is healthy. */
public final class FailureEvents {
    /** A frozen primary thaws so long after another server was promoted. */
    private static final int FROZEN_LONGER_SECONDS = 5;

    private enum Kind {
        SWITCHOVER,
        KILL,
        FREEZE
    }

    /**
     * A primary was replaced.
     *
     * @param name such as "kill 2"
     * @param promoted when Patroni said that another server is the primary
     * @param period from the begin to that of the next event
     */
    public record Event(String name, long promoted, Period period) {}

    private final PatroniCluster cluster;
    private final ClientLoad load;
    private final Duration calm;
    private final long start = System.nanoTime();
    private final List<Event> events = new ArrayList<>();

    /**
     * Events in a cluster.
     *
     * @param calm before and after each event, when the cluster is healthy and no request fails
     */
    public FailureEvents(PatroniCluster cluster, ClientLoad load, Duration calm) {
        this.cluster = cluster;
        this.load = load;
        this.calm = calm;
    }

    /** Runs the events and returns them. */
    public List<Event> run(long switchovers, long kills, long freezes) throws IOException, InterruptedException {
        var primary = cluster.awaitHealthy();
        TimeUnit.NANOSECONDS.sleep(calm.toNanos());
        for (int i = 1; i <= switchovers; i++) {
            primary = run(Kind.SWITCHOVER, i, primary);
        }
        for (int i = 1; i <= kills; i++) {
            primary = run(Kind.KILL, i, primary);
        }
        for (int i = 1; i <= freezes; i++) {
            primary = run(Kind.FREEZE, i, primary);
        }
        return events;
    }

    private PatroniNode run(Kind kind, int number, PatroniNode primary) throws IOException, InterruptedException {
        var name = kind.name().toLowerCase(Locale.ROOT) + " " + number;
        say(name + " of " + primary);
        var begin = System.nanoTime();
        begin(kind, primary);
        var promoted = cluster.awaitPromotion(primary);
        var promotedAt = System.nanoTime();
        say(promoted + " is the primary");
        end(kind, primary);
        var healthy = cluster.awaitHealthy();
        say("healthy again, primary " + healthy);
        load.awaitQuiet();
        say("no failed requests any more");
        TimeUnit.NANOSECONDS.sleep(calm.toNanos());
        events.add(new Event(name, promotedAt, new Period(begin, System.nanoTime())));
        return healthy;
    }

    private static void begin(Kind kind, PatroniNode primary) throws IOException, InterruptedException {
        switch (kind) {
            case SWITCHOVER -> primary.switchOver();
            case KILL -> primary.kill();
            case FREEZE -> primary.freeze();
        }
    }

    private void end(Kind kind, PatroniNode old) throws IOException, InterruptedException {
        switch (kind) {
            case SWITCHOVER -> {} // Patroni has restarted it as a standby
            case KILL -> old.start();
            case FREEZE -> {
                TimeUnit.SECONDS.sleep(FROZEN_LONGER_SECONDS);
                old.thaw();
                say(old + " thawed");
            }
        }
    }

    private void say(String message) {
        System.out.printf("%4d s  %s%n", TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start), message);
    }
}
