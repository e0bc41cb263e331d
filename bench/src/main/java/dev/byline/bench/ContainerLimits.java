package dev.byline.bench;

import dev.byline.bench.harness.BylineProcess;
import dev.byline.bench.harness.HttpConnection;
import dev.byline.bench.harness.LoadGenerator;
import dev.byline.bench.harness.SampleData;
import dev.byline.internal.cache.TestRedis;
import dev.byline.migrations.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Runs the server in 512 MiB and half a CPU, the limits of deploy/kubernetes, with database and clients outside:
 * measures its start, memory and responses. The arguments are the command that starts it. Needs root and Linux with
 * control groups version 1.
 */
final class ContainerLimits {
    private static final int MEMORY_MIB = 512;
    private static final double CPUS = 0.5;
    private static final int USERS = 2000;
    private static final String EMAIL = "first@example.com";
    private static final String PASSWORD = "correct horse battery";
    private static final String WORDS = "word ".repeat(200);
    private static final Duration TIME = Duration.ofSeconds(20);

    private final BylineProcess server;
    private final String authorization;

    private ContainerLimits(BylineProcess server, String token) {
        this.server = server;
        this.authorization = "Authorization: Bearer " + token;
    }

    public static void main(String[] args) throws Exception {
        try (var empty = TestDatabase.empty();
                var database = TestDatabase.migrated();
                var group = ControlGroup.create()) {
            empty.run("CREATE SCHEMA byline");
            start(args, group, empty, "with an empty database and all migrations")
                    .close();
            var token = createData(database);
            try (var server = start(args, group, database, "with a migrated database")) {
                new ContainerLimits(server, token).measure();
                System.out.println(group.report());
            }
        }
    }

    private static BylineProcess start(String[] command, ControlGroup group, TestDatabase database, String what)
            throws Exception {
        var settings =
                Map.of("DATABASE_URL", database.serverUrl(), "BYLINE_DATABASE_CORES", "4", "BYLINE_REPLICAS", "3");
        var inGroup = new ArrayList<>(List.of("sh", "-c", group.enterCommand() + " && exec \"$@\"", "sh"));
        inGroup.addAll(List.of(command));
        var start = System.nanoTime();
        var server = BylineProcess.start(inGroup, TestRedis.freePort(), settings);
        System.out.printf(Locale.ROOT, "ready after %.1f s %s%n", (System.nanoTime() - start) / 1e9, what);
        return server;
    }

    /** Returns a token of the second user; the first one logs in, which revokes their older tokens. */
    private static String createData(TestDatabase database) {
        try (var data = new SampleData(database.serverUrl())) {
            data.user(EMAIL, PASSWORD);
            data.users(USERS - 1);
            for (int user = 2; user <= 101; user++) {
                data.posts(user, 1, WORDS);
            }
            return data.token(2);
        }
    }

    private void measure() throws Exception {
        idle();
        openLoop("the mix, 50/s", 50, this::mix);
        openLoop("the mix, 100/s", 100, this::mix);
        openLoop("writes and feeds, 50/s", 50, this::writes);
        openLoop("logins, 10/s", 10, this::logIn);
        var all = server.load(40)
                .closedLoop(
                        TIME, (http, n) -> n % 50 == 0 ? logIn(http, n) : n % 5 == 0 ? writes(http, n) : mix(http, n));
        System.out.println("all together, 40 clients without a pause: " + all + "; " + memory());
        idle();
    }

    private void idle() throws Exception {
        TimeUnit.NANOSECONDS.sleep(TIME.toNanos());
        System.out.println("idle for 20 s: " + memory());
    }

    private void openLoop(String name, int perSecond, LoadGenerator.Request request) throws Exception {
        System.out.println(name + ": " + server.load(64).openLoop(perSecond, TIME, request) + "; " + memory());
    }

    /** Three reads of a user per list. */
    private int mix(HttpConnection http, long n) throws IOException {
        return n % 4 == 0 ? http.get("/users?limit=20") : http.get("/users/" + TypicalRequests.spread(n, USERS));
    }

    private int writes(HttpConnection http, long n) throws IOException {
        return switch ((int) (n % 4)) {
            case 0 -> http.send("POST", "/posts", "{\"title\":\"t\",\"body\":\"" + WORDS + "\"}", authorization);
            case 1 -> http.get("/posts?q=word");
            case 2 -> http.get("/users/" + (2 + n % 100) + "?include=posts");
            default -> http.get("/posts");
        };
    }

    private int logIn(HttpConnection http, long n) throws IOException {
        return http.send("POST", "/tokens", "{\"email\":\"" + EMAIL + "\",\"password\":\"" + PASSWORD + "\"}");
    }

    private String memory() throws IOException {
        return String.format(
                Locale.ROOT, "resident %.0f MiB, at most %d MiB", server.residentMib(), server.maxResidentMib());
    }

    /** A control group for memory and one for CPU. */
    private record ControlGroup(Path memory, Path cpu) implements AutoCloseable {
        static ControlGroup create() throws IOException {
            var name = "byline-bench-" + ProcessHandle.current().pid();
            var group = new ControlGroup(
                    Files.createDirectory(Path.of("/sys/fs/cgroup/memory", name)),
                    Files.createDirectory(Path.of("/sys/fs/cgroup/cpu", name)));
            var bytes = Long.toString((long) MEMORY_MIB << 20);
            Files.writeString(group.memory.resolve("memory.limit_in_bytes"), bytes);
            Files.writeString(group.memory.resolve("memory.memsw.limit_in_bytes"), bytes);
            Files.writeString(group.cpu.resolve("cpu.cfs_period_us"), "100000");
            Files.writeString(group.cpu.resolve("cpu.cfs_quota_us"), Long.toString((long) (CPUS * 100_000)));
            return group;
        }

        /** The shell command that moves the shell into the group. */
        String enterCommand() {
            return "echo $$ > " + memory.resolve("cgroup.procs") + " && echo $$ > " + cpu.resolve("cgroup.procs");
        }

        String report() throws IOException {
            return String.format(
                    Locale.ROOT,
                    "the group, page cache included: at most %d MiB, limit reached %s times; %s; %s",
                    Long.parseLong(read(memory.resolve("memory.max_usage_in_bytes"))) >> 20,
                    read(memory.resolve("memory.failcnt")),
                    read(memory.resolve("memory.oom_control")),
                    read(cpu.resolve("cpu.stat")));
        }

        private static String read(Path file) throws IOException {
            return String.join(", ", Files.readAllLines(file));
        }

        /** The kernel removes only groups whose last process has ended. */
        @Override
        public void close() throws IOException {
            Files.delete(memory);
            Files.delete(cpu);
        }
    }
}
