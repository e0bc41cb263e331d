package dev.byline;

import dev.byline.internal.OptionalLibrary;
import dev.byline.internal.cache.CacheSeal;
import dev.byline.internal.cache.RedisLimits;
import dev.byline.internal.cache.RedisPool;
import dev.byline.internal.cache.SharedNumbers;
import dev.byline.internal.cache.TieredCache;
import dev.byline.internal.feed.FeedImporter;
import dev.byline.internal.pool.Fence;
import dev.byline.internal.security.Passwords;
import dev.byline.internal.sql.CacheKeySql;
import dev.byline.internal.sql.ServerFactsSql;
import dev.byline.internal.store.Database;
import dev.byline.internal.store.DatabaseStore;
import dev.byline.internal.store.Housekeeper;
import dev.byline.internal.store.JoinedStore;
import dev.byline.internal.store.ReplicaReads;
import dev.byline.internal.store.SharedTimelines;
import dev.byline.internal.store.Store;
import dev.byline.internal.store.TokenUses;
import dev.byline.model.BylineConfig;
import dev.byline.model.BylineException;
import dev.byline.model.Metrics;
import dev.byline.model.PoolStatus;
import dev.byline.model.ReplicaStatus;
import dev.byline.model.ServerFacts;
import dev.byline.model.Validation;
import java.net.URI;
import java.sql.Connection;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The entry point of the library: users and posts on PostgreSQL.
 *
 * <p>The tables must exist: see {@code Migrations.apply(DataSource)} in the {@code migrations} artifact. An instance is
 * safe for use by several threads and shares nothing with other instances in the same JVM.
 *
 * <p>Threads: one removes deleted and expired rows; one writes when tokens were last used; two hash passwords while
 * there are any to hash. With a shared Redis, three more: the subscriber to invalidations of other processes, the
 * heartbeat, and the retries of invalidations. With replicas, one more for the position of the primary, and one for each
 * replica. While feeds are imported: two parse and store them, one ends imports
 * that exceed their timeout, and others resolve host names.
 */
public final class Byline implements AutoCloseable {
    private final Database database;
    private final Builder settings;
    private final @Nullable Housekeeper housekeeper;
    private final Passwords passwords;
    private final @Nullable RedisPool redis;
    private final @Nullable ReplicaReads replicas;
    private final TieredCache cache;
    private final SharedLimits sharedLimits;
    private final TieredCache noCache;
    private final DatabaseStore store;
    private final TokenUses tokenUses;
    private final Users users;
    private final Posts posts;
    private final Tokens tokens;
    private final Imports imports;

    private Byline(Database database, Builder settings) {
        this.database = database;
        this.settings = settings;
        this.housekeeper = settings.housekeeping ? new Housekeeper(database) : null;
        this.passwords = new Passwords(settings.metrics);
        this.redis = settings.cache.redis() == null ? null : openRedis(settings.cache.redis());
        var seal = new CacheSeal(this::cacheKeys, InstantSource.system());
        var numbers = redis == null ? null : new SharedNumbers(redis, seal);
        if (redis != null && numbers != null) {
            database.fence().ifPresent(fence -> share(fence, redis, numbers));
        }
        this.replicas = settings.replicated == null
                ? null
                : database.openReplicas(settings.replicated, numbers, settings.metrics);
        if (redis != null && replicas != null) {
            redis.beforeHeartbeat(replicas.replicas().written()::retry);
        }
        this.cache = TieredCache.open(settings.cache, redis, seal, settings.metrics);
        this.noCache = TieredCache.open(BylineConfig.Cache.OFF, null, seal, Metrics.NONE);
        this.sharedLimits = new SharedLimits(redis == null ? null : new RedisLimits(redis));
        this.store = new DatabaseStore(database, cache, replicas, this::startHousekeeping);
        this.tokenUses = new TokenUses(store, settings.clock);
        this.users = users(store, cache);
        this.posts = posts(store, cache, users);
        this.tokens = tokens(store, cache, users, tokenUses);
        this.imports = new Imports(
                new FeedImporter(store, settings.clock, settings.metrics, settings.imports), settings.imports);
    }

    private RedisPool openRedis(URI uri) {
        if (settings.cache.enabled()) {
            OptionalLibrary.CAFFEINE.require("caches"); // before Redis' threads start
        }
        OptionalLibrary.JEDIS.require("caches in Redis");
        return new RedisPool(uri, this::schema, settings.metrics);
    }

    private static void share(Fence fence, RedisPool redis, SharedNumbers numbers) {
        fence.share(new SharedTimelines(numbers, fence.kept()));
        redis.beforeHeartbeat(fence::exchange);
    }

    private void startHousekeeping() {
        if (housekeeper != null) {
            housekeeper.run();
        }
    }

    private Users users(Store store, TieredCache cache) {
        return new Users(store, cache, passwords, settings.signupOpen);
    }

    private Posts posts(Store store, TieredCache cache, Users users) {
        return new Posts(store, cache, users, settings.clock);
    }

    private Tokens tokens(Store store, TieredCache cache, Users users, @Nullable TokenUses uses) {
        return new Tokens(store, cache, passwords, settings.clock, settings.tokenTtl, users, settings.metrics, uses);
    }

    private String schema() {
        return settings.schema == null ? database.read(CacheKeySql::currentSchema) : settings.schema;
    }

    private Map<Long, byte[]> cacheKeys() {
        var keys = database.read(CacheKeySql::all);
        if (!keys.isEmpty()) {
            return keys;
        }
        database.write(dsl -> {
            CacheKeySql.makeFirst(dsl);
            return null;
        });
        return database.read(CacheKeySql::all);
    }

    /**
     * Opens Byline with its own connection pool. Doesn't wait for the database.
     *
     * @param config the settings
     */
    public static Byline open(BylineConfig config) {
        return open(config, Metrics.NONE);
    }

    /**
     * Opens Byline with its own connection pool. Doesn't wait for the database.
     *
     * @param config the settings
     * @param metrics receives measurements and events
     * @throws IllegalStateException when jOOQ is older than 3.21, or a library is missing that the settings need:
     *     HikariCP, Caffeine for a cache, Jedis for Redis
     */
    public static Byline open(BylineConfig config, Metrics metrics) {
        var parts = builder()
                .schema(config.database().schema())
                .tokenTtl(config.tokenTtl())
                .signup(config.signupOpen())
                .cache(config.cache())
                .imports(config.imports())
                .metrics(metrics);
        parts.replicated = config.replicas().url() == null ? null : config;
        return new Byline(Database.open(config.database(), metrics), parts);
    }

    /** Returns a builder for an instance that uses the host's pool. */
    public static Builder builder() {
        return new Builder();
    }

    /** Builds an instance that uses the host's pool. */
    public static final class Builder {
        private InstantSource clock = InstantSource.system();
        private Duration tokenTtl = BylineConfig.TOKEN_TTL;
        private boolean signupOpen = true;
        private boolean housekeeping = true;
        private @Nullable String schema = BylineConfig.Database.SCHEMA;
        private BylineConfig.Cache cache = BylineConfig.Cache.OFF;
        private BylineConfig.Imports imports = BylineConfig.Imports.PUBLIC;
        private Metrics metrics = Metrics.NONE;
        private @Nullable BylineConfig replicated;

        private Builder() {}

        /**
         * Sets the clock that decides whether a time is in the future; the system clock by default.
         *
         * @param value the clock
         */
        public Builder clock(InstantSource value) {
            this.clock = value;
            return this;
        }

        /**
         * Sets the lifetime of tokens; 30 days by default.
         *
         * @param value positive
         */
        public Builder tokenTtl(Duration value) {
            this.tokenTtl = value;
            return this;
        }

        /**
         * Sets who may sign up; anyone by default.
         *
         * @param open false if only admins may create users
         */
        public Builder signup(boolean open) {
            this.signupOpen = open;
            return this;
        }

        /**
         * Sets whether this instance removes the rows of deleted users, which are already invisible, and expired
         * idempotency keys; true by default. At least one instance on a database must. Without it, this instance runs no thread
         * while it is idle.
         *
         * @param value false for tests, or for all instances but one
         */
        public Builder housekeeping(boolean value) {
            this.housekeeping = value;
            return this;
        }

        /**
         * Sets the schema of Byline's tables and functions; {@code byline} by default. Instances in several schemas of
         * a database share nothing.
         *
         * @param value as in {@link BylineConfig.Database}
         * @throws IllegalArgumentException when the name is invalid
         */
        public Builder schema(@Nullable String value) {
            this.schema = value == null ? null : Validation.schemaName(value);
            return this;
        }

        /**
         * Sets what is cached; nothing by default, because the host may write to the tables, too. Needs Caffeine on the
         * class path.
         *
         * @param value sizes, times to live, and Redis
         */
        public Builder cache(BylineConfig.Cache value) {
            this.cache = value;
            return this;
        }

        /**
         * Sets which addresses feeds may be fetched from; only public ones by default.
         *
         * @param value as in {@link BylineConfig.Imports}
         */
        public Builder imports(BylineConfig.Imports value) {
            this.imports = value;
            return this;
        }

        /**
         * Sets the receiver of measurements and events; none by default.
         *
         * @param value the receiver
         */
        public Builder metrics(Metrics value) {
            this.metrics = value;
            return this;
        }

        /**
         * Opens Byline on the host's pool. Checks auto-commit on one connection, for which it waits at most a second:
         * the database may be unavailable.
         *
         * @param value connections with auto-commit on; set {@code statement_timeout} and the driver's
         *     {@code socketTimeout} on them, so that a frozen database can't hang the host. Stays open when Byline is
         *     closed.
         * @throws IllegalStateException when auto-commit is off, jOOQ is older than 3.21, or a library is missing that the
         *     settings need. Every use case throws it, too, when it gets a connection with auto-commit off, for example
         *     inside a transaction of the host
         */
        public Byline dataSource(DataSource value) {
            return new Byline(Database.on(value, schema, metrics), this);
        }
    }

    /** Returns the use cases of users. */
    public Users users() {
        return users;
    }

    /** Returns the use cases of posts. */
    public Posts posts() {
        return posts;
    }

    /** Returns the import of feeds; it needs Apache HttpClient 5 and jsoup on the class path. */
    public Imports imports() {
        return imports;
    }

    /**
     * Returns login and tokens; hosts with their own authentication don't need it. Passwords need Bouncy Castle on the
     * class path.
     */
    public Tokens tokens() {
        return tokens;
    }

    /** Returns the limits that processes share through the Redis of the cache settings. */
    public SharedLimits sharedLimits() {
        return sharedLimits;
    }

    /**
     * Joins the transaction of a connection: the use cases run on it and commit or roll back with it. After the commit,
     * call {@link JoinedTransaction#committed}.
     *
     * @param connection to a database with Byline's schema, with auto-commit off; Byline never commits, rolls back or
     *     closes it
     * @throws IllegalStateException when the connection has auto-commit on or is closed
     * @throws BylineException.Unavailable when the connection is broken
     */
    public JoinedTransaction in(Connection connection) {
        var joined = store.join(connection);
        joined.check();
        var parts = parts(joined);
        return new JoinedTransaction(parts, () -> store.committed(joined), () -> store.uncertain(joined));
    }

    /**
     * Runs a transaction on a connection of the pool: commits when the callback returns, rolls back when it throws,
     * then invalidates the cache. Blocks for a connection.
     *
     * @param work runs use cases, and its own statements on {@link BylineTransaction#connection}
     * @param <T> the result
     * @param <E> a checked exception of the callback
     * @return what the callback returned
     * @throws E from the callback
     * @throws BylineException.Unavailable when the database is unavailable, overloaded or too slow; the transaction was
     *     rolled back, or its outcome is unknown because the connection broke during the commit
     */
    public <T extends @Nullable Object, E extends Exception> T transaction(TransactionCallback<T, E> work) throws E {
        try {
            return store.transaction(joined -> {
                try {
                    return work.run(new BylineTransaction(parts(joined)));
                } catch (Exception e) {
                    throw new CallbackException(e);
                }
            });
        } catch (CallbackException e) {
            @SuppressWarnings("unchecked") // the callback throws nothing else
            var thrown = (E) Objects.requireNonNull(e.getCause());
            for (var suppressed : e.getSuppressed()) {
                thrown.addSuppressed(suppressed); // a rollback that failed
            }
            throw thrown;
        }
    }

    /** Carries an exception of the host's callback past the translation of Byline's own. */
    private static final class CallbackException extends RuntimeException {
        private static final long serialVersionUID = 1;

        CallbackException(Exception cause) {
            super(cause);
        }
    }

    private BylineTransaction.Parts parts(JoinedStore joined) {
        var joinedUsers = users(joined, noCache);
        return new BylineTransaction.Parts(
                joined.connection(),
                joinedUsers,
                posts(joined, noCache, joinedUsers),
                tokens(joined, noCache, joinedUsers, null));
    }

    /** Returns the current state of the pool; empty for the host's pool. Doesn't block. */
    public Optional<PoolStatus> poolStatus() {
        return database.poolStatus();
    }

    /** Returns the state of each replica; none for the host's pool. Doesn't block. */
    public List<ReplicaStatus> replicas() {
        return replicas == null ? List.of() : replicas.replicas().status();
    }

    /**
     * Returns whether there is no primary, and replicas answer reads, however far behind they are. Writes and
     * authentication fail. Doesn't block.
     */
    public boolean isReadOnly() {
        return replicas != null && replicas.replicas().isReadOnly();
    }

    /**
     * Returns the age of the results that replicas returned within a time although there was no primary: to recognise
     * after a read whether its result may be stale. Doesn't block.
     *
     * @param time before now
     * @return empty if they returned none; a day if the age is unknown
     */
    public Optional<Duration> staleWithin(Duration time) {
        return replicas == null ? Optional.empty() : replicas.staleWithin(time);
    }

    /** Returns the time since a statement last succeeded; more than a day before the first. Doesn't block. */
    public Duration sinceDatabaseAnswered() {
        return database.sinceAnswer();
    }

    /**
     * Reads version, encoding and connection limit of the database server. Blocks for the database.
     *
     * @throws BylineException.Unavailable when the database doesn't respond
     */
    public ServerFacts serverFacts() {
        return database.read(ServerFactsSql::read);
    }

    /**
     * Reads version, encoding and connection limit of a database server before Byline is opened on it; needs no schema.
     * Blocks for the database.
     *
     * @param dataSource as in {@link Builder#dataSource}
     * @throws BylineException.Unavailable when the database doesn't respond
     */
    public static ServerFacts serverFacts(DataSource dataSource) {
        return Database.on(dataSource, null, Metrics.NONE).read(ServerFactsSql::read);
    }

    /**
     * Stops the threads, waits for the batch of rows that is being removed, then closes the pool if Byline opened it.
     */
    @Override
    public void close() {
        imports.close();
        tokenUses.close();
        if (housekeeper != null) {
            housekeeper.close();
        }
        passwords.close();
        cache.close();
        if (redis != null) {
            redis.close();
        }
        database.close();
    }
}
