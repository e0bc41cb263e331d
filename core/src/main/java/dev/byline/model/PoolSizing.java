package dev.byline.model;

import java.time.Duration;

/**
 * Computes pool sizes and what a pool can carry. Pure arithmetic.
 *
 * <p>The database does the work, so its host's cores set the size, not the application's: more connections than it can
 * run at once only wait inside PostgreSQL instead of in the pool, and cost it memory and context switches. The formula
 * comes from the PostgreSQL project; HikariCP's documentation recommends it.
 *
 * @see <a href="https://github.com/brettwooldridge/HikariCP/wiki/About-Pool-Sizing">About Pool Sizing</a>
 * @see <a href="https://wiki.postgresql.org/wiki/Number_Of_Database_Connections">Number Of Database Connections</a>
 */
public final class PoolSizing {
    private PoolSizing() {}

    /**
     * Connections that keep a database host busy: cores * 2 + effective spindles.
     *
     * @param cores of the database's host, hyper-threads not counted; at least 1
     * @param effectiveSpindles disks that can seek at the same time: 0 when all data is in memory, 1 for an SSD
     * @return for all clients of that database together
     * @throws IllegalArgumentException when an argument is out of range
     */
    public static int forDatabase(int cores, int effectiveSpindles) {
        check(cores >= 1, "cores must be at least 1");
        check(effectiveSpindles >= 0, "spindles must not be negative");
        return Math.addExact(Math.multiplyExact(cores, 2), effectiveSpindles);
    }

    /**
     * One replica's share, rounded down, but at least 1: too few connections wait a moment, too many are refused.
     *
     * @param connections for all replicas together
     * @param replicas processes that share the database, at least 1
     * @throws IllegalArgumentException when an argument is out of range
     */
    public static int perReplica(int connections, int replicas) {
        check(connections >= 1, "connections must be at least 1");
        check(replicas >= 1, "replicas must be at least 1");
        return Math.max(1, connections / replicas);
    }

    /**
     * The fewest connections with which threads that hold several at once can't wait for each other for ever:
     * threads * (connections each - 1) + 1. Byline holds one at a time, for which this is 1 however many threads there
     * are; embedders that open a connection inside another's transaction need more.
     *
     * @param threads that may hold connections at the same time, at least 1
     * @param connectionsEach the most that one thread holds at once, at least 1
     * @throws IllegalArgumentException when an argument is out of range
     */
    public static int deadlockFloor(int threads, int connectionsEach) {
        check(threads >= 1, "threads must be at least 1");
        check(connectionsEach >= 1, "connections each must be at least 1");
        return Math.addExact(Math.multiplyExact(threads, connectionsEach - 1), 1);
    }

    /**
     * The most requests per second that a pool carries, by Little's law (L = lambda * W): the mean number of
     * connections in use L equals the rate lambda at which they are taken times the mean time W for which each is held.
     * A pool that is never idle has L = its size, so lambda = size / W, and a request takes 1 / requestsPerConnection
     * of them.
     *
     * <p>It is the time that a connection is held, not the response time: what a request does before it takes a
     * connection and after it gave it back doesn't count.
     *
     * @param poolSize connections, at least 1
     * @param requestsPerConnection requests served for each time a connection is taken: 1 when every request takes one
     *     once, 4 when three of four are answered from a cache, 0.5 when each takes one twice; positive
     * @param averageHold mean time from taking a connection to giving it back, positive
     * @return requests per second
     * @throws IllegalArgumentException when an argument is out of range
     */
    public static double throughput(int poolSize, double requestsPerConnection, Duration averageHold) {
        check(poolSize >= 1, "pool size must be at least 1");
        check(requestsPerConnection > 0 && Double.isFinite(requestsPerConnection), "requests must be positive");
        check(averageHold.isPositive(), "hold time must be positive");
        return poolSize * requestsPerConnection / (averageHold.toNanos() / 1e9);
    }

    private static void check(boolean holds, String message) {
        if (!holds) {
            throw new IllegalArgumentException(message);
        }
    }
}
