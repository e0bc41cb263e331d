package dev.byline.server;

import java.io.IOException;
import java.nio.charset.Charset;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Starts child processes with only the environment variables that they need. Settings contain secrets, and the
 * environment of a process is visible in the operating system, inherited by its children and written to crash reports.
 */
final class ChildProcess {
    private static final Set<String> INHERITED = Set.of(
            "PATH",
            "HOME",
            "USER",
            "LOGNAME",
            "TMPDIR",
            "TZ",
            "LANG",
            "LANGUAGE",
            "LD_LIBRARY_PATH",
            "DYLD_LIBRARY_PATH",
            // Windows
            "SYSTEMROOT",
            "WINDIR",
            "COMSPEC",
            "PATHEXT",
            "TEMP",
            "TMP");

    private ChildProcess() {}

    /** Returns a builder with the reduced environment. */
    static ProcessBuilder of(List<String> command) {
        var builder = new ProcessBuilder(command);
        builder.environment().keySet().removeIf(name -> !isInherited(name.toUpperCase(Locale.ROOT)));
        return builder;
    }

    private static boolean isInherited(String name) {
        return INHERITED.contains(name) || name.startsWith("LC_");
    }

    /**
     * Runs a program; blocks until it exits.
     *
     * @throws IOException with its output, when it cannot be started or exits with a status other than 0
     */
    static void run(List<String> command) throws IOException {
        var process = of(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        try (var out = process.getInputStream()) {
            var output = new String(out.readAllBytes(), Charset.defaultCharset()).strip();
            var status = process.waitFor();
            if (status != 0) {
                throw new IOException(command.getFirst() + " exited with status " + status + ": " + output);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }
}
