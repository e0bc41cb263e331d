package dev.byline.migrations;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Signals to processes and all their descendants. */
public final class ProcessTrees {
    private ProcessTrees() {}

    /**
     * Stops all (SIGSTOP) and returns them. A process that is started between a listing and the signal is found by the
     * next listing.
     */
    public static List<ProcessHandle> freeze(List<ProcessHandle> roots) {
        var running = roots.stream().filter(ProcessTrees::isRunning).toList(); // PIDs are reused
        signal("STOP", running);
        var before = running;
        while (true) {
            var all = running.stream()
                    .flatMap(root -> Stream.concat(Stream.of(root), root.descendants()))
                    .toList();
            if (all.equals(before)) {
                return all;
            }
            signal("STOP", all);
            before = all;
        }
    }

    /** Kills all at once, frozen ones too, and waits until they have ended. */
    public static void kill(List<ProcessHandle> roots) {
        var all = freeze(roots);
        signal("KILL", all);
        try {
            for (var process : all) {
                while (isRunning(process)) {
                    TimeUnit.MILLISECONDS.sleep(10);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Sends a signal; processes that have ended are ignored. */
    public static void signal(String name, List<ProcessHandle> processes) {
        if (processes.isEmpty()) {
            return;
        }
        var command = new ArrayList<>(List.of("kill", "-" + name));
        processes.forEach(process -> command.add(Long.toString(process.pid())));
        try {
            new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD) // kill reports processes that have ended meanwhile
                    .start()
                    .waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** A zombie that wasn't reaped is alive, but has no command. */
    public static boolean isRunning(ProcessHandle process) {
        return process.isAlive() && process.info().command().isPresent();
    }
}
