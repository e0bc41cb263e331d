package dev.byline.internal.cache;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import redis.clients.jedis.DefaultJedisSocketFactory;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.JedisClientConfig;

/**
 * Creates sockets that reject replies over fixed limits. Jedis allocates as many bytes and elements as a reply
 * announces, and recurses into nested arrays, so the limits must apply before Jedis reads a length. Byline's scripts
 * and subscription get lines, bulk strings and short arrays; the longest reply is that to HELLO, which lists the
 * server's modules.
 *
 * @see <a href="https://redis.io/docs/latest/develop/reference/protocol-spec/">RESP, version 2</a>
 */
final class BoundedReplies extends DefaultJedisSocketFactory {
    private static final int MAX_LINE = 16 * 1024;
    private static final int MAX_ELEMENTS = 1000;
    private static final int MAX_DEPTH = 8;

    /** The longest time from the first byte of a reply to its last: the socket timeout applies to each read. */
    private static final Duration MAX_TIME = Duration.ofMillis(300);

    /** A value, its type byte, and the names in a message. */
    private static final int MAX_BYTES = RemoteCache.MAX_BYTES + 1024;

    BoundedReplies(HostAndPort address, JedisClientConfig config) {
        super(address, config);
    }

    @Override
    public Socket createSocket() {
        return new BoundedSocket(super.createSocket());
    }

    /** Parses the structure of the replies that pass through, without storing them. */
    private static final class Replies extends FilterInputStream {
        private boolean inLine;

        /** Set after CR: LF must follow. */
        private boolean ended;

        private char type;
        private int lineLength;
        private int number;
        private boolean negative;

        /** The remaining bytes of a bulk string with its line end. */
        private int bytesLeft;

        /** The remaining elements of each open array. */
        private final int[] elementsLeft = new int[MAX_DEPTH];

        private int depth;

        /** The bytes of the whole reply; {@code elements} also counts for the whole reply. */
        private int textBytes;

        private int elements;
        private long began;

        Replies(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            var one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            var count = in.read(bytes, offset, length);
            for (int i = offset; i < offset + count; ) {
                if (bytesLeft > 0) {
                    var skipped = Math.min(bytesLeft, offset + count - i);
                    bytesLeft -= skipped;
                    i += skipped;
                } else {
                    follow((char) Byte.toUnsignedInt(bytes[i++]));
                }
            }
            if (isWithinReply() && System.nanoTime() - began > MAX_TIME.toNanos()) {
                throw new SocketTimeoutException("the reply takes more than " + MAX_TIME.toMillis() + " ms");
            }
            return count;
        }

        private boolean isWithinReply() {
            return inLine || bytesLeft > 0 || depth > 0;
        }

        /**
         * Parses one byte. Strict, because Jedis accepts malformed line ends and digits, and would then read another
         * length.
         */
        private void follow(char c) throws IOException {
            if (!inLine) {
                begin(c);
                return;
            }
            check((c == '\n') == ended, "has a line without its end");
            if (ended) {
                end();
            } else if (c == '\r') {
                ended = true;
            } else {
                check(++lineLength <= MAX_LINE, "has a line of more than " + MAX_LINE + " bytes");
                if (type == '$' || type == '*') {
                    count(c);
                }
            }
        }

        private void count(char c) throws IOException {
            if (c == '-' && lineLength == 1) {
                negative = true;
            } else {
                check(c >= '0' && c <= '9', "announces no number");
                number = 10 * number + c - '0';
                check(number <= MAX_BYTES, "announces too much");
            }
        }

        private void begin(char c) throws IOException {
            check("+-:$*".indexOf(c) >= 0, "is of an unknown kind");
            if (!isWithinReply()) {
                began = System.nanoTime();
                textBytes = 0;
                elements = 0;
            }
            inLine = true;
            ended = false;
            type = c;
            lineLength = 0;
            number = 0;
            negative = false;
        }

        private void end() throws IOException {
            inLine = false;
            if (type == '*' && !negative && number > 0) {
                check(depth < MAX_DEPTH, "nests arrays too deeply");
                elements += number;
                check(elements <= MAX_ELEMENTS, "has more than " + MAX_ELEMENTS + " elements");
                elementsLeft[depth++] = number;
                return;
            }
            if (type == '$' && !negative) {
                bytesLeft = number + 2;
                textBytes += number;
                check(textBytes <= MAX_BYTES, "has more than " + MAX_BYTES + " bytes");
            }
            while (depth > 0 && --elementsLeft[depth - 1] == 0) {
                depth--;
            }
        }

        private static void check(boolean holds, String fault) throws IOException {
            if (!holds) {
                throw new SocketException("the reply " + fault);
            }
        }
    }

    /** Delegates the methods that Jedis calls on a connected socket. */
    private static final class BoundedSocket extends Socket {
        private final Socket socket;

        BoundedSocket(Socket socket) {
            this.socket = socket;
        }

        @Override
        public InputStream getInputStream() throws IOException {
            return new Replies(socket.getInputStream());
        }

        @Override
        public OutputStream getOutputStream() throws IOException {
            return socket.getOutputStream();
        }

        @Override
        public void setSoTimeout(int millis) throws SocketException {
            socket.setSoTimeout(millis);
        }

        @Override
        public int getSoTimeout() throws SocketException {
            return socket.getSoTimeout();
        }

        @Override
        public void setSoLinger(boolean on, int linger) throws SocketException {
            socket.setSoLinger(on, linger);
        }

        @Override
        public SocketAddress getRemoteSocketAddress() {
            return socket.getRemoteSocketAddress();
        }

        @Override
        public SocketAddress getLocalSocketAddress() {
            return socket.getLocalSocketAddress();
        }

        @Override
        public boolean isBound() {
            return socket.isBound();
        }

        @Override
        public boolean isConnected() {
            return socket.isConnected();
        }

        @Override
        public boolean isClosed() {
            return socket.isClosed();
        }

        @Override
        public boolean isInputShutdown() {
            return socket.isInputShutdown();
        }

        @Override
        public boolean isOutputShutdown() {
            return socket.isOutputShutdown();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
