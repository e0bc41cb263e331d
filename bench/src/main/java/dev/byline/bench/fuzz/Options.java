package dev.byline.bench.fuzz;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;

/**
 * What is to be sent.
 *
 * @param jar byline.jar
 * @param seed decides which requests there are
 * @param from index of the first
 * @param requests how many
 * @param only part of a route such as "POST /users"; empty for all
 * @param connections at the same time
 */
public record Options(Path jar, long seed, long from, long requests, String only, int connections) {
    /** What can be written behind the name of the tool. */
    public static final String USAGE = """
            usage: Fuzz JAR [OPTION VALUE]...
              --seed N           decides which requests there are (the time)
              --requests N       (100000)
              --from N           index of the first (0): with --requests 1 the one that failed
              --only ROUTE       routes that contain this, such as "POST /users"
              --connections N    (6)""";

    private static final List<String> NAMES = List.of("--seed", "--requests", "--from", "--only", "--connections");

    /**
     * Reads a command line.
     *
     * @throws IllegalArgumentException when it is no such thing
     */
    public static Options parse(String... args) {
        if (args.length % 2 != 1 || args[0].startsWith("-")) {
            throw new IllegalArgumentException("the jar, then options with a value each");
        }
        var given = new HashMap<String, String>();
        for (int i = 1; i < args.length; i += 2) {
            if (!NAMES.contains(args[i])) {
                throw new IllegalArgumentException("no option " + args[i]);
            }
            given.put(args[i], args[i + 1]);
        }
        return new Options(
                Path.of(args[0]),
                number(given.getOrDefault("--seed", Long.toString(System.currentTimeMillis()))),
                number(given.getOrDefault("--from", "0")),
                number(given.getOrDefault("--requests", "100000")),
                given.getOrDefault("--only", ""),
                (int) number(given.getOrDefault("--connections", "6")));
    }

    private static long number(String text) {
        if (!text.matches("[0-9]{1,18}")) {
            throw new IllegalArgumentException(text + " is no number");
        }
        return Long.parseLong(text);
    }
}
