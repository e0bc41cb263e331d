package dev.byline.server;

import dev.byline.Tokens;
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
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * All settings: name, default, type, limits, secrecy. docs/configuration.md describes each; a test keeps names and
 * defaults equal.
 */
final class Settings {
    private static final List<Setting<?>> REGISTERED = new ArrayList<>();
    private static final int MAX_RATE = 100_000_000;

    static final Setting<Integer> PORT = number("PORT", "8000", 0, 65535);
    static final Setting<String> HOST =
            text("BYLINE_HOST", "127.0.0.1", "an address of this machine", Settings::address);
    static final Setting<Integer> MANAGEMENT_PORT = number("BYLINE_MANAGEMENT_PORT", "9000", 0, 65535);
    static final Setting<String> MANAGEMENT_HOST =
            text("BYLINE_MANAGEMENT_HOST", "", "an address of this machine", Settings::address);
    static final Setting<DatabaseUrl> DATABASE_URL = secret("DATABASE_URL", "postgres:// or jdbc:", DatabaseUrl::parse);
    static final Setting<Path> DATA_DIR = text("BYLINE_DATA_DIR", "./byline-data", "a folder", Settings::path);
    static final Setting<Boolean> MIGRATE = onOff("BYLINE_MIGRATE", "on");
    static final Setting<DatabaseUrl> MIGRATE_URL =
            secret("BYLINE_MIGRATE_URL", "postgres:// or jdbc:", DatabaseUrl::parse);
    static final Setting<Integer> POOL_SIZE = number("BYLINE_POOL_SIZE", "", 1, 1000);
    static final Setting<Integer> DATABASE_CORES = number("BYLINE_DATABASE_CORES", "", 1, 1024);
    static final Setting<Integer> DATABASE_SPINDLES = number("BYLINE_DATABASE_SPINDLES", "1", 0, 1024);
    static final Setting<Integer> REPLICAS = number("BYLINE_REPLICAS", "1", 1, 1000);
    static final Setting<Boolean> PGBOUNCER = choice("BYLINE_PGBOUNCER", "false", "true", "false");
    static final Setting<Integer> MAX_REQUESTS = number("BYLINE_MAX_REQUESTS", "", 1, 10_000);
    static final Setting<Duration> DRAIN_DELAY =
            duration("BYLINE_DRAIN_DELAY", "0s", Duration.ZERO, Duration.ofMinutes(5));
    static final Setting<Boolean> SIGNUP = choice("BYLINE_SIGNUP", "open", "open", "closed");
    static final Setting<String> ADMIN_EMAIL = secret("BYLINE_ADMIN_EMAIL", "an e-mail address", text -> text);
    static final Setting<String> ADMIN_PASSWORD = secret("BYLINE_ADMIN_PASSWORD", "a password", text -> text);
    static final Setting<Duration> TOKEN_TTL =
            duration("BYLINE_TOKEN_TTL", "30d", Duration.ofMinutes(1), Tokens.MAX_TTL);
    static final Setting<Integer> RATE_LIMIT = number("BYLINE_RATE_LIMIT", "600", 0, MAX_RATE);
    static final Setting<Integer> RATE_LIMIT_ANONYMOUS = number("BYLINE_RATE_LIMIT_ANONYMOUS", "600", 0, MAX_RATE);
    static final Setting<Integer> RATE_LIMIT_LOGIN = number("BYLINE_RATE_LIMIT_LOGIN", "10", 0, MAX_RATE);
    static final Setting<Integer> RATE_LIMIT_SIGNUP = number("BYLINE_RATE_LIMIT_SIGNUP", "20", 0, MAX_RATE);
    /** The lower limit is the largest body: with less, it could never be sent. */
    static final Setting<Long> RATE_LIMIT_BYTES =
            zeroOr("BYLINE_RATE_LIMIT_BYTES", "104857600", 1024 * 1024, 1_000_000_000_000L);

    static final Setting<List<Cidr>> TRUSTED_PROXIES = text(
            "BYLINE_TRUSTED_PROXIES",
            "",
            "addresses and CIDR blocks, comma-separated",
            text -> list(text).stream().map(Cidr::parse).toList());
    static final Setting<Set<String>> CORS_ORIGINS =
            text("BYLINE_CORS_ORIGINS", "", "origins, comma-separated", Settings::origins);
    static final Setting<Boolean> REQUIRE_IF_MATCH = onOff("BYLINE_REQUIRE_IF_MATCH", "off");
    static final Setting<Boolean> DOCS = onOff("BYLINE_DOCS", "on");
    static final Setting<String> BASE_PATH = text("BYLINE_BASE_PATH", "", "a path such as /api", Settings::basePath);
    static final Setting<Boolean> COMPRESSION = onOff("BYLINE_COMPRESSION", "on");
    static final Setting<Boolean> IMPORT = onOff("BYLINE_IMPORT", "on");
    static final Setting<Boolean> IMPORT_ALLOW_PRIVATE =
            choice("BYLINE_IMPORT_ALLOW_PRIVATE", "false", "true", "false");
    static final Setting<String> SEARCH_LANGUAGE =
            text("BYLINE_SEARCH_LANGUAGE", "english", "a text search configuration", Settings::language);
    static final Setting<String> SCHEMA = text("BYLINE_SCHEMA", "", "the name of a schema", Validation::schemaName);
    static final Setting<URI> REDIS_URL = secret("REDIS_URL", "redis:// or rediss://", Settings::redis);
    static final Setting<Boolean> CACHE = onOff("BYLINE_CACHE", "on");
    static final Setting<Duration> CACHE_L1_TTL =
            duration("BYLINE_CACHE_L1_TTL", "5s", Duration.ZERO, Duration.ofDays(1));
    static final Setting<Duration> CACHE_L2_TTL =
            duration("BYLINE_CACHE_L2_TTL", "60s", Duration.ZERO, Duration.ofDays(1));
    static final Setting<ServerConfig.LogFormat> LOG = oneOf("BYLINE_LOG", "auto", ServerConfig.LogFormat.values());
    static final Setting<Boolean> LOG_REQUESTS = onOff("BYLINE_LOG_REQUESTS", "on");
    static final Setting<Duration> SLOW_STATEMENT =
            duration("BYLINE_SLOW_STATEMENT", "500ms", Duration.ZERO, Duration.ofSeconds(10));

    /** In the order in which {@code byline config} prints them. */
    static final List<Setting<?>> ALL = List.copyOf(REGISTERED);

    private Settings() {}

    private static <T> Setting<T> add(Setting<T> setting) {
        REGISTERED.add(setting);
        return setting;
    }

    private static <T> Setting<T> text(String name, String defaultText, String type, Function<String, T> parser) {
        return add(new Setting<>(name, defaultText, type, parser, false));
    }

    private static <T> Setting<T> secret(String name, String type, Function<String, T> parser) {
        return add(new Setting<>(name, "", type, parser, true));
    }

    private static Setting<Integer> number(String name, String defaultText, int min, int max) {
        return text(name, defaultText, min + " to " + max, text ->
                (int) wholeNumber(text, min, max, "must be a whole number from " + min + " to " + max));
    }

    private static Setting<Long> zeroOr(String name, String defaultText, long min, long max) {
        var message = "must be 0, or a whole number from " + min + " to " + max;
        return text(
                name,
                defaultText,
                "0, or " + min + " to " + max,
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

    private static Setting<Boolean> onOff(String name, String defaultText) {
        return choice(name, defaultText, "on", "off");
    }

    private static Setting<Boolean> choice(String name, String defaultText, String yes, String no) {
        return text(name, defaultText, yes + " or " + no, text -> {
            if (text.equals(yes) || text.equals(no)) {
                return text.equals(yes);
            }
            throw new IllegalArgumentException("must be " + yes + " or " + no);
        });
    }

    private static <E extends Enum<E>> Setting<E> oneOf(String name, String defaultText, E[] values) {
        var names = Arrays.stream(values)
                .map(value -> value.name().toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(", "));
        return text(
                name,
                defaultText,
                "one of " + names,
                text -> Arrays.stream(values)
                        .filter(value -> value.name().toLowerCase(Locale.ROOT).equals(text))
                        .findFirst()
                        .orElseThrow(() -> new IllegalArgumentException("must be one of " + names)));
    }

    private static Setting<Duration> duration(String name, String defaultText, Duration min, Duration max) {
        return text(name, defaultText, "a duration, at most " + max.toSeconds() + "s", text -> {
            var duration = duration(text, max);
            if (duration.compareTo(min) < 0) {
                throw new IllegalArgumentException("must be at least " + min.toMinutes() + "m");
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
            if (!origin.matches("https?://[^/?#@*]+")) {
                throw new IllegalArgumentException("must be origins such as https://app.example.com, comma-separated");
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
            throw new IllegalArgumentException("must be at most " + max.toSeconds() + "s");
        }
        return duration;
    }
}
