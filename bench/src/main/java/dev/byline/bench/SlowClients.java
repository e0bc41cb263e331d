package dev.byline.bench;

import dev.byline.migrations.TestDatabase;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * Thousands of clients that hold connections, headers and bodies back, and some whose bodies don't end: what memory do they
 * take, and does somebody else still get an answer? Needs some 12,000 open files, here and in the server ({@code ulimit -n}).
 */
final class SlowClients {
    private static final Duration TIME = Duration.ofSeconds(15);

    /** What a group of connections does for {@link #TIME}. */
    private interface Behaviour {
        void run(List<Socket> sockets) throws Exception;
    }

    private final Jar server;

    private SlowClients(Jar server) {
        this.server = server;
    }

    public static void main(String[] args) throws Exception {
        try (var database = TestDatabase.migrated()) {
            var settings = Map.of("DATABASE_URL", database.url(), "BYLINE_LOG_REQUESTS", "off");
            try (var server = Jar.start(Path.of(args[0]), settings, "-Xmx256m")) {
                try (var wire = new Wire(server.port())) {
                    System.out.println(
                            "sign-up: " + wire.send("POST", "/users", "{\"email\":\"u@example.com\",\"name\":\"U\"}"));
                }
                var clients = new SlowClients(server);
                clients.run("nobody else", 0, sockets -> TimeUnit.NANOSECONDS.sleep(TIME.toNanos()));
                clients.run("10,000 idle connections", 10_000, sockets -> TimeUnit.NANOSECONDS.sleep(TIME.toNanos()));
                clients.run(
                        "2,000 slow headers",
                        2000,
                        sockets -> trickle(sockets, "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "));
                clients.run(
                        "2,000 slow bodies",
                        2000,
                        sockets -> trickle(
                                sockets,
                                "POST /users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 900000\r\n\r\n{"));
                clients.run(
                        "200 bodies short of an end",
                        200,
                        sockets -> hold(
                                sockets,
                                "POST /users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 900000\r\n\r\n"));
                clients.run(
                        "50 bodies of 100 MB",
                        50,
                        sockets -> pour(
                                sockets,
                                "POST /users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 104857600\r\n\r\n"));
                clients.run(
                        "50 bodies without an end",
                        50,
                        sockets -> pour(
                                sockets,
                                "POST /users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n7fffffff\r\n"));
            }
        }
    }

    private void run(String name, int connections, Behaviour behaviour) throws Exception {
        var sockets = new ArrayList<Socket>();
        for (int i = 0; i < connections; i++) {
            sockets.add(new Socket(InetAddress.getLoopbackAddress(), server.port()));
        }
        var normal = CompletableFuture.supplyAsync(() -> {
            try {
                return Load.open(server.port(), 100, 16, TIME, (wire, number) -> wire.get("/users/1"));
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        behaviour.run(sockets);
        var outcomes = normal.join();
        System.out.printf(
                Locale.ROOT,
                "%-26s resident %d MB, bodies %.1f MB; others: %d of %d 200, p50 %.1f ms, p99 %.1f ms%n",
                name,
                server.megabytes(),
                server.metric("http_request_body_bytes") / 1e6,
                outcomes.stream().filter(outcome -> outcome.status() == 200).count(),
                outcomes.size(),
                Load.percentile(outcomes, 0.5, outcome -> true),
                Load.percentile(outcomes, 0.99, outcome -> true));
        for (var socket : sockets) {
            socket.close();
        }
    }

    private static void trickle(List<Socket> sockets, String beginning) throws Exception {
        var end = System.nanoTime() + TIME.toNanos();
        for (var socket : sockets) {
            socket.getOutputStream().write(beginning.getBytes(StandardCharsets.ISO_8859_1));
        }
        while (System.nanoTime() < end) {
            for (var socket : sockets) {
                socket.getOutputStream().write('a');
            }
            TimeUnit.SECONDS.sleep(1);
        }
    }

    private static void hold(List<Socket> sockets, String beginning) throws Exception {
        for (var socket : sockets) {
            try {
                socket.getOutputStream().write(beginning.getBytes(StandardCharsets.ISO_8859_1));
                socket.getOutputStream().write(new byte[890_000]);
            } catch (SocketException e) {
                // refused, as it should be
            }
        }
        TimeUnit.NANOSECONDS.sleep(TIME.toNanos());
    }

    private static void pour(List<Socket> sockets, String beginning) throws Exception {
        var end = System.nanoTime() + TIME.toNanos();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (var socket : sockets) {
                var unused = threads.submit(() -> {
                    try (socket) {
                        pour(socket.getOutputStream(), beginning, end);
                    } catch (SocketException e) {
                        // closed, as it should be
                    }
                    return null;
                });
            }
        }
        var left = end - System.nanoTime();
        TimeUnit.NANOSECONDS.sleep(left);
    }

    private static void pour(OutputStream to, String beginning, long end) throws IOException {
        to.write(beginning.getBytes(StandardCharsets.ISO_8859_1));
        var part = new byte[64 * 1024];
        for (int i = 0; i < 1600 && System.nanoTime() < end; i++) {
            to.write(part);
        }
    }
}
