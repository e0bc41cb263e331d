package dev.byline.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.byline.Byline;
import dev.byline.http.HttpConfig;
import dev.byline.http.HttpServer;
import dev.byline.http.metrics.PrometheusMetrics;
import dev.byline.model.BylineConfig;
import dev.byline.model.Principal;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The process exits when any thread runs out of memory, without a JVM option for it. */
class OutOfMemoryTest {
    @TempDir
    Path folder;

    /** The process that runs out of memory. */
    static final class Program {
        private static final List<byte[]> HEAP = new ArrayList<>();

        private Program() {}

        public static void main(String[] arguments) throws Exception {
            OutOfMemory.watchThreads();
            Logging.configure(ServerConfig.parse(Map.of()), new Console(System.out, System.err, true, false));
            switch (arguments[0]) {
                case "thread" -> new Thread(Program::fill).start();
                case "pool" -> {
                    var pool = new QueuedThreadPool();
                    pool.start();
                    pool.execute(Program::fill);
                }
                default -> serve(arguments[0]);
            }
            Thread.sleep(60_000);
        }

        private static Principal fill(String token) {
            fill();
            return new Principal.Anonymous();
        }

        private static void fill() {
            for (var mine = new Object[2]; true; ) {
                mine = new Object[] {mine, new byte[64 * 1024]};
            }
        }

        /** The server runs without a database, which this test does not need. */
        private static void serve(String place) throws Exception {
            var byline = Byline.open(BylineConfig.of("postgres://nobody@127.0.0.1:1/none"));
            var server = HttpServer.start(
                    HttpConfig.local(0, "test"), byline, Program::fill, Optional::empty, new PrometheusMetrics("test"));
            if (place.equals("request")) {
                ask(server.port(), "/posts");
                return;
            }
            ask(server.port(), "/livez");
            new Thread(() -> keepHeapFull()).start();
            while (true) { // any thread of the server can run out of memory
                ask(server.port(), "/livez");
            }
        }

        @SuppressWarnings("CatchAndPrintStackTrace")
        private static void keepHeapFull() {
            while (true) {
                try {
                    HEAP.add(new byte[512]);
                } catch (OutOfMemoryError e) {
                    Thread.onSpinWait(); // expected: the heap is full
                }
            }
        }

        private static void ask(int port, String path) {
            try {
                var connection = (HttpURLConnection)
                        URI.create("http://127.0.0.1:" + port + path).toURL().openConnection();
                connection.setConnectTimeout(1000);
                connection.setReadTimeout(1000);
                connection.setRequestProperty("Authorization", "Bearer anything");
                int ignored = connection.getResponseCode();
            } catch (IOException e) {
                // the server has exited, or is about to
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"thread", "pool", "request", "heap"})
    void theProcessExitsWithStatus3(String place) throws Exception {
        var log = folder.resolve("log");
        var process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx48m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Program.class.getName(),
                        place)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            assertThat(process.waitFor(50, TimeUnit.SECONDS))
                    .as(Files.readString(log))
                    .isTrue();
            assertThat(process.exitValue()).as(Files.readString(log)).isEqualTo(OutOfMemory.STATUS);
            assertThat(Files.readString(log)).containsOnlyOnce("byline: out of memory");
        } finally {
            process.destroyForcibly();
        }
    }
}
