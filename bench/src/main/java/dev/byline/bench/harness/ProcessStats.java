package dev.byline.bench.harness;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** CPU time and memory of processes, from Linux's /proc. */
public final class ProcessStats {
    private static final double TICKS_PER_SECOND = 100;
    private static final double PAGES_PER_MIB = 256;
    private static final int SECOND_READ_MS = 100;

    private ProcessStats() {}

    /** CPU time in ticks and resident memory in pages; the ticks of waited-for children are kept apart. */
    private record Stat(long ticks, long childTicks, long pages) {
        static final Stat ENDED = new Stat(0, 0, 0);
    }

    /** User and system time of one process. */
    public static double cpuSeconds(long pid) throws IOException {
        return stat(pid).ticks / TICKS_PER_SECOND;
    }

    /** Resident memory of one process. */
    public static double residentMib(long pid) throws IOException {
        return stat(pid).pages / PAGES_PER_MIB;
    }

    /** Maximum resident memory of one process so far. */
    public static long maxResidentMib(long pid) throws IOException {
        return Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
                .filter(line -> line.startsWith("VmHWM:"))
                .mapToLong(line -> Long.parseLong(line.split("\\s+", -1)[1]) / 1024)
                .sum();
    }

    /**
     * User and system time of processes and their descendants, including ended ones. Reads twice, because a child that
     * ends between the reads of its parent and of itself would be missed.
     */
    public static double treeCpuSeconds(Collection<Long> pids) throws IOException, InterruptedException {
        var first = treeTicks(pids);
        TimeUnit.MILLISECONDS.sleep(SECOND_READ_MS);
        return Math.max(first, treeTicks(pids)) / TICKS_PER_SECOND;
    }

    private static long treeTicks(Collection<Long> pids) throws IOException {
        var ticks = 0L;
        for (var pid : tree(pids)) {
            var stat = stat(pid);
            ticks += stat.ticks + stat.childTicks;
        }
        return ticks;
    }

    /** Resident memory of processes and their descendants; shared pages count for each. */
    public static double treeResidentMib(Collection<Long> pids) throws IOException {
        var pages = 0L;
        for (var pid : tree(pids)) {
            pages += stat(pid).pages;
        }
        return pages / PAGES_PER_MIB;
    }

    private static List<Long> tree(Collection<Long> pids) {
        return pids.stream()
                .flatMap(pid -> ProcessHandle.of(pid).stream())
                .flatMap(root -> Stream.concat(Stream.of(root), root.descendants()))
                .map(ProcessHandle::pid)
                .distinct()
                .toList();
    }

    private static Stat stat(long pid) throws IOException {
        try {
            var stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
            var fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1); // the first is the state
            return new Stat(
                    Long.parseLong(fields[11]) + Long.parseLong(fields[12]),
                    Long.parseLong(fields[13]) + Long.parseLong(fields[14]),
                    Long.parseLong(fields[21]));
        } catch (NoSuchFileException e) {
            return Stat.ENDED;
        } catch (IOException e) {
            if (String.valueOf(e.getMessage()).contains("No such process")) {
                return Stat.ENDED;
            }
            throw e;
        }
    }
}
