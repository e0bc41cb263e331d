package dev.byline.bench.side;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Processes with all that they started, as Linux counts them in /proc. */
final class ProcessTree {
    private static final double TICKS_PER_SECOND = 100;
    private static final int PAGE_KB = 4;
    private static final int SECOND_LOOK_MS = 100;

    private ProcessTree() {}

    /** The fields of /proc/PID/stat that count here; ticks of children that ended are added to those of who waited for them. */
    private record Stat(long pid, long parent, long ticks, long pages) {}

    /**
     * User and system time of the processes and of their descendants so far, ended ones included. Looks twice, as what ends
     * between the reading of its parent and its own is not seen.
     */
    static double cpuSeconds(List<Long> roots) throws IOException, InterruptedException {
        var first = ticks(roots);
        TimeUnit.MILLISECONDS.sleep(SECOND_LOOK_MS);
        return Math.max(first, ticks(roots)) / TICKS_PER_SECOND;
    }

    private static long ticks(List<Long> roots) throws IOException {
        return tree(roots).stream().mapToLong(Stat::ticks).sum();
    }

    /** Resident memory of them all; what several share counts for each. */
    static double megabytes(List<Long> roots) throws IOException {
        return tree(roots).stream().mapToLong(Stat::pages).sum() * PAGE_KB / 1024.0;
    }

    private static List<Stat> tree(List<Long> roots) throws IOException {
        var byParent = new HashMap<Long, List<Stat>>();
        var found = new ArrayList<Stat>();
        try (var folders = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (var folder : folders) {
                stat(folder).ifPresent(stat -> {
                    byParent.computeIfAbsent(stat.parent(), parent -> new ArrayList<>())
                            .add(stat);
                    if (roots.contains(stat.pid())) {
                        found.add(stat);
                    }
                });
            }
        }
        var next = new ArrayDeque<>(found);
        while (!next.isEmpty()) {
            var children = byParent.getOrDefault(next.remove().pid(), List.of());
            found.addAll(children);
            next.addAll(children);
        }
        return found;
    }

    private static Optional<Stat> stat(Path folder) throws IOException {
        try {
            var stat = Files.readString(folder.resolve("stat"));
            var fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1); // the first is the third, the state
            var ticks = 0L;
            for (int i = 11; i <= 14; i++) { // utime, stime, cutime, cstime
                ticks += Long.parseLong(fields[i]);
            }
            return Optional.of(new Stat(
                    Long.parseLong(folder.getFileName().toString()),
                    Long.parseLong(fields[1]),
                    ticks,
                    Long.parseLong(fields[21])));
        } catch (NoSuchFileException e) {
            return Optional.empty(); // it ended meanwhile
        } catch (IOException e) {
            if (String.valueOf(e.getMessage()).contains("No such process")) {
                return Optional.empty();
            }
            throw e;
        }
    }
}
