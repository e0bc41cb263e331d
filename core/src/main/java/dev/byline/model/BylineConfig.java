package dev.byline.model;

import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How Byline is set up. Start from {@link #of}.
 *
 * @param database where the data is and how it is reached
 * @param tokenTtl how long tokens live, up to 3650 days
 * @param signupOpen whether anyone may create a user; false for admins only
 * @param cache what is kept of what was read
 * @param imports what may be fetched from elsewhere
 */
public record BylineConfig(Database database, Duration tokenTtl, boolean signupOpen, Cache cache, Imports imports) {
    /** How long tokens live when nobody says otherwise. */
    public static final Duration TOKEN_TTL = Duration.ofDays(30);

    /**
     * The defaults, on a database.
     *
     * @param url as in {@link DatabaseUrl}
     * @throws IllegalArgumentException when the URL isn't understood
     */
    public static BylineConfig of(String url) {
        return new BylineConfig(Database.of(DatabaseUrl.parse(url)), TOKEN_TTL, true, Cache.LOCAL, Imports.PUBLIC);
    }

    /**
     * The same with sign-up open or closed.
     *
     * @param open false for admins only
     */
    public BylineConfig withSignup(boolean open) {
        return new BylineConfig(database, tokenTtl, open, cache, imports);
    }

    /**
     * The same with another cache.
     *
     * @param other what is kept of what was read
     */
    public BylineConfig withCache(Cache other) {
        return new BylineConfig(database, tokenTtl, signupOpen, other, imports);
    }

    /**
     * The same with other imports.
     *
     * @param other what may be fetched from elsewhere
     */
    public BylineConfig withImports(Imports other) {
        return new BylineConfig(database, tokenTtl, signupOpen, cache, other);
    }

    /**
     * What may be fetched from elsewhere: docs/imports.md.
     *
     * @param allowPrivate whether feeds on private networks and this machine, on any port, may be read: anybody who may
     *     import can then find out what there is
     * @param maxConcurrent how many imports this process works on at a time, at least 1
     */
    public record Imports(boolean allowPrivate, int maxConcurrent) {
        /** How many imports there are at a time when nobody says otherwise: most of them wait for their share of the fetches. */
        public static final int MAX_CONCURRENT = 64;

        /** What anybody on the internet could read. */
        public static final Imports PUBLIC = new Imports(false, MAX_CONCURRENT);

        /** @throws IllegalArgumentException when a value is out of range */
        public Imports {
            check(maxConcurrent >= 1, "there must be room for at least 1 import");
        }
    }

    /**
     * What is kept of what was read, and for how long it may be wrong: docs/caching.md.
     *
     * @param enabled false: every read asks the database
     * @param l1Ttl how long this process keeps a value, 100 ms to 1 h
     * @param l2Ttl how long a value may take from the database by way of Redis to its end, at least twice {@code l1Ttl}, up
     *     to 1 day
     * @param l1Bytes how much memory this process spends, roughly, at least 1 MiB
     * @param redis shared with the other processes on the same database, and with nobody else; null for none. Needs Jedis on
     *     the class path
     */
    public record Cache(
            boolean enabled,
            Duration l1Ttl,
            Duration l2Ttl,
            long l1Bytes,
            @Nullable URI redis) {
        /** How long this process keeps a value when nobody says otherwise. */
        public static final Duration L1_TTL = Duration.ofSeconds(5);

        /** How long a value may live when nobody says otherwise. */
        public static final Duration L2_TTL = Duration.ofSeconds(60);

        /** Nothing is kept. */
        public static final Cache OFF = new Cache(false, L1_TTL, L2_TTL, 1 << 20, null);

        /** In this process only, with a sixteenth of the heap, at most 64 MiB. */
        public static final Cache LOCAL = new Cache(true, L1_TTL, L2_TTL, share(), null);

        /** @throws IllegalArgumentException when a value is out of range */
        public Cache {
            check(
                    l1Ttl.toMillis() >= 100 && l1Ttl.compareTo(Duration.ofHours(1)) <= 0,
                    "L1 time to live must be 100ms to 1h");
            check(
                    l2Ttl.compareTo(l1Ttl.multipliedBy(2)) >= 0 && l2Ttl.compareTo(Duration.ofDays(1)) <= 0,
                    "L2 time to live must be twice that of L1 to 1d");
            check(l1Bytes >= 1 << 20, "L1 must have at least 1 MiB");
            redis = redis == null ? null : checked(redis);
        }

        /** With its port; whatever is wrong is told without the address, which may hold a password. */
        private static URI checked(URI uri) {
            var user = uri.getUserInfo();
            check(
                    List.of("redis", "rediss").contains(String.valueOf(uri.getScheme()))
                            && uri.getHost() != null
                            && uri.getQuery() == null
                            && String.valueOf(uri.getPath()).matches("(/[0-9]{0,3})?")
                            && (user == null || user.contains(":")),
                    "the address of Redis must be redis://[[user]:password@]host[:port][/number], or rediss:// for TLS");
            try {
                var port = uri.getPort() < 0 ? 6379 : uri.getPort();
                return new URI(uri.getScheme(), user, uri.getHost(), port, uri.getPath(), null, null);
            } catch (URISyntaxException e) {
                throw new IllegalArgumentException("the address of Redis can not be read", e);
            }
        }

        /** Without the password. */
        @Override
        public String toString() {
            return "Cache[enabled=" + enabled + ", l1Ttl=" + l1Ttl + ", l2Ttl=" + l2Ttl + ", l1Bytes=" + l1Bytes
                    + ", redis=" + (redis == null ? "none" : redis.getHost() + ":" + redis.getPort()) + "]";
        }

        /**
         * The same with Redis.
         *
         * @param uri such as {@code redis://:password@host:6379/0}, {@code rediss://} for TLS
         */
        public Cache withRedis(URI uri) {
            return new Cache(enabled, l1Ttl, l2Ttl, l1Bytes, uri);
        }

        private static long share() {
            return Math.clamp(Runtime.getRuntime().maxMemory() / 16, 1 << 20, 64 << 20);
        }
    }

    private static void check(boolean holds, String message) {
        if (!holds) {
            throw new IllegalArgumentException(message);
        }
    }

    /**
     * The database and its pool.
     *
     * @param url where it is
     * @param poolSize connections kept open, at least 1
     * @param connectionTimeout the longest wait for a free one, at least 250 ms
     * @param statementTimeout the longest that a statement may run, 1 ms to 2 s: the driver gives up on the connection
     *     after 2 s
     * @param maxLifetime when a connection is replaced, at least 30 s
     * @param slowStatement statements that take as long are logged, zero for none
     * @param pgBouncer whether connections go through PgBouncer in transaction mode: nothing is prepared on the server, and
     *     the driver ends statements after {@code statementTimeout}, in whole seconds, at least one
     */
    public record Database(
            DatabaseUrl url,
            int poolSize,
            Duration connectionTimeout,
            Duration statementTimeout,
            Duration maxLifetime,
            Duration slowStatement,
            boolean pgBouncer) {

        /** What is slow when nobody says otherwise. */
        public static final Duration SLOW_STATEMENT = Duration.ofMillis(500);

        /** @throws IllegalArgumentException when a value is out of range */
        public Database {
            check(poolSize >= 1, "pool size must be at least 1");
            check(connectionTimeout.toMillis() >= 250, "connection timeout must be at least 250ms");
            check(
                    statementTimeout.toMillis() >= 1 && statementTimeout.toMillis() < 2000,
                    "statement timeout must be 1ms to less than 2s");
            check(maxLifetime.toSeconds() >= 30, "maximum lifetime must be at least 30s");
            check(!slowStatement.isNegative(), "what is slow must not be negative");
        }

        /**
         * The defaults: as many connections as {@link PoolSizing} gives for a database on this machine with an SSD, used by
         * this process alone.
         *
         * @param url where it is
         */
        public static Database of(DatabaseUrl url) {
            var poolSize = PoolSizing.forDatabase(Runtime.getRuntime().availableProcessors(), 1);
            return new Database(
                    url,
                    poolSize,
                    Duration.ofSeconds(1),
                    Duration.ofMillis(1500),
                    Duration.ofMinutes(29),
                    SLOW_STATEMENT,
                    false);
        }

        /**
         * The same with another number of connections.
         *
         * @param size at least 1
         */
        public Database withPoolSize(int size) {
            return new Database(url, size, connectionTimeout, statementTimeout, maxLifetime, slowStatement, pgBouncer);
        }

        /**
         * The same with other time limits.
         *
         * @param connection the longest wait for a free connection
         * @param statement the longest that a statement may run
         */
        public Database withTimeouts(Duration connection, Duration statement) {
            return new Database(url, poolSize, connection, statement, maxLifetime, slowStatement, pgBouncer);
        }

        /**
         * The same with another threshold.
         *
         * @param threshold from which on statements are logged, zero for none
         */
        public Database withSlowStatement(Duration threshold) {
            return new Database(url, poolSize, connectionTimeout, statementTimeout, maxLifetime, threshold, pgBouncer);
        }

        /**
         * The same with or without PgBouncer.
         *
         * @param value as above
         */
        public Database withPgBouncer(boolean value) {
            return new Database(url, poolSize, connectionTimeout, statementTimeout, maxLifetime, slowStatement, value);
        }
    }
}
