package dev.byline.bench.harness;

import java.io.IOException;
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
    public static List<ProcessHandle> freeze(List<ProcessHandle> roots) throws IOException, InterruptedException {
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
    public static void kill(List<ProcessHandle> roots) throws IOException, InterruptedException {
        var all = freeze(roots);
        signal("KILL", all);
        for (var process : all) {
            while (isRunning(process)) {
                TimeUnit.MILLISECONDS.sleep(10);
            }
        }
    }

    /** Sends a signal; processes that have ended are ignored. */
    public static void signal(String name, List<ProcessHandle> processes) throws IOException, InterruptedException {
        if (processes.isEmpty()) {
            return;
        }
        var command = new ArrayList<>(List.of("kill", "-" + name));
        processes.forEach(process -> command.add(Long.toString(process.pid())));
        var unused = ChildProcess.run(command.toArray(String[]::new));
    }

    /** A zombie that wasn't reaped is alive, but has no command. */
    public static boolean isRunning(ProcessHandle process) {
        return process.isAlive() && process.info().command().isPresent();
    }
}
