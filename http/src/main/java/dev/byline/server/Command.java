package dev.byline.server;

import dev.byline.http.message.Spelling;
import dev.byline.model.DatabaseUrl;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.commons.lang3.exception.ExceptionUtils;

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
            case "serve" -> serve(parse());
            case "migrate" -> new MigrateCommand(terminal).run(parse());
            case "import" -> ImportFeedsCommand.parse(arguments, terminal).run(parse());
            case "import-ndjson" ->
                ImportNdjsonCommand.parse(arguments, terminal).run(parse());
            case "token" -> TokenCommand.parse(arguments, terminal).run(parse());
            case "config" -> new ConfigCommand(terminal).run(parse(), new Environment(environment));
            case "capacity" -> new ProbeCommand(terminal).capacity(parse());
            case "healthcheck" -> new ProbeCommand(terminal).healthcheck(parse());
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

    private int serve(ServerConfig config) throws InterruptedException {
        try (var stop = new StopSignal(TIMEOUT.plus(config.drainDelay()))) {
            new ServeCommand(config, terminal, stop).run();
            Logging.close();
        }
        return DONE;
    }

    /** Something to do on a database, which ends early when a signal comes. */
    interface Action {
        int on(DatabaseUrl url, StopSignal stop);
    }

    /** On the database that is set, or the embedded one: a running server's, or started for the purpose. */
    static int onDatabase(ServerConfig.Database database, Action action) {
        try (var stop = new StopSignal(TIMEOUT)) {
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
