package dev.byline.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.byline.bench.fuzz.Answer;
import dev.byline.bench.fuzz.Connection;
import dev.byline.bench.fuzz.Contract;
import dev.byline.bench.fuzz.Findings;
import dev.byline.bench.fuzz.Generator;
import dev.byline.bench.fuzz.Hostile;
import dev.byline.bench.fuzz.Judge;
import dev.byline.bench.fuzz.Known;
import dev.byline.bench.fuzz.Options;
import dev.byline.bench.fuzz.Request;
import dev.byline.bench.fuzz.Values;
import dev.byline.migrations.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Sends valid and invalid requests, made from the OpenAPI document, to a server that has nothing else to do. Every sixth request,
 * until there are none left, is a hostile text of maximum size, sent alone so that the server's CPU can be measured; the others come by
 * several connections. Ends with status 1 when an answer is late, missing, too expensive, undocumented, or a 5xx other than
 * a documented 501 or 505.
 */
final class Fuzz {
    private static final Path FOLDER = Path.of("bench", "target", "fuzz");
    private static final int HOSTILE_EVERY = 6;
    private static final int MAX_RESTARTS = 8;

    /** CPU seconds of the server that an answer may take, and what hashing a password adds. */
    private static final double MAX_CPU = 0.5;

    private static final double HASH_CPU = 0.5;

    /** Above this many CPU seconds, half the text must take at least a third. */
    private static final double NOTABLE_CPU = 0.1;

    private static final int TRIES = 5;

    private final Options options;
    private final Judge judge;
    private final Findings findings = new Findings(FOLDER);
    private final Known known = new Known();
    private final FuzzTarget server;
    private String adminToken = "";

    private Fuzz(Options options, TestDatabase database) throws Exception {
        this.options = options;
        this.judge = new Judge(Path.of("docs", "errors.md"));
        this.server = new FuzzTarget(options.jar(), FOLDER, database, findings);
    }

    public static void main(String[] args) throws Exception {
        Options options;
        try {
            options = Options.parse(args);
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage() + "\n" + Options.USAGE);
            System.exit(2);
            return;
        }
        System.out.println("seed " + options.seed());
        clear();
        var clean = false;
        try (var database = TestDatabase.migrated()) {
            var fuzz = new Fuzz(options, database);
            try {
                clean = fuzz.run();
            } finally {
                fuzz.server.close();
            }
        }
        System.exit(clean ? 0 : 1);
    }

    private static void clear() throws IOException {
        Files.createDirectories(FOLDER);
        try (var files = Files.list(FOLDER)) {
            for (var file : files.toList()) {
                Files.delete(file);
            }
        }
    }

    private boolean run() throws Exception {
        var began = System.nanoTime();
        var contract = prepare();
        var generator = new Generator(contract, known, adminToken, options.seed());
        var hostile = new Hostile(contract, generator, known, options.seed());
        System.out.println(hostile.size() + " hostile texts");
        hostile(hostile);
        System.out.printf(Locale.ROOT, "hostile texts sent after %.0f s%n", (System.nanoTime() - began) / 1e9);
        var next = new AtomicLong(options.from());
        while (server.restarts() < MAX_RESTARTS && next.get() < end()) {
            mixed(generator, hostile.size(), next);
        }
        if (server.restarts() >= MAX_RESTARTS) {
            findings.add("ended early, after " + server.restarts() + " restarts of the server");
        }
        probes();
        server.checkLog();
        System.out.printf(
                Locale.ROOT,
                "%s%n%s after %.0f s, seed %d; server: %s%n",
                findings.summary(),
                findings.isEmpty() ? "clean" : "FAILED",
                (System.nanoTime() - began) / 1e9,
                options.seed(),
                server);
        return findings.isEmpty();
    }

    private static boolean isHostile(long index, int hostile) {
        return index % HOSTILE_EVERY == 0 && index / HOSTILE_EVERY < hostile;
    }

    private long end() {
        return options.from() + options.requests();
    }

    /** Users with posts, and an admin whose number no request has by chance. */
    private Contract prepare() throws IOException {
        try (var connection = new Connection(server.port())) {
            var login = "{\"email\":\"" + FuzzTarget.ADMIN + "\",\"password\":\"" + Values.PASSWORD + "\"}";
            var first = content(connection, Request.of("POST", "/tokens", "", login))
                    .path("token")
                    .asText();
            var ids = new ArrayList<Long>();
            for (int i = 0; i < 12; i++) {
                var password = i < 2 ? ",\"password\":\"" + Values.PASSWORD + "\"" : "";
                var user = "{\"email\":\"fuzz" + i + "@example.com\",\"name\":\"Fuzz\"" + password + "}";
                ids.add(content(connection, Request.of("POST", "/users", first, user))
                        .path("id")
                        .asLong());
            }
            for (var id : ids) {
                var token = content(connection, Request.of("POST", "/users/" + id + "/tokens", first, "{}"))
                        .path("token")
                        .asText();
                for (int i = 0; i < 5; i++) {
                    var post = "{\"title\":\"A title\",\"body\":\"word zebra\",\"metadata\":{\"k1\":1}}";
                    send(connection, Request.of("POST", "/posts", token, post));
                }
            }
            var admin = ids.getLast();
            send(connection, Request.of("PATCH", "/users/" + admin, first, "{\"role\":\"admin\"}"));
            known.keep(admin);
            adminToken = content(connection, Request.of("POST", "/users/" + admin + "/tokens", first, "{}"))
                    .path("token")
                    .asText();
            known.keep(adminToken);
            if (adminToken.isEmpty()) {
                throw new IllegalStateException("no admin: see the findings above");
            }
            return Contract.of(content(connection, Request.of("GET", "/openapi.json", "", "")), options.only());
        }
    }

    private JsonNode content(Connection connection, Request request) throws IOException {
        return judge.parse(send(connection, request));
    }

    /** Sends a request, judges the answer and learns from it. What is late once may be so because the machine is busy. */
    private Answer send(Connection connection, Request request) throws IOException {
        var answer = connection.send(request);
        if (Judge.isBusy(answer)) {
            findings.repeat(request, answer);
            answer = connection.send(request);
        }
        var content = judge.parse(answer);
        findings.count(request, answer);
        var fault = judge.fault(request, answer, content);
        if (fault.isPresent()) {
            findings.add(fault.get(), "", request, answer);
        }
        if (request.token().equals(adminToken)
                && answer.status() == 401
                && !request.path().contains("/tokens")) {
            findings.add("the admin's token is refused", "", request, answer);
        }
        known.learn(request, answer, content);
        return answer;
    }

    /** Reads and deletes what is too large, or too much; replaces tokens that were revoked. */
    private void tidy(Connection connection) throws IOException {
        for (var path = known.surplus(); path.isPresent(); path = known.surplus()) {
            send(connection, Request.of("GET", path.get(), adminToken, ""));
            send(connection, Request.of("DELETE", path.get(), adminToken, ""));
        }
        var user = known.tokenless();
        if (user.isPresent()) {
            send(connection, Request.of("POST", "/users/" + user.get() + "/tokens", adminToken, "{}"));
        }
    }

    /** Sends the hostile texts one at a time and measures the server's CPU. */
    private void hostile(Hostile hostile) throws Exception {
        var connection = new Connection(server.port());
        for (long index = options.from(); index < end() && server.restarts() < MAX_RESTARTS; index++) {
            if (isHostile(index, hostile.size())) {
                var number = (int) (index / HOSTILE_EVERY);
                var before = server.cpuSeconds();
                var request = hostile.request(index, number, 1);
                if (findings.has("hang", request)) {
                    continue; // each costs a restart
                }
                var answer = send(connection, request);
                if (answer.status() == Answer.HUNG || !server.isAlive()) {
                    server.restart();
                    connection = new Connection(server.port());
                } else if (server.cpuSeconds() - before > NOTABLE_CPU) {
                    var half = hostile.request(index, number, 2);
                    checkCpu(connection, request, half, answer);
                }
                tidy(connection);
            }
        }
        connection.close();
    }

    private void checkCpu(Connection connection, Request request, Request half, Answer answer) throws IOException {
        var whole = cpu(connection, request);
        if (whole > MAX_CPU + (request.hashes() ? HASH_CPU : 0)) {
            findings.add("too much CPU", String.format(Locale.ROOT, ", %.2f s", whole), request, answer);
        } else if (whole > NOTABLE_CPU) {
            var part = cpu(connection, half);
            whole = Math.min(whole, cpu(connection, request)); // the first tries may have run in the interpreter
            if (whole > NOTABLE_CPU && whole > 3 * part) {
                var detail = String.format(Locale.ROOT, ", %.2f s, half the text %.2f s", whole, part);
                findings.add("CPU grows faster than the text", detail, request, answer);
            }
        }
    }

    /** The minimum of several tries: the others include the JIT compiler and the garbage collector. */
    private double cpu(Connection connection, Request request) throws IOException {
        var least = Double.MAX_VALUE;
        for (int i = 0; i < TRIES; i++) {
            var before = server.cpuSeconds();
            var unused = connection.send(request); // judged before
            least = Math.min(least, server.cpuSeconds() - before);
        }
        return least;
    }

    /** Sends the rest by several connections, until all are sent or the server hangs; then repeats alone what hung. */
    private void mixed(Generator generator, int hostile, AtomicLong next) throws Exception {
        var hung = new ConcurrentLinkedQueue<Request>();
        var stopped = new AtomicBoolean();
        var threads = new ArrayList<Thread>();
        var failure = new ConcurrentLinkedQueue<Throwable>();
        for (int i = 0; i < options.connections(); i++) {
            threads.add(Thread.ofPlatform().start(() -> {
                try (var connection = new Connection(server.port())) {
                    for (var index = next.getAndIncrement(); index < end(); index = next.getAndIncrement()) {
                        if (!isHostile(index, hostile)) {
                            var request = generator.request(index);
                            if (send(connection, request).status() == Answer.HUNG) {
                                hung.add(request);
                                stopped.set(true);
                            }
                            tidy(connection);
                        }
                        if (stopped.get() || !server.isAlive()) {
                            return;
                        }
                    }
                } catch (IOException | RuntimeException e) {
                    failure.add(e);
                    stopped.set(true);
                }
            }));
        }
        for (var thread : threads) {
            thread.join();
        }
        if (!failure.isEmpty()) {
            throw new IllegalStateException(failure.peek());
        }
        if (!hung.isEmpty() || !server.isAlive()) {
            server.restart();
            alone(hung);
        }
    }

    private void alone(Iterable<Request> requests) throws Exception {
        for (var request : requests) {
            try (var connection = new Connection(server.port())) {
                var answer = connection.send(request);
                if (answer.status() == Answer.HUNG) {
                    findings.add("hangs alone, too", "", request, answer);
                    server.restart();
                }
            }
        }
    }

    private void probes() throws IOException {
        for (var path : List.of("/livez", "/readyz")) {
            try (var connection = new Connection(server.port())) {
                if (send(connection, Request.of("GET", path, "", "")).status() != 200
                        || server.management(path).isEmpty()) {
                    findings.add(path + " is not 200 at the end");
                }
            }
        }
    }
}
