package dev.byline.server;

import dev.byline.http.message.Spelling;
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

    /** The longest time from a signal to the exit, drain delay not included. */
    private static final Duration SHUTDOWN_TIMEOUT = Duration.ofSeconds(60);

    private static final List<String> TAKE_ARGUMENTS = List.of("import", "import-ndjson", "token");

    private static final String HELP = """
            Byline: users and posts on PostgreSQL.

            byline [serve]              serve HTTP until SIGTERM or Ctrl-C (the default command)
            byline migrate              apply pending migrations and exit
            byline import URL... --user EMAIL
                                        import feeds (JSON Feed, RSS, Atom) as posts of an existing user
            byline import-ndjson FILE   import posts, one JSON object per line: email, name, title, body, created_at
            byline token --email EMAIL [--days N]
                                        print a new token for an existing user, valid for N days
            byline config               print the effective settings, with secrets masked
            byline capacity             print how much more load the server running on this machine can take
            byline healthcheck          check whether the server running on this machine is ready
            byline version              print the version
            byline help                 print this help

            Settings are environment variables, see docs/configuration.md. Without DATABASE_URL, Byline runs the
            PostgreSQL that the jar contains, with its data in ./byline-data.

            Exit status: 0 success, 1 failure, 2 invalid command or setting, 3 out of memory,
            128 + N stopped by signal N.
            """;

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
        if (NAMES.contains(name) && !TAKE_ARGUMENTS.contains(name) && !arguments.isEmpty()) {
            throw new UsageException(name + " takes no arguments; settings are environment variables (byline help)");
        }
        return switch (name) {
            case "serve" -> serve(parse());
            case "migrate" -> new MigrateCommand(console).run(parse());
            case "import" -> ImportFeedsCommand.parse(arguments, console).run(parse());
            case "import-ndjson" ->
                ImportNdjsonCommand.parse(arguments, console).run(parse());
            case "token" -> TokenCommand.parse(arguments, console).run(parse());
            case "config" -> new ConfigCommand(console).run(parse(), new Environment(environment));
            case "capacity" -> new ProbeCommand(console).capacity(parse());
            case "healthcheck" -> new ProbeCommand(console).healthcheck(parse());
            case "version", "--version", "-v" -> print("byline " + version());
            case "help", "--help", "-h" -> print(HELP.stripTrailing());
            default ->
                throw new UsageException("unknown command " + name
                        + Spelling.nearest(name, NAMES)
                                .map(nearest -> "; did you mean " + nearest + "? `byline help` lists the commands")
                                .orElse("; `byline help` lists the commands"));
        };
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
