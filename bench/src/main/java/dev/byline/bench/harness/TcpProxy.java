package dev.byline.bench.harness;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A TCP proxy that delays bytes, like a longer network, can drop them, and can change to another service. */
public final class TcpProxy implements AutoCloseable {
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Packet(long due, byte[] bytes) {}

    private final ServerSocket server;
    private final String url;
    private final Duration delay;
    private final Set<Socket> clients = ConcurrentHashMap.newKeySet();
    private volatile int port;
    private volatile boolean dropping;

    /**
     * Starts a proxy.
     *
     * @param url of the service behind it, with a port of this machine
     * @param delay in each direction
     */
    public TcpProxy(String url, Duration delay) {
        this.url = url;
        this.delay = delay;
        this.port = URI.create(url).getPort();
        try {
            this.server = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Thread.ofVirtual().start(this::accept);
    }

    /** The URL through this proxy. */
    public String url() {
        return withPort(url, server.getLocalPort());
    }

    /** A URL with another port. */
    public static String withPort(String url, int port) {
        return url.replace(":" + URI.create(url).getPort() + "/", ":" + port + "/");
    }

    /** Drops all bytes from now on, and closes no connection; or forwards them again. */
    public void drop(boolean value) {
        dropping = value;
    }

    /** Leads new connections to another port of this machine. */
    public void retarget(int newPort) {
        port = newPort;
    }

    /** Ends all connections. */
    public void disconnect() throws IOException {
        for (var client : clients) {
            client.close();
        }
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                var client = server.accept();
                var target = new Socket(InetAddress.getLoopbackAddress(), port);
                client.setTcpNoDelay(true);
                target.setTcpNoDelay(true);
                clients.add(client);
                forward(client, target);
                forward(target, client);
            } catch (IOException e) {
                LockSupport.parkNanos(1_000_000); // the target is down, or the proxy is closed
            }
        }
    }

    private void forward(Socket from, Socket to) {
        var packets = new LinkedBlockingQueue<Packet>();
        Thread.ofVirtual().start(() -> receive(from, packets));
        Thread.ofVirtual().start(() -> send(packets, to));
    }

    private void receive(Socket from, LinkedBlockingQueue<Packet> packets) {
        var buffer = new byte[64 * 1024];
        try (from) {
            var in = from.getInputStream();
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                if (!dropping) {
                    packets.add(new Packet(System.nanoTime() + delay.toNanos(), Arrays.copyOf(buffer, n)));
                }
            }
        } catch (IOException e) {
            // the connection has ended
        }
        clients.remove(from);
        packets.add(new Packet(System.nanoTime(), new byte[0]));
    }

    private static void send(LinkedBlockingQueue<Packet> packets, Socket to) {
        try (to) {
            for (var packet = packets.take(); packet.bytes.length > 0; packet = packets.take()) {
                TimeUnit.NANOSECONDS.sleep(packet.due - System.nanoTime());
                to.getOutputStream().write(packet.bytes);
            }
        } catch (IOException e) {
            // the connection has ended
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
