package dev.byline.server;

import java.io.IOException;
import java.nio.charset.Charset;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Child processes, started with what they need of the environment and nothing else: settings hold secrets, and a process'
 * environment is shown by the operating system, inherited by its own children and written into crash reports.
 */
final class ChildProcess {
    private static final Set<String> PASSED_ON = Set.of(
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

    /** A process to start. */
    static ProcessBuilder of(List<String> command) {
        var builder = new ProcessBuilder(command);
        builder.environment().keySet().removeIf(name -> !isPassedOn(name.toUpperCase(Locale.ROOT)));
        return builder;
    }

    private static boolean isPassedOn(String name) {
        return PASSED_ON.contains(name) || name.startsWith("LC_");
    }

    /**
     * Runs a program; blocks until it ends.
     *
     * @throws IOException with its output, when it can't be started or doesn't end with status 0
     */
    static void run(List<String> command) throws IOException {
        var process = of(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        try (var out = process.getInputStream()) {
            var output = new String(out.readAllBytes(), Charset.defaultCharset()).strip();
            var status = process.waitFor();
            if (status != 0) {
                throw new IOException(command.getFirst() + " ended with status " + status + ": " + output);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }
}
