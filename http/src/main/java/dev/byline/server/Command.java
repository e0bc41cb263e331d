package dev.byline.server;

import dev.byline.migrations.MigrationException;
import dev.byline.model.DatabaseUrl;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.commons.lang3.exception.ExceptionUtils;

/** Parses the command line, runs the command and maps the outcome to an exit status. */
final class Command {
    /** Success. */
    static final int DONE = 0;
    /** Failure. */
    static final int FAILED = 1;
    /** The command line, a setting or the environment is invalid: nothing was done. */
    static final int REFUSED = 2;

    /** The longest time from a signal to the exit, drain delay not included. */
    private static final Duration SHUTDOWN_TIMEOUT = Duration.ofSeconds(60);

    private final Map<String, String> environment;
    private final Console console;

    Command(Map<String, String> environment, Console console) {
        this.environment = environment;
        this.console = console;
    }

    /**
     * Runs a command.
     *
     * @param arguments the command's name, then its arguments
     * @return the exit status
     */
    int run(String... arguments) {
        try {
            return run(
                    arguments.length == 0 ? "serve" : arguments[0],
                    List.of(arguments).subList(Math.min(1, arguments.length), arguments.length));
        } catch (UsageException e) {
            e.faults().forEach(fault -> console.err().println("byline: " + fault));
            return REFUSED;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return FAILED;
        } catch (MigrationException e) {
            console.err().println("byline: failed: " + e.getMessage());
            return FAILED;
        } catch (RuntimeException e) {
            console.err().println("byline: failed: " + ExceptionUtils.getRootCauseMessage(e));
            return FAILED;
        }
    }

    private int run(String name, List<String> arguments) throws InterruptedException {
        return switch (name) {
            case "--version", "-v" -> run(Usage.VERSION, arguments);
            case "--help", "-h" -> run(Usage.HELP, arguments);
            default -> {
                refuseOption(name, arguments);
                yield run(Usage.of(name), arguments);
            }
        };
    }

    private int run(Usage command, List<String> arguments) throws InterruptedException {
        if (arguments.contains("--help") || arguments.contains("-h")) {
            return print(command.text());
        }
        if (!command.takesArguments() && !arguments.isEmpty()) {
            refuseOption(arguments.getFirst(), arguments.subList(1, arguments.size()));
            throw new UsageException(command + " takes no arguments; settings are environment variables (byline help)");
        }
        return switch (command) {
            case SERVE -> serve(parse());
            case MIGRATE -> new MigrateCommand(console).run(parse());
            case IMPORT -> ImportFeedsCommand.parse(arguments, console).run(parse());
            case IMPORT_NDJSON -> ImportNdjsonCommand.parse(arguments, console).run(parse());
            case TOKEN -> TokenCommand.parse(arguments, console).run(parse());
            case CONFIG -> new ConfigCommand(console).run(parse(), new Environment(environment));
            case CAPACITY -> new ProbeCommand(console).capacity(parse());
            case HEALTHCHECK -> new ProbeCommand(console).healthcheck(parse());
            case VERSION -> print("byline " + version());
            case HELP -> help(arguments);
        };
    }

    private int help(List<String> arguments) {
        return switch (arguments.size()) {
            case 0 -> print("""
                    Byline: users and posts on PostgreSQL.

                    %s

                    `byline COMMAND --help` says more about a command. Settings are environment variables:
                    `byline config --help` lists them, docs/configuration.md describes them. Without DATABASE_URL, Byline
                    runs the PostgreSQL that the jar contains, with its data in ./byline-data.

                    Exit status: 0 success, 1 failure, 2 invalid command or setting, 3 out of memory,
                    128 + N stopped by signal N.""".formatted(Usage.list()));
            case 1 -> print(Usage.of(arguments.getFirst()).text());
            default -> throw Usage.HELP.fault("one COMMAND at most");
        };
    }

    /**
     * Refuses an option that is none, with the setting that is probably meant.
     *
     * @param following the arguments after it: the first may be its value
     */
    private static void refuseOption(String word, List<String> following) {
        if (!word.startsWith("-")) {
            return;
        }
        var equals = word.indexOf('=');
        var option = equals < 0 ? word : word.substring(0, equals);
        var value = equals >= 0
                ? word.substring(equals + 1)
                : following.stream()
                        .findFirst()
                        .filter(next -> !next.startsWith("-"))
                        .orElse("...");
        throw new UsageException(option + " is not an option: settings are environment variables"
                + Settings.ofOption(option)
                        .map(setting -> "; set " + setting + "=" + (setting.secret() ? "..." : value))
                        .orElse(", such as PORT=8080")
                + " (`byline config --help` lists them)");
    }

    private int print(String text) {
        console.out().println(text);
        return DONE;
    }

    static String version() {
        var version = Command.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }

    private ServerConfig parse() {
        var config = ServerConfig.parse(environment);
        Logging.configure(config, console);
        return config;
    }

    private int serve(ServerConfig config) throws InterruptedException {
        try (var stop = new StopSignal(SHUTDOWN_TIMEOUT.plus(config.drainDelay()))) {
            new ServeCommand(config, console, stop).run();
            Logging.close();
        }
        return DONE;
    }

    /** Works on a database, stops early after a signal, and returns the exit status. */
    interface Action {
        int on(DatabaseUrl url, StopSignal stop);
    }

    /**
     * Runs an action on the database of the settings or on the embedded one: that of a running server, or one started
     * for the action.
     */
    static int onDatabase(ServerConfig.Database database, Action action) {
        try (var stop = new StopSignal(SHUTDOWN_TIMEOUT)) {
            if (database.url() != null) {
                return action.on(database.url(), stop);
            }
            var running = EmbeddedPostgres.running(database.dataDir());
            if (running.isPresent()) {
                return action.on(running.get(), stop);
            }
            try (var postgres = EmbeddedPostgres.start(database.dataDir())) {
                return action.on(postgres.url(), stop);
            }
        }
    }
}
