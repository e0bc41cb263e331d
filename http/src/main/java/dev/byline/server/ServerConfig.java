package dev.byline.server;

import dev.byline.Tokens;
import dev.byline.http.Cidr;
import dev.byline.http.HttpConfig;
import dev.byline.model.BylineConfig;
import dev.byline.model.BylineException;
import dev.byline.model.Capacity;
import dev.byline.model.DatabaseUrl;
import dev.byline.model.Metadata;
import dev.byline.model.NewUser;
import dev.byline.model.Password;
import dev.byline.model.PoolSizing;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The effective settings, checked. Reading them reports every fault at once and repairs none.
 *
 * @param port to listen on, 0 for any free one
 * @param host to listen on
 * @param managementPort for operators, 0 for any free one
 * @param managementHost for operators
 * @param databaseUrl null for the embedded database
 * @param dataDir where the embedded database lives
 * @param migrate whether {@code serve} applies pending migrations
 * @param migrateUrl where migrations run, null for the database itself
 * @param plan how many connections this process has, and why
 * @param pgBouncer whether they go through PgBouncer
 * @param maxRequests worked on at a time
 * @param drainDelay how long to go on serving after a signal to stop
 * @param signupOpen whether anyone may sign up
 * @param admin who is created at start unless the address is taken, null for nobody
 * @param tokenTtl how long tokens live
 * @param limits requests a minute, bytes an hour
 * @param trustedProxies whose X-Forwarded-For is believed
 * @param corsOrigins whose pages may read answers
 * @param requireIfMatch whether PATCH and DELETE must say which version they mean
 * @param docs whether there is a page to try out the interface
 * @param imports whether users may import feeds by HTTP
 * @param importPrivate whether feeds may be on private networks
 * @param searchLanguage the language of posts, when their table is made
 * @param cache what is kept of what was read
 * @param log the form of log lines
 * @param logRequests whether there is one for each request
 * @param slowStatement statements that take as long are logged, zero for none
 */
record ServerConfig(
        int port,
        String host,
        int managementPort,
        String managementHost,
        @Nullable DatabaseUrl databaseUrl,
        Path dataDir,
        boolean migrate,
        @Nullable DatabaseUrl migrateUrl,
        Capacity.Plan plan,
        boolean pgBouncer,
        int maxRequests,
        Duration drainDelay,
        boolean signupOpen,
        @Nullable NewUser admin,
        Duration tokenTtl,
        HttpConfig.RateLimits limits,
        List<Cidr> trustedProxies,
        Set<String> corsOrigins,
        boolean requireIfMatch,
        boolean docs,
        boolean imports,
        boolean importPrivate,
        String searchLanguage,
        BylineConfig.Cache cache,
        Log log,
        boolean logRequests,
        Duration slowStatement) {

    private static final int MAX_RATE = 100_000_000;
    private static final long MIN_BYTES = 1024 * 1024;
    private static final long MAX_BYTES = 1_000_000_000_000L;

    /** The form of log lines. */
    enum Log {
        JSON,
        TEXT,
        AUTO
    }

    /**
     * Reads the settings.
     *
     * @param environment names and values
     * @throws UsageException naming every fault
     */
    static ServerConfig parse(Map<String, String> environment) {
        var values = new Environment(environment);
        var reader = new Reader(values);
        var cores = reader.number(
                Setting.BYLINE_DATABASE_CORES, 1, 1024, Runtime.getRuntime().availableProcessors());
        var spindles = reader.number(Setting.BYLINE_DATABASE_SPINDLES, 0, 1024, 1);
        var replicas = reader.number(Setting.BYLINE_REPLICAS, 1, 1000, 1);
        var byFormula = PoolSizing.perReplica(PoolSizing.forDatabase(cores, spindles), replicas);
        var poolSize = reader.number(Setting.BYLINE_POOL_SIZE, 1, 1000, byFormula);
        var host = reader.read(Setting.BYLINE_HOST, ServerConfig::address, "127.0.0.1");
        var config = new ServerConfig(
                reader.number(Setting.PORT, 0, 65535, 8000),
                host,
                reader.number(Setting.BYLINE_MANAGEMENT_PORT, 0, 65535, 9000),
                reader.read(Setting.BYLINE_MANAGEMENT_HOST, ServerConfig::address, host),
                reader.read(Setting.DATABASE_URL, DatabaseUrl::parse, null),
                reader.read(Setting.BYLINE_DATA_DIR, ServerConfig::path, Path.of("byline-data")),
                reader.read(Setting.BYLINE_MIGRATE, ServerConfig::onOff, true),
                reader.read(Setting.BYLINE_MIGRATE_URL, DatabaseUrl::parse, null),
                new Capacity.Plan(poolSize, cores, spindles, replicas, null),
                reader.read(Setting.BYLINE_PGBOUNCER, ServerConfig::trueFalse, false),
                reader.number(Setting.BYLINE_MAX_REQUESTS, 1, 10_000, HttpConfig.maxRequests(poolSize)),
                reader.read(Setting.BYLINE_DRAIN_DELAY, text -> duration(text, Duration.ofMinutes(5)), Duration.ZERO),
                reader.read(Setting.BYLINE_SIGNUP, ServerConfig::openClosed, true),
                admin(values, reader.faults),
                reader.read(Setting.BYLINE_TOKEN_TTL, ServerConfig::ttl, BylineConfig.TOKEN_TTL),
                new HttpConfig.RateLimits(
                        reader.number(Setting.BYLINE_RATE_LIMIT, 0, MAX_RATE, 600),
                        reader.number(Setting.BYLINE_RATE_LIMIT_ANONYMOUS, 0, MAX_RATE, 600),
                        reader.number(Setting.BYLINE_RATE_LIMIT_LOGIN, 0, MAX_RATE, 10),
                        reader.number(Setting.BYLINE_RATE_LIMIT_SIGNUP, 0, MAX_RATE, 20),
                        reader.read(
                                Setting.BYLINE_RATE_LIMIT_BYTES,
                                ServerConfig::bytesAnHour,
                                HttpConfig.RateLimits.DEFAULT.bytes())),
                reader.read(
                        Setting.BYLINE_TRUSTED_PROXIES,
                        text -> list(text).stream().map(Cidr::parse).toList(),
                        List.of()),
                reader.read(Setting.BYLINE_CORS_ORIGINS, ServerConfig::origins, Set.of()),
                reader.read(Setting.BYLINE_REQUIRE_IF_MATCH, ServerConfig::onOff, false),
                reader.read(Setting.BYLINE_DOCS, ServerConfig::onOff, true),
                reader.read(Setting.BYLINE_IMPORT, ServerConfig::onOff, true),
                reader.read(Setting.BYLINE_IMPORT_ALLOW_PRIVATE, ServerConfig::trueFalse, false),
                reader.read(Setting.BYLINE_SEARCH_LANGUAGE, ServerConfig::language, "english"),
                cache(reader),
                reader.read(Setting.BYLINE_LOG, text -> oneOf(text, Log.values()), Log.AUTO),
                reader.read(Setting.BYLINE_LOG_REQUESTS, ServerConfig::onOff, true),
                reader.read(
                        Setting.BYLINE_SLOW_STATEMENT,
                        text -> duration(text, Duration.ofSeconds(10)),
                        BylineConfig.Database.SLOW_STATEMENT));
        var faults = new ArrayList<>(values.faults());
        faults.addAll(reader.faults);
        if (config.pgBouncer && config.databaseUrl == null) {
            faults.add("BYLINE_PGBOUNCER needs DATABASE_URL: the embedded database has none");
        } else if (config.pgBouncer && config.migrate && config.migrateUrl == null) {
            faults.add("BYLINE_PGBOUNCER needs BYLINE_MIGRATE_URL, the database itself, or BYLINE_MIGRATE=off:"
                    + " migrations don't work through PgBouncer");
        }
        if (config.port == config.managementPort && config.port != 0) {
            faults.add("PORT and BYLINE_MANAGEMENT_PORT must differ");
        }
        if (!faults.isEmpty()) {
            throw new UsageException(faults);
        }
        return config;
    }

    /** Where this program answers, for people of this machine. */
    String url(int actualPort) {
        return url(host, actualPort);
    }

    /** Where it answers to operators. */
    String managementUrl() {
        return url(managementHost, managementPort);
    }

    /** Who listens everywhere is asked by the loopback address: Java would look for this machine's name, which may have none. */
    private static String url(String host, int port) {
        var address = switch (host) {
            case "0.0.0.0" -> "127.0.0.1";
            case "::" -> "::1";
            default -> host;
        };
        return "http://" + (address.contains(":") ? "[" + address + "]" : address) + ":" + port;
    }

    /** The HTTP server's part of the settings. */
    HttpConfig http(String version) {
        return new HttpConfig(
                host,
                port,
                version,
                signupOpen,
                limits,
                trustedProxies,
                corsOrigins,
                requireIfMatch,
                docs,
                imports,
                maxRequests);
    }

    /** Core's part of the settings, on a database. */
    BylineConfig core(DatabaseUrl url) {
        var database = BylineConfig.Database.of(url)
                .withPoolSize(plan.poolSize())
                .withSlowStatement(slowStatement)
                .withPgBouncer(pgBouncer);
        var importing = new BylineConfig.Imports(importPrivate, BylineConfig.Imports.MAX_CONCURRENT);
        return new BylineConfig(database, tokenTtl, signupOpen, cache, importing);
    }

    private static final class Reader {
        private final Environment values;
        private final List<String> faults = new ArrayList<>();

        Reader(Environment values) {
            this.values = values;
        }

        <T extends @Nullable Object> T read(Setting setting, Function<String, T> parser, T otherwise) {
            var text = values.get(setting);
            if (text.isEmpty()) {
                return otherwise;
            }
            try {
                return parser.apply(text);
            } catch (IllegalArgumentException e) {
                faults.add(setting + " " + e.getMessage());
                return otherwise;
            }
        }

        int number(Setting setting, int min, int max, int otherwise) {
            return read(setting, text -> wholeNumber(text, min, max), otherwise);
        }
    }

    private static String language(String text) {
        if (!text.matches("[a-z_]{1,40}")) {
            throw new IllegalArgumentException("must be the name of a text search configuration, such as german");
        }
        return text;
    }

    private static BylineConfig.Cache cache(Reader reader) {
        var local = BylineConfig.Cache.LOCAL;
        var redis = reader.read(Setting.REDIS_URL, ServerConfig::redis, null);
        var enabled = reader.read(Setting.BYLINE_CACHE, ServerConfig::onOff, true);
        var max = Duration.ofDays(1);
        var l1Ttl = reader.read(Setting.BYLINE_CACHE_L1_TTL, text -> duration(text, max), local.l1Ttl());
        var l2Ttl = reader.read(Setting.BYLINE_CACHE_L2_TTL, text -> duration(text, max), local.l2Ttl());
        try {
            return new BylineConfig.Cache(enabled, l1Ttl, l2Ttl, local.l1Bytes(), redis);
        } catch (IllegalArgumentException e) {
            reader.faults.add("BYLINE_CACHE_L1_TTL, BYLINE_CACHE_L2_TTL: " + e.getMessage());
            return local;
        }
    }

    /** The fault never repeats the value: it may hold a password. */
    private static URI redis(String text) {
        try {
            var uri = new URI(text);
            return Objects.requireNonNull(
                    BylineConfig.Cache.LOCAL.withRedis(uri).redis());
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("must be redis://[[user]:password@]host[:port][/number]", null);
        }
    }

    private static int wholeNumber(String text, int min, int max) {
        if (text.matches("[0-9]{1,9}")) {
            var number = Integer.parseInt(text);
            if (number >= min && number <= max) {
                return number;
            }
        }
        throw new IllegalArgumentException("must be a whole number from " + min + " to " + max);
    }

    /** Less than the largest body would never let it through. */
    private static long bytesAnHour(String text) {
        if (text.matches("[0-9]{1,13}")) {
            var number = Long.parseLong(text);
            if (number == 0 || (number >= MIN_BYTES && number <= MAX_BYTES)) {
                return number;
            }
        }
        throw new IllegalArgumentException("must be 0, or a whole number from " + MIN_BYTES + " to " + MAX_BYTES);
    }

    private static String address(String host) {
        try {
            return InetAddress.getByName(host) == null ? host : host.replaceAll("^\\[|]$", "");
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("is not an address of this machine");
        }
    }

    private static boolean openClosed(String text) {
        return switch (text) {
            case "open" -> true;
            case "closed" -> false;
            default -> throw new IllegalArgumentException("must be open or closed");
        };
    }

    private static List<String> list(String text) {
        return Arrays.stream(text.split(",", -1))
                .map(String::strip)
                .filter(each -> !each.isEmpty())
                .toList();
    }

    private static Set<String> origins(String text) {
        var origins = list(text);
        for (var origin : origins) {
            if (!origin.matches("https?://[^/?#@*]+")) {
                throw new IllegalArgumentException("must be origins such as https://app.example.com, comma-separated");
            }
        }
        return Set.copyOf(origins);
    }

    private static @Nullable NewUser admin(Environment values, List<String> faults) {
        var email = values.get(Setting.BYLINE_ADMIN_EMAIL);
        var password = values.get(Setting.BYLINE_ADMIN_PASSWORD);
        if (email.isEmpty() && password.isEmpty()) {
            return null;
        }
        if (email.isEmpty() || password.isEmpty()) {
            faults.add("BYLINE_ADMIN_EMAIL and BYLINE_ADMIN_PASSWORD go together");
            return null;
        }
        try {
            return new NewUser(email, "Admin", new Password(password), Metadata.EMPTY);
        } catch (BylineException.Invalid e) {
            e.errors()
                    .forEach(error -> faults.add(
                            "BYLINE_ADMIN_" + error.field().toUpperCase(Locale.ROOT) + " " + error.message()));
            return null;
        }
    }

    private static Path path(String text) {
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException("must be a path", e);
        }
    }

    private static Duration ttl(String text) {
        var ttl = duration(text, Tokens.MAX_TTL);
        if (ttl.compareTo(Duration.ofMinutes(1)) < 0) {
            throw new IllegalArgumentException("must be at least 1m");
        }
        return ttl;
    }

    private static boolean trueFalse(String text) {
        return switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException("must be true or false");
        };
    }

    private static boolean onOff(String text) {
        return switch (text) {
            case "on" -> true;
            case "off" -> false;
            default -> throw new IllegalArgumentException("must be on or off");
        };
    }

    private static <E extends Enum<E>> E oneOf(String text, E[] values) {
        var names = new ArrayList<String>();
        for (var value : values) {
            var name = value.name().toLowerCase(Locale.ROOT);
            if (name.equals(text)) {
                return value;
            }
            names.add(name);
        }
        throw new IllegalArgumentException("must be one of " + String.join(", ", names));
    }

    /** Durations are written as 500ms, 5s, 10m, 1h, 30d. */
    static Duration duration(String text, Duration max) {
        var unit = text.replaceFirst("^[0-9]+", "");
        var digits = text.substring(0, text.length() - unit.length());
        if (digits.isEmpty() || digits.length() > 9) {
            throw new IllegalArgumentException("must be a duration such as 500ms, 5s, 10m, 1h or 30d");
        }
        var amount = Long.parseLong(digits);
        var duration = switch (unit) {
            case "ms" -> Duration.ofMillis(amount);
            case "s" -> Duration.ofSeconds(amount);
            case "m" -> Duration.ofMinutes(amount);
            case "h" -> Duration.ofHours(amount);
            case "d" -> Duration.ofDays(amount);
            default -> throw new IllegalArgumentException("must be a duration such as 500ms, 5s, 10m, 1h or 30d");
        };
        if (duration.compareTo(max) > 0) {
            throw new IllegalArgumentException("must be at most " + max.toSeconds() + "s");
        }
        return duration;
    }
}
