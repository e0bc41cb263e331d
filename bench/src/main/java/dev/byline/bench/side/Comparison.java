package dev.byline.bench.side;

import dev.byline.Byline;
import dev.byline.model.BylineConfig;
import dev.byline.model.Principal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * One interleaved run: all targets are up, on one database, and each round measures all of them in turn, beginning with
 * another one each time, so that whatever changes on the machine meanwhile meets all alike.
 */
public final class Comparison {
    /** Who write posts: the row of a single one would be a bottleneck of its own. */
    private static final int WRITERS = 64;

    /** A server is warm when so many slices of warm-up in succession were no faster than the best before them. */
    private static final int STABLE_SLICES = 2;

    private static final double FASTER = 1.05;
    private static final int MAX_SLICES = 8;
    private static final int STOP_SECONDS = 20;

    /** Statements that come less often for each request are not listed. */
    private static final double SELDOM = 0.01;

    /** Between slices of warm-up, for compilers to catch up. */
    private static final int REST_MS = 500;

    private final Options options;
    private final Database database;
    private final Path folder;
    private final Wrk wrk;
    private final PgBench pgBench;
    private final Dialect.Byline byline;
    private final Dialect.Peer peer = new Dialect.Peer(WRITERS);
    private final Map<Target, Server> servers = new EnumMap<>(Target.class);
    private final List<String> statements = new ArrayList<>();
    private String tag = "";

    private Comparison(Options options, Database database) throws IOException {
        this.options = options;
        this.database = database;
        this.folder = Files.createDirectories(options.out().resolve("files").toAbsolutePath());
        this.wrk = new Wrk(options.connections(), folder);
        this.pgBench = new PgBench(options.connections(), folder);
        this.byline = new Dialect.Byline(tokens(database));
    }

    /**
     * Starts everything, measures and ends everything, when it is interrupted, too. Results are written after each workload.
     *
     * @return the tables
     */
    public static List<String> run(Options options) throws Exception {
        Servers.requireInstalled(options.targets());
        var database = Database.start(options.keep());
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(database)));
        database.prepare();
        var comparison = new Comparison(options, database);
        comparison.startServers();
        return comparison.run();
    }

    private static void stop(Database database) {
        var started = ProcessHandle.current().descendants().toList();
        started.forEach(ProcessHandle::destroy);
        started.forEach(process -> process.onExit()
                .completeOnTimeout(process, STOP_SECONDS, TimeUnit.SECONDS)
                .join());
        database.close();
    }

    private static List<String> tokens(Database database) {
        try (var byline = Byline.open(BylineConfig.of(database.url("postgres")))) {
            var tokens = new ArrayList<String>();
            for (long user = 1; user <= WRITERS; user++) {
                tokens.add(byline.tokens()
                        .issue(new Principal.Operator(), user, null)
                        .secret());
            }
            return tokens;
        }
    }

    /** Byline first, whether it is to be measured or not: all others are held against it. */
    private void startServers() throws Exception {
        var start = new Servers(options, database, folder);
        var reference = start.start(Target.BYLINE);
        servers.put(Target.BYLINE, reference);
        var user = reference.get("/users/1");
        tag = user.tag();
        Files.writeString(start.bytes("user"), user.body());
        Files.writeString(start.bytes("page"), reference.get("/posts?limit=20").body());
        for (var target : options.targets()) {
            if (target != Target.BYLINE) {
                servers.put(target, start.start(target));
            }
        }
        for (var workload : options.workloads().stream().sorted().toList()) { // reads before writes
            var expected = answer(Target.BYLINE, workload);
            for (var target : options.targets()) {
                if (target != Target.PGBENCH && target.runs(workload)) {
                    SameAnswers.check(target, workload, expected, answer(target, workload));
                }
            }
        }
        if (!options.targets().contains(Target.BYLINE)) {
            reference.stop();
        }
    }

    private Server.Answer answer(Target target, Workload workload) throws Exception {
        return server(target).send(workload.requests(dialect(target)).getFirst());
    }

    private Server server(Target target) {
        var server = servers.get(target);
        if (server == null) {
            throw new IllegalStateException(target + " was not started");
        }
        return server;
    }

    private Dialect dialect(Target target) {
        return target.isByline() ? byline : peer;
    }

    private List<String> run() throws Exception {
        if (options.rounds() == 0) {
            return List.of("all answer alike");
        }
        var rounds = new ArrayList<String>(List.of(Figures.HEADER));
        var summaries = new ArrayList<Summary>();
        for (var workload : options.workloads()) {
            var targets = options.targets().stream()
                    .filter(each -> each.runs(workload))
                    .toList();
            if (targets.isEmpty()) {
                continue;
            }
            var figures = measure(workload, targets);
            figures.values().forEach(each -> each.forEach(row -> rounds.add(row.csv())));
            for (var target : targets) {
                summaries.add(Summary.of(
                        figures.getOrDefault(target, List.of()),
                        figures.getOrDefault(targets.getFirst(), List.of()),
                        count(workload, target)));
            }
            Files.write(options.out().resolve("rounds.csv"), rounds);
            var lines = new ArrayList<String>(List.of(Summary.HEADER));
            summaries.forEach(each -> lines.add(each.csv()));
            Files.write(options.out().resolve("summary.csv"), lines);
            Files.write(options.out().resolve("statements.txt"), statements);
            Files.writeString(options.out().resolve("results.md"), Report.markdown(summaries));
            Files.writeString(options.out().resolve("chart.svg"), BarChart.draw(summaries));
        }
        return Files.readAllLines(options.out().resolve("results.md"));
    }

    private Map<Target, List<Figures>> measure(Workload workload, List<Target> targets) throws Exception {
        for (var target : targets) {
            wrk.write(target.toString(), workload.requests(dialect(target)));
            warmUp(workload, target);
        }
        var figures = new EnumMap<Target, List<Figures>>(Target.class);
        targets.forEach(target -> figures.put(target, new ArrayList<>()));
        for (int round = 0; round < options.rounds(); round++) {
            for (int i = 0; i < targets.size(); i++) {
                var target = targets.get((round + i) % targets.size());
                var each = measure(workload, target, round);
                System.err.printf(
                        Locale.ROOT,
                        "%s, round %d, %s: %.0f requests/s, %.4f CPU s per 1,000%n",
                        workload,
                        round + 1,
                        target,
                        each.perSecond(),
                        each.cpuPerThousand());
                figures.getOrDefault(target, new ArrayList<>()).add(each);
            }
        }
        return figures;
    }

    /** A JVM that shares its processors with all others takes its time to compile; the others are warm at once. */
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
            stable = rate > best * FASTER ? 0 : stable + 1;
            best = Math.max(best, rate);
        }
    }

    private Figures measure(Workload workload, Target target, int round) throws Exception {
        var pids = server(target).pids();
        var databasePid = List.of(database.pid());
        var server = ProcessTree.cpuSeconds(pids);
        var postgres = ProcessTree.cpuSeconds(databasePid);
        var result = send(workload, target, options.seconds());
        return new Figures(
                workload,
                target,
                round,
                result,
                ProcessTree.cpuSeconds(pids) - server,
                ProcessTree.cpuSeconds(databasePid) - postgres,
                ProcessTree.megabytes(pids));
    }

    private Wrk.Result send(Workload workload, Target target, int seconds) throws Exception {
        if (target == Target.PGBENCH) {
            return pgBench.run(database, workload.scripts(), seconds);
        }
        return wrk.run(
                server(target).port(),
                folder.resolve(target + ".requests"),
                workload == Workload.NOT_MODIFIED ? tag : "",
                seconds);
    }

    /** After the rounds, as counting costs something. */
    private Summary.Counts count(Workload workload, Target target) throws Exception {
        var server = server(target);
        var allocated = target.isJvm() ? server.allocatedBytes() : 0;
        database.startCounting();
        var requests = (double) send(workload, target, 1).requests();
        var found = database.stopCounting();
        allocated = target.isJvm() ? server.allocatedBytes() - allocated : 0;
        statements.add(workload + ", " + target + ", for each request:");
        found.stream()
                .filter(each -> each.calls() > requests * SELDOM)
                .forEach(each -> statements.add(String.format(
                        Locale.ROOT,
                        "  %.2f x %s",
                        each.calls() / requests,
                        each.sql().replaceAll("\\s+", " "))));
        return new Summary.Counts(
                calls(found, false) / requests, calls(found, true) / requests, allocated / 1024.0 / requests);
    }

    private static long calls(List<Database.Statement> statements, boolean control) {
        return statements.stream()
                .filter(each -> each.isControl() == control)
                .mapToLong(Database.Statement::calls)
                .sum();
    }
}
