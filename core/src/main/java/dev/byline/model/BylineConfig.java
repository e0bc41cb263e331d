package dev.byline.model;

import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The settings of Byline. Start from {@link #of}.
 *
 * @param database the database and its pool
 * @param tokenTtl the lifetime of tokens, up to 3650 days
 * @param signupOpen whether anyone may create a user; false for admins only
 * @param cache what is cached
 * @param imports which addresses feeds may be fetched from
 * @param replicas standbys of the database that serve reads
 */
public record BylineConfig(
        Database database, Duration tokenTtl, boolean signupOpen, Cache cache, Imports imports, Replicas replicas) {
    /** The default lifetime of tokens. */
    public static final Duration TOKEN_TTL = Duration.ofDays(30);

    /**
     * Returns the default settings for a database.
     *
     * @param url as in {@link DatabaseUrl}
     * @throws IllegalArgumentException when the URL is invalid
     */
    public static BylineConfig of(String url) {
        return new BylineConfig(
                Database.of(DatabaseUrl.parse(url)), TOKEN_TTL, true, Cache.LOCAL, Imports.PUBLIC, Replicas.NONE);
    }

    /**
     * Returns a copy with other settings of the database and the pool.
     *
     * @param other URL, pool, timeouts, schema
     */
    public BylineConfig withDatabase(Database other) {
        return new BylineConfig(other, tokenTtl, signupOpen, cache, imports, replicas);
    }

    /**
     * Returns a copy with sign-up open or closed.
     *
     * @param open false for admins only
     */
    public BylineConfig withSignup(boolean open) {
        return new BylineConfig(database, tokenTtl, open, cache, imports, replicas);
    }

    /**
     * Returns a copy with another cache.
     *
     * @param other what is cached
     */
    public BylineConfig withCache(Cache other) {
        return new BylineConfig(database, tokenTtl, signupOpen, other, imports, replicas);
    }

    /**
     * Returns a copy with other limits on imports.
     *
     * @param other which addresses feeds may be fetched from
     */
    public BylineConfig withImports(Imports other) {
        return new BylineConfig(database, tokenTtl, signupOpen, cache, other, replicas);
    }

    /**
     * Returns a copy with other replicas.
     *
     * @param other standbys of the database
     */
    public BylineConfig withReplicas(Replicas other) {
        return new BylineConfig(database, tokenTtl, signupOpen, cache, imports, other);
    }

    /**
     * Standbys of the database that serve lists, pages, searches and look-ups of several ids, and other reads while there is
     * no primary: docs/high-availability.md.
     *
     * @param url names one host or several; each has its own pool. Hosts that are the primary at the moment serve nothing. Null
     *     for no replicas
     * @param poolSize connections to each host, at least 1
     * @param lag how far behind the primary a replica may be for readers who haven't written, 500 ms to 60 s
     * @param readOnly how long replicas answer reads while there is no primary, however far behind they are: zero, for not
     *     at all, to 1 day
     */
    public record Replicas(@Nullable DatabaseUrl url, int poolSize, Duration lag, Duration readOnly) {
        /** The default of {@code lag}. */
        public static final Duration LAG = Duration.ofSeconds(1);

        /** The default of {@code readOnly}. */
        public static final Duration READ_ONLY = Duration.ofMinutes(10);

        private static final Pattern PRIMARY_ONLY = Pattern.compile("[?&]targetServerType=(?:primary|master)(?:&|$)");

        /** No replicas. */
        public static final Replicas NONE = new Replicas(null, 1, LAG, READ_ONLY);

        /** @throws IllegalArgumentException when a value is out of range, or the URL doesn't name standbys */
        public Replicas {
            check(
                    url == null || !PRIMARY_ONLY.matcher(url.jdbcUrl()).find(),
                    "must not ask for the primary (targetServerType)");
            var unused = url == null ? Map.of() : url.hosts(); // each must be valid
            check(poolSize >= 1, "pool size of a replica must be at least 1");
            check(
                    lag.toMillis() >= 500 && lag.compareTo(Duration.ofSeconds(60)) <= 0,
                    "lag of a replica must be 500ms to 60s");
            check(
                    !readOnly.isNegative() && readOnly.compareTo(Duration.ofDays(1)) <= 0,
                    "the time of reads without a primary must be 0 to 1d");
        }

        /**
         * Returns the default settings: as many connections to each host as {@link Database#of} has.
         *
         * @param url of the replicas
         */
        public static Replicas of(DatabaseUrl url) {
            return new Replicas(url, Database.of(url).poolSize(), LAG, READ_ONLY);
        }
    }

    /**
     * Limits on imports: docs/imports.md.
     *
     * @param allowPrivate whether feeds may be fetched from private networks and this machine, on any port: every user
     *     who may import can then probe these
     * @param maxConcurrent the most imports in progress in this process, at least 1
     */
    public record Imports(boolean allowPrivate, int maxConcurrent) {
        /** The default of {@code maxConcurrent}: most imports wait for their share of the fetches. */
        public static final int MAX_CONCURRENT = 64;

        /** Public addresses only. */
        public static final Imports PUBLIC = new Imports(false, MAX_CONCURRENT);

        /** @throws IllegalArgumentException when a value is out of range */
        public Imports {
            check(maxConcurrent >= 1, "maximum of concurrent imports must be at least 1");
        }
    }

    /**
     * The cache, and for how long it may be stale: docs/caching.md.
     *
     * @param enabled false: every read queries the database
     * @param l1Ttl how long this process keeps a value, 100 ms to 1 h
     * @param l2Ttl the longest time from loading a value to its expiry in Redis and in every process, at least twice
     *     {@code l1Ttl}, up to 1 day
     * @param l1Bytes the approximate memory limit of this process's cache, at least 1 MiB
     * @param redis a Redis that is shared only with other processes on the same database; null for none. Needs Jedis on
     *     the class path
     */
    public record Cache(
            boolean enabled,
            Duration l1Ttl,
            Duration l2Ttl,
            long l1Bytes,
            @Nullable URI redis) {
        /** The default time to live in this process. */
        public static final Duration L1_TTL = Duration.ofSeconds(5);

        /** The default time to live of a value, from loading to expiry everywhere. */
        public static final Duration L2_TTL = Duration.ofSeconds(60);

        /** No cache. */
        public static final Cache OFF = new Cache(false, L1_TTL, L2_TTL, 1 << 20, null);

        /** A cache in this process only, with a sixteenth of the heap, at most 64 MiB. */
        public static final Cache LOCAL = new Cache(true, L1_TTL, L2_TTL, share(), null);

        /** @throws IllegalArgumentException when a value is out of range */
        public Cache {
            check(
                    l1Ttl.toMillis() >= 100 && l1Ttl.compareTo(Duration.ofHours(1)) <= 0,
                    "L1 time to live must be 100ms to 1h");
            check(
                    l2Ttl.compareTo(l1Ttl.multipliedBy(2)) >= 0 && l2Ttl.compareTo(Duration.ofDays(1)) <= 0,
                    "L2 time to live must be between twice the L1 time to live and 1d");
            check(l1Bytes >= 1 << 20, "L1 must have at least 1 MiB");
            redis = redis == null ? null : checked(redis);
        }

        /** Adds the default port. Messages don't contain the URL, because it may hold a password. */
        private static URI checked(URI uri) {
            var user = uri.getUserInfo();
            check(
                    List.of("redis", "rediss").contains(String.valueOf(uri.getScheme()))
                            && uri.getHost() != null
                            && uri.getQuery() == null
                            && String.valueOf(uri.getPath()).matches("(/[0-9]{0,3})?")
                            && (user == null || user.contains(":")),
                    "the Redis URL must be redis://[[user]:password@]host[:port][/number], or rediss:// for TLS");
            try {
                var port = uri.getPort() < 0 ? 6379 : uri.getPort();
                return new URI(uri.getScheme(), user, uri.getHost(), port, uri.getPath(), null, null);
            } catch (URISyntaxException e) {
                throw new IllegalArgumentException("the Redis URL is invalid", e);
            }
        }

        /** Omits the password. */
        @Override
        public String toString() {
            return "Cache[enabled=" + enabled + ", l1Ttl=" + l1Ttl + ", l2Ttl=" + l2Ttl + ", l1Bytes=" + l1Bytes
                    + ", redis=" + (redis == null ? "none" : redis.getHost() + ":" + redis.getPort()) + "]";
        }

        /**
         * Returns a copy with Redis.
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
     * @param url the database's URL
     * @param poolSize connections kept open, at least 1
     * @param connectionTimeout the longest wait for a connection, at least 250 ms
     * @param statementTimeout the longest time of a statement, 1 ms to less than 2 s: the driver closes the connection
     *     after 2 s
     * @param maxLifetime the age at which a connection is replaced, at least 30 s
     * @param slowStatement statements that take this long or longer are logged, zero for none
     * @param pgBouncer whether connections go through PgBouncer in transaction mode: then no statements are prepared on
     *     the server, and the driver cancels statements after {@code statementTimeout}, in whole seconds, at least one
     * @param schema of the tables and functions, 1 to 63 bytes in UTF-8; null for the {@code search_path} of the
     *     connections
     * @param fence how long connections to a server that a newer one replaced are refused, after the newer one was last
     *     seen: zero, for never, to 1 day. Not behind PgBouncer
     */
    public record Database(
            DatabaseUrl url,
            int poolSize,
            Duration connectionTimeout,
            Duration statementTimeout,
            Duration maxLifetime,
            Duration slowStatement,
            boolean pgBouncer,
            @Nullable String schema,
            Duration fence) {

        /** The default of {@code fence}. */
        public static final Duration FENCE = Duration.ofMinutes(10);

        /** The default schema. */
        public static final String SCHEMA = "byline";

        /** The default threshold for slow statements. */
        public static final Duration SLOW_STATEMENT = Duration.ofMillis(500);

        /** @throws IllegalArgumentException when a value is out of range */
        public Database {
            check(poolSize >= 1, "pool size must be at least 1");
            check(connectionTimeout.toMillis() >= 250, "connection timeout must be at least 250ms");
            check(
                    statementTimeout.toMillis() >= 1 && statementTimeout.toMillis() < 2000,
                    "statement timeout must be 1ms to less than 2s");
            check(maxLifetime.toSeconds() >= 30, "maximum lifetime must be at least 30s");
            check(!slowStatement.isNegative(), "slow-statement threshold must not be negative");
            schema = schema == null ? null : Validation.schemaName(schema);
            check(
                    !fence.isNegative() && fence.compareTo(Duration.ofDays(1)) <= 0,
                    "the time of the fence must be 0 to 1d");
        }

        /**
         * Returns the default settings: the schema {@code byline}, and as many connections as {@link PoolSizing} gives for a database on this machine
         * with an SSD, used by this process alone.
         *
         * @param url the database's URL
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
                    false,
                    SCHEMA,
                    FENCE);
        }

        /**
         * Returns a copy with another URL.
         *
         * @param other the database's URL
         */
        public Database withUrl(DatabaseUrl other) {
            return new Database(
                    other,
                    poolSize,
                    connectionTimeout,
                    statementTimeout,
                    maxLifetime,
                    slowStatement,
                    pgBouncer,
                    schema,
                    fence);
        }

        /**
         * Returns a copy with another pool size.
         *
         * @param size at least 1
         */
        public Database withPoolSize(int size) {
            return new Database(
                    url,
                    size,
                    connectionTimeout,
                    statementTimeout,
                    maxLifetime,
                    slowStatement,
                    pgBouncer,
                    schema,
                    fence);
        }

        /**
         * Returns a copy with other timeouts.
         *
         * @param connection the longest wait for a connection
         * @param statement the longest time of a statement
         */
        public Database withTimeouts(Duration connection, Duration statement) {
            return new Database(
                    url, poolSize, connection, statement, maxLifetime, slowStatement, pgBouncer, schema, fence);
        }

        /**
         * Returns a copy with another threshold for slow statements.
         *
         * @param threshold statements that take this long or longer are logged, zero for none
         */
        public Database withSlowStatement(Duration threshold) {
            return new Database(
                    url,
                    poolSize,
                    connectionTimeout,
                    statementTimeout,
                    maxLifetime,
                    threshold,
                    pgBouncer,
                    schema,
                    fence);
        }

        /**
         * Returns a copy with or without PgBouncer.
         *
         * @param value whether connections go through PgBouncer in transaction mode
         */
        public Database withPgBouncer(boolean value) {
            return new Database(
                    url,
                    poolSize,
                    connectionTimeout,
                    statementTimeout,
                    maxLifetime,
                    slowStatement,
                    value,
                    schema,
                    fence);
        }

        /**
         * Returns a copy with another schema.
         *
         * @param name as in this record
         * @throws IllegalArgumentException when the name is invalid
         */
        public Database withSchema(@Nullable String name) {
            return new Database(
                    url,
                    poolSize,
                    connectionTimeout,
                    statementTimeout,
                    maxLifetime,
                    slowStatement,
                    pgBouncer,
                    name,
                    fence);
        }

        /**
         * Returns a copy with another time of the fence.
         *
         * @param time as in this record
         */
        public Database withFence(Duration time) {
            return new Database(
                    url,
                    poolSize,
                    connectionTimeout,
                    statementTimeout,
                    maxLifetime,
                    slowStatement,
                    pgBouncer,
                    schema,
                    time);
        }
    }
}
