package dev.byline.bench;

import dev.byline.Byline;
import dev.byline.internal.cache.TestRedis;
import dev.byline.migrations.TestDatabase;
import dev.byline.model.BylineConfig;
import dev.byline.model.Metadata;
import dev.byline.model.NewPost;
import dev.byline.model.NewUser;
import dev.byline.model.Password;
import dev.byline.model.PostStatus;
import dev.byline.model.Principal;
import dev.byline.model.Role;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * The server in 512 MiB and half a CPU, as deploy/kubernetes limits it; database and clients outside. Does it start, how much
 * memory does it take, is it ever killed? The arguments are the command that starts it. Wants Linux, the control groups of
 * version 1, and root.
 */
final class Box {
    private static final int USERS = 2000;
    private static final String PASSWORD = "correct horse battery";
    private static final Duration TIME = Duration.ofSeconds(20);

    private final Jar server;
    private final ControlGroup group;
    private final String token;

    private Box(Jar server, ControlGroup group, String token) {
        this.server = server;
        this.group = group;
        this.token = token;
    }

    public static void main(String[] args) throws Exception {
        try (var empty = TestDatabase.empty();
                var database = TestDatabase.migrated();
                var group = ControlGroup.make(512, 0.5)) {
            start(args, group, empty, "with an empty database, all migrations").close();
            var token = fill(database);
            try (var server = start(args, group, database, "with a current one")) {
                new Box(server, group, token).measure();
            }
        }
    }

    private static Jar start(String[] command, ControlGroup group, TestDatabase database, String what)
            throws Exception {
        var settings = Map.of(
                "DATABASE_URL", database.url(),
                "BYLINE_DATABASE_CORES", "4",
                "BYLINE_REPLICAS", "3",
                "BYLINE_RATE_LIMIT_LOGIN", "0");
        var inside = new ArrayList<>(List.of("sh", "-c", group.enter() + "exec \"$@\"", "sh"));
        inside.addAll(List.of(command));
        var start = System.nanoTime();
        var server = Jar.start(inside, TestRedis.freePort(), settings);
        System.out.printf(Locale.ROOT, "ready after %.1f s %s%n", (System.nanoTime() - start) / 1e9, what);
        return server;
    }

    /** The first user has a password, the second the token that this returns: logging in ends older ones. */
    private static String fill(TestDatabase database) {
        try (var byline = Byline.open(BylineConfig.of(database.url()))) {
            var operator = new Principal.Operator();
            var first = byline.users()
                    .create(
                            operator,
                            new NewUser("first@example.com", "First", new Password(PASSWORD), Metadata.EMPTY));
            for (int i = 1; i < USERS; i++) {
                var user = byline.users().create(operator, new NewUser("u" + i + "@example.com", "U", Metadata.EMPTY));
                if (i <= 100) {
                    var post = new NewPost(
                            "A title", "word ".repeat(200), Metadata.EMPTY, PostStatus.PUBLISHED, null, null);
                    byline.posts().create(new Principal.Member(user.id(), Role.USER), post);
                }
            }
            return byline.tokens().issue(operator, first.id() + 1, null).secret();
        }
    }

    private void measure() throws Exception {
        TimeUnit.NANOSECONDS.sleep(TIME.toNanos());
        System.out.println("idle for 20 s: " + memory());
        open("the mix, 50/s", 50, this::mix);
        open("the mix, 100/s", 100, this::mix);
        open("writes and feeds, 50/s", 50, this::writes);
        open("logins, 10/s", 10, this::login);
        var all = Load.closed(
                server.port(),
                40,
                TIME,
                (wire, number) -> number % 50 == 0
                        ? login(wire, number)
                        : number % 5 == 0 ? writes(wire, number) : mix(wire, number));
        report("all together, 40 clients without a pause", all);
        TimeUnit.NANOSECONDS.sleep(TIME.toNanos());
        System.out.println("idle again for 20 s: " + memory());
        System.out.println(group.report());
    }

    /** A list for every three details. */
    private int mix(Wire wire, long number) throws IOException {
        return number % 4 == 0 ? wire.get("/users?limit=20") : wire.get("/users/" + (1 + number * 7919 % USERS));
    }

    private int writes(Wire wire, long number) throws IOException {
        return switch ((int) (number % 4)) {
            case 0 ->
                wire.send(
                        "POST",
                        "/posts",
                        "{\"title\":\"t\",\"body\":\"" + "word ".repeat(200) + "\"}",
                        "Authorization: Bearer " + token);
            case 1 -> wire.get("/posts?q=word");
            case 2 -> wire.get("/users/" + (2 + number % 100) + "?include=posts");
            default -> wire.get("/posts");
        };
    }

    private int login(Wire wire, long number) throws IOException {
        return wire.send("POST", "/tokens", "{\"email\":\"first@example.com\",\"password\":\"" + PASSWORD + "\"}");
    }

    private void open(String name, int perSecond, Load.Request request) throws Exception {
        report(name, Load.open(server.port(), perSecond, 64, TIME, request));
    }

    private void report(String name, List<Load.Outcome> outcomes) throws IOException {
        var statuses = outcomes.stream()
                .collect(Collectors.groupingBy(Load.Outcome::status, TreeMap::new, Collectors.counting()));
        System.out.printf(
                Locale.ROOT,
                "%s: %.0f/s, statuses %s (0: the connection broke), p50 %.1f ms, p99 %.0f ms; %s%n",
                name,
                Load.perSecond(outcomes, TIME, outcome -> outcome.status() > 0),
                statuses,
                Load.percentile(outcomes, 0.5, outcome -> true),
                Load.percentile(outcomes, 0.99, outcome -> true),
                memory());
    }

    /** What the kernel says of the process: resident now, and at most so far. */
    private String memory() throws IOException {
        return "VmHWM: " + server.mebibytes("VmHWM") + " MiB, VmRSS: " + server.mebibytes("VmRSS") + " MiB";
    }

    /** A memory and a cpu control group of one name. */
    private record ControlGroup(Path memory, Path cpu) implements AutoCloseable {
        static ControlGroup make(long mebibytes, double cpus) throws IOException {
            var name = "byline-box-" + ProcessHandle.current().pid();
            var group = new ControlGroup(
                    Files.createDirectory(Path.of("/sys/fs/cgroup/memory", name)),
                    Files.createDirectory(Path.of("/sys/fs/cgroup/cpu", name)));
            var bytes = Long.toString(mebibytes << 20);
            Files.writeString(group.memory.resolve("memory.limit_in_bytes"), bytes);
            Files.writeString(group.memory.resolve("memory.memsw.limit_in_bytes"), bytes);
            Files.writeString(group.cpu.resolve("cpu.cfs_period_us"), "100000");
            Files.writeString(group.cpu.resolve("cpu.cfs_quota_us"), Long.toString((long) (cpus * 100_000)));
            return group;
        }

        /** What a shell does to move itself in. */
        String enter() {
            return "echo $$ > " + memory.resolve("cgroup.procs") + " && echo $$ > " + cpu.resolve("cgroup.procs")
                    + " && ";
        }

        String report() throws IOException {
            var most = Long.parseLong(Files.readString(memory.resolve("memory.max_usage_in_bytes"))
                    .strip());
            return String.format(
                    Locale.ROOT,
                    "the group, page cache included: at most %d MiB, the limit was met %s times; %s; %s",
                    most >> 20,
                    Files.readString(memory.resolve("memory.failcnt")).strip(),
                    one(memory.resolve("memory.oom_control")),
                    one(cpu.resolve("cpu.stat")));
        }

        private static String one(Path file) throws IOException {
            return String.join(", ", Files.readAllLines(file));
        }

        /** The kernel only removes groups whose last process is gone. */
        @Override
        public void close() throws IOException {
            Files.delete(memory);
            Files.delete(cpu);
        }
    }
}
