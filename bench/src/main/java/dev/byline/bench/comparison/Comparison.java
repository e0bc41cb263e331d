package dev.byline.bench.comparison;

import dev.byline.bench.harness.ProcessStats;
import dev.byline.bench.harness.SampleData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;

/**
 * One interleaved run: all targets run on one database. Each round measures all of them one after the other, starting
 * with a different one each time, so that changes of the machine's speed affect all alike.
 */
public final class Comparison {
    /** The folder for results. */
    public static final Path OUT = Path.of("bench", "target", "side-by-side");

    /** A server is warm after this many slices of warm-up that were not clearly faster than the best before. */
    private static final int STABLE_SLICES = 2;

    private static final double CLEARLY_FASTER = 1.05;
    private static final int MAX_SLICES = 8;
    private static final int STOP_SECONDS = 20;

    /** Between slices of warm-up, for the JIT compilers to catch up. */
    private static final int REST_MS = 500;

    private final Options options;
    private final ComparisonDatabase database;
    private final Path folder;
    private final Wrk wrk;
    private final PgBench pgBench;
    private final Dialect byline;
    private final Map<Target, TargetServer> servers = new EnumMap<>(Target.class);
    private String tag = "";

    private Comparison(Options options, ComparisonDatabase database) throws IOException {
        this.options = options;
        this.database = database;
        this.folder = Files.createDirectories(OUT.resolve("files").toAbsolutePath());
        this.wrk = new Wrk(options.connections(), options.addresses(), folder, options.header());
        this.pgBench = new PgBench(options.connections(), folder);
        try (var data = new SampleData(database.url("postgres"))) {
            this.byline = new Dialect(LongStream.rangeClosed(1, Dialect.WRITERS)
                    .mapToObj(data::token)
                    .toList());
        }
    }

    /**
     * Starts everything, measures and stops everything, also when interrupted. Writes results after each workload.
     *
     * @return the tables as Markdown
     */
    public static List<String> run(Options options) throws Exception {
        TargetStarter.requirePrograms(options.targets());
        var database = ComparisonDatabase.start(options.keep());
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(database)));
        database.prepare();
        var comparison = new Comparison(options, database);
        comparison.startServers();
        comparison.compareResponses();
        return options.rounds() == 0 ? List.of("all responses are equal") : comparison.measureAll();
    }

    private static void stop(ComparisonDatabase database) {
        var children = ProcessHandle.current().descendants().toList();
        children.forEach(ProcessHandle::destroy);
        children.forEach(process -> process.onExit()
                .completeOnTimeout(process, STOP_SECONDS, TimeUnit.SECONDS)
                .join());
        database.close();
    }

    /** Starts Byline first, measured or not: its responses are the reference. */
    private void startServers() throws Exception {
        var starter = new TargetStarter(options, database, folder);
        var reference = starter.start(Target.BYLINE);
        servers.put(Target.BYLINE, reference);
        var user = reference.send(Dialect.Request.get("/users/1"));
        tag = user.header("ETag");
        Files.writeString(starter.user(), user.text());
        Files.writeString(
                starter.page(),
                reference.send(Dialect.Request.get("/posts?limit=20")).text());
        for (var target : options.targets()) {
            if (target != Target.BYLINE) {
                servers.put(target, starter.start(target));
            }
        }
    }

    private void compareResponses() throws IOException {
        for (var workload : options.workloads().stream().sorted().toList()) { // reads before writes
            var expected = server(Target.BYLINE).send(workload.requests(byline).getFirst());
            for (var target : options.targets()) {
                if (target != Target.PGBENCH && target.runs(workload)) {
                    var response =
                            server(target).send(requests(workload, target).getFirst());
                    if (target.isOther() && !options.otherQuery().isEmpty()) {
                        continue; // another query has another response
                    }
                    ResponseComparison.check(workload + ", " + target, expected, response);
                }
            }
        }
        if (!options.targets().contains(Target.BYLINE)) {
            server(Target.BYLINE).stop();
        }
    }

    private TargetServer server(Target target) {
        return Objects.requireNonNull(servers.get(target), target::toString);
    }

    private Dialect dialect(Target target) {
        return target.isByline() ? byline : Dialect.PEER;
    }

    private List<Dialect.Request> requests(Workload workload, Target target) {
        var requests = workload.requests(dialect(target));
        return target.isOther() && !options.otherQuery().isEmpty()
                ? requests.stream().map(each -> each.with(options.otherQuery())).toList()
                : requests;
    }

    private List<String> measureAll() throws Exception {
        var summaries = new ArrayList<Summary>();
        for (var workload : options.workloads()) {
            var targets = options.targets().stream()
                    .filter(each -> each.runs(workload))
                    .toList();
            if (targets.isEmpty()) {
                continue;
            }
            var measurements = measure(workload, targets);
            for (var target : targets) {
                var own = measurements.getOrDefault(target, List.of());
                var base = measurements.getOrDefault(targets.getFirst(), List.of());
                summaries.add(Summary.of(own, base, count(workload, target)));
            }
            Files.writeString(OUT.resolve("results.md"), Summary.toMarkdown(summaries));
            Files.writeString(OUT.resolve("chart.svg"), BarChart.draw(summaries));
        }
        return Summary.toMarkdown(summaries).lines().toList();
    }

    private Map<Target, List<Measurement>> measure(Workload workload, List<Target> targets) throws Exception {
        for (var target : targets) {
            wrk.write(target, requests(workload, target));
            warmUp(workload, target);
        }
        var measurements = new EnumMap<Target, List<Measurement>>(Target.class);
        for (int round = 0; round < options.rounds(); round++) {
            for (int i = 0; i < targets.size(); i++) {
                var target = targets.get((round + i) % targets.size());
                var each = measure(workload, target);
                System.err.printf(
                        Locale.ROOT,
                        "%s, round %d, %s: %.0f requests/s, %.4f CPU s per 1,000%n",
                        workload,
                        round + 1,
                        target,
                        each.perSecond(),
                        each.cpuPerThousand());
                measurements.computeIfAbsent(target, key -> new ArrayList<>()).add(each);
            }
        }
        return measurements;
    }

    /** A JVM that shares its cores with others needs time to compile; other servers are warm at once. */
    private void warmUp(Workload workload, Target target) throws Exception {
        var best = 0.0;
        var stable = 0;
        for (int slice = 0; slice < MAX_SLICES && stable < STABLE_SLICES; slice++) {
            var result = send(workload, target, options.warmUp());
            if (!target.isJvm()) {
                return;
            }
            TimeUnit.MILLISECONDS.sleep(REST_MS);
            var rate = result.requests() / result.seconds();
            stable = rate > best * CLEARLY_FASTER ? 0 : stable + 1;
            best = Math.max(best, rate);
        }
    }

    private Measurement measure(Workload workload, Target target) throws Exception {
        var pids = server(target).pids();
        var databasePid = List.of(database.pid());
        var serverCpu = ProcessStats.treeCpuSeconds(pids);
        var databaseCpu = ProcessStats.treeCpuSeconds(databasePid);
        var result = send(workload, target, options.seconds());
        return new Measurement(
                workload,
                target,
                result,
                ProcessStats.treeCpuSeconds(pids) - serverCpu,
                ProcessStats.treeCpuSeconds(databasePid) - databaseCpu,
                ProcessStats.treeResidentMib(pids));
    }

    private LoadResult send(Workload workload, Target target, int seconds) throws Exception {
        return target == Target.PGBENCH
                ? pgBench.run(database, workload.scripts(), seconds)
                : wrk.run(target, server(target).port(), workload == Workload.NOT_MODIFIED ? tag : "", seconds);
    }

    /** Counts statements and allocated bytes, after the rounds because counting costs time. */
    private Summary.Counts count(Workload workload, Target target) throws Exception {
        var server = server(target);
        var allocated = target.isJvm() ? server.allocatedBytes() : 0;
        database.startCounting();
        var requests = (double) send(workload, target, 1).requests();
        var found = database.stopCounting();
        allocated = target.isJvm() ? server.allocatedBytes() - allocated : 0;
        return new Summary.Counts(
                calls(found, false) / requests, calls(found, true) / requests, allocated / 1024.0 / requests);
    }

    private static long calls(List<ComparisonDatabase.Statement> statements, boolean control) {
        return statements.stream()
                .filter(each -> each.isControl() == control)
                .mapToLong(ComparisonDatabase.Statement::calls)
                .sum();
    }
}
