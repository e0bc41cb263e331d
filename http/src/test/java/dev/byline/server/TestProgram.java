package dev.byline.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/**
 * The program as a separate process. Its data folder is {@code data} in a given folder; its output goes to a file
 * there.
 */
final class TestProgram implements AutoCloseable {
    static final String ADMIN = "root@example.com";
    static final String PASSWORD = "canary in a coal mine";

    private static final Duration TIMEOUT = Duration.ofSeconds(90);

    private final Process process;
    private final int port;
    private final Path log;
    private final HttpClient client = HttpClient.newHttpClient();

    private TestProgram(Process process, int port, Path log) {
        this.process = process;
        this.port = port;
        this.log = log;
    }

    static TestProgram start(Path folder, String... arguments) throws IOException {
        return start(folder, freePort(), Map.of(), arguments);
    }

    static TestProgram start(Path folder, int port, Map<String, String> settings, String... arguments)
            throws IOException {
        return start(folder, port, settings, Main.class, arguments);
    }

    private static TestProgram start(
            Path folder, int port, Map<String, String> settings, Class<?> main, String... arguments)
            throws IOException {
        var command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        command.addAll(List.of(arguments));
        var log = Files.createTempFile(folder, "log", ".txt");
        var builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        builder.environment()
                .putAll(Map.of(
                        "PORT",
                        Integer.toString(port),
                        "BYLINE_DATA_DIR",
                        folder.resolve("data").toString(),
                        "BYLINE_LOG",
                        "text",
                        "BYLINE_MANAGEMENT_PORT",
                        "0",
                        "BYLINE_ADMIN_EMAIL",
                        ADMIN,
                        "BYLINE_ADMIN_PASSWORD",
                        PASSWORD));
        builder.environment().putAll(settings);
        return new TestProgram(builder.start(), port, log);
    }

    static TestProgram startReady(Path folder) throws Exception {
        var program = start(folder);
        program.awaitReady();
        return program;
    }

    /** Runs a command to its end. */
    static Finished run(Path folder, String... arguments) throws Exception {
        return run(folder, freePort(), arguments);
    }

    static Finished run(Path folder, int port, String... arguments) throws Exception {
        return run(start(folder, port, Map.of(), arguments));
    }

    static Finished run(Path folder, Class<?> main, String... arguments) throws Exception {
        return run(start(folder, freePort(), Map.of(), main, arguments));
    }

    private static Finished run(TestProgram started) throws Exception {
        try (var program = started) {
            return new Finished(program.exitStatus(), program.log());
        }
    }

    /** The exit status and all output. */
    record Finished(int status, String output) {}

    static int freePort() throws IOException {
        try (var socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    /** The main process of the PostgreSQL that runs on the data folder. */
    static ProcessHandle postmaster(Path folder) throws IOException {
        var pid = Files.readAllLines(folder.resolve("data/postgres-18/postmaster.pid"))
                .getFirst();
        return ProcessHandle.of(Long.parseLong(pid.strip())).orElseThrow();
    }

    int port() {
        return port;
    }

    String log() throws IOException {
        return Files.readString(log);
    }

    void awaitReady() throws Exception {
        await("/readyz", 200);
    }

    /** Repeats a GET until the response has this status. */
    HttpResponse<String> await(String path, int status) throws Exception {
        await(() -> {
            try {
                return get(path).statusCode() == status;
            } catch (IOException e) {
                return false; // not listening yet
            }
        });
        return get(path);
    }

    void await(Callable<Boolean> condition) throws Exception {
        var end = System.nanoTime() + TIMEOUT.toNanos();
        while (!condition.call()) {
            assertThat(process.isAlive()).as(log()).isTrue();
            assertThat(System.nanoTime()).as(log()).isLessThan(end);
            Thread.sleep(20);
        }
    }

    HttpResponse<String> get(String path) throws Exception {
        return client.send(request(path).build(), BodyHandlers.ofString());
    }

    HttpResponse<String> post(String path, String json) throws Exception {
        return client.send(
                request(path)
                        .header("Content-Type", "application/json")
                        .POST(BodyPublishers.ofString(json))
                        .build(),
                BodyHandlers.ofString());
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path));
    }

    /** Waits for the process to exit. */
    int exitStatus() throws Exception {
        assertThat(process.waitFor(TIMEOUT.toSeconds(), TimeUnit.SECONDS))
                .as(log())
                .isTrue();
        return process.exitValue();
    }

    /** Sends SIGTERM and waits for the process to exit. */
    int stop() throws Exception {
        process.destroy();
        return exitStatus();
    }

    /** Sends SIGKILL and waits for the process to exit. */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    @Override
    public void close() {
        process.destroy();
        process.onExit().completeOnTimeout(process, 30, TimeUnit.SECONDS).join();
        process.destroyForcibly();
        client.close();
    }
}
