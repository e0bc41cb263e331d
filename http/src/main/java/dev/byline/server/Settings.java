package dev.byline.server;

import dev.byline.Tokens;
import dev.byline.http.message.Spelling;
import dev.byline.model.BylineConfig;
import dev.byline.model.Cidr;
import dev.byline.model.DatabaseUrl;
import dev.byline.model.Validation;
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
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * All settings: name, purpose, default, type, limits, secrecy. docs/configuration.md says more about each; a test keeps
 * names, purposes and defaults equal.
 */
final class Settings {
    private static final List<Setting<?>> REGISTERED = new ArrayList<>();
    private static final int MAX_RATE = 100_000_000;
    private static final String PREFIX = "BYLINE_";
    private static final String ORIGINS = "such as https://app.example.com, comma-separated";
    /** An origin, and what must not follow it. */
    private static final Pattern ORIGIN = Pattern.compile("(https?://[^/?#@]+)((?:[/?#].*)?)");

    static final Setting<Integer> PORT = number("PORT", "TCP port of the API", "8000", 0, 65535);
    static final Setting<String> HOST = text(
            "BYLINE_HOST",
            "Address to listen on; 0.0.0.0 for all",
            "127.0.0.1",
            "an address of this machine",
            Settings::address);
    static final Setting<Integer> MANAGEMENT_PORT = number(
            "BYLINE_MANAGEMENT_PORT",
            "TCP port of the status page, /metrics, /capacity, /livez and /readyz for operators",
            "9000",
            0,
            65535);
    static final Setting<String> MANAGEMENT_HOST = text(
            "BYLINE_MANAGEMENT_HOST",
            "Address that the management port listens on. Not set: BYLINE_HOST",
            "",
            "an address of this machine",
            Settings::address);
    static final Setting<DatabaseUrl> DATABASE_URL = secret(
            "DATABASE_URL",
            "The database. Not set: the embedded PostgreSQL",
            "postgres://user:password@host:port/database or jdbc:postgresql:...",
            DatabaseUrl::parse);
    static final Setting<Path> DATA_DIR = text(
            "BYLINE_DATA_DIR",
            "Folder for the data of the embedded PostgreSQL, created if missing",
            "./byline-data",
            "a folder",
            Settings::path);
    static final Setting<Boolean> MIGRATE = onOff(
            "BYLINE_MIGRATE",
            "on: serve migrates the schema at start. off: serve waits, not ready, until byline migrate was run elsewhere",
            "on");
    static final Setting<DatabaseUrl> MIGRATE_URL = secret(
            "BYLINE_MIGRATE_URL",
            "Database for migrations. Not set: DATABASE_URL",
            "as DATABASE_URL",
            DatabaseUrl::parse);
    static final Setting<Integer> POOL_SIZE = number(
            "BYLINE_POOL_SIZE",
            "Database connections of this process. Not set: (cores * 2 + spindles) / replicas",
            "",
            1,
            1000);
    static final Setting<Integer> DATABASE_CORES = number(
            "BYLINE_DATABASE_CORES",
            "Cores of the database host. Not set: the cores that this process sees",
            "",
            1,
            1024);
    static final Setting<Integer> DATABASE_SPINDLES = number(
            "BYLINE_DATABASE_SPINDLES", "Disks of the database host that can seek at the same time", "1", 0, 1024);
    static final Setting<Integer> REPLICAS = number(
            "BYLINE_REPLICAS", "Byline processes that share the database; they divide the connections", "1", 1, 1000);
    static final Setting<Boolean> PGBOUNCER = choice(
            "BYLINE_PGBOUNCER", "true: DATABASE_URL is a PgBouncer in transaction mode", "false", "true", "false");
    static final Setting<Duration> FENCE = duration(
            "BYLINE_FENCE",
            "How long connections to a replaced database server are refused after the newer one was seen; 0s turns this off",
            "10m",
            Duration.ZERO,
            Duration.ofDays(1));
    static final Setting<DatabaseUrl> READ_URL = secret(
            "BYLINE_READ_URL",
            "Replicas that serve lists and searches, and reads while there is no primary. Not set: none",
            "as DATABASE_URL, with one host or several",
            Settings::replicas);
    static final Setting<Integer> READ_POOL_SIZE = number(
            "BYLINE_READ_POOL_SIZE",
            "Connections of this process to each host of BYLINE_READ_URL. Not set: as many as to the database",
            "",
            1,
            1000);
    static final Setting<Duration> READ_LAG = duration(
            "BYLINE_READ_LAG",
            "How far behind a replica may be; those who wrote see their writes at once",
            "1s",
            Duration.ofMillis(500),
            Duration.ofMinutes(1));
    static final Setting<Duration> READ_ONLY = duration(
            "BYLINE_READ_ONLY",
            "How long replicas serve reads while there is no primary; 0s turns this off",
            "10m",
            Duration.ZERO,
            Duration.ofDays(1));
    static final Setting<Integer> MAX_REQUESTS = number(
            "BYLINE_MAX_REQUESTS",
            "Requests processed at a time. Not set: 8 for each connection, at least 16",
            "",
            1,
            10_000);
    static final Setting<Duration> DRAIN_DELAY = duration(
            "BYLINE_DRAIN_DELAY",
            "After SIGTERM: how long to keep serving while /readyz answers 503",
            "0s",
            Duration.ZERO,
            Duration.ofMinutes(5));
    static final Setting<Boolean> SIGNUP = choice(
            "BYLINE_SIGNUP", "open: anyone may sign up; closed: only admins create users", "open", "open", "closed");
    static final Setting<String> ADMIN_EMAIL = secret(
            "BYLINE_ADMIN_EMAIL",
            "With BYLINE_ADMIN_PASSWORD: an admin to create at start if no user has this address",
            "an e-mail address",
            text -> text);
    static final Setting<String> ADMIN_PASSWORD = secret(
            "BYLINE_ADMIN_PASSWORD",
            "The password of that admin; unset it once the admin exists",
            "12 to 128 characters",
            text -> text);
    static final Setting<Duration> TOKEN_TTL =
            duration("BYLINE_TOKEN_TTL", "How long a token lives", "30d", Duration.ofMinutes(1), Tokens.MAX_TTL);
    static final Setting<Integer> RATE_LIMIT = rate("BYLINE_RATE_LIMIT", "Requests per minute for each token", "600");
    static final Setting<Integer> RATE_LIMIT_ANONYMOUS = rate(
            "BYLINE_RATE_LIMIT_ANONYMOUS",
            "Requests per minute for each address, without a token or with an invalid one",
            "600");
    static final Setting<Integer> RATE_LIMIT_LOGIN =
            rate("BYLINE_RATE_LIMIT_LOGIN", "Login attempts per minute for each account from each address", "10");
    static final Setting<Integer> RATE_LIMIT_SIGNUP =
            rate("BYLINE_RATE_LIMIT_SIGNUP", "Sign-ups per minute for each address", "20");
    /** The lower limit is the largest body: with less, it could never be sent. */
    static final Setting<Long> RATE_LIMIT_BYTES = zeroOr(
            "BYLINE_RATE_LIMIT_BYTES",
            "Bytes per hour of request bodies that each user writes",
            "104857600",
            1024 * 1024,
            1_000_000_000_000L);

    static final Setting<List<Cidr>> TRUSTED_PROXIES = text(
            "BYLINE_TRUSTED_PROXIES",
            "Proxies whose X-Forwarded-For is trusted. Not set: none",
            "",
            "addresses and CIDR blocks, comma-separated",
            text -> list(text).stream().map(Cidr::parse).toList());
    static final Setting<Set<String>> CORS_ORIGINS = text(
            "BYLINE_CORS_ORIGINS",
            "Web origins whose pages may read responses. Not set: none",
            "",
            ORIGINS,
            Settings::origins);
    static final Setting<Boolean> REQUIRE_IF_MATCH =
            onOff("BYLINE_REQUIRE_IF_MATCH", "on: PATCH and DELETE of users and posts without If-Match get 428", "off");
    static final Setting<Boolean> DOCS =
            onOff("BYLINE_DOCS", "off: no /docs, and browsers get the JSON index at /", "on");
    static final Setting<String> BASE_PATH = text(
            "BYLINE_BASE_PATH",
            "A path that precedes all others, for a proxy that passes paths on unchanged. Not set: none",
            "",
            "such as /api",
            Settings::basePath);
    static final Setting<Boolean> COMPRESSION = onOff("BYLINE_COMPRESSION", "off: no response is compressed", "on");
    static final Setting<Boolean> IMPORT = onOff("BYLINE_IMPORT", "off: no POST /imports", "on");
    static final Setting<Boolean> IMPORT_ALLOW_PRIVATE = choice(
            "BYLINE_IMPORT_ALLOW_PRIVATE",
            "true: feeds may be on this machine, on private networks and on any port",
            "false",
            "true",
            "false");
    static final Setting<String> SEARCH_LANGUAGE = text(
            "BYLINE_SEARCH_LANGUAGE",
            "The language for searching posts, by its PostgreSQL name",
            "english",
            "a text search configuration",
            Settings::language);
    static final Setting<String> SCHEMA = text(
            "BYLINE_SCHEMA",
            "The schema of Byline's tables, created if missing. Not set: the first schema in the search path",
            "",
            "1 to 63 bytes, not pg_...",
            Validation::schemaName);
    static final Setting<URI> REDIS_URL = secret(
            "REDIS_URL",
            "A cache and rate limits shared by all replicas. Not set: each process has its own",
            "redis:// or rediss://",
            Settings::redis);
    static final Setting<Boolean> CACHE = onOff("BYLINE_CACHE", "off: every read goes to the database", "on");
    static final Setting<Duration> CACHE_L1_TTL = duration(
            "BYLINE_CACHE_L1_TTL",
            "How long a process caches a value",
            "5s",
            Duration.ofMillis(100),
            Duration.ofHours(1));
    static final Setting<Duration> CACHE_L2_TTL = duration(
            "BYLINE_CACHE_L2_TTL",
            "How long a value lives in Redis and a process together, at least twice BYLINE_CACHE_L1_TTL",
            "60s",
            Duration.ofMillis(200),
            Duration.ofDays(1));
    static final Setting<ServerConfig.LogFormat> LOG =
            oneOf("BYLINE_LOG", "Format of the log on standard error", "auto", ServerConfig.LogFormat.values());
    static final Setting<Boolean> LOG_REQUESTS = onOff("BYLINE_LOG_REQUESTS", "off: no access log", "on");
    static final Setting<Duration> SLOW_STATEMENT = duration(
            "BYLINE_SLOW_STATEMENT",
            "Statements that take at least this long are logged, by name; 0s turns this off",
            "500ms",
            Duration.ZERO,
            Duration.ofSeconds(10));

    /** In the order in which {@code byline config} prints them. */
    static final List<Setting<?>> ALL = List.copyOf(REGISTERED);

    private Settings() {}

    /** Returns the setting that a user probably means by an option, such as {@code --data-dir}. */
    static Optional<Setting<?>> ofOption(String option) {
        var word = bare(option.replaceFirst("^-+", "").replace('-', '_').toUpperCase(Locale.ROOT));
        var words = ALL.stream().map(setting -> bare(setting.name())).toList();
        return Spelling.nearest(word, words).map(words::indexOf).map(ALL::get);
    }

    private static String bare(String name) {
        return name.startsWith(PREFIX) ? name.substring(PREFIX.length()) : name;
    }

    /** Returns the width of a column for the names. */
    static int nameWidth() {
        return ALL.stream().mapToInt(setting -> setting.name().length()).max().orElse(0);
    }

    /** Returns a line for each setting: name, default, purpose, allowed values. */
    static String description() {
        var line = "%-" + nameWidth() + "s  %-13s  %s%n";
        var text = new StringBuilder("Settings are environment variables:\n\n")
                .append(line.formatted("name", "default", "purpose (allowed values)"));
        for (var setting : ALL) {
            var shownDefault = setting.defaultText().isEmpty() ? "-" : setting.defaultText();
            text.append(line.formatted(setting, shownDefault, setting.purpose() + " (" + setting.type() + ")"));
        }
        return text + "\nThese can also be read from a file, as in DATABASE_URL_FILE=PATH: "
                + ALL.stream().filter(Setting::secret).map(Setting::name).collect(Collectors.joining(", "))
                + ".\nMore about each: docs/configuration.md";
    }

    private static <T> Setting<T> add(Setting<T> setting) {
        REGISTERED.add(setting);
        return setting;
    }

    private static <T> Setting<T> text(
            String name, String purpose, String defaultText, String type, Function<String, T> parser) {
        return add(new Setting<>(name, purpose, defaultText, type, parser, false));
    }

    private static <T> Setting<T> secret(String name, String purpose, String type, Function<String, T> parser) {
        return add(new Setting<>(name, purpose, "", type, parser, true));
    }

    private static Setting<Integer> number(String name, String purpose, String defaultText, int min, int max) {
        return text(name, purpose, defaultText, min + " to " + max, text -> number(text, min, max));
    }

    private static Setting<Integer> rate(String name, String purpose, String defaultText) {
        var type = "0 to " + MAX_RATE + "; 0: no limit";
        return text(name, purpose, defaultText, type, text -> number(text, 0, MAX_RATE));
    }

    private static int number(String text, int min, int max) {
        return (int) wholeNumber(text, min, max, "must be a whole number from " + min + " to " + max);
    }

    private static Setting<Long> zeroOr(String name, String purpose, String defaultText, long min, long max) {
        var message = "must be 0, or a whole number from " + min + " to " + max;
        return text(
                name,
                purpose,
                defaultText,
                min + " to " + max + "; 0: no limit",
                text -> text.equals("0") ? 0L : wholeNumber(text, min, max, message));
    }

    private static long wholeNumber(String text, long min, long max, String message) {
        if (text.matches("[0-9]{1,13}")) {
            var number = Long.parseLong(text);
            if (number >= min && number <= max) {
                return number;
            }
        }
        throw new IllegalArgumentException(message);
    }

    private static Setting<Boolean> onOff(String name, String purpose, String defaultText) {
        return choice(name, purpose, defaultText, "on", "off");
    }

    private static Setting<Boolean> choice(String name, String purpose, String defaultText, String yes, String no) {
        return text(name, purpose, defaultText, yes + " or " + no, text -> {
            if (text.equals(yes) || text.equals(no)) {
                return text.equals(yes);
            }
            throw new IllegalArgumentException("must be " + yes + " or " + no);
        });
    }

    private static <E extends Enum<E>> Setting<E> oneOf(String name, String purpose, String defaultText, E[] values) {
        var names = Arrays.stream(values)
                .map(value -> value.name().toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(", "));
        return text(
                name,
                purpose,
                defaultText,
                "one of " + names,
                text -> Arrays.stream(values)
                        .filter(value -> value.name().toLowerCase(Locale.ROOT).equals(text))
                        .findFirst()
                        .orElseThrow(() -> new IllegalArgumentException("must be one of " + names)));
    }

    private static Setting<Duration> duration(
            String name, String purpose, String defaultText, Duration min, Duration max) {
        return text(name, purpose, defaultText, "a duration, " + text(min) + " to " + text(max), text -> {
            var duration = duration(text, max);
            if (duration.compareTo(min) < 0) {
                throw new IllegalArgumentException("must be at least " + text(min));
            }
            return duration;
        });
    }

    private static String language(String text) {
        if (!text.matches("[a-z_]{1,40}")) {
            throw new IllegalArgumentException(
                    "must be the name of a PostgreSQL text search configuration, such as german");
        }
        return text;
    }

    /** The message does not repeat the value, which may contain a password. */
    private static URI redis(String text) {
        try {
            return Objects.requireNonNull(
                    BylineConfig.Cache.LOCAL.withRedis(new URI(text)).redis());
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("must be redis://[[user]:password@]host[:port][/number]", null);
        }
    }

    private static DatabaseUrl replicas(String text) {
        return Objects.requireNonNull(
                BylineConfig.Replicas.of(DatabaseUrl.parse(text)).url());
    }

    private static String address(String host) {
        try {
            return InetAddress.getByName(host) == null ? host : host.replaceAll("^\\[|]$", "");
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("must be an address of this machine");
        }
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
            if (origin.contains("*")) {
                throw new IllegalArgumentException("has a *, which is not supported: list the origins, " + ORIGINS);
            }
            var parts = ORIGIN.matcher(origin);
            if (!parts.matches()) {
                throw new IllegalArgumentException(
                        "has \"" + origin + "\", which is not an origin: list origins, " + ORIGINS);
            }
            var path = parts.group(2);
            if (!path.isEmpty()) {
                throw new IllegalArgumentException("has \"" + origin + "\": an origin has no path, "
                        + (path.equals("/") ? "remove the trailing slash" : "write " + parts.group(1)));
            }
        }
        return Set.copyOf(origins);
    }

    private static String basePath(String text) {
        if (text.length() > 200
                || !text.matches("(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*+)++")
                || text.matches("/(?:livez|readyz|healthz|health)")) {
            throw new IllegalArgumentException("must be a path such as /api, without a slash at the end");
        }
        return text;
    }

    private static Path path(String text) {
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException("must be the path of a folder", e);
        }
    }

    /** Parses a duration such as 500ms, 5s, 10m, 1h or 30d. */
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
            throw new IllegalArgumentException("must be at most " + text(max));
        }
        return duration;
    }

    /** Returns a duration in the largest unit that is exact, as {@link #duration} parses it. */
    private static String text(Duration duration) {
        if (duration.toMillisPart() != 0) {
            return duration.toMillis() + "ms";
        }
        var seconds = duration.toSeconds();
        if (seconds % 60 != 0 || seconds == 0) {
            return seconds + "s";
        }
        return duration.toMinutesPart() != 0
                ? duration.toMinutes() + "m"
                : duration.toHoursPart() != 0 ? duration.toHours() + "h" : duration.toDays() + "d";
    }
}
