package dev.byline.bench.comparison;

import dev.byline.bench.harness.ChildProcess;
import dev.byline.bench.harness.CommandLine;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What to measure, and for how long.
 *
 * @param jar byline.jar
 * @param other another jar, or the same
 * @param rounds of each workload; 0 only compares the responses
 * @param seconds of each round and target
 * @param warmUp seconds of a slice of warm-up
 * @param connections of clients
 * @param keep the folder of the database
 * @param otherSettings settings of the other jar, such as {@code BYLINE_CACHE}, by name
 * @param header a request header, such as {@code Accept-Encoding: gzip}; empty for none
 */
public record Options(
        Path jar,
        Path other,
        List<Workload> workloads,
        List<Target> targets,
        int rounds,
        int seconds,
        int warmUp,
        int connections,
        Path keep,
        Map<String, String> settings,
        Map<String, String> otherSettings,
        String otherQuery,
        int addresses,
        String header) {

    private static final String USAGE = """
            usage: SideBySide JAR [OPTION VALUE]...
              --workloads A,B    %s
              --targets A,B      %s
              --other JAR        a second byline.jar, as targets other and other-uncached
              --rounds N         of each workload (3); 0 only compares the responses
              --seconds N        of each round and target (3)
              --warm-up N        seconds of a slice of warm-up (2): a JVM gets several, until it gets no faster
              --connections N    of clients (32)
              --settings A=B,C=D        of the jar
              --other-settings A=B,C=D  of the other jar, which may be the same one
              --other-query A=B  a query parameter added to all requests to the other jar
              --addresses N      of clients, in X-Forwarded-For; give the jars BYLINE_TRUSTED_PROXIES=127.0.0.1
              --header 'NAME: VALUE'    of all requests, such as Accept-Encoding: gzip
              --keep FOLDER      of the database, created by the first run (byline-side-by-side in the temporary folder)
            """.formatted(List.of(Workload.values()), List.of(Target.values()));

    private static Map<String, String> settings(String text) {
        return Arrays.stream(text.split(",", -1))
                .filter(each -> each.contains("="))
                .collect(Collectors.toMap(
                        each -> each.substring(0, each.indexOf('=')), each -> each.substring(each.indexOf('=') + 1)));
    }

    /** Reads a command line. */
    public static Options parse(String... args) {
        var arguments = CommandLine.parse(USAGE, args);
        var other = arguments.text("--other", "");
        var targets = arguments.chosen("--targets", List.of(Target.values())).stream()
                .filter(target -> !other.isEmpty() || !target.isOther())
                .toList();
        return new Options(
                arguments.jar(),
                other.isEmpty() ? arguments.jar() : Path.of(other),
                arguments.chosen("--workloads", List.of(Workload.values())),
                targets,
                (int) arguments.number("--rounds", 3),
                (int) arguments.number("--seconds", 3),
                (int) arguments.number("--warm-up", 2),
                (int) arguments.number("--connections", 32),
                Path.of(arguments.text(
                        "--keep",
                        ChildProcess.TEMP.resolve("byline-side-by-side").toString())),
                settings(arguments.text("--settings", "")),
                settings(arguments.text("--other-settings", "")),
                arguments.text("--other-query", ""),
                (int) arguments.number("--addresses", 0),
                arguments.text("--header", ""));
    }
}
