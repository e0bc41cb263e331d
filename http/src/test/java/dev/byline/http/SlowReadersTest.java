package dev.byline.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.byline.http.exchange.ResponseWrite;
import dev.byline.model.Metadata;
import dev.byline.model.NewPost;
import dev.byline.model.NewUser;
import dev.byline.model.PostStatus;
import dev.byline.model.Principal;
import dev.byline.model.Role;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Clients that don't read their large responses do not block others. */
class SlowReadersTest extends ServerTest {
    private long author;
    private final List<Long> ids = new ArrayList<>();

    /** Two permits: one that is held too long is noticed. */
    @Override
    protected HttpConfig config() {
        return super.config().withMaxRequests(2);
    }

    @BeforeAll
    void fill() {
        author = byline.users()
                .create(new Principal.Anonymous(), new NewUser("large@example.com", "L", Metadata.EMPTY))
                .id();
        for (int i = 0; i < 5; i++) {
            var post = new NewPost("Large", "😀".repeat(150_000), Metadata.EMPTY, PostStatus.PUBLISHED, null, null);
            ids.add(byline.posts()
                    .create(new Principal.Member(author, Role.USER), post)
                    .id());
        }
    }

    /**
     * Sends requests from 127.0.0.1 on a connection with a small receive buffer and reads no response. Sends many,
     * because the kernel buffers some megabytes.
     */
    private Socket sendWithoutReading(String path) throws IOException {
        var socket = new Socket();
        socket.setReceiveBufferSize(2048);
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
        var requests = ("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n").repeat(20);
        socket.getOutputStream().write(requests.getBytes(StandardCharsets.US_ASCII));
        return socket;
    }

    /** Sends a request from another address and reads the response. */
    private String getFromElsewhere(String path) throws IOException {
        try (var socket = new Socket()) {
            socket.bind(new InetSocketAddress(InetAddress.getByName("127.0.0.2"), 0));
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
            socket.setSoTimeout(20_000);
            socket.getOutputStream()
                    .write(("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** Until the buffers of the slow readers are full, their requests hold the permits, and others may get a 503. */
    private void awaitServed(String path) throws Exception {
        var end = System.nanoTime() + 8_000_000_000L; // before the first slow reader is disconnected
        while (!getFromElsewhere(path).startsWith("HTTP/1.1 200 ")) {
            assertThat(System.nanoTime()).isLessThan(end);
            Thread.sleep(20);
        }
    }

    @Test
    void otherClientsAreServed() throws Exception {
        var paths = List.of(
                "/posts?limit=100",
                "/posts?author=" + author,
                "/posts/" + ids.getFirst(),
                "/posts?ids=" + ids.get(0) + "," + ids.get(1),
                "/users/" + author + "/posts",
                "/users/" + author + "?include=posts",
                "/docs/swagger-ui-bundle.js",
                "/openapi.json");
        var slow = new ArrayList<Socket>();
        try {
            for (int i = 0; i < 40; i++) {
                slow.add(sendWithoutReading(paths.get(i % paths.size())));
            }
            for (var path :
                    List.of("/posts/" + ids.getFirst(), "/posts?limit=3", "/docs/swagger-ui-bundle.js", "/users")) {
                awaitServed(path);
            }
        } finally {
            for (var socket : slow) {
                socket.close();
            }
        }
    }

    /** Few enough to fit into the memory budget, so that none is disconnected. */
    @Test
    void slowReadersHoldNoPermit() throws Exception {
        var slow = new ArrayList<Socket>();
        try {
            for (int i = 0; i < 4; i++) {
                slow.add(sendWithoutReading("/posts/" + ids.get(i)));
            }
            awaitServed("/users");
        } finally {
            for (var socket : slow) {
                socket.close();
            }
        }
    }

    @Test
    void clientsMustReadAtAMinimumRateAfterAGracePeriod() {
        var write = new ResponseWrite(0);
        var second = 1_000_000_000L;

        assertThat(write.isSlow(10 * second, ResponseWrite.GRACE)).isFalse();
        assertThat(write.isSlow(11 * second, ResponseWrite.GRACE)).isTrue();
        assertThat(write.isSlow(2 * second, ResponseWrite.GRACE_WHEN_FULL)).isTrue();
    }

    @Test
    void memoryIsReleasedWhenResponsesAreSent() throws Exception {
        assertThat(get("/posts?limit=100").status()).isEqualTo(200);

        var end = System.nanoTime() + 5_000_000_000L;
        while (!metrics.text().contains("\nhttp_response_bytes 0.0")) {
            assertThat(System.nanoTime()).isLessThan(end);
            Thread.sleep(5);
        }
    }
}
