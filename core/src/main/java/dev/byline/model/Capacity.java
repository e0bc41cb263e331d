package dev.byline.model;

import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * Estimates what a process can carry from what was measured: Little's law ({@link PoolSizing#throughput}) on the mean
 * time that connections are held, and the use of the processors, which may be the limit long before. Pure arithmetic;
 * docs/capacity.md shows how accurate the predictions were.
 *
 * @param plan how the pool is sized
 * @param load what was measured
 */
public record Capacity(Plan plan, Load load) {
    /** From this utilisation on a resource counts as used up: bursts need the rest. */
    private static final double FULL = 0.9;

    /** With fewer acquired connections, the means aren't significant. */
    private static final double ENOUGH = 20;

    /**
     * How a pool is sized.
     *
     * @param poolSize connections of this process, at least 1
     * @param cores of the database's host
     * @param spindles of the database's host
     * @param replicas processes that share the database
     * @param maxConnections the database's limit for all clients, null while unknown
     */
    public record Plan(
            int poolSize,
            int cores,
            int spindles,
            int replicas,
            @Nullable Integer maxConnections) {
        /** Returns the size that {@link PoolSizing} gives for this database and number of replicas. */
        public int recommendedPoolSize() {
            return PoolSizing.perReplica(PoolSizing.forDatabase(cores, spindles), replicas);
        }

        /**
         * Returns a copy with the database's connection limit.
         *
         * @param value the limit for all clients
         */
        public Plan withMaxConnections(int value) {
            return new Plan(poolSize, cores, spindles, replicas, value);
        }

        /** Returns the number of connections of all replicas together. */
        public int connectionsWanted() {
            return poolSize * replicas;
        }

        /** Explains the size in one phrase. */
        public String reason() {
            var formula = cores + " database cores * 2 + " + spindles + " spindles"
                    + (replicas == 1 ? "" : ", shared by " + replicas + " replicas");
            return poolSize == recommendedPoolSize()
                    ? formula
                    : "set to " + poolSize + "; " + formula + " would be " + recommendedPoolSize();
        }
    }

    /**
     * Measurements over an interval.
     *
     * @param time the length of the interval, positive
     * @param requests answered in the interval, rejected ones not counted
     * @param connections acquired and released in the interval
     * @param held the total time for which these were held
     * @param cpu the share of all processors that was in use, by any program: 0 to 1
     */
    public record Load(Duration time, long requests, long connections, Duration held, double cpu) {
        /** No measurements yet. */
        public static final Load NONE = new Load(Duration.ofSeconds(1), 0, 0, Duration.ZERO, 0);

        private double seconds() {
            return time.toNanos() / 1e9;
        }
    }

    /** Returns requests per second. */
    public double throughput() {
        return load.requests() / load.seconds();
    }

    /** Returns the mean time that a connection is held; empty while too few were acquired. */
    public Optional<Duration> hold() {
        return load.connections() < ENOUGH
                ? Optional.empty()
                : Optional.of(load.held().dividedBy(load.connections()));
    }

    /** Returns the number of requests per acquired connection; empty while too few were acquired. */
    public OptionalDouble requestsPerConnection() {
        return load.connections() < ENOUGH || load.requests() == 0
                ? OptionalDouble.empty()
                : OptionalDouble.of((double) load.requests() / load.connections());
    }

    /**
     * Returns the requests per second that pool and processors carry, whichever is less; empty while there is too
     * little traffic.
     */
    public OptionalDouble predictedThroughput() {
        var processors = processorThroughput();
        var pool = poolThroughput();
        return pool.isEmpty() || processors.isEmpty()
                ? processors
                : OptionalDouble.of(Math.min(pool.getAsDouble(), processors.getAsDouble()));
    }

    /**
     * Returns the requests per second that the processors carry if the cost per request stays the same; empty while
     * there is too little traffic.
     */
    public OptionalDouble processorThroughput() {
        return load.requests() < ENOUGH || load.cpu() == 0
                ? OptionalDouble.empty()
                : OptionalDouble.of(throughput() / load.cpu());
    }

    /**
     * Returns the requests per second that the pool carries if the hold time stays the same; empty while too few were
     * acquired.
     */
    public OptionalDouble poolThroughput() {
        var hold = hold().filter(Duration::isPositive);
        var requests = requestsPerConnection();
        return hold.isEmpty() || requests.isEmpty()
                ? OptionalDouble.empty()
                : OptionalDouble.of(PoolSizing.throughput(plan.poolSize(), requests.getAsDouble(), hold.get()));
    }

    /** Returns the mean share of the pool that was in use: 0 to 1. */
    public double poolUtilisation() {
        return Math.min(1, load.held().toNanos() / 1e9 / load.seconds() / plan.poolSize());
    }

    /**
     * Returns by which factor traffic can grow until the first of pool and processors is used up, at least 1; empty
     * without traffic.
     */
    public OptionalDouble headroom() {
        var used = Math.max(poolUtilisation(), load.cpu());
        return load.requests() < ENOUGH || used == 0
                ? OptionalDouble.empty()
                : OptionalDouble.of(Math.max(1, 1 / used));
    }

    /** Returns one sentence for an operator. */
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
