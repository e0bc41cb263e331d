package dev.byline.internal.cache;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.RedisClient;
import redis.embedded.RedisExecProvider;

/** A real Redis on a free port, which can be killed, restarted and frozen. */
public final class TestRedis implements AutoCloseable {
    private static final Path PROGRAM = program();

    private final int port;
    private final List<String> options;
    private Process process;

    /**
     * Starts Redis.
     *
     * @param options for its command line
     */
    public TestRedis(String... options) {
        this.port = freePort();
        this.options = List.of(options);
        this.process = start();
    }

    private static Path program() {
        try {
            return RedisExecProvider.defaultProvider().get().toPath();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns a port that is free now. */
    public static int freePort() {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Process start() {
        var command = new ArrayList<>(List.of(
                PROGRAM.toString(),
                "--bind",
                "127.0.0.1",
                "--port",
                Integer.toString(port),
                "--save",
                "",
                "--appendonly",
                "no",
                "--dir",
                System.getProperty("java.io.tmpdir")));
        command.addAll(options);
        try {
            var started = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            while (!answers()) {
                if (!started.isAlive()) {
                    throw new IllegalStateException("Redis ended: " + String.join(" ", command));
                }
            }
            return started;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private boolean answers() {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.getOutputStream().write("PING\r\n".getBytes(StandardCharsets.US_ASCII));
            InputStream in = socket.getInputStream();
            return in.read() == '+';
        } catch (IOException e) {
            return false;
        }
    }

    /** Returns its URI. */
    public URI uri() {
        return URI.create("redis://127.0.0.1:" + port);
    }

    /** Kills the process. */
    public void kill() {
        process.destroyForcibly();
        try {
            process.waitFor(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Starts it again, empty and on the same port. */
    public void restart() {
        process = start();
    }

    /** Stops the process with SIGSTOP: connections stay open, nothing is answered. */
    public void freeze() {
        signal("STOP");
    }

    /** Continues the process. */
    public void thaw() {
        signal("CONT");
    }

    private void signal(String name) {
        try {
            new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                    .start()
                    .waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Sets a key. */
    public void set(String name, byte[] value) {
        try (var client = RedisClient.create(uri())) {
            client.set(name.getBytes(StandardCharsets.UTF_8), value);
        }
    }

    /** Returns the value of a key. */
    public byte @Nullable [] get(String name) {
        try (var client = RedisClient.create(uri())) {
            return client.get(name.getBytes(StandardCharsets.UTF_8));
        }
    }

    /** Returns the TTL of a key in milliseconds. */
    public long ttl(String name) {
        try (var client = RedisClient.create(uri())) {
            return client.pttl(name);
        }
    }

    /** Removes all keys. */
    public void clear() {
        try (var client = RedisClient.create(uri())) {
            client.flushAll();
        }
    }

    @Override
    public void close() {
        thaw();
        kill();
    }
}
