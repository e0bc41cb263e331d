package dev.byline.model;

import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * What a process can carry, by what it carried a moment ago: Little's law ({@link PoolSizing#throughput}) on the measured
 * time that connections are held, and beside it the processors, which may be the limit long before. Pure arithmetic;
 * docs/capacity.md shows how far predictions were off.
 *
 * @param plan how the pool is sized
 * @param load what was measured
 */
public record Capacity(Plan plan, Load load) {
    /** From here on a resource counts as used up: what is left goes in bursts. */
    private static final double FULL = 0.9;

    /** With fewer connections lent, the means say nothing. */
    private static final double ENOUGH = 20;

    /**
     * How a pool is sized.
     *
     * @param poolSize connections of this process, at least 1
     * @param cores of the database's host
     * @param spindles of the database's host
     * @param replicas processes that share the database
     * @param maxConnections that the database gives to all, null while unknown
     */
    public record Plan(
            int poolSize,
            int cores,
            int spindles,
            int replicas,
            @Nullable Integer maxConnections) {
        /** What {@link PoolSizing} gives for this database and so many replicas. */
        public int recommendedPoolSize() {
            return PoolSizing.perReplica(PoolSizing.forDatabase(cores, spindles), replicas);
        }

        /**
         * The same on a database that was asked.
         *
         * @param value connections that it gives to all
         */
        public Plan withMaxConnections(int value) {
            return new Plan(poolSize, cores, spindles, replicas, value);
        }

        /** Connections of all replicas together. */
        public int connectionsWanted() {
            return poolSize * replicas;
        }

        /** Where the size comes from, in words. */
        public String reason() {
            var formula = cores + " database cores * 2 + " + spindles + " spindles"
                    + (replicas == 1 ? "" : ", shared by " + replicas + " replicas");
            return poolSize == recommendedPoolSize()
                    ? formula
                    : "set to " + poolSize + "; " + formula + " would be " + recommendedPoolSize();
        }
    }

    /**
     * What was measured for some time.
     *
     * @param time for how long, positive
     * @param requests answered in it, refusals not counted
     * @param connections lent and given back in it
     * @param held how long these were held, together
     * @param cpu the share of all processors that was in use, by whatever program: 0 to 1
     */
    public record Load(Duration time, long requests, long connections, Duration held, double cpu) {
        /** Nothing yet. */
        public static final Load NONE = new Load(Duration.ofSeconds(1), 0, 0, Duration.ZERO, 0);

        private double seconds() {
            return time.toNanos() / 1e9;
        }
    }

    /** Requests a second. */
    public double throughput() {
        return load.requests() / load.seconds();
    }

    /** The mean time that a connection is held; empty while too few were. */
    public Optional<Duration> hold() {
        return load.connections() < ENOUGH
                ? Optional.empty()
                : Optional.of(load.held().dividedBy(load.connections()));
    }

    /** Requests answered for each time that a connection is lent; empty while too few were. */
    public OptionalDouble requestsPerConnection() {
        return load.connections() < ENOUGH || load.requests() == 0
                ? OptionalDouble.empty()
                : OptionalDouble.of((double) load.requests() / load.connections());
    }

    /** Requests a second that pool and processors carry, whichever is less; empty while there is too little to judge by. */
    public OptionalDouble predictedThroughput() {
        var processors = processorThroughput();
        var pool = poolThroughput();
        return pool.isEmpty() || processors.isEmpty()
                ? processors
                : OptionalDouble.of(Math.min(pool.getAsDouble(), processors.getAsDouble()));
    }

    /** Requests a second that the processors carry if each goes on taking as much of them; empty while there were few. */
    public OptionalDouble processorThroughput() {
        return load.requests() < ENOUGH || load.cpu() == 0
                ? OptionalDouble.empty()
                : OptionalDouble.of(throughput() / load.cpu());
    }

    /** Requests a second that the pool carries if connections go on being held for as long; empty while too few were. */
    public OptionalDouble poolThroughput() {
        var hold = hold().filter(Duration::isPositive);
        var requests = requestsPerConnection();
        return hold.isEmpty() || requests.isEmpty()
                ? OptionalDouble.empty()
                : OptionalDouble.of(PoolSizing.throughput(plan.poolSize(), requests.getAsDouble(), hold.get()));
    }

    /** The share of the pool that was in use on the average: 0 to 1. */
    public double poolUtilisation() {
        return Math.min(1, load.held().toNanos() / 1e9 / load.seconds() / plan.poolSize());
    }

    /** How many times as much until the first of pool and processors is used up, at least 1; empty without traffic. */
    public OptionalDouble headroom() {
        var used = Math.max(poolUtilisation(), load.cpu());
        return load.requests() < ENOUGH || used == 0
                ? OptionalDouble.empty()
                : OptionalDouble.of(Math.max(1, 1 / used));
    }

    /** One sentence for an operator. */
    public String verdict() {
        if (headroom().isEmpty()) {
            return "too little traffic to judge by";
        }
        if (load.cpu() >= FULL) {
            return "CPU is the limit: " + percent(load.cpu()) + " of this machine's processors is in use;"
                    + " more connections would only wait for it";
        }
        if (poolUtilisation() >= FULL) {
            return "the pool is the limit: " + percent(poolUtilisation()) + " of " + plan.poolSize()
                    + " connections is in use while CPU is left; " + advice();
        }
        var first = poolUtilisation() > load.cpu() ? "the pool" : "CPU";
        return String.format(
                Locale.ROOT,
                "room for %.1fx: %s would be used up first",
                headroom().getAsDouble(),
                first);
    }

    private String advice() {
        return plan.poolSize() < plan.recommendedPoolSize()
                ? "a pool of " + plan.recommendedPoolSize() + " connections is recommended"
                : "the recommended size is " + plan.recommendedPoolSize()
                        + ", so look for statements that wait: locks, slow disks, a far database";
    }

    private static String percent(double share) {
        return Math.round(share * 100) + " %";
    }
}
