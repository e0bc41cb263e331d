package dev.byline.bench;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** One connection that is kept alive, with as little between program and wire as can be; opens another when it was closed. */
final class Wire implements AutoCloseable {
    private static final int TIMEOUT_MS = 30_000;

    /** As careful clients do: who uses a connection that the other end is about to close loses a request. */
    private static final long MAX_IDLE_NANOS = 5_000_000_000L;

    private final int port;
    private @Nullable Socket socket;
    private @Nullable InputStream in;
    private long usedAt;
    private byte[] body = new byte[0];

    Wire(int port) {
        this.port = port;
    }

    /** Returns the status. */
    int get(String path, String... headers) throws IOException {
        return send("GET", path, "", headers);
    }

    /** Returns the status; headers are whole lines. */
    int send(String method, String path, String content, String... headers) throws IOException {
        var request = new StringBuilder(method + " " + path + " HTTP/1.1\r\nHost: x\r\n");
        for (var header : headers) {
            request.append(header).append("\r\n");
        }
        if (!content.isEmpty()) {
            request.append("Content-Type: application/json\r\nContent-Length: " + content.length() + "\r\n");
        }
        request.append("\r\n").append(content);
        try {
            return exchange(request.toString().getBytes(StandardCharsets.ISO_8859_1));
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    private int exchange(byte[] request) throws IOException {
        if (System.nanoTime() - usedAt > MAX_IDLE_NANOS) {
            close();
        }
        var to = socket;
        var from = in;
        if (to == null || from == null) {
            to = new Socket(InetAddress.getLoopbackAddress(), port);
            to.setTcpNoDelay(true);
            to.setSoTimeout(TIMEOUT_MS);
            from = new BufferedInputStream(to.getInputStream());
            socket = to;
            in = from;
        }
        to.getOutputStream().write(request);
        var status = line(from);
        var length = 0;
        var last = false;
        for (var header = line(from); !header.isEmpty(); header = line(from)) {
            if (header.regionMatches(true, 0, "Content-Length:", 0, 15)) {
                length = Integer.parseInt(header.substring(15).strip());
            }
            last |= header.equalsIgnoreCase("Connection: close");
        }
        body = from.readNBytes(length);
        usedAt = System.nanoTime();
        if (last) {
            close();
        }
        return Integer.parseInt(status.substring(9, 12));
    }

    /** What the last answer held. */
    String body() {
        return new String(body, StandardCharsets.UTF_8);
    }

    private static String line(InputStream in) throws IOException {
        var line = new StringBuilder();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0) {
                throw new IOException("closed");
            }
            if (c != '\r') {
                line.append((char) c);
            }
        }
        return line.toString();
    }

    @Override
    public void close() throws IOException {
        if (socket != null) {
            socket.close();
            socket = null;
            in = null;
        }
    }
}
