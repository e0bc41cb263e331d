package dev.byline.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.byline.bench.fuzz.Findings;
import dev.byline.bench.fuzz.FuzzClient;
import dev.byline.bench.fuzz.FuzzRequest;
import dev.byline.bench.fuzz.FuzzTarget;
import dev.byline.bench.fuzz.HostileCases;
import dev.byline.bench.fuzz.KnownValues;
import dev.byline.bench.fuzz.OpenApi;
import dev.byline.bench.fuzz.RequestGenerator;
import dev.byline.bench.fuzz.ResponseCheck;
import dev.byline.bench.fuzz.Values;
import dev.byline.bench.harness.CommandLine;
import dev.byline.bench.harness.HttpConnection.Response;
import dev.byline.migrations.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Sends valid and invalid requests, generated from the OpenAPI document, to a server without other load. Every sixth
 * request, until there are none left, is a hostile text of maximum size, sent alone so that the server's CPU can be
 * measured; the others use several connections. Fails if a response is late, missing, too expensive, undocumented, or
 * a 5xx other than a documented 501 or 505. Stops when the server hangs or ends.
 */
final class Fuzz {
    private static final String USAGE = """
            usage: Fuzz JAR [OPTION VALUE]...
              --seed N           decides the requests (the time)
              --requests N       (100000)
              --from N           index of the first (0): with --requests 1, the one that failed
              --only ROUTE       routes that contain this, such as "POST /users"
              --connections N    (6)""";
    private static final Path FOLDER = Path.of("bench", "target", "fuzz");
    private static final int HOSTILE_EVERY = 6;

    /** CPU seconds of the server for a request, and what hashing a password adds. */
    private static final double MAX_CPU = 0.5;

    private static final double HASH_CPU = 0.5;

    /** Above this many CPU seconds, half the text must take at least a third. */
    private static final double NOTABLE_CPU = 0.1;

    private static final int TRIES = 5;

    private final long seed;
    private final long from;
    private final long end;
    private final String only;
    private final int connections;
    private final ResponseCheck check = new ResponseCheck(Path.of("docs", "errors.md"));
    private final Findings findings = new Findings(FOLDER);
    private final KnownValues known = new KnownValues();
    private final FuzzTarget server;
    private String adminToken = "";
    private volatile boolean hung;

    private Fuzz(CommandLine arguments, TestDatabase database) throws Exception {
        this.seed = arguments.number("--seed", System.currentTimeMillis());
        this.from = arguments.number("--from", 0);
        this.end = from + arguments.number("--requests", 100_000);
        this.only = arguments.text("--only", "");
        this.connections = (int) arguments.number("--connections", 6);
        this.server = FuzzTarget.start(arguments.jar(), FOLDER, database);
    }

    public static void main(String[] args) throws Exception {
        var arguments = CommandLine.parse(USAGE, args);
        clearFolder();
        var passed = false;
        try (var database = TestDatabase.migrated()) {
            var fuzz = new Fuzz(arguments, database);
            try {
                passed = fuzz.run();
            } finally {
                fuzz.server.close();
            }
        }
        System.exit(passed ? 0 : 1);
    }

    private static void clearFolder() throws IOException {
        Files.createDirectories(FOLDER);
        try (var files = Files.list(FOLDER)) {
            for (var file : files.toList()) {
                Files.delete(file);
            }
        }
    }

    private boolean run() throws Exception {
        System.out.println("seed " + seed);
        var start = System.nanoTime();
        var document = prepare();
        var generator = new RequestGenerator(document, known, adminToken, seed);
        var hostile = new HostileCases(document, generator, known, seed);
        System.out.println(hostile.size() + " hostile texts");
        sendHostile(hostile);
        System.out.printf(Locale.ROOT, "hostile texts sent after %.0f s%n", (System.nanoTime() - start) / 1e9);
        sendOthers(generator, hostile.size());
        checkProbes();
        server.checkLog(findings);
        System.out.printf(
                Locale.ROOT,
                "%s%n%s after %.0f s, seed %d; server: %.1f s of CPU%n",
                findings.summary(),
                findings.isEmpty() ? "PASS" : "FAIL",
                (System.nanoTime() - start) / 1e9,
                seed,
                isRunning() ? server.server().cpuSeconds() : 0);
        return findings.isEmpty();
    }

    private boolean isRunning() {
        return !hung && server.server().process().isAlive();
    }

    private static boolean isHostile(long index, int hostile) {
        return index % HOSTILE_EVERY == 0 && index / HOSTILE_EVERY < hostile;
    }

    /** Creates users with posts and an admin, and reads the OpenAPI document. */
    private OpenApi prepare() throws IOException {
        try (var client = server.client()) {
            var password = "\"password\":\"" + Values.PASSWORD + "\"";
            var first = token(post(client, "/tokens", "", "{\"email\":\"" + FuzzTarget.ADMIN + "\"," + password + "}"));
            var ids = new ArrayList<Long>();
            for (int i = 0; i < 12; i++) {
                var user = "{\"email\":\"fuzz" + i + "@example.com\",\"name\":\"Fuzz\"" + (i < 2 ? "," + password : "")
                        + "}";
                ids.add(post(client, "/users", first, user).path("id").asLong());
            }
            for (var id : ids) {
                var token = token(post(client, "/users/" + id + "/tokens", first, "{}"));
                for (int i = 0; i < 5; i++) {
                    var post = "{\"title\":\"A title\",\"body\":\"word zebra\",\"metadata\":{\"k1\":1}}";
                    var unused = post(client, "/posts", token, post);
                }
            }
            var admin = ids.getLast(); // not user 1, whose id many requests have
            send(client, FuzzRequest.of("PATCH", "/users/" + admin, first, "{\"role\":\"admin\"}"));
            adminToken = token(post(client, "/users/" + admin + "/tokens", first, "{}"));
            known.protect(admin, adminToken);
            if (adminToken.isEmpty()) {
                throw new IllegalStateException("no admin: see the failures above");
            }
            var document = check.parse(send(client, FuzzRequest.of("GET", "/openapi.json", "", "")));
            return OpenApi.of(document, only);
        }
    }

    private JsonNode post(FuzzClient client, String path, String token, String json) throws IOException {
        return check.parse(send(client, FuzzRequest.of("POST", path, token, json)));
    }

    private static String token(JsonNode response) {
        return response.path("token").asText();
    }

    /** Sends a request, checks the response and learns from it. A late one is sent again: the machine may be busy. */
    private Response send(FuzzClient client, FuzzRequest request) throws IOException {
        var response = client.send(request);
        if (ResponseCheck.isBusy(response)) {
            findings.countRepeated(request, response);
            response = client.send(request);
        }
        hung |= response.status() == FuzzClient.HUNG;
        var content = check.parse(response);
        findings.count(request, response);
        var fault = check.fault(request, response, content);
        if (!fault.equals(ResponseCheck.OK)) {
            findings.add(fault, "", request, response);
        }
        var refused = response.status() == 401 && !request.path().contains("/tokens");
        if (refused && request.token().equals(adminToken)) {
            findings.add("the admin's token is refused", "", request, response);
        }
        known.learn(request, response, content);
        return response;
    }

    /** Deletes surplus rows, and replaces revoked tokens. */
    private void cleanUp(FuzzClient client) throws IOException {
        for (var path = known.pollSurplus(); path.isPresent(); path = known.pollSurplus()) {
            send(client, FuzzRequest.of("GET", path.get(), adminToken, ""));
            send(client, FuzzRequest.of("DELETE", path.get(), adminToken, ""));
        }
        var user = known.userWithoutToken();
        if (user.isPresent()) {
            send(client, FuzzRequest.of("POST", "/users/" + user.get() + "/tokens", adminToken, "{}"));
        }
    }

    /** Sends the hostile texts one at a time and measures the server's CPU. */
    private void sendHostile(HostileCases hostile) throws Exception {
        try (var client = server.client()) {
            for (long index = from; index < end && isRunning(); index++) {
                if (isHostile(index, hostile.size())) {
                    var number = (int) (index / HOSTILE_EVERY);
                    var request = hostile.request(index, number, 1);
                    var cpu = server.server().cpuSeconds();
                    var response = send(client, request);
                    if (isRunning() && server.server().cpuSeconds() - cpu > NOTABLE_CPU) {
                        checkCpu(client, request, hostile.request(index, number, 2), response);
                    }
                    cleanUp(client);
                }
            }
        }
    }

    private void checkCpu(FuzzClient client, FuzzRequest request, FuzzRequest half, Response response)
            throws IOException {
        var whole = minCpu(client, request);
        if (whole > MAX_CPU + (request.hashesPassword() ? HASH_CPU : 0)) {
            findings.add("too much CPU", String.format(Locale.ROOT, ", %.2f s", whole), request, response);
        } else if (whole > NOTABLE_CPU) {
            var part = minCpu(client, half);
            whole = Math.min(whole, minCpu(client, request)); // the first tries may have been interpreted
            if (whole > NOTABLE_CPU && whole > 3 * part) {
                var detail = String.format(Locale.ROOT, ", %.2f s, half the text %.2f s", whole, part);
                findings.add("CPU grows faster than the text", detail, request, response);
            }
        }
    }

    /** The minimum of several tries: the others include the JIT compiler and the garbage collector. */
    private double minCpu(FuzzClient client, FuzzRequest request) throws IOException {
        var min = Double.MAX_VALUE;
        for (int i = 0; i < TRIES; i++) {
            var before = server.server().cpuSeconds();
            var unused = client.send(request); // checked before
            min = Math.min(min, server.server().cpuSeconds() - before);
        }
        return min;
    }

    /** Sends the other requests over several connections. */
    private void sendOthers(RequestGenerator generator, int hostile) throws Exception {
        var next = new AtomicLong(from);
        Callable<Void> worker = () -> {
            try (var client = server.client()) {
                for (var index = next.getAndIncrement(); index < end && isRunning(); index = next.getAndIncrement()) {
                    if (!isHostile(index, hostile)) {
                        send(client, generator.request(index));
                        cleanUp(client);
                    }
                }
            }
            return null;
        };
        try (var threads = Executors.newFixedThreadPool(connections)) {
            for (var result : threads.invokeAll(Collections.nCopies(connections, worker))) {
                result.get();
            }
        }
    }

    /** Fails if the server has hung or ended, too. */
    private void checkProbes() throws IOException {
        for (var path : List.of("/livez", "/readyz")) {
            try (var client = server.client()) {
                if (send(client, FuzzRequest.of("GET", path, "", "")).status() != 200) {
                    findings.add(path + " is not 200 at the end");
                }
                var unused = server.server().management(path);
            } catch (IOException e) {
                findings.add(path + " of the management port at the end: " + e);
            }
        }
    }
}
