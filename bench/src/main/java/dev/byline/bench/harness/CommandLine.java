package dev.byline.bench.harness;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The command line of a tool: a jar, then options. In the usage, two spaces follow an option that has no value. */
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
        if (args.length == 0 || args[0].startsWith("-")) {
            throw exit("expected the jar, then options", usage);
        }
        var arguments = new CommandLine(usage, Path.of(args[0]));
        for (int i = 1; i < args.length; i++) {
            var option = args[i];
            if (!usage.contains("  " + option + " ")) {
                throw exit("no option " + option, usage);
            }
            if (!usage.contains("  " + option + "  ") && ++i == args.length) {
                throw exit(option + " needs a value", usage);
            }
            arguments.options.put(option, args[i]);
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

    /** Whether an option was given. */
    public boolean has(String option) {
        return options.containsKey(option);
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
