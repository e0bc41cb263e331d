package dev.byline.bench.failover;

import dev.byline.bench.failover.FailureEvents.Event;
import dev.byline.bench.failover.Journal.Exchange;
import dev.byline.bench.failover.Journal.Period;
import dev.byline.bench.harness.Verdict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/** Prints and judges what the clients saw. */
public final class Report {
    /** Failed reads with less time between them belong to one stretch, whatever other reads succeed meanwhile. */
    private static final long GAP_NANOS = 500_000_000;

    private static final double MAX_READ_FAILURE_SECONDS = 1;
    private static final int EXAMPLES = 5;

    private final Journal journal;
    private final Period run;

    /** A report on a run. */
    public Report(Journal journal, Period run) {
        this.journal = journal;
        this.run = run;
    }

    /** Prints a line for each event, and for the run. */
    public void printTable(List<Event> events) {
        print(
                "event",
                "new primary after",
                "no writes for",
                "writes again after",
                "failed writes",
                "reads fail for",
                "failed reads",
                "marked reads",
                "slowest read");
        for (var event : events) {
            var stopped = journal.longestWithoutWrites(event.period());
            print(event.name(), event.period(), since(event, event.promoted()), since(event, stopped.end()));
        }
        print("run", run, "", "");
    }

    private static String since(Event event, long nanos) {
        return seconds(new Period(event.period().start(), nanos));
    }

    private void print(String name, Period period, String promoted, String writesAgain) {
        var noWrites = seconds(journal.longestWithoutWrites(period));
        var slowest = journal.reads(period)
                .mapToDouble(read -> (read.end() - read.start()) / 1e9)
                .max()
                .orElse(0);
        print(
                name,
                promoted,
                noWrites,
                writesAgain,
                journal.writes(period).filter(Exchange::failed).count(),
                seconds(readsFailFor(period)),
                journal.reads(period).filter(Exchange::failed).count(),
                journal.reads(period).filter(Exchange::marked).count(),
                String.format(Locale.ROOT, "%.1f s", slowest));
    }

    private static void print(Object... columns) {
        System.out.printf(Locale.ROOT, "%-13s %17s %13s %18s %13s %14s %12s %12s %12s%n", columns);
    }

    private static String seconds(Period period) {
        return String.format(Locale.ROOT, "%.1f s", period.seconds());
    }

    /** The longest stretch of failed reads, from the start of the first to the end of the last. */
    private Period readsFailFor(Period period) {
        var failed = journal.reads(period)
                .filter(Exchange::failed)
                .sorted(Comparator.comparingLong(Exchange::start))
                .toList();
        if (failed.isEmpty()) {
            return new Period(0, 0);
        }
        var stretch = period(failed.getFirst());
        var longest = stretch;
        for (var read : failed) {
            var joins = read.start() - stretch.end() < GAP_NANOS;
            stretch = joins ? new Period(stretch.start(), Math.max(stretch.end(), read.end())) : period(read);
            longest = Journal.longer(longest, stretch);
        }
        return longest;
    }

    private static Period period(Exchange exchange) {
        return new Period(exchange.start(), exchange.end());
    }

    /**
     * Judges the run.
     *
     * @param database how many posts have each title
     * @param replicas whether reads must go on without a primary
     */
    public void judge(Map<String, Long> database, boolean replicas, Verdict verdict) {
        var lost = journal.acknowledged().stream()
                .filter(write -> !database.containsKey(write.title()))
                .toList();
        var doubled = database.entrySet().stream()
                .filter(title -> title.getValue() > 1)
                .toList();
        System.out.printf(
                "%d acknowledged writes, %d lost, %d doubled; %d reads of own writes; %d wrong responses; %s%n",
                journal.acknowledged().size(),
                lost.size(),
                doubled.size(),
                journal.ownReadCount(),
                journal.wrong().size(),
                journal.statuses());
        printExamples("lost", lost.stream());
        printExamples("doubled", doubled.stream());
        printExamples("wrong", journal.wrong().stream());
        verdict.expect(lost.isEmpty(), "no lost write");
        verdict.expect(doubled.isEmpty(), "no doubled write");
        verdict.expect(journal.wrong().isEmpty(), "no missing own write, no error but 409 and 503");
        verdict.expect(
                !replicas || readsFailFor(run).seconds() <= MAX_READ_FAILURE_SECONDS, "failed reads for at most 1 s");
    }

    private static void printExamples(String name, Stream<?> examples) {
        examples.limit(EXAMPLES).forEach(example -> System.out.println("  " + name + ": " + example));
    }

    /** Writes what happened in each second. */
    public void writeSeconds(Path file) throws IOException {
        var csv = new StringBuilder("second,reads ok,reads failed,reads marked,writes ok,writes failed\n");
        var second = 0;
        for (var start = run.start(); start < run.end(); start += 1_000_000_000) {
            csv.append(second++)
                    .append(line(new Period(start, start + 1_000_000_000)))
                    .append('\n');
        }
        Files.writeString(file, csv);
    }

    /** The requests that ended within a second. */
    private String line(Period second) {
        var reads =
                journal.reads(second).filter(read -> read.end() < second.end()).toList();
        var writes = journal.writes(second)
                .filter(write -> write.end() < second.end())
                .toList();
        return String.format(
                ",%d,%d,%d,%d,%d",
                reads.stream().filter(read -> !read.failed()).count(),
                reads.stream().filter(Exchange::failed).count(),
                reads.stream().filter(Exchange::marked).count(),
                writes.stream().filter(write -> !write.failed()).count(),
                writes.stream().filter(Exchange::failed).count());
    }
}
