package dev.byline.db;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import javax.net.SocketFactory;

/**
 * Sockets that are closed when a read takes longer than {@link #LIMIT}, as the driver does it by {@code socketTimeout}; but {@link
 * Watch} keeps the time. Made by the driver, by name.
 */
public final class WatchedSockets extends SocketFactory {
    /** The longest that a read may take; up to a tenth of a second more, in fact. */
    static final Duration LIMIT = Duration.ofSeconds(2);

    /** For the driver. */
    public WatchedSockets() {}

    @Override
    public Socket createSocket() {
        return new Watched();
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

    /** The driver connects by itself, as it has time limits for that. */
    private static IOException notConnected() {
        return new SocketException("only sockets that are connected later");
    }

    private static final class Watched extends Socket {
        /** As {@link System#nanoTime}; 0 while nobody reads. */
        private volatile long readingSince;

        private volatile boolean overdue;
        private final Runnable look = this::closeIfOverdue;

        @Override
        public InputStream getInputStream() throws IOException {
            var in = super.getInputStream();
            Watch.add(look);
            if (isClosed()) {
                Watch.remove(look);
            }
            return new FilterInputStream(in) {
                @Override
                public int read() throws IOException {
                    begin();
                    try {
                        return in.read();
                    } catch (SocketException e) {
                        throw explained(e);
                    } finally {
                        readingSince = 0;
                    }
                }

                @Override
                public int read(byte[] bytes, int offset, int length) throws IOException {
                    begin();
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

        private void begin() {
            readingSince = System.nanoTime() | 1;
        }

        private IOException explained(SocketException e) {
            if (!overdue) {
                return e;
            }
            var timeout = new SocketTimeoutException("no answer within " + LIMIT.toMillis() + " ms");
            timeout.initCause(e);
            return timeout;
        }

        private void closeIfOverdue() {
            var since = readingSince;
            if (since != 0 && System.nanoTime() - since > LIMIT.toNanos()) {
                overdue = true;
                try {
                    close();
                } catch (IOException e) {
                    // closed all the same
                }
            }
        }

        @Override
        public void close() throws IOException {
            Watch.remove(look);
            super.close();
        }
    }
}
