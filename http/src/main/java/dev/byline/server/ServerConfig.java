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
 * The effective settings, checked. Reading them reports every fault at once and repairs none.
 *
 * @param http the API's listener, limits and routes
 * @param management the operators' listener
 * @param database where the data is, and how many connections there are
 * @param cache what is kept of what was read
 * @param imports what may be imported
 * @param tokenTtl how long tokens live
 * @param admin created at start unless the address is taken, null for none
 * @param drainDelay how long to go on serving after a signal to stop
 * @param log the log's form
 * @param logRequests whether each request is logged
 */
record ServerConfig(
        HttpConfig http,
        Listener management,
        Database database,
        BylineConfig.Cache cache,
        BylineConfig.Imports imports,
        Duration tokenTtl,
        @Nullable NewUser admin,
        Duration drainDelay,
        LogForm log,
        boolean logRequests) {

    /** The form of log lines. */
    enum LogForm {
        JSON,
        TEXT,
        AUTO
    }

    /**
     * Where a server listens.
     *
     * @param host an address of this machine
     * @param port 0 for any free one
     */
    record Listener(String host, int port) {
        /** A URL for clients on this machine. For "all addresses" the loopback address: the machine's own name may not resolve. */
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
     * The database, its migrations and its pool.
     *
     * @param url null for the embedded database
     * @param dataDir where the embedded database lives
     * @param migrate whether {@code serve} applies pending migrations
     * @param migrateUrl where migrations run, null for the database itself
     * @param searchLanguage the language of posts, when their table is created
     * @param plan how many connections this process has, and why
     * @param pgBouncer whether they go through PgBouncer
     * @param slowStatement statements that take as long are logged, zero for none
     */
    record Database(
            @Nullable DatabaseUrl url,
            Path dataDir,
            boolean migrate,
            @Nullable DatabaseUrl migrateUrl,
            String searchLanguage,
            Capacity.Plan plan,
            boolean pgBouncer,
            Duration slowStatement) {}

    /**
     * Reads the settings.
     *
     * @param environment names and values
     * @throws UsageException naming every fault
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
                reader.get(Settings.SEARCH_LANGUAGE),
                new Capacity.Plan(poolSize, cores, spindles, replicas, null),
                reader.get(Settings.PGBOUNCER),
                reader.get(Settings.SLOW_STATEMENT));
    }

    private static HttpConfig http(Reader reader, int maxRequests) {
        return new HttpConfig(
                reader.get(Settings.HOST),
                reader.get(Settings.PORT),
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

    private static @Nullable NewUser admin(Reader reader) {
        var email = reader.find(Settings.ADMIN_EMAIL);
        var password = reader.find(Settings.ADMIN_PASSWORD);
        if (email == null && password == null) {
            return null;
        }
        if (email == null || password == null) {
            reader.faults.add(Settings.ADMIN_EMAIL + " and " + Settings.ADMIN_PASSWORD + " go together");
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
            faults.add(Settings.PGBOUNCER + " needs DATABASE_URL: the embedded database has none");
        } else if (database.pgBouncer && database.migrate && database.migrateUrl == null) {
            faults.add(Settings.PGBOUNCER + " needs BYLINE_MIGRATE_URL, the database itself, or BYLINE_MIGRATE=off:"
                    + " migrations don't work through PgBouncer");
        }
        if (http.port() == management.port && http.port() != 0) {
            faults.add(Settings.PORT + " and " + Settings.MANAGEMENT_PORT + " must differ");
        }
        return faults;
    }

    /** Where the API listens, on another port than the one that was asked for. */
    Listener api(int actualPort) {
        return new Listener(http.host(), actualPort);
    }

    /** Core's part of the settings, on a database. */
    BylineConfig core(DatabaseUrl url) {
        var pool = BylineConfig.Database.of(url)
                .withPoolSize(database.plan.poolSize())
                .withSlowStatement(database.slowStatement)
                .withPgBouncer(database.pgBouncer);
        return new BylineConfig(pool, tokenTtl, http.signupOpen(), cache, imports);
    }

    /** Reads values, and gathers what is wrong with them. */
    private static final class Reader {
        private final Environment values;
        private final List<String> faults = new ArrayList<>();

        Reader(Environment values) {
            this.values = values;
        }

        /** Null where it isn't set and has no default. The default in place of what is wrong. */
        <T> @Nullable T find(Setting<T> setting) {
            try {
                return setting.parse(values.get(setting));
            } catch (IllegalArgumentException e) {
                faults.add(setting + " " + e.getMessage());
                return setting.parse("");
            }
        }

        /** For what has a default. */
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
