package dev.byline.server;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Map;

/**
 * The output streams of a command.
 *
 * @param out the result
 * @param err errors and progress
 * @param interactive whether the program runs on a terminal
 * @param colored whether errors and the log may have colours
 */
record Console(PrintStream out, PrintStream err, boolean interactive, boolean colored) {
    /** Whether standard error leads to a terminal, if the system says so. */
    private static boolean isTerminal(Path error) {
        try {
            return error.toRealPath().startsWith("/dev");
        } catch (IOException e) {
            return !Files.exists(error, LinkOption.NOFOLLOW_LINKS); // not Linux, or a pipe, which has no path
        }
    }

    /**
     * Returns the streams of this process.
     *
     * @param interactive whether standard input and output are a terminal
     * @param environment with {@code NO_COLOR} (no-color.org) and {@code TERM}
     */
    static Console of(boolean interactive, Map<String, String> environment) {
        var colored = interactive
                && environment.getOrDefault("NO_COLOR", "").isEmpty()
                && !environment.getOrDefault("TERM", "").equals("dumb")
                && isTerminal(Path.of("/proc/self/fd/2"));
        return new Console(System.out, System.err, interactive, colored);
    }
}
