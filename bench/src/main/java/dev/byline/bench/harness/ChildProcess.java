package dev.byline.bench.harness;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A program that a tool needs besides the server. */
public record ChildProcess(Process process) implements AutoCloseable {
    private static final int TIMEOUT_SECONDS = 60;

    /** The folder for logs. */
    public static final Path TEMP = Path.of(System.getProperty("java.io.tmpdir"));

    /** Starts a program whose output is appended to a file. */
    public static ChildProcess start(Path log, Map<String, String> environment, List<String> command)
            throws IOException {
        return start(ProcessBuilder.Redirect.appendTo(log.toFile()), environment, command);
    }

    static ChildProcess start(ProcessBuilder.Redirect log, Map<String, String> environment, List<String> command)
            throws IOException {
        var builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log);
        builder.environment().putAll(environment);
        return new ChildProcess(builder.start());
    }

    /** The command that runs a program of Java. */
    public static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    /** Runs a program, ignores its output and returns its exit status. */
    public static int run(String... command) throws IOException, InterruptedException {
        return start(ProcessBuilder.Redirect.DISCARD, Map.of(), List.of(command))
                .process
                .waitFor();
    }

    /** Blocks until a port of this machine accepts connections. */
    public ChildProcess awaitPort(int port) throws InterruptedException {
        var end = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS);
        while (!accepts(port)) {
            if (!process.isAlive() || System.nanoTime() > end) {
                throw new IllegalStateException(process.info().command().orElse("a program") + " does not listen");
            }
            TimeUnit.MILLISECONDS.sleep(50);
        }
        return this;
    }

    private static boolean accepts(int port) {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    /** Ends the program by SIGTERM, or by SIGKILL after 60 s. */
    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
