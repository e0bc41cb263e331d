package dev.byline.server;

import dev.byline.Byline;
import dev.byline.http.Spelling;
import dev.byline.model.BylineException;
import dev.byline.model.DatabaseUrl;
import dev.byline.model.Principal;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.commons.lang3.exception.ExceptionUtils;
import org.jspecify.annotations.Nullable;

/** The commands, and the statuses with which they end. */
final class Command {
    /** It did what was asked. */
    static final int DONE = 0;
    /** It tried and failed. */
    static final int FAILED = 1;
    /** The command line or a setting is wrong: nothing was tried. */
    static final int REFUSED = 2;

    static final List<String> NAMES = List.of(
            "serve",
            "migrate",
            "import",
            "import-ndjson",
            "token",
            "config",
            "capacity",
            "healthcheck",
            "version",
            "help");

    /** How long a signal waits for an orderly end. */
    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    private static final List<String> TAKE_ARGUMENTS = List.of("import", "import-ndjson", "token");

    private static final String HELP = """
            Byline: users and posts on PostgreSQL.

            byline [serve]              serve HTTP until a signal comes; the default
            byline migrate              bring the schema up to date and end
            byline import URL... --user EMAIL
                                        bring in feeds (JSON Feed, RSS, Atom) as posts of an existing user
            byline import-ndjson FILE   load posts, one JSON object a line: email, name, title, body, created_at
            byline token --email EMAIL [--days N]
                                        print a new token for an existing user
            byline config               print the effective settings, secrets masked
            byline capacity             ask a running server on this machine how much more it can carry
            byline healthcheck          ask a running server on this machine whether it is ready
            byline version              print the version
            byline help                 print this

            Settings come from the environment: docs/configuration.md describes each. Without DATABASE_URL
            a PostgreSQL from the jar keeps its data in ./byline-data.

            Status: 0 done, 1 failed, 2 wrong command or setting; ended by a signal: 128 + its number.
            """;

    private final Map<String, String> environment;
    private final Terminal terminal;

    Command(Map<String, String> environment, Terminal terminal) {
        this.environment = environment;
        this.terminal = terminal;
    }

    /**
     * Runs a command.
     *
     * @param arguments its name and its own arguments
     * @return the status for the shell
     */
    int run(String... arguments) {
        try {
            return run(
                    arguments.length == 0 ? "serve" : arguments[0],
                    List.of(arguments).subList(Math.min(1, arguments.length), arguments.length));
        } catch (UsageException e) {
            e.faults().forEach(fault -> terminal.err().println("byline: " + fault));
            return REFUSED;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return FAILED;
        } catch (RuntimeException e) {
            terminal.err().println("byline: failed: " + ExceptionUtils.getRootCauseMessage(e));
            return FAILED;
        }
    }

    private int run(String name, List<String> arguments) throws InterruptedException {
        if (NAMES.contains(name) && !TAKE_ARGUMENTS.contains(name) && !arguments.isEmpty()) {
            throw new UsageException(name + " takes no arguments; settings come from the environment (byline help)");
        }
        return switch (name) {
            case "serve" -> serve();
            case "migrate" -> migrate();
            case "import" -> importFeeds(arguments);
            case "import-ndjson" -> importNdjson(arguments);
            case "token" -> token(arguments);
            case "config" -> config();
            case "capacity" -> capacity();
            case "healthcheck" -> healthcheck();
            case "version", "--version", "-v" -> print("byline " + version());
            case "help", "--help", "-h" -> print(HELP.stripTrailing());
            default ->
                throw new UsageException(name + " is not a command"
                        + Spelling.nearest(name, NAMES)
                                .map(nearest -> "; did you mean " + nearest + "? (byline help)")
                                .orElse(": `byline help` lists them"));
        };
    }

    private int print(String text) {
        terminal.out().println(text);
        return DONE;
    }

    static String version() {
        var version = Command.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }

    private ServerConfig parse() {
        var config = ServerConfig.parse(environment);
        Logging.configure(config, terminal.interactive());
        return config;
    }

    private int serve() throws InterruptedException {
        var config = parse();
        try (var stop = new StopSignal(TIMEOUT.plus(config.drainDelay()))) {
            new ServeCommand(config, terminal, stop).run();
            Logging.close();
        }
        return DONE;
    }

    private int migrate() {
        var config = parse();
        return onDatabase(config, (url, stop) -> {
            var schema = Schema.of(config, url);
            schema.check();
            var applied = new AtomicInteger();
            stop.interruptible(() -> applied.set(schema.apply()));
            return print(applied.get() == 0 ? "the schema is current" : "applied " + applied + " migrations");
        });
    }

    private int importNdjson(List<String> arguments) {
        if (arguments.size() != 1) {
            throw new UsageException("usage: byline import-ndjson FILE");
        }
        var config = parse();
        return onDatabase(config, (url, stop) -> {
            var schema = Schema.of(config, url);
            schema.check();
            if (config.database().migrate()) {
                stop.interruptible(schema::apply);
            }
            try (var byline = Byline.open(config.core(url))) {
                var importer = new ImportNdjson(byline.posts(), terminal, stop);
                return importer.run(Path.of(arguments.getFirst())) ? DONE : FAILED;
            }
        });
    }

    private int importFeeds(List<String> arguments) {
        var at = arguments.indexOf("--user");
        var urls = new ArrayList<>(arguments);
        var email = at < 0 || at + 1 == arguments.size() ? "" : arguments.get(at + 1);
        if (!email.isEmpty()) {
            urls.subList(at, at + 2).clear();
        }
        var distinct = new HashSet<>(urls).size() == urls.size();
        if (email.isEmpty() || urls.isEmpty() || !distinct || urls.stream().anyMatch(url -> url.startsWith("-"))) {
            throw new UsageException("usage: byline import URL... --user EMAIL, each URL once");
        }
        var config = parse();
        return onDatabase(config, (url, stop) -> {
            var schema = Schema.of(config, url);
            schema.check();
            if (config.database().migrate()) {
                stop.interruptible(schema::apply);
            }
            var imported = new AtomicBoolean();
            try (var byline = Byline.open(config.core(url))) {
                stop.interruptible(() -> imported.set(new ImportFeeds(byline, terminal).run(email, urls)));
            }
            return imported.get() ? DONE : FAILED;
        });
    }

    private int token(List<String> arguments) {
        var email = option(arguments, "--email");
        var days = option(arguments, "--days");
        var known = arguments.size() == (email == null ? 0 : 2) + (days == null ? 0 : 2);
        if (email == null || !known || (days != null && !days.matches("[0-9]{1,4}"))) {
            throw new UsageException("usage: byline token --email EMAIL [--days N]");
        }
        var config = parse();
        return onDatabase(config, (url, stop) -> {
            try (var byline = Byline.open(config.core(url))) {
                var operator = new Principal.Operator();
                var user = byline.users().byEmail(operator, email);
                var lifetime = days == null ? null : Duration.ofDays(Integer.parseInt(days));
                return print(
                        byline.tokens().issue(operator, user.id(), lifetime).secret());
            } catch (BylineException.NotFound | BylineException.Invalid e) {
                terminal.err().println("byline: " + e.getMessage());
                return FAILED;
            }
        });
    }

    private static @Nullable String option(List<String> arguments, String name) {
        var at = arguments.indexOf(name);
        return at < 0 || at % 2 != 0 || at + 1 == arguments.size() ? null : arguments.get(at + 1);
    }

    /** Something to do on a database, which ends early when a signal comes. */
    private interface Action {
        int on(DatabaseUrl url, StopSignal stop);
    }

    /** On the database that is set, or the embedded one: a running server's, or started for the purpose. */
    private static int onDatabase(ServerConfig config, Action action) {
        try (var stop = new StopSignal(TIMEOUT)) {
            if (config.database().url() != null) {
                return action.on(config.database().url(), stop);
            }
            var running = EmbeddedPostgres.running(config.database().dataDir());
            if (running.isPresent()) {
                return action.on(running.get(), stop);
            }
            try (var postgres = EmbeddedPostgres.start(config.database().dataDir())) {
                return action.on(postgres.url(), stop);
            }
        }
    }

    private int config() {
        var config = parse();
        var values = new Environment(environment);
        for (var setting : Settings.ALL) {
            var value = values.get(setting);
            var shown =
                    value.isEmpty() ? effective(config, setting) : setting.secret() ? masked(setting, value) : value;
            terminal.out().printf("%-26s %-40s %s%n", setting, shown, values.source(setting));
        }
        return DONE;
    }

    private static String masked(Setting<?> setting, String value) {
        if (setting.equals(Settings.DATABASE_URL) || setting.equals(Settings.MIGRATE_URL)) {
            return DatabaseUrl.parse(value).toString();
        }
        return setting.equals(Settings.REDIS_URL) ? value.replaceFirst("//[^@]*@", "//****@") : "****";
    }

    private static String effective(ServerConfig config, Setting<?> setting) {
        var computed = Map.<Setting<?>, String>of(
                Settings.DATABASE_URL, "(embedded PostgreSQL)",
                Settings.MIGRATE_URL, "(as DATABASE_URL)",
                Settings.POOL_SIZE, Integer.toString(config.database().plan().poolSize()),
                Settings.MAX_REQUESTS, Integer.toString(config.http().maxRequests()),
                Settings.MANAGEMENT_HOST, config.management().host(),
                Settings.DATABASE_CORES,
                        Integer.toString(config.database().plan().cores()));
        return computed.getOrDefault(setting, setting.byDefault());
    }

    private int healthcheck() {
        var config = parse();
        return ask(config.api(config.http().port()).url() + "/readyz").isPresent() ? print("ready") : FAILED;
    }

    private int capacity() {
        var answer = ask(parse().management().url() + "/capacity");
        answer.map(CapacityReport::text).ifPresent(terminal.out()::print);
        return answer.isPresent() ? DONE : FAILED;
    }

    /** What a running server answers; empty when it doesn't answer 200, which is then said. */
    private Optional<String> ask(String url) {
        try {
            var connection = (HttpURLConnection) URI.create(url).toURL().openConnection();
            connection.setConnectTimeout(2000);
            connection.setReadTimeout(4000);
            if (connection.getResponseCode() == HttpURLConnection.HTTP_OK) {
                try (var body = connection.getInputStream()) {
                    return Optional.of(new String(body.readAllBytes(), StandardCharsets.UTF_8));
                }
            }
            terminal.err().println("byline: not ready: " + url + " answers " + connection.getResponseCode());
        } catch (IOException e) {
            terminal.err().println("byline: not ready: " + url + " does not answer: " + e.getMessage());
        }
        return Optional.empty();
    }
}
