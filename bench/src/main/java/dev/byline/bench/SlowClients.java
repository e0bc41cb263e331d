package dev.byline.bench;

import dev.byline.bench.harness.BylineProcess;
import dev.byline.bench.harness.SampleData;
import dev.byline.migrations.TestDatabase;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * Holds thousands of connections with slow or endless headers and bodies: how much memory do they take, and are other
 * clients served? Needs about 12,000 open files, here and in the server ({@code ulimit -n}).
 */
final class SlowClients {
    private static final Duration TIME = Duration.ofSeconds(15);
    private static final String SLOW_HEADER = "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ";
    private static final String POST = "POST /users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    private static final String POST_900_KB = POST + "Content-Length: 900000\r\n\r\n";

    /** Uses connections until {@code end}. */
    private interface Behaviour {
        void run(List<Socket> sockets, long end) throws Exception;
    }

    private SlowClients() {}

    public static void main(String[] args) throws Exception {
        try (var database = TestDatabase.migrated()) {
            var unused = SampleData.userWithToken(database.serverUrl());
            var settings = Map.of("DATABASE_URL", database.serverUrl(), "BYLINE_LOG_REQUESTS", "off");
            try (var server = BylineProcess.start(Path.of(args[0]), settings, "-Xmx256m")) {
                run(server, "none", 0, (sockets, end) -> {});
                run(server, "10,000 idle connections", 10_000, (sockets, end) -> {});
                run(server, "2,000 slow headers", 2000, (sockets, end) -> trickle(sockets, SLOW_HEADER, end));
                run(server, "2,000 slow bodies", 2000, (sockets, end) -> trickle(sockets, POST_900_KB + "{", end));
                run(server, "200 bodies without their end", 200, (sockets, end) -> holdEnd(sockets));
                var large = POST + "Content-Length: 104857600\r\n\r\n";
                run(server, "50 bodies of 100 MB", 50, (sockets, end) -> flood(sockets, large, end));
                var endless = POST + "Transfer-Encoding: chunked\r\n\r\n7fffffff\r\n";
                run(server, "50 endless bodies", 50, (sockets, end) -> flood(sockets, endless, end));
            }
        }
    }

    private static void run(BylineProcess server, String name, int connections, Behaviour behaviour) throws Exception {
        var sockets = new ArrayList<Socket>();
        for (int i = 0; i < connections; i++) {
            sockets.add(new Socket(InetAddress.getLoopbackAddress(), server.port()));
        }
        var end = System.nanoTime() + TIME.toNanos();
        var others = server.load(16).startOpenLoop(100, TIME, (http, n) -> http.get("/users/1"));
        behaviour.run(sockets, end);
        TimeUnit.NANOSECONDS.sleep(end - System.nanoTime());
        System.out.printf(
                Locale.ROOT,
                "%-28s resident %.0f MiB, bodies %.1f MB; others: %s%n",
                name,
                server.residentMib(),
                server.metric("http_request_body_bytes") / 1e6,
                others.join());
        for (var socket : sockets) {
            socket.close();
        }
    }

    /** Sends one byte a second on each connection. */
    private static void trickle(List<Socket> sockets, String beginning, long end) throws Exception {
        for (var socket : sockets) {
            send(socket, beginning.getBytes(StandardCharsets.ISO_8859_1));
        }
        while (System.nanoTime() < end) {
            for (var socket : sockets) {
                send(socket, new byte[] {'a'});
            }
            TimeUnit.SECONDS.sleep(1);
        }
    }

    /** Sends all of a body but its last 10 kB. */
    private static void holdEnd(List<Socket> sockets) {
        for (var socket : sockets) {
            send(socket, POST_900_KB.getBytes(StandardCharsets.ISO_8859_1));
            send(socket, new byte[890_000]);
        }
    }

    /** Sends 100 MB on each connection, as fast as the server reads. */
    private static void flood(List<Socket> sockets, String beginning, long end) {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (var socket : sockets) {
                threads.execute(() -> {
                    var open = send(socket, beginning.getBytes(StandardCharsets.ISO_8859_1));
                    for (int i = 0; open && i < 1600 && System.nanoTime() < end; i++) {
                        open = send(socket, new byte[64 * 1024]);
                    }
                });
            }
        }
    }

    /** Returns whether the connection is still open; closing it is the server's right. */
    private static boolean send(Socket socket, byte[] bytes) {
        try {
            socket.getOutputStream().write(bytes);
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}
