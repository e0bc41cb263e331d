package dev.byline.bench;

import dev.byline.bench.fuzz.Findings;
import dev.byline.bench.fuzz.Values;
import dev.byline.bench.harness.BylineProcess;
import dev.byline.internal.cache.TestRedis;
import dev.byline.migrations.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/** The server that {@link Fuzz} sends requests to: killed and started again when it hangs, on the same database. */
final class FuzzTarget implements AutoCloseable {
    /** An admin, whose password is {@link Values#PASSWORD}. */
    static final String ADMIN = "fuzz-admin@example.com";

    private static final int MAX_LOG_LINE = 4096;
    private static final int SHOWN_LINES = 3;
    private static final int SHOWN_CHARACTERS = 500;

    private final Path jar;
    private final Path log;
    private final Map<String, String> settings;
    private final Findings findings;
    private BylineProcess server;
    private int restarts;

    /** Starts it; the log goes into the folder. */
    FuzzTarget(Path jar, Path folder, TestDatabase database, Findings findings) throws Exception {
        this.jar = jar;
        this.log = folder.resolve("server.log");
        this.settings = settings(database);
        this.findings = findings;
        this.server = start();
    }

    /** No limits on requests, whichever the documentation knows; what is off by default and reads headers is on. */
    private static Map<String, String> settings(TestDatabase database) throws IOException {
        var settings = new HashMap<String, String>();
        settings.put("DATABASE_URL", database.url());
        settings.put("BYLINE_ADMIN_EMAIL", ADMIN);
        settings.put("BYLINE_ADMIN_PASSWORD", Values.PASSWORD);
        settings.put("BYLINE_CORS_ORIGINS", "https://app.example.com");
        settings.put("BYLINE_TRUSTED_PROXIES", "127.0.0.1");
        settings.put("BYLINE_LOG", "json");
        Pattern.compile("BYLINE_RATE_LIMIT[A-Z_]*")
                .matcher(Files.readString(Path.of("docs", "configuration.md")))
                .results()
                .forEach(name -> settings.put(name.group(), "0"));
        return settings;
    }

    private BylineProcess start() throws Exception {
        return BylineProcess.start(
                BylineProcess.command(jar, java.util.List.of("-Xmx512m")),
                TestRedis.freePort(),
                settings,
                ProcessBuilder.Redirect.appendTo(log.toFile()));
    }

    int port() {
        return server.port();
    }

    boolean isAlive() {
        return server.process().isAlive();
    }

    double cpuSeconds() throws IOException {
        return server.cpuSeconds();
    }

    int restarts() {
        return restarts;
    }

    /** Kills it, if it lives, and starts it again. */
    void restart() throws Exception {
        restarts++;
        if (!isAlive()) {
            findings.add("the server ended with status " + server.process().exitValue());
        }
        var unused = server.process().destroyForcibly().waitFor();
        server = start();
    }

    /** What the management port answers. */
    String management(String path) {
        try {
            return server.management(path);
        } catch (IOException e) {
            return "";
        }
    }

    /** Looks for errors in the log, for stacks at any level, and for lines by which a client could fill the disk. */
    void checkLog() throws IOException {
        try (var lines = Files.lines(log)) {
            var faults = lines.filter(FuzzTarget::isFault).toList();
            if (!faults.isEmpty()) {
                findings.add(faults.size() + " errors, stacks or overlong lines in the server's log");
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

    @Override
    public String toString() {
        try {
            return String.format(
                    Locale.ROOT, "%.1f s of CPU, at most %d MiB", server.cpuSeconds(), server.maxResidentMib());
        } catch (IOException e) {
            return "ended";
        }
    }

    @Override
    public void close() {
        server.close();
    }
}
