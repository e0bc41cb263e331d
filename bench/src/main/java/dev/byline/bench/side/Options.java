package dev.byline.bench.side;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is to be measured, and how long.
 *
 * @param jar byline.jar
 * @param other another one, or null
 * @param rounds of each workload; with none, only the answers are compared
 * @param seconds of each round and target
 * @param warmUp seconds of a slice of warm-up
 * @param connections of clients
 * @param keep where the database stays
 * @param out where the results go
 * @param jvm options for all JVMs
 */
public record Options(
        Path jar,
        @Nullable Path other,
        List<Workload> workloads,
        List<Target> targets,
        int rounds,
        int seconds,
        int warmUp,
        int connections,
        Path keep,
        Path out,
        List<String> jvm) {

    /** What can be written behind the name of the tool. */
    public static final String USAGE =
            """
            usage: SideBySide JAR [OPTION VALUE]...
              --workloads A,B    %s
              --targets A,B      %s
              --other JAR        a second byline.jar, as targets other and other-uncached
              --rounds N         of each workload (3); 0 only compares the answers
              --seconds N        of each round and target (3)
              --warm-up N        seconds of a slice of warm-up (2): a JVM gets some, until they are no faster
              --connections N    of clients (32)
              --jvm OPTIONS      for every JVM, with spaces between them
              --keep FOLDER      for the database, which is made the first time (byline-side-by-side in the temporary folder)
              --out FOLDER       for the results (bench/target/side-by-side)
            or: SideBySide --chart SUMMARY.csv CHART.svg""".formatted(String.join(" ", names(Workload.values())), String.join(" ", names(Target.values())));

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
            if (!USAGE.contains("  " + args[i] + " ")) {
                throw new IllegalArgumentException("no option " + args[i]);
            }
            given.put(args[i], args[i + 1]);
        }
        var other = given.get("--other");
        var targets = new ArrayList<>(chosen(Target.values(), given.get("--targets")));
        if (other == null) {
            targets.removeAll(List.of(Target.OTHER, Target.OTHER_UNCACHED));
        }
        return new Options(
                Path.of(args[0]),
                other == null ? null : Path.of(other),
                chosen(Workload.values(), given.get("--workloads")),
                targets,
                Integer.parseInt(given.getOrDefault("--rounds", "3")),
                number(given.getOrDefault("--seconds", "3")),
                number(given.getOrDefault("--warm-up", "2")),
                number(given.getOrDefault("--connections", "32")),
                Path.of(given.getOrDefault(
                        "--keep",
                        Path.of(System.getProperty("java.io.tmpdir"), "byline-side-by-side")
                                .toString())),
                Path.of(given.getOrDefault("--out", "bench/target/side-by-side")),
                Arrays.stream(given.getOrDefault("--jvm", "").split(" ", -1))
                        .filter(option -> !option.isEmpty())
                        .toList());
    }

    private static int number(String value) {
        var number = Integer.parseInt(value);
        if (number < 1) {
            throw new IllegalArgumentException(value + " is less than 1");
        }
        return number;
    }

    private static <E> List<E> chosen(E[] all, @Nullable String names) {
        if (names == null) {
            return List.of(all);
        }
        return Arrays.stream(names.split(",", -1))
                .map(name -> Arrays.stream(all)
                        .filter(each -> each.toString().equals(name))
                        .findFirst()
                        .orElseThrow(() ->
                                new IllegalArgumentException("no " + name + ", only " + String.join(" ", names(all)))))
                .toList();
    }

    private static List<String> names(Object[] all) {
        return Arrays.stream(all).map(Object::toString).toList();
    }
}
