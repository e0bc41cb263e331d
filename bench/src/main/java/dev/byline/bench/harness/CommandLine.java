package dev.byline.bench.harness;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The command line of a tool: a jar, then options with a value each. */
public final class CommandLine {
    private final String usage;
    private final Path jar;
    private final Map<String, String> options = new HashMap<>();

    private CommandLine(String usage, Path jar) {
        this.usage = usage;
        this.jar = jar;
    }

    /** Reads a command line, or prints what is wrong and ends the JVM with status 2. */
    public static CommandLine parse(String usage, String... args) {
        if (args.length % 2 != 1 || args[0].startsWith("-")) {
            throw exit("expected the jar, then options with a value each", usage);
        }
        var arguments = new CommandLine(usage, Path.of(args[0]));
        for (int i = 1; i < args.length; i += 2) {
            if (!usage.contains("  " + args[i] + " ")) {
                throw exit("no option " + args[i], usage);
            }
            arguments.options.put(args[i], args[i + 1]);
        }
        return arguments;
    }

    private static RuntimeException exit(String message, String usage) {
        System.err.println(message + "\n" + usage);
        System.exit(2);
        return new IllegalStateException(message);
    }

    public Path jar() {
        return jar;
    }

    /** The value of an option, or its default. */
    public String text(String option, String defaultValue) {
        return options.getOrDefault(option, defaultValue);
    }

    /** The number of an option, or its default. */
    public long number(String option, long defaultValue) {
        var value = text(option, Long.toString(defaultValue));
        if (!value.matches("[0-9]{1,18}")) {
            throw exit(option + " " + value + " is not a number", usage);
        }
        return Long.parseLong(value);
    }

    /** The values of an option whose names are separated by commas; all by default. */
    public <E> List<E> chosen(String option, List<E> all) {
        if (!options.containsKey(option)) {
            return all;
        }
        return List.of(text(option, "").split(",", -1)).stream()
                .map(name -> all.stream()
                        .filter(each -> each.toString().equals(name))
                        .findFirst()
                        .orElseThrow(() -> exit(option + ": no " + name + ", only " + all, usage)))
                .toList();
    }
}
