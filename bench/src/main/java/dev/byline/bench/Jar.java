package dev.byline.bench;

import dev.byline.internal.cache.TestRedis;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A running byline.jar, without limits on the number of requests.
 *
 * @param process itself
 * @param port for clients
 * @param managementPort for operators
 */
record Jar(Process process, int port, int managementPort) implements AutoCloseable {
    private static final int TICKS_PER_SECOND = 100;

    /** Starts one on free ports and waits until it is ready. */
    static Jar start(Path jar, Map<String, String> settings, String... jvmOptions) throws Exception {
        return start(jar, TestRedis.freePort(), settings, jvmOptions);
    }

    /** Starts one and waits until it is ready. */
    static Jar start(Path jar, int port, Map<String, String> settings, String... jvmOptions) throws Exception {
        return start(command(jar, jvmOptions), port, settings);
    }

    /** What starts one. */
    static List<String> command(Path jar, String... jvmOptions) {
        var command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(List.of(jvmOptions));
        command.addAll(List.of("-jar", jar.toString(), "serve"));
        return command;
    }

    /** Runs a command that starts one and waits until it is ready. */
    static Jar start(List<String> command, int port, Map<String, String> settings) throws Exception {
        return start(command, port, settings, Path.of(System.getProperty("java.io.tmpdir"), "byline-bench.log"));
    }

    /** As above; its log is appended to a file. */
    static Jar start(List<String> command, int port, Map<String, String> settings, Path log) throws Exception {
        var managementPort = TestRedis.freePort();
        var builder = new ProcessBuilder(command);
        builder.environment()
                .putAll(Map.of(
                        "PORT", Integer.toString(port),
                        "BYLINE_MANAGEMENT_PORT", Integer.toString(managementPort),
                        "BYLINE_RATE_LIMIT", "0",
                        "BYLINE_RATE_LIMIT_ANONYMOUS", "0",
                        "BYLINE_RATE_LIMIT_SIGNUP", "0"));
        builder.environment().putAll(settings);
        var process = builder.redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
        var server = new Jar(process, port, managementPort);
        while (!server.isReady()) {
            if (!process.isAlive()) {
                throw new IllegalStateException("did not start: see " + log);
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

    /** What the management port answers. */
    String management(String path) throws IOException {
        try (var body =
                URI.create("http://127.0.0.1:" + managementPort + path).toURL().openStream()) {
            return new String(body.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** The value of a series of {@code /metrics}. */
    double metric(String series) throws IOException {
        return management("/metrics")
                .lines()
                .filter(line -> line.startsWith(series + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(series.length() + 1)))
                .sum();
    }

    /** User and system time so far. */
    double cpuSeconds() throws IOException {
        var fields = stat();
        return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / (double) TICKS_PER_SECOND;
    }

    /** Resident memory. */
    long megabytes() throws IOException {
        return Long.parseLong(stat()[21]) * 4096 / 1024 / 1024;
    }

    /** A figure of /proc/PID/status in MiB: VmRSS is what is resident now, VmHWM the most that was so far. */
    long mebibytes(String figure) throws IOException {
        return Files.readAllLines(Path.of("/proc/" + process.pid() + "/status")).stream()
                .filter(line -> line.startsWith(figure + ":"))
                .mapToLong(line -> Long.parseLong(line.split("\\s+", -1)[1]) / 1024)
                .sum();
    }

    /** The fields of /proc/PID/stat behind the name, the first being the state. */
    private String[] stat() throws IOException {
        var stat = Files.readString(Path.of("/proc/" + process.pid() + "/stat"));
        return stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    }

    /** Ends it by SIGTERM and waits. */
    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(60, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
