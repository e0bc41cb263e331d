package dev.byline.bench.fuzz;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Sends bytes as they are and reads HTTP/1.1 answers. The connection is used again where the answer and the request allow it.
 * A request, writing included, takes at most {@link #TIMEOUT}.
 */
public final class Connection implements AutoCloseable {
    /** What counts as a hang. */
    public static final Duration TIMEOUT = Duration.ofSeconds(10);

    private static final ScheduledThreadPoolExecutor TIMER = timer();

    private final int port;
    private @Nullable Socket socket;
    private InputStream in = InputStream.nullInputStream();
    private boolean reused;

    /** Connects with the first request. */
    public Connection(int port) {
        this.port = port;
    }

    private static ScheduledThreadPoolExecutor timer() {
        var timer = new ScheduledThreadPoolExecutor(1, work -> {
            var thread = new Thread(work, "timeouts");
            thread.setDaemon(true);
            return thread;
        });
        timer.setRemoveOnCancelPolicy(true);
        return timer;
    }

    /** Sends one request and reads the answer. */
    public Answer send(Request request) {
        if (request.loose()) {
            close(); // so that what a server makes of it is not mixed up with what was before
        }
        var answer = attempt(request);
        if (answer.status() == Answer.CLOSED && reused) { // it may have been idle for too long
            close();
            answer = attempt(request);
        }
        reused = true;
        if (request.loose()
                || answer.status() <= 0
                || answer.header("connection").equalsIgnoreCase("close")) {
            close();
        }
        return answer;
    }

    private Answer attempt(Request request) {
        var start = System.nanoTime();
        try {
            var to = connected();
            var alarm = TIMER.schedule(() -> cut(to), TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
            try {
                write(to, request);
                return read(request.isHead(), start);
            } finally {
                alarm.cancel(false);
            }
        } catch (IOException | NumberFormatException e) {
            var nanos = System.nanoTime() - start;
            return Answer.none(nanos >= TIMEOUT.toNanos() ? Answer.HUNG : Answer.CLOSED, nanos);
        }
    }

    private Socket connected() throws IOException {
        var open = socket;
        if (open == null) {
            open = new Socket(InetAddress.getLoopbackAddress(), port);
            open.setTcpNoDelay(true);
            in = new BufferedInputStream(open.getInputStream());
            socket = open;
            reused = false;
        }
        return open;
    }

    private static void cut(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // it is of no use any more either way
        }
    }

    private static void write(Socket to, Request request) throws IOException {
        try {
            to.getOutputStream().write(request.toBytes());
            if (request.loose()) {
                to.shutdownOutput(); // what is too short ends here
            }
        } catch (SocketException e) {
            if (to.isClosed()) {
                throw e;
            } // else the server may have answered before it had read all
        }
    }

    private Answer read(boolean head, long start) throws IOException {
        var status = 0;
        var headers = new HashMap<String, String>();
        do { // interim answers come first
            var line = line();
            if (!line.matches("HTTP/1\\.1 [1-9][0-9]{2}( .*)?")) {
                throw new IOException("no status line");
            }
            status = Integer.parseInt(line.substring(9, 12));
            headers.clear();
            for (var header = line(); !header.isEmpty(); header = line()) {
                var colon = header.indexOf(':');
                headers.put(
                        header.substring(0, Math.max(0, colon)).toLowerCase(Locale.ROOT),
                        header.substring(colon + 1).strip());
            }
        } while (status < 200);
        var body = head || status == 204 || status == 304 ? new byte[0] : body(headers);
        return new Answer(
                status, Map.copyOf(headers), new String(body, StandardCharsets.ISO_8859_1), System.nanoTime() - start);
    }

    private byte[] body(Map<String, String> headers) throws IOException {
        var length = headers.get("content-length");
        if (length != null) {
            return exactly(Integer.parseInt(length));
        }
        if (!headers.getOrDefault("transfer-encoding", "").equalsIgnoreCase("chunked")) {
            headers.put("connection", "close");
            return in.readAllBytes();
        }
        var body = new ByteArrayOutputStream();
        for (var size = chunkSize(); size > 0; size = chunkSize()) {
            body.write(exactly(size));
            var unused = line();
        }
        while (!line().isEmpty()) {
            // trailers
        }
        return body.toByteArray();
    }

    private int chunkSize() throws IOException {
        return Integer.parseInt(line().split(";", 2)[0].strip(), 16);
    }

    private byte[] exactly(int length) throws IOException {
        var bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException("the body ended early");
        }
        return bytes;
    }

    private String line() throws IOException {
        var line = new StringBuilder();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0) {
                throw new EOFException("closed");
            }
            if (c != '\r') {
                line.append((char) c);
            }
        }
        return line.toString();
    }

    @Override
    public void close() {
        var open = socket;
        if (open != null) {
            cut(open);
            socket = null;
        }
    }
}
