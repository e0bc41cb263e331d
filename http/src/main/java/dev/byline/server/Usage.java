package dev.byline.server;

import dev.byline.Tokens;
import dev.byline.http.message.Spelling;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The commands: how each is called, and what it is for. */
enum Usage {
    SERVE("", "serve HTTP until SIGTERM or Ctrl-C (the default command)", """
            Listens on http://127.0.0.1:8000 unless PORT and BYLINE_HOST say otherwise. Without DATABASE_URL it runs the
            PostgreSQL that the jar contains, with its data in BYLINE_DATA_DIR."""),
    MIGRATE("", "apply pending migrations and exit", ""),
    IMPORT("URL... --user EMAIL", "import feeds (JSON Feed, RSS, Atom) as posts of an existing user", """
            URL...        the addresses of the feeds, each once
            --user EMAIL  the author of the posts"""),
    IMPORT_NDJSON("FILE", "import posts, one JSON object per line: email, name, title, body, created_at", """
            FILE  lines such as {"email":"ada@example.com","name":"Ada","title":"One","body":"","created_at":"2026-01-31T12:00:00Z"};
                  docs/imports.md lists more fields. Missing authors are created, posts that exist are skipped"""),
    TOKEN("--email EMAIL [--days N]", "print a new token for an existing user", """
            --email EMAIL  the user
            --days N       how long the token lives, 1 to %d; BYLINE_TOKEN_TTL without it""".formatted(Tokens.MAX_TTL.toDays())),
    CONFIG("", "print the effective settings, with secrets masked", "") {
        @Override
        String details() {
            return Settings.description();
        }
    },
    CAPACITY("", "print how much more load the server running on this machine can take", ""),
    HEALTHCHECK("", "check whether the server running on this machine is ready", ""),
    VERSION("", "print the version", ""),
    HELP("[COMMAND]", "print this help, or that of a command", "");

    /** The width of the calls in the list of commands. */
    private static final int WIDTH = 28;

    private final String arguments;
    private final String purpose;
    private final String details;

    Usage(String arguments, String purpose, String details) {
        this.arguments = arguments;
        this.purpose = purpose;
        this.details = details;
    }

    /** @throws UsageException when no command has this name */
    static Usage of(String name) {
        var found = Arrays.stream(values())
                .filter(each -> each.toString().equals(name))
                .findFirst();
        return found.orElseThrow(() -> new UsageException("unknown command " + name
                + Spelling.nearest(name, names())
                        .map(nearest -> "; did you mean " + nearest + "? `byline help` lists the commands")
                        .orElse("; `byline help` lists the commands")));
    }

    static List<String> names() {
        return Arrays.stream(values()).map(Usage::toString).toList();
    }

    /** Returns a line for each command, or two if its call is long. */
    static String list() {
        return Arrays.stream(values())
                .map(each -> each.call().length() < WIDTH
                        ? each.call() + " ".repeat(WIDTH - each.call().length()) + each.purpose
                        : each.call() + "\n" + " ".repeat(WIDTH) + each.purpose)
                .collect(Collectors.joining("\n"));
    }

    private String call() {
        return "byline " + this + (arguments.isEmpty() ? "" : " " + arguments);
    }

    boolean takesArguments() {
        return !arguments.isEmpty();
    }

    /** Returns what {@code byline COMMAND --help} prints. */
    String text() {
        var details = details();
        return "usage: " + call() + "\n\n"
                + purpose.substring(0, 1).toUpperCase(Locale.ROOT) + purpose.substring(1) + "."
                + (details.isEmpty() ? "" : "\n\n" + details)
                + (this == CONFIG ? "" : "\n\nSettings are environment variables: `byline config --help` lists them.");
    }

    String details() {
        return details;
    }

    /** Returns an error with the fault and the usage. */
    UsageException fault(String fault) {
        return new UsageException(List.of(fault, "usage: " + call()));
    }

    /**
     * Removes an option from the arguments and returns its value; null if it is not there.
     *
     * @throws UsageException when it has no value
     */
    @Nullable
    String takeOption(List<String> arguments, String name) {
        var at = arguments.indexOf(name);
        if (at < 0) {
            return null;
        }
        if (at + 1 == arguments.size()) {
            throw fault(name + " needs a value");
        }
        arguments.remove(at);
        return arguments.remove(at);
    }

    /** Returns the name of the command. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
