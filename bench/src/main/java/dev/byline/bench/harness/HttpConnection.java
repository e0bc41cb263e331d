package dev.byline.bench.harness;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A keep-alive HTTP/1.1 connection to a port of this machine. Sends bytes unchanged and costs little CPU, because the
 * load generator shares the cores with the server. Connects with the first request, and again after a close.
 */
public final class HttpConnection implements AutoCloseable {
    private static final int READ_TIMEOUT_MS = 30_000;

    /** After a longer pause the server may be about to close the connection, and a request on it would be lost. */
    private static final long MAX_IDLE_NANOS = 5_000_000_000L;

    private final int port;
    private volatile @Nullable Socket socket; // closed by another thread at a timeout
    private InputStream in = InputStream.nullInputStream();
    private long usedAt;
    private Response last = new Response(0, List.of(), "", 0);

    public HttpConnection(int port) {
        this.port = port;
    }

    /**
     * A response.
     *
     * @param headers whole lines
     * @param body each character is a byte (ISO 8859-1)
     * @param nanos since the request was sent
     */
    public record Response(int status, List<String> headers, String body, long nanos) {
        /** The value of the last header of this name, empty if there is none. */
        public String header(String name) {
            var value = "";
            for (var line : headers) {
                if (line.length() > name.length()
                        && line.charAt(name.length()) == ':'
                        && line.regionMatches(true, 0, name, 0, name.length())) {
                    value = line.substring(name.length() + 1).strip();
                }
            }
            return value;
        }

        public double seconds() {
            return nanos / 1e9;
        }

        /** The body, decoded as UTF-8. */
        public String text() {
            return new String(body.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
        }
    }

    /** Sends a GET and returns the status. */
    public int get(String path, String... headers) throws IOException {
        return send("GET", path, "", headers);
    }

    /** Sends a request and returns the status; the JSON may be empty, the headers are whole lines. */
    public int send(String method, String path, String json, String... headers) throws IOException {
        return exchange(request(method, path, json, headers), false, false).status();
    }

    /** The last response. */
    public Response last() {
        return last;
    }

    /** The bytes of a request; the JSON may be empty, the headers are whole lines. */
    public static byte[] request(String method, String path, String json, String... headers) {
        var head = new StringBuilder(method + " " + path + " HTTP/1.1\r\nHost: x\r\n");
        for (var header : headers) {
            head.append(header).append("\r\n");
        }
        var content = json.getBytes(StandardCharsets.UTF_8);
        if (content.length > 0) {
            head.append("Content-Type: application/json\r\nContent-Length: " + content.length + "\r\n");
        }
        var start = head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
        var request = Arrays.copyOf(start, start.length + content.length);
        System.arraycopy(content, 0, request, start.length, content.length);
        return request;
    }

    /**
     * Sends bytes and reads one response.
     *
     * @param head whether the response has no body
     * @param end whether to close our side of the connection after the request
     */
    public Response exchange(byte[] request, boolean head, boolean end) throws IOException {
        if (System.nanoTime() - usedAt > MAX_IDLE_NANOS) {
            close();
        }
        var start = System.nanoTime();
        try {
            write(connected(), request, end);
            var response = read(head, start);
            usedAt = System.nanoTime();
            if (end || response.header("Connection").equalsIgnoreCase("close")) {
                close();
            }
            last = response;
            return response;
        } catch (NumberFormatException e) {
            close();
            throw new IOException("not HTTP", e);
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    private Socket connected() throws IOException {
        var open = socket;
        if (open == null) {
            open = new Socket(InetAddress.getLoopbackAddress(), port);
            open.setTcpNoDelay(true);
            open.setSoTimeout(READ_TIMEOUT_MS);
            in = new BufferedInputStream(open.getInputStream());
            socket = open;
        }
        return open;
    }

    private static void write(Socket to, byte[] request, boolean end) throws IOException {
        try {
            to.getOutputStream().write(request);
            if (end) {
                to.shutdownOutput();
            }
        } catch (SocketException e) {
            // the server may have responded before it had read everything
        }
    }

    private Response read(boolean head, long start) throws IOException {
        while (true) {
            var status = status(line());
            var headers = new ArrayList<String>();
            for (var header = line(); !header.isEmpty(); header = line()) {
                headers.add(header);
            }
            if (status >= 200) { // not an interim response
                var response = new Response(status, headers, "", 0);
                var body = head || status == 204 || status == 304 ? new byte[0] : body(response);
                var text = new String(body, StandardCharsets.ISO_8859_1);
                return new Response(status, headers, text, System.nanoTime() - start);
            }
        }
    }

    private static int status(String line) throws IOException {
        if (!line.startsWith("HTTP/1.1 ") || line.length() < 12 || (line.length() > 12 && line.charAt(12) != ' ')) {
            throw new IOException("no status line");
        }
        return Integer.parseInt(line, 9, 12, 10);
    }

    private byte[] body(Response response) throws IOException {
        var length = response.header("Content-Length");
        if (!length.isEmpty()) {
            return exactly(Integer.parseInt(length));
        }
        if (!response.header("Transfer-Encoding").equalsIgnoreCase("chunked")) {
            response.headers().add("Connection: close");
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

    /** Whether the next request uses a connection that had one before. */
    public boolean isOpen() {
        return socket != null;
    }

    @Override
    public void close() {
        var open = socket;
        socket = null;
        if (open != null) {
            try {
                open.close();
            } catch (IOException e) {
                // not used any more either way
            }
        }
    }
}
