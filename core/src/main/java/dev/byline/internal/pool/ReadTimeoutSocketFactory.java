package dev.byline.internal.pool;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.SocketFactory;

/**
 * Creates sockets that are closed when a read takes longer than {@link #LIMIT}. Does the same as the driver's
 * {@code socketTimeout}, but with {@link Watchdog} instead of a timer for each read. The driver instantiates it by its
 * class name.
 */
public final class ReadTimeoutSocketFactory extends SocketFactory {
    /** The longest time of a read; the watchdog adds up to 100 ms, together 2 seconds. */
    static final Duration LIMIT = Duration.ofMillis(1900);

    private static final Map<String, Watchdog> WATCHDOGS = new ConcurrentHashMap<>();

    private final Watchdog watchdog;

    /**
     * Called by the driver, which knows the factory by its class name and one string argument.
     *
     * @param key from {@link #key}
     * @throws IllegalArgumentException when the key was removed
     */
    public ReadTimeoutSocketFactory(String key) {
        var known = WATCHDOGS.get(key);
        if (known == null) {
            throw new IllegalArgumentException("closed");
        }
        this.watchdog = known;
    }

    /** Registers a watchdog; returns the factory's argument for the driver, valid until {@link #forget}. */
    static String key(Watchdog watchdog) {
        var key = UUID.randomUUID().toString();
        WATCHDOGS.put(key, watchdog);
        return key;
    }

    static void forget(String key) {
        WATCHDOGS.remove(key);
    }

    @Override
    public Socket createSocket() {
        return new Watched(watchdog);
    }

    @Override
    public Socket createSocket(String host, int port) throws IOException {
        throw notConnected();
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress localHost, int localPort) throws IOException {
        throw notConnected();
    }

    @Override
    public Socket createSocket(InetAddress host, int port) throws IOException {
        throw notConnected();
    }

    @Override
    public Socket createSocket(InetAddress address, int port, InetAddress localAddress, int localPort)
            throws IOException {
        throw notConnected();
    }

    /** Rejects host and port: the driver connects the socket itself, with its own timeouts. */
    private static IOException notConnected() {
        return new SocketException("only sockets that are connected later");
    }

    private static final class Watched extends Socket {
        /** A value of {@link System#nanoTime}; 0 while no read is in progress. */
        private volatile long readingSince;

        private volatile boolean overdue;
        private final Runnable check = this::closeIfOverdue;
        private final Watchdog watchdog;

        Watched(Watchdog watchdog) {
            this.watchdog = watchdog;
        }

        @Override
        public InputStream getInputStream() throws IOException {
            var in = super.getInputStream();
            watchdog.add(check);
            if (isClosed()) {
                watchdog.remove(check);
            }
            return new FilterInputStream(in) {
                @Override
                public int read() throws IOException {
                    var one = new byte[1];
                    return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
                }

                @Override
                public int read(byte[] bytes, int offset, int length) throws IOException {
                    readingSince = System.nanoTime() | 1;
                    try {
                        return in.read(bytes, offset, length);
                    } catch (SocketException e) {
                        throw explained(e);
                    } finally {
                        readingSince = 0;
                    }
                }
            };
        }

        private IOException explained(SocketException e) {
            if (!overdue) {
                return e;
            }
            return new NoResponseException("no response within " + LIMIT.toMillis() + " ms", e);
        }

        private void closeIfOverdue() {
            var since = readingSince;
            if (since != 0 && System.nanoTime() - since > LIMIT.toNanos()) {
                overdue = true;
                try {
                    close();
                } catch (IOException e) {
                    // closed anyway
                }
            }
        }

        @Override
        public void close() throws IOException {
            watchdog.remove(check);
            super.close();
        }
    }
}
