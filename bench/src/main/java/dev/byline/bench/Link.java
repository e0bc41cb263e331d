package dev.byline.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A cable to a port of this machine: as long as one wants, and it can be pulled. */
final class Link implements AutoCloseable {
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Packet(long due, byte[] bytes) {}

    private final ServerSocket server;
    private final int target;
    private final Duration delay;
    private volatile boolean pulled;

    /**
     * Lays one.
     *
     * @param target the port at its other end
     * @param delay how long bytes take, each way
     */
    Link(int target, Duration delay) {
        this.target = target;
        this.delay = delay;
        try {
            this.server = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Thread.ofVirtual().start(this::accept);
    }

    int port() {
        return server.getLocalPort();
    }

    /** From now on bytes are lost, and nobody is told; or no longer. */
    void pull(boolean value) {
        pulled = value;
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                var near = server.accept();
                var far = new Socket(InetAddress.getLoopbackAddress(), target);
                near.setTcpNoDelay(true);
                far.setTcpNoDelay(true);
                carry(near, far);
                carry(far, near);
            } catch (IOException e) {
                LockSupport.parkNanos(1_000_000); // the other end is away, or this one is closed
            }
        }
    }

    private void carry(Socket from, Socket to) {
        var packets = new LinkedBlockingQueue<Packet>();
        Thread.ofVirtual().start(() -> {
            var buffer = new byte[64 * 1024];
            try (from) {
                for (int n = from.getInputStream().read(buffer);
                        n >= 0;
                        n = from.getInputStream().read(buffer)) {
                    if (!pulled) {
                        packets.add(new Packet(System.nanoTime() + delay.toNanos(), Arrays.copyOf(buffer, n)));
                    }
                }
            } catch (IOException e) {
                // ended
            }
            packets.add(new Packet(System.nanoTime(), new byte[0]));
        });
        Thread.ofVirtual().start(() -> {
            try (to) {
                while (true) {
                    var packet = packets.take();
                    if (packet.bytes().length == 0) {
                        return;
                    }
                    TimeUnit.NANOSECONDS.sleep(packet.due() - System.nanoTime());
                    to.getOutputStream().write(packet.bytes());
                }
            } catch (IOException e) {
                // ended
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
