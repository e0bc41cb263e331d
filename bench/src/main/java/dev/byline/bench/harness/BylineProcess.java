package dev.byline.bench.harness;

import dev.byline.internal.cache.TestRedis;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A running byline.jar without rate limits.
 *
 * @param port for clients
 * @param managementPort for operators
 */
public record BylineProcess(Process process, int port, int managementPort) implements AutoCloseable {
    private static final Path LOG = ChildProcess.TEMP.resolve("byline-bench.log");

    /** Starts a jar on a free port and waits until it is ready. */
    public static BylineProcess start(Path jar, Map<String, String> settings, String... jvmOptions) throws Exception {
        return start(command(jar, List.of(jvmOptions)), TestRedis.freePort(), settings);
    }

    /** The command that starts a jar. */
    public static List<String> command(Path jar, List<String> jvmOptions) {
        var command = new ArrayList<>(List.of(ChildProcess.java()));
        command.addAll(jvmOptions);
        command.addAll(List.of("-jar", jar.toString(), "serve"));
        return command;
    }

    /** Runs a command that starts the server and waits until it is ready. */
    public static BylineProcess start(List<String> command, int port, Map<String, String> settings) throws Exception {
        return start(command, port, settings, ProcessBuilder.Redirect.appendTo(LOG.toFile()));
    }

    /** Runs a command that starts the server and waits until it is ready. */
    public static BylineProcess start(
            List<String> command, int port, Map<String, String> settings, ProcessBuilder.Redirect log)
            throws Exception {
        var managementPort = TestRedis.freePort();
        var environment = new HashMap<String, String>(Map.of(
                "PORT", Integer.toString(port),
                "BYLINE_MANAGEMENT_PORT", Integer.toString(managementPort),
                "BYLINE_RATE_LIMIT", "0",
                "BYLINE_RATE_LIMIT_ANONYMOUS", "0",
                "BYLINE_RATE_LIMIT_LOGIN", "0",
                "BYLINE_RATE_LIMIT_SIGNUP", "0"));
        environment.putAll(settings);
        var server =
                new BylineProcess(ChildProcess.start(log, environment, command).process(), port, managementPort);
        while (!server.isReady()) {
            if (!server.process.isAlive()) {
                throw new IllegalStateException("the server did not start, see " + log);
            }
            TimeUnit.MILLISECONDS.sleep(50);
        }
        return server;
    }

    private boolean isReady() {
        try {
            return !management("/readyz").isEmpty();
        } catch (IOException e) {
            return false;
        }
    }

    /** Reads a path of the management port. */
    public String management(String path) throws IOException {
        try (var body =
                URI.create("http://127.0.0.1:" + managementPort + path).toURL().openStream()) {
            return new String(body.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** The value of a series of {@code /metrics}. */
    public double metric(String series) throws IOException {
        return management("/metrics")
                .lines()
                .filter(line -> line.startsWith(series + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(series.length() + 1)))
                .sum();
    }

    public double cpuSeconds() throws IOException {
        return ProcessStats.cpuSeconds(process.pid());
    }

    public double residentMib() throws IOException {
        return ProcessStats.residentMib(process.pid());
    }

    public long maxResidentMib() throws IOException {
        return ProcessStats.maxResidentMib(process.pid());
    }

    /** A load generator for this server. */
    public LoadGenerator load(int connections) {
        return new LoadGenerator(port, connections);
    }

    /** Ends the server by SIGTERM and waits. */
    @Override
    public void close() {
        new ChildProcess(process).close();
    }
}
