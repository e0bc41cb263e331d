package dev.byline.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.byline.http.admission.Bodies;
import dev.byline.http.exchange.Exchange;
import dev.byline.http.exchange.RequestMetrics;
import dev.byline.http.metrics.PrometheusMetrics;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The buffer for all bodies holds 1.5 MB. */
class BodiesTest {
    private final PrometheusMetrics metrics = new PrometheusMetrics("test");
    private final Bodies bodies = new Bodies(3 * 512 * 1024);
    private final Server server = new Server(0);

    /** Responds with the size of the body, or with the status of its problem. */
    private static final class Size extends Handler.Abstract {
        @Override
        public boolean handle(Request request, Response response, Callback callback) {
            var exchange = Objects.requireNonNull(Exchange.of(request));
            var problem = exchange.bodyProblem();
            if (problem != null) {
                response.setStatus(problem.problem.status);
            }
            var size = exchange.body() == null ? 0 : exchange.body().length;
            response.write(true, ByteBuffer.wrap(Integer.toString(size).getBytes(StandardCharsets.US_ASCII)), callback);
            return true;
        }
    }

    @BeforeEach
    void start() throws Exception {
        server.setHandler(new Size());
        server.insertHandler(bodies);
        server.insertHandler(new RequestMetrics(metrics, 0));
        server.start();
    }

    @AfterEach
    void stop() throws Exception {
        server.stop();
    }

    private Socket send(int announced, int sent) throws IOException {
        var port = ((ServerConnector) server.getConnectors()[0]).getLocalPort();
        var socket = new Socket(InetAddress.getLoopbackAddress(), port);
        var head = "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: " + announced + "\r\n\r\n";
        socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
        socket.getOutputStream().write(new byte[sent]);
        return socket;
    }

    private static String status(Socket socket) throws IOException {
        var in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
        return in.readLine();
    }

    private void awaitMemory(long least, long most) throws InterruptedException {
        var end = System.nanoTime() + 10_000_000_000L;
        while (bodies.memory() < least || bodies.memory() > most) {
            assertThat(System.nanoTime()).isLessThan(end);
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    @Test
    void aBodyThatDoesNotFitIntoTheBufferIs503() throws Exception {
        try (var first = send(1_000_000, 900_000)) {
            awaitMemory(900_000, Bodies.MAX_BODY);
            try (var second = send(1_000_000, 900_000)) {
                assertThat(status(second)).contains(" 503 ");
            }
            try (var small = send(1000, 1000)) {
                assertThat(status(small)).contains(" 200 ");
            }
            first.getOutputStream().write(new byte[100_000]);
            assertThat(status(first)).contains(" 200 ");
        }
        awaitMemory(0, 0);
        try (var again = send(1_000_000, 1_000_000)) {
            assertThat(status(again)).contains(" 200 ");
        }
        assertThat(metrics.text()).contains("""
                http_requests_rejected_total{reason="bodies",} 1.0""");
    }

    @Test
    void aClosedConnectionReleasesTheMemoryOfItsBody() throws Exception {
        var gone = send(1_000_000, 900_000);
        awaitMemory(900_000, Bodies.MAX_BODY);
        gone.close();
        awaitMemory(0, 0);
        assertThat(server.isRunning()).isTrue();
    }
}
