package dev.byline;

import dev.byline.internal.cache.TieredCache;
import dev.byline.internal.feed.FeedImporter;
import dev.byline.internal.security.Passwords;
import dev.byline.internal.sql.CacheKeySql;
import dev.byline.internal.sql.ServerFactsSql;
import dev.byline.internal.store.Database;
import dev.byline.internal.store.Housekeeper;
import dev.byline.internal.store.Store;
import dev.byline.model.BylineConfig;
import dev.byline.model.BylineException;
import dev.byline.model.Metrics;
import dev.byline.model.PoolStatus;
import dev.byline.model.ServerFacts;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import javax.sql.DataSource;

/**
 * Users and posts on PostgreSQL: the front door of the library.
 *
 * <p>The schema must be there: see {@code Migrations.apply(DataSource)} in the {@code migrations} artifact. An instance is
 * safe for use by several threads, shares nothing with others in the same JVM, and owns two threads: one removes
 * what is deleted or expired, one notes when tokens were used; two more hash passwords while there are any. Three more serve a
 * Redis, where one is shared: what listens to other processes, its heartbeat, and what repeats invalidations. While feeds are
 * imported, two more read and write them, one ends what takes too long, and others look names up.
 */
public final class Byline implements AutoCloseable {
    private final Database database;
    private final Housekeeper housekeeper;
    private final Passwords passwords;
    private final TieredCache cache;
    private final Users users;
    private final Posts posts;
    private final Tokens tokens;
    private final Imports imports;

    private Byline(Database database, Builder parts) {
        this.database = database;
        this.housekeeper = new Housekeeper(database);
        this.passwords = new Passwords(parts.metrics);
        this.cache = TieredCache.open(parts.cache, this::cacheKeys, parts.metrics);
        var store = new Store(database, cache);
        this.users = new Users(store, cache, housekeeper, passwords, parts.signupOpen);
        this.tokens = new Tokens(store, cache, passwords, parts.clock, parts.tokenTtl, users, parts.metrics);
        this.posts = new Posts(store, cache, users, parts.clock);
        this.imports = new Imports(new FeedImporter(store, parts.clock, parts.metrics, parts.imports), parts.imports);
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
     * Opens Byline with a pool of its own. Doesn't wait for the database.
     *
     * @param config where the data is
     */
    public static Byline open(BylineConfig config) {
        return open(config, Metrics.NONE);
    }

    /**
     * Opens Byline with a pool of its own. Doesn't wait for the database.
     *
     * @param config where the data is
     * @param metrics is told what happens
     */
    public static Byline open(BylineConfig config, Metrics metrics) {
        var parts = builder()
                .tokenTtl(config.tokenTtl())
                .signup(config.signupOpen())
                .cache(config.cache())
                .imports(config.imports())
                .metrics(metrics);
        return new Byline(Database.open(config.database(), metrics), parts);
    }

    /** Starts setting up an instance on parts of the host's. */
    public static Builder builder() {
        return new Builder();
    }

    /** Sets up an instance on parts of the host's. */
    public static final class Builder {
        private InstantSource clock = InstantSource.system();
        private Duration tokenTtl = BylineConfig.TOKEN_TTL;
        private boolean signupOpen = true;
        private BylineConfig.Cache cache = BylineConfig.Cache.OFF;
        private BylineConfig.Imports imports = BylineConfig.Imports.PUBLIC;
        private Metrics metrics = Metrics.NONE;

        private Builder() {}

        /**
         * Sets what the future begins after; the system's clock by default.
         *
         * @param value the clock
         */
        public Builder clock(InstantSource value) {
            this.clock = value;
            return this;
        }

        /**
         * Sets how long tokens live; 30 days by default.
         *
         * @param value positive
         */
        public Builder tokenTtl(Duration value) {
            this.tokenTtl = value;
            return this;
        }

        /**
         * Sets who may create users: anyone by default.
         *
         * @param open false for admins only
         */
        public Builder signup(boolean open) {
            this.signupOpen = open;
            return this;
        }

        /**
         * Sets what is kept of what was read; nothing by default, as the host may write to the tables, too.
         *
         * @param value how much, for how long
         */
        public Builder cache(BylineConfig.Cache value) {
            this.cache = value;
            return this;
        }

        /**
         * Sets what may be fetched from elsewhere; what anybody on the internet could read, by default.
         *
         * @param value as in {@link BylineConfig.Imports}
         */
        public Builder imports(BylineConfig.Imports value) {
            this.imports = value;
            return this;
        }

        /**
         * Sets who is told what happens; nobody by default.
         *
         * @param value as above
         */
        public Builder metrics(Metrics value) {
            this.metrics = value;
            return this;
        }

        /**
         * Opens Byline on the host's pool. Looks at one connection, for which it waits a second at most: the database may
         * be away.
         *
         * @param value connections with auto-commit on; set {@code statement_timeout} and the driver's {@code socketTimeout}
         *     on them, so that a frozen database can't hang the host. Stays open when Byline is closed.
         * @throws IllegalStateException when auto-commit is off; every use case throws it, too, when a connection comes with
         *     auto-commit off, as within a transaction of the host's
         */
        public Byline dataSource(DataSource value) {
            return new Byline(Database.on(value, metrics), this);
        }
    }

    /** Returns what may be done with users. */
    public Users users() {
        return users;
    }

    /** Returns what may be done with posts. */
    public Posts posts() {
        return posts;
    }

    /** Returns what brings in posts from elsewhere; it needs Apache HttpClient 5 and jsoup on the class path. */
    public Imports imports() {
        return imports;
    }

    /** Returns who may call; hosts with an authentication of their own don't need it. */
    public Tokens tokens() {
        return tokens;
    }

    /** Returns what the pool does now, empty for the host's own pool. Doesn't block. */
    public Optional<PoolStatus> poolStatus() {
        return database.poolStatus();
    }

    /** How long ago a statement last succeeded; a day and more before the first. Doesn't block. */
    public Duration sinceDatabaseAnswered() {
        return database.sinceAnswer();
    }

    /**
     * Asks the database who it is; blocks for it.
     *
     * @throws BylineException.Unavailable when it doesn't answer
     */
    public ServerFacts serverFacts() {
        return database.read(ServerFactsSql::read);
    }

    /**
     * Asks a database server who it is, before Byline is opened on it: it need not have the schema. Blocks for it.
     *
     * @param dataSource as in {@link Builder#dataSource}
     * @throws BylineException.Unavailable when it doesn't answer
     */
    public static ServerFacts serverFacts(DataSource dataSource) {
        return Database.on(dataSource, Metrics.NONE).read(ServerFactsSql::read);
    }

    /** Closes what this opened: waits for the batch of rows that is being removed, then closes its own pool. */
    @Override
    public void close() {
        imports.close();
        tokens.close();
        housekeeper.close();
        passwords.close();
        cache.close();
        database.close();
    }
}
