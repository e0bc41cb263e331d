package dev.byline.bench.fuzz;

import dev.byline.bench.harness.BylineProcess;
import dev.byline.internal.cache.TestRedis;
import dev.byline.migrations.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** The server that is fuzzed. */
public record FuzzTarget(BylineProcess server, Path log) implements AutoCloseable {
    /** The e-mail address of an admin, whose password is {@link Values#PASSWORD}. */
    public static final String ADMIN = "fuzz-admin@example.com";

    private static final int MAX_LOG_LINE = 4096;
    private static final int SHOWN_CHARACTERS = 500;

    /** Starts the server; its log goes into the folder. */
    public static FuzzTarget start(Path jar, Path folder, TestDatabase database) throws Exception {
        var log = folder.resolve("server.log");
        var command = BylineProcess.command(jar, List.of("-Xmx512m"));
        var output = ProcessBuilder.Redirect.to(log.toFile());
        return new FuzzTarget(BylineProcess.start(command, TestRedis.freePort(), settings(database), output), log);
    }

    /** Without any documented rate limit, and with the features on that read headers. */
    private static Map<String, String> settings(TestDatabase database) throws IOException {
        var settings = new HashMap<>(Map.of(
                "DATABASE_URL",
                database.serverUrl(),
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

    /** A client with a connection of its own. */
    public FuzzClient client() {
        return new FuzzClient(server.port());
    }

    /** Searches the log for errors, stack traces, and lines with which a client could fill the disk. */
    public void checkLog(Findings findings) throws IOException {
        try (var lines = Files.lines(log)) {
            lines.filter(FuzzTarget::isFault)
                    .map(line -> line.substring(0, Math.min(SHOWN_CHARACTERS, line.length())))
                    .findFirst()
                    .ifPresent(line -> findings.add("an error, a stack trace or an overlong line in the log: " + line));
        }
    }

    private static boolean isFault(String line) {
        return line.contains("\"level\":\"ERROR\"")
                || line.contains(",\"error\":\"")
                || line.length() > MAX_LOG_LINE
                || (!line.startsWith("{") && line.matches(".*(Exception|Error)\\b.*"));
    }

    @Override
    public void close() {
        server.close();
    }
}
