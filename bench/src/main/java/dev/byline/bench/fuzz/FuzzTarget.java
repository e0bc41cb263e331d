package dev.byline.bench.fuzz;

import dev.byline.bench.harness.BylineProcess;
import dev.byline.internal.cache.TestRedis;
import dev.byline.migrations.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/** The server that is fuzzed. It can be killed and started again on the same database. */
public final class FuzzTarget implements AutoCloseable {
    /** The e-mail address of an admin, whose password is {@link Values#PASSWORD}. */
    public static final String ADMIN = "fuzz-admin@example.com";

    private static final int MAX_LOG_LINE = 4096;
    private static final int SHOWN_LINES = 3;
    private static final int SHOWN_CHARACTERS = 500;

    private final Path jar;
    private final Path log;
    private final Map<String, String> settings;
    private final Findings findings;
    private BylineProcess server;
    private int restarts;

    /** Starts the server; its log goes into the folder. */
    public FuzzTarget(Path jar, Path folder, TestDatabase database, Findings findings) throws Exception {
        this.jar = jar;
        this.log = folder.resolve("server.log");
        this.settings = settings(database);
        this.findings = findings;
        this.server = start();
    }

    /** Without any documented rate limit, and with the features on that read headers. */
    private static Map<String, String> settings(TestDatabase database) throws IOException {
        var settings = new HashMap<>(Map.of(
                "DATABASE_URL",
                database.url(),
                "BYLINE_ADMIN_EMAIL",
                ADMIN,
                "BYLINE_ADMIN_PASSWORD",
                Values.PASSWORD,
                "BYLINE_CORS_ORIGINS",
                "https://app.example.com",
                "BYLINE_TRUSTED_PROXIES",
                "127.0.0.1",
                "BYLINE_LOG",
                "json"));
        Pattern.compile("BYLINE_RATE_LIMIT[A-Z_]*")
                .matcher(Files.readString(Path.of("docs", "configuration.md")))
                .results()
                .forEach(name -> settings.put(name.group(), "0"));
        return settings;
    }

    private BylineProcess start() throws Exception {
        var command = BylineProcess.command(jar, List.of("-Xmx512m"));
        var output = ProcessBuilder.Redirect.appendTo(log.toFile());
        return BylineProcess.start(command, TestRedis.freePort(), settings, output);
    }

    /** A client with a connection of its own. */
    public FuzzClient client() {
        return new FuzzClient(server.port());
    }

    public boolean isAlive() {
        return server.process().isAlive();
    }

    public double cpuSeconds() throws IOException {
        return server.cpuSeconds();
    }

    public int restarts() {
        return restarts;
    }

    /** Kills the server and starts it again. */
    public void restart() throws Exception {
        restarts++;
        if (!isAlive()) {
            findings.add("the server ended with status " + server.process().exitValue());
        }
        var unused = server.process().destroyForcibly().waitFor();
        server = start();
    }

    /** The response of the management port, empty if there is none. */
    public String management(String path) {
        try {
            return server.management(path);
        } catch (IOException e) {
            return "";
        }
    }

    /** Searches the log for errors, stack traces, and lines with which a client could fill the disk. */
    public void checkLog() throws IOException {
        try (var lines = Files.lines(log)) {
            var faults = lines.filter(FuzzTarget::isFault).toList();
            if (!faults.isEmpty()) {
                findings.add(faults.size() + " errors, stack traces or overlong lines in the server's log");
                faults.stream()
                        .limit(SHOWN_LINES)
                        .map(line -> "  " + line.substring(0, Math.min(SHOWN_CHARACTERS, line.length())))
                        .forEach(System.out::println);
            }
        }
    }

    private static boolean isFault(String line) {
        return line.contains("\"level\":\"ERROR\"")
                || line.contains(",\"error\":\"")
                || line.length() > MAX_LOG_LINE
                || (!line.startsWith("{") && line.matches(".*(Exception|Error)\\b.*"));
    }

    /** The CPU time and the memory that the server took. */
    @Override
    public String toString() {
        try {
            var cpu = server.cpuSeconds();
            return String.format(Locale.ROOT, "%.1f s of CPU, at most %d MiB", cpu, server.maxResidentMib());
        } catch (IOException e) {
            return "ended";
        }
    }

    @Override
    public void close() {
        server.close();
    }
}
