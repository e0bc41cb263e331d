package dev.byline.bench;

import dev.byline.bench.harness.BylineProcess;
import dev.byline.bench.harness.ChildProcess;
import dev.byline.bench.harness.LoadGenerator;
import dev.byline.bench.harness.SampleData;
import dev.byline.bench.harness.Verdict;
import dev.byline.internal.cache.TestRedis;
import dev.byline.migrations.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Restarts two nodes behind HAProxy (which must be installed) alternately under load and counts lost requests. */
final class RollingRestart {
    private static final int RESTARTS = 12;
    private static final int PER_SECOND = 200;

    private RollingRestart() {}

    public static void main(String[] args) throws Exception {
        var command = BylineProcess.command(Path.of(args[0]), List.of());
        var verdict = new Verdict();
        try (var database = TestDatabase.migrated()) {
            var authorization = "Authorization: Bearer " + SampleData.userWithToken(database.serverUrl());
            LoadGenerator.Request request = (http, n) -> n % 5 == 0
                    ? http.send("POST", "/posts", "{\"title\":\"t\",\"body\":\"b\"}", authorization)
                    : http.get("/posts?limit=5");
            var settings =
                    Map.of("DATABASE_URL", database.serverUrl(), "BYLINE_REPLICAS", "2", "BYLINE_DRAIN_DELAY", "3s");
            var nodes = new BylineProcess[] {
                BylineProcess.start(command, TestRedis.freePort(), settings),
                BylineProcess.start(command, TestRedis.freePort(), settings)
            };
            var port = TestRedis.freePort();
            try (var haProxy = startHaProxy(port, nodes)) {
                haProxy.awaitPort(port);
                var load = new LoadGenerator(port, 64);
                System.out.println("new servers: " + load.openLoop(PER_SECOND, Duration.ofSeconds(20), request));
                var results = load.startOpenLoop(PER_SECOND, Duration.ofSeconds(RESTARTS * 8L), request);
                for (int i = 0; i < RESTARTS; i++) {
                    var old = nodes[i % 2];
                    old.close();
                    nodes[i % 2] = BylineProcess.start(command, old.port(), settings);
                    TimeUnit.SECONDS.sleep(2); // until HAProxy's check has seen that it is ready
                }
                System.out.println(RESTARTS + " restarts: " + results.join());
                verdict.expect(results.join().allSucceeded(), "no lost requests");
            } finally {
                for (var node : nodes) {
                    node.close();
                }
            }
        }
        verdict.exit();
    }

    /** Runs deploy/haproxy.cfg with these ports. */
    private static ChildProcess startHaProxy(int port, BylineProcess[] nodes) throws Exception {
        var config = Files.readString(Path.of("deploy/haproxy.cfg"))
                .replaceFirst("bind \\S+", "bind 127.0.0.1:" + port)
                .replaceFirst("server byline1 \\S+", "server byline1 127.0.0.1:" + nodes[0].port())
                .replaceFirst("server byline2 \\S+", "server byline2 127.0.0.1:" + nodes[1].port());
        var file = Files.writeString(Files.createTempFile("byline", ".cfg"), config);
        var log = ChildProcess.TEMP.resolve("byline-haproxy.log");
        return ChildProcess.start(log, Map.of(), List.of("haproxy", "-db", "-f", file.toString()));
    }
}
