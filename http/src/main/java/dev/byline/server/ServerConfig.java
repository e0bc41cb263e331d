package dev.byline.server;

import dev.byline.BylineConfig;
import dev.byline.db.DatabaseUrl;
import dev.byline.db.PoolSizing;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The effective settings, checked. Reading them reports every fault at once and repairs none.
 *
 * @param port to listen on, 0 for any free one
 * @param host to listen on
 * @param databaseUrl null for the embedded database
 * @param dataDir where the embedded database lives
 * @param migrate whether {@code serve} applies pending migrations
 * @param migrateUrl where migrations run, null for the database itself
 * @param poolSize connections of this process
 * @param replicas processes that share the database
 * @param drainDelay how long to go on serving after a signal to stop
 * @param log the form of log lines
 */
record ServerConfig(
        int port,
        String host,
        @Nullable DatabaseUrl databaseUrl,
        Path dataDir,
        boolean migrate,
        @Nullable DatabaseUrl migrateUrl,
        int poolSize,
        int replicas,
        Duration drainDelay,
        Log log) {

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
     * @throws Refusal naming every fault
     */
    static ServerConfig parse(Map<String, String> environment) {
        var values = new Environment(environment);
        var reader = new Reader(values);
        var cores = reader.number(
                Setting.BYLINE_DATABASE_CORES, 1, 1024, Runtime.getRuntime().availableProcessors());
        var spindles = reader.number(Setting.BYLINE_DATABASE_SPINDLES, 0, 1024, 1);
        var replicas = reader.number(Setting.BYLINE_REPLICAS, 1, 1000, 1);
        var byFormula = PoolSizing.perReplica(PoolSizing.forDatabase(cores, spindles), replicas);
        var config = new ServerConfig(
                reader.number(Setting.PORT, 0, 65535, 8000),
                reader.read(Setting.BYLINE_HOST, ServerConfig::loopback, "127.0.0.1"),
                reader.read(Setting.DATABASE_URL, DatabaseUrl::parse, null),
                reader.read(Setting.BYLINE_DATA_DIR, ServerConfig::path, Path.of("byline-data")),
                reader.read(Setting.BYLINE_MIGRATE, ServerConfig::onOff, true),
                reader.read(Setting.BYLINE_MIGRATE_URL, DatabaseUrl::parse, null),
                reader.number(Setting.BYLINE_POOL_SIZE, 1, 1000, byFormula),
                replicas,
                reader.read(Setting.BYLINE_DRAIN_DELAY, text -> duration(text, Duration.ofMinutes(5)), Duration.ZERO),
                reader.read(Setting.BYLINE_LOG, text -> oneOf(text, Log.values()), Log.AUTO));
        var faults = new ArrayList<>(values.faults());
        faults.addAll(reader.faults);
        if (!faults.isEmpty()) {
            throw new Refusal(faults);
        }
        return config;
    }

    /** Where this program answers, for people of this machine. */
    String url(int actualPort) {
        return "http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + actualPort;
    }

    /** Core's part of the settings, on a database. */
    BylineConfig core(DatabaseUrl url) {
        return new BylineConfig(BylineConfig.Database.of(url).withPoolSize(poolSize), BylineConfig.TOKEN_TTL);
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

    private static int wholeNumber(String text, int min, int max) {
        if (text.matches("[0-9]{1,9}")) {
            var number = Integer.parseInt(text);
            if (number >= min && number <= max) {
                return number;
            }
        }
        throw new IllegalArgumentException("must be a whole number from " + min + " to " + max);
    }

    /** Without tokens everyone is an admin: nobody but this machine may come in. */
    private static String loopback(String host) {
        try {
            if (InetAddress.getByName(host).isLoopbackAddress()) {
                return host.replaceAll("^\\[|]$", "");
            }
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("is not an address of this machine");
        }
        throw new IllegalArgumentException(
                "must be a loopback address, such as 127.0.0.1: there are no access tokens yet,"
                        + " so every caller is an admin");
    }

    private static Path path(String text) {
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException("must be a path", e);
        }
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
