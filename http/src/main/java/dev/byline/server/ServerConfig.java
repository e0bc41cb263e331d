package dev.byline.server;

import dev.byline.http.HttpConfig;
import dev.byline.model.BylineConfig;
import dev.byline.model.BylineException;
import dev.byline.model.Capacity;
import dev.byline.model.DatabaseUrl;
import dev.byline.model.Metadata;
import dev.byline.model.NewUser;
import dev.byline.model.Password;
import dev.byline.model.PoolSizing;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The effective settings, validated. All faults are reported at once; none is repaired.
 *
 * @param http address, limits and routes of the API
 * @param management address of the management port
 * @param database the database, its migrations and the connection pool
 * @param cache the caches
 * @param replicas standbys of the database that serve reads
 * @param imports limits of feed imports
 * @param tokenTtl lifetime of tokens
 * @param admin created at start unless a user has this e-mail address, null for none
 * @param drainDelay how long to keep serving after SIGTERM
 * @param log the format of the log
 * @param logRequests whether to write the access log
 */
record ServerConfig(
        HttpConfig http,
        Listener management,
        Database database,
        BylineConfig.Cache cache,
        BylineConfig.Replicas replicas,
        BylineConfig.Imports imports,
        Duration tokenTtl,
        @Nullable NewUser admin,
        Duration drainDelay,
        LogFormat log,
        boolean logRequests) {

    /** The format of the log. {@code AUTO} is text on a terminal, otherwise JSON. */
    enum LogFormat {
        JSON,
        TEXT,
        AUTO
    }

    /**
     * The address that a server listens on.
     *
     * @param host an address of this machine
     * @param port 0 for any free port
     */
    record Listener(String host, int port) {
        /** Returns a URL for clients on this machine; it has the loopback address if the host is a wildcard. */
        String url() {
            var address = switch (host) {
                case "0.0.0.0" -> "127.0.0.1";
                case "::" -> "::1";
                default -> host;
            };
            return "http://" + (address.contains(":") ? "[" + address + "]" : address) + ":" + port;
        }
    }

    /**
     * The database, its migrations and the connection pool.
     *
     * @param url null for the embedded PostgreSQL
     * @param dataDir data folder of the embedded PostgreSQL
     * @param migrate whether {@code serve} applies pending migrations
     * @param migrateUrl the database for migrations, null for {@code url}
     * @param schema of the tables, null for the search path of the database
     * @param searchLanguage text search configuration, used when the tables are created
     * @param plan the pool size of this process and the reason for it
     * @param pgBouncer whether {@code url} is a PgBouncer
     * @param slowStatement statements that take at least this long are logged; zero for none
     * @param fence how long connections to a replaced server are refused; zero for never
     */
    record Database(
            @Nullable DatabaseUrl url,
            Path dataDir,
            boolean migrate,
            @Nullable DatabaseUrl migrateUrl,
            @Nullable String schema,
            String searchLanguage,
            Capacity.Plan plan,
            boolean pgBouncer,
            Duration slowStatement,
            Duration fence) {}

    /**
     * Parses and validates the settings.
     *
     * @param environment the environment variables
     * @throws UsageException with all faults
     */
    static ServerConfig parse(Map<String, String> environment) {
        var reader = new Reader(new Environment(environment));
        var database = database(reader);
        var http = http(reader, HttpConfig.maxRequests(database.plan().poolSize()));
        var config = new ServerConfig(
                http,
                new Listener(
                        Objects.requireNonNullElse(reader.find(Settings.MANAGEMENT_HOST), http.host()),
                        reader.get(Settings.MANAGEMENT_PORT)),
                database,
                cache(reader),
                replicas(reader, database.plan().poolSize()),
                new BylineConfig.Imports(
                        reader.get(Settings.IMPORT_ALLOW_PRIVATE), BylineConfig.Imports.MAX_CONCURRENT),
                reader.get(Settings.TOKEN_TTL),
                admin(reader),
                reader.get(Settings.DRAIN_DELAY),
                reader.get(Settings.LOG),
                reader.get(Settings.LOG_REQUESTS));
        var faults = new ArrayList<>(reader.faults());
        faults.addAll(config.contradictions());
        if (!faults.isEmpty()) {
            throw new UsageException(faults);
        }
        return config;
    }

    private static Database database(Reader reader) {
        var cores = Objects.requireNonNullElse(
                reader.find(Settings.DATABASE_CORES), Runtime.getRuntime().availableProcessors());
        var spindles = reader.get(Settings.DATABASE_SPINDLES);
        var replicas = reader.get(Settings.REPLICAS);
        var byFormula = PoolSizing.perReplica(PoolSizing.forDatabase(cores, spindles), replicas);
        var poolSize = Objects.requireNonNullElse(reader.find(Settings.POOL_SIZE), byFormula);
        return new Database(
                reader.find(Settings.DATABASE_URL),
                reader.get(Settings.DATA_DIR),
                reader.get(Settings.MIGRATE),
                reader.find(Settings.MIGRATE_URL),
                reader.find(Settings.SCHEMA),
                reader.get(Settings.SEARCH_LANGUAGE),
                new Capacity.Plan(poolSize, cores, spindles, replicas, null),
                reader.get(Settings.PGBOUNCER),
                reader.get(Settings.SLOW_STATEMENT),
                reader.get(Settings.FENCE));
    }

    private static HttpConfig http(Reader reader, int maxRequests) {
        return new HttpConfig(
                reader.get(Settings.HOST),
                reader.get(Settings.PORT),
                Objects.requireNonNullElse(reader.find(Settings.BASE_PATH), ""),
                Command.version(),
                reader.get(Settings.SIGNUP),
                new HttpConfig.RateLimits(
                        reader.get(Settings.RATE_LIMIT),
                        reader.get(Settings.RATE_LIMIT_ANONYMOUS),
                        reader.get(Settings.RATE_LIMIT_LOGIN),
                        reader.get(Settings.RATE_LIMIT_SIGNUP),
                        reader.get(Settings.RATE_LIMIT_BYTES)),
                Objects.requireNonNullElse(reader.find(Settings.TRUSTED_PROXIES), List.of()),
                Objects.requireNonNullElse(reader.find(Settings.CORS_ORIGINS), Set.of()),
                reader.get(Settings.REQUIRE_IF_MATCH),
                reader.get(Settings.DOCS),
                reader.get(Settings.IMPORT),
                reader.get(Settings.COMPRESSION),
                Objects.requireNonNullElse(reader.find(Settings.MAX_REQUESTS), maxRequests));
    }

    private static BylineConfig.Cache cache(Reader reader) {
        var local = BylineConfig.Cache.LOCAL;
        try {
            return new BylineConfig.Cache(
                    reader.get(Settings.CACHE),
                    reader.get(Settings.CACHE_L1_TTL),
                    reader.get(Settings.CACHE_L2_TTL),
                    local.l1Bytes(),
                    reader.find(Settings.REDIS_URL));
        } catch (IllegalArgumentException e) {
            reader.faults.add(Settings.CACHE_L1_TTL + ", " + Settings.CACHE_L2_TTL + ": " + e.getMessage());
            return local;
        }
    }

    private static BylineConfig.Replicas replicas(Reader reader, int poolSize) {
        return new BylineConfig.Replicas(
                reader.find(Settings.READ_URL),
                Objects.requireNonNullElse(reader.find(Settings.READ_POOL_SIZE), poolSize),
                reader.get(Settings.READ_LAG),
                reader.get(Settings.READ_ONLY));
    }

    private static @Nullable NewUser admin(Reader reader) {
        var email = reader.find(Settings.ADMIN_EMAIL);
        var password = reader.find(Settings.ADMIN_PASSWORD);
        if (email == null && password == null) {
            return null;
        }
        if (email == null || password == null) {
            reader.faults.add(Settings.ADMIN_EMAIL + " and " + Settings.ADMIN_PASSWORD + " must be set together");
            return null;
        }
        try {
            return new NewUser(email, "Admin", new Password(password), Metadata.EMPTY);
        } catch (BylineException.Invalid e) {
            e.errors()
                    .forEach(error -> reader.faults.add(
                            "BYLINE_ADMIN_" + error.field().toUpperCase(Locale.ROOT) + " " + error.message()));
            return null;
        }
    }

    private List<String> contradictions() {
        var faults = new ArrayList<String>();
        if (database.pgBouncer && database.url == null) {
            faults.add(Settings.PGBOUNCER + " needs DATABASE_URL: the embedded PostgreSQL has no PgBouncer");
        } else if (database.pgBouncer && database.migrate && database.migrateUrl == null) {
            faults.add(Settings.PGBOUNCER
                    + " needs BYLINE_MIGRATE_URL with the URL of the database itself, or BYLINE_MIGRATE=off:"
                    + " migrations do not work through PgBouncer");
        }
        if (replicas.url() != null && database.url == null) {
            faults.add(Settings.READ_URL + " needs DATABASE_URL: the embedded PostgreSQL has no replicas");
        }
        if (http.port() == management.port && http.port() != 0) {
            faults.add(Settings.PORT + " and " + Settings.MANAGEMENT_PORT + " must differ");
        }
        return faults;
    }

    /** Returns the address of the API with the port that it got; the setting may be 0. */
    Listener api(int actualPort) {
        return new Listener(http.host(), actualPort);
    }

    /** Returns the settings of core, for a database. */
    BylineConfig core(DatabaseUrl url) {
        var pool = BylineConfig.Database.of(url)
                .withPoolSize(database.plan.poolSize())
                .withSlowStatement(database.slowStatement)
                .withPgBouncer(database.pgBouncer)
                .withSchema(database.schema)
                .withFence(database.fence);
        return new BylineConfig(pool, tokenTtl, http.signupOpen(), cache, imports, replicas);
    }

    /** Parses values and collects all faults. */
    private static final class Reader {
        private final Environment values;
        private final List<String> faults = new ArrayList<>();

        Reader(Environment values) {
            this.values = values;
        }

        /** Returns the value; the default if the setting is unset or invalid, null if there is no default. */
        <T> @Nullable T find(Setting<T> setting) {
            try {
                return setting.parse(values.get(setting));
            } catch (IllegalArgumentException e) {
                faults.add(setting + " " + e.getMessage());
                return setting.parse("");
            }
        }

        /** Returns the value of a setting that has a default. */
        <T> T get(Setting<T> setting) {
            return Objects.requireNonNull(find(setting), setting::name);
        }

        List<String> faults() {
            var all = new ArrayList<>(values.faults());
            all.addAll(faults);
            return all;
        }
    }
}
