package dev.byline.internal.feed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.byline.internal.feed.FetchResult.Validators;
import dev.byline.model.ImportFailure;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.GZIPOutputStream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Fetches from well-behaved and hostile servers. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FeedFetcherTest {
    private static final Duration LIMIT = Duration.ofSeconds(10);

    /** The limit of fetches that the timer must end. */
    private static final Duration SHORT = Duration.ofMillis(700);

    private final FeedServer server = new FeedServer();
    private final FeedFetcher fetcher = new FeedFetcher(true, LIMIT);
    private final FeedFetcher shortLimit = new FeedFetcher(true, SHORT);

    @AfterAll
    void close() {
        fetcher.close();
        shortLimit.close();
        server.close();
    }

    private FetchResult fetch(String url) throws FeedException, InterruptedException {
        return fetch(fetcher, url);
    }

    private static FetchResult fetch(FeedFetcher fetcher, String url) throws FeedException, InterruptedException {
        return fetcher.fetch(FeedUrl.parse(url, true), Validators.NONE, Deadline.in(Duration.ofMinutes(1)));
    }

    private void assertFails(String url, ImportFailure reason) {
        assertFails(fetcher, url, reason);
    }

    private static void assertFails(FeedFetcher fetcher, String url, ImportFailure reason) {
        assertThatThrownBy(() -> fetch(fetcher, url))
                .isInstanceOfSatisfying(
                        FeedException.class,
                        e -> assertThat(e.reason()).as(url + " " + e).isEqualTo(reason));
    }

    @Test
    void requestsSendOnlyTheNecessaryHeaders() throws Exception {
        var headers = new ArrayList<String>();
        server.on("/whole", exchange -> {
            headers.addAll(exchange.getRequestHeaders().keySet());
            exchange.getResponseHeaders().set("ETag", "\"1\"");
            exchange.getResponseHeaders().set("Set-Cookie", "spy=1");
            FeedServer.send(exchange, 200, "application/json; charset=utf-8", "{}".getBytes(StandardCharsets.UTF_8));
        });

        var document = (FetchResult.Document) fetch(server.url("/whole"));

        assertThat(document.body()).asString().isEqualTo("{}");
        assertThat(document.validators()).isEqualTo(new Validators("\"1\"", null));
        fetch(server.url("/whole"));
        assertThat(headers).containsOnly("Accept", "Accept-encoding", "Host", "Connection", "User-agent");
    }

    @Test
    void threeRedirectsAreFollowed() throws Exception {
        server.on("/r0", "application/json", "{}");
        for (int i = 1; i < 5; i++) {
            var to = "/r" + (i - 1);
            server.on("/r" + i, exchange -> {
                exchange.getResponseHeaders().set("Location", to);
                exchange.sendResponseHeaders(302, 0); // with an endless body
                endless(exchange.getResponseBody());
            });
        }

        assertThat(fetch(server.url("/r3"))).isInstanceOf(FetchResult.Document.class);
        assertFails(server.url("/r4"), ImportFailure.TOO_MANY_REDIRECTS);
    }

    private static void endless(OutputStream out) throws IOException {
        var block = new byte[8192];
        while (true) {
            out.write(block);
        }
    }

    @Test
    void redirectsToOtherUrlsAreRejected() {
        var location = new String[1];
        server.on("/to", exchange -> {
            exchange.getResponseHeaders().set("Location", location[0]);
            exchange.sendResponseHeaders(301, -1);
        });
        for (var to :
                new String[] {"file:///etc/passwd", "gopher://127.0.0.1/", "http://u@127.0.0.1/", "http://a b/", "//"
                }) {
            location[0] = to;
            assertFails(server.url("/to"), ImportFailure.BAD_URL);
        }
    }

    @Test
    void redirectsWithoutALocationAreRejected() {
        server.on("/nowhere", exchange -> exchange.sendResponseHeaders(302, -1));
        assertFails(server.url("/nowhere"), ImportFailure.BAD_STATUS);
    }

    @Test
    void aDocumentWithALargeContentLengthIsNotRead() {
        server.on("/huge", exchange -> {
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, 5 * 1024 * 1024 + 1);
            endless(exchange.getResponseBody());
        });
        assertFails(server.url("/huge"), ImportFailure.TOO_LARGE);
    }

    @Test
    void anEndlessDocumentIsTooLarge() {
        server.on("/endless", exchange -> {
            exchange.getResponseHeaders().set("Content-Type", "text/xml");
            exchange.sendResponseHeaders(200, 0);
            endless(exchange.getResponseBody());
        });
        assertFails(server.url("/endless"), ImportFailure.TOO_LARGE);
    }

    @Test
    void theSizeCountsUncompressed() throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var gzip = new GZIPOutputStream(bytes)) {
            for (int i = 0; i < 100; i++) {
                gzip.write(new byte[1024 * 1024]);
            }
        }
        server.on("/bomb", exchange -> {
            exchange.getResponseHeaders().set("Content-Encoding", "gzip");
            FeedServer.send(exchange, 200, "application/json", bytes.toByteArray());
        });
        assertFails(server.url("/bomb"), ImportFailure.TOO_LARGE);
    }

    @Test
    void gzipIsUncompressed() throws Exception {
        gzipped("/gzip", "gzip", compressed("{}"));

        assertThat(((FetchResult.Document) fetch(server.url("/gzip"))).body())
                .asString()
                .isEqualTo("{}");
    }

    @Test
    void otherCodingsAreRejected() throws Exception {
        gzipped("/brotli", "br", compressed("{}"));
        gzipped("/twice", "gzip, gzip", compressed("{}"));

        assertFails(server.url("/brotli"), ImportFailure.WRONG_TYPE);
        assertFails(server.url("/twice"), ImportFailure.WRONG_TYPE);
    }

    @Test
    void invalidGzipIsMalformed() throws Exception {
        gzipped("/not", "gzip", "{}".getBytes(StandardCharsets.UTF_8));
        gzipped("/cut", "gzip", Arrays.copyOf(compressed("{}"), 12));

        assertFails(server.url("/not"), ImportFailure.MALFORMED);
        assertFails(server.url("/cut"), ImportFailure.MALFORMED);
    }

    @Test
    void manyEmptyGzipMembersFail() throws Exception {
        var parts = new ByteArrayOutputStream();
        var empty = compressed("");
        for (int i = 0; i < 100_000; i++) {
            parts.writeBytes(empty);
        }
        gzipped("/parts", "gzip", parts.toByteArray());

        assertThatThrownBy(() -> {
                    var document = (FetchResult.Document) fetch(server.url("/parts"));
                    // a JDK that doesn't recurse returns an empty document
                    FeedParser.parse(document, Deadline.in(Duration.ofMinutes(1)));
                })
                .isInstanceOf(FeedException.class);
    }

    private void gzipped(String path, String coding, byte[] body) {
        server.on(path, exchange -> {
            exchange.getResponseHeaders().set("Content-Encoding", coding);
            FeedServer.send(exchange, 200, "application/json", body);
        });
    }

    private static byte[] compressed(String text) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var gzip = new GZIPOutputStream(bytes)) {
            gzip.write(text.getBytes(StandardCharsets.UTF_8));
        }
        return bytes.toByteArray();
    }

    @Test
    void otherContentTypesAreRejected() {
        server.on("/html", "text/html", "<p>");
        server.on("/untyped", exchange -> exchange.sendResponseHeaders(200, -1));

        assertFails(server.url("/html"), ImportFailure.WRONG_TYPE);
        assertFails(server.url("/untyped"), ImportFailure.WRONG_TYPE);
    }

    @Test
    void otherStatusesAreRejected() {
        server.on("/gone", exchange -> exchange.sendResponseHeaders(410, -1));

        assertFails(server.url("/gone"), ImportFailure.BAD_STATUS);
    }

    @Test
    void aClosedPortIsUnreachable() {
        assertFails("http://127.0.0.1:1/", ImportFailure.UNREACHABLE);
    }

    /** Serves a start, then a repeated part slowly, until the client disconnects. */
    private static void dripping(ServerSocket server, String start, String again) {
        var unused = Thread.ofVirtual().start(() -> {
            while (!server.isClosed()) {
                try (var socket = server.accept()) {
                    socket.getOutputStream().write(start.getBytes(StandardCharsets.US_ASCII));
                    while (true) {
                        socket.getOutputStream().write(again.getBytes(StandardCharsets.US_ASCII));
                        Thread.sleep(20);
                    }
                } catch (IOException | InterruptedException e) {
                    // next connection
                }
            }
        });
    }

    @Test
    void slowResponsesTimeOut() throws Exception {
        for (var drip : new String[][] {
            {"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n", " "},
            {"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n"},
            {"HTTP/1.1 200 OK\r\n", "X-Drip: 1\r\n"},
            {"", "HTTP/1.1 103 Early Hints\r\n\r\n"},
            {"", ""},
        }) {
            try (var server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
                dripping(server, drip[0], drip[1]);
                assertFails(shortLimit, "http://127.0.0.1:" + server.getLocalPort() + "/", ImportFailure.TIMEOUT);
            }
        }
    }

    @Test
    void headersAreLimited() throws Exception {
        for (var again : new String[] {"X-More: 1\r\n".repeat(1000), "X".repeat(100_000)}) {
            try (var server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
                dripping(server, "HTTP/1.1 200 OK\r\n", again);
                assertFails("http://127.0.0.1:" + server.getLocalPort() + "/", ImportFailure.UNREACHABLE);
            }
        }
    }

    @Test
    void aNameIsResolvedOncePerRequest() throws Exception {
        server.on("/rebound", "application/json", "{}");
        var lookups = new AtomicInteger();
        var loopback = InetAddress.getLoopbackAddress();
        var elsewhere = InetAddress.getByName("127.0.0.2");
        var port = server.url("").replaceAll(".*:", "");
        try (var changing = new FeedFetcher(
                name -> new InetAddress[] {lookups.getAndIncrement() == 0 ? loopback : elsewhere},
                proxy -> new Socket(),
                true,
                LIMIT)) {
            assertThat(fetch(changing, "http://changing.example:" + port + "/rebound"))
                    .isInstanceOf(FetchResult.Document.class);
        }
        assertThat(lookups).hasValue(1);
    }

    @Test
    void oneForbiddenAddressOfANamePreventsTheConnection() throws Exception {
        var sockets = new AtomicInteger();
        var found = new CopyOnWriteArrayList<InetAddress>();
        try (var strict = new FeedFetcher(
                name -> found.toArray(InetAddress[]::new),
                proxy -> {
                    sockets.incrementAndGet();
                    throw new IOException("would connect");
                },
                false,
                LIMIT)) {
            for (var inside : new String[] {"127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "64:ff9b::7f00:1"}) {
                found.clear();
                found.add(InetAddress.getByName("93.184.216.34"));
                found.add(InetAddress.getByName(inside));
                assertFails(strict, "http://name.example/", ImportFailure.FORBIDDEN_ADDRESS);
            }
            assertThat(sockets).hasValue(0);
            found.clear();
            found.add(InetAddress.getByName("93.184.216.34"));
            assertFails(strict, "http://name.example/", ImportFailure.UNREACHABLE);
            assertThat(sockets).hasValue(1); // the count works
        }
    }

    @Test
    void aNameServerThatDoesNotRespondIsATimeout() {
        try (var waiting = new FeedFetcher(
                name -> {
                    try {
                        Thread.sleep(Duration.ofMinutes(5));
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                    return new InetAddress[0];
                },
                proxy -> new Socket(),
                true,
                SHORT)) {
            assertFails(waiting, "http://slow.example/", ImportFailure.TIMEOUT);
        }
    }

    @Test
    void aNameWithoutAddressesIsUnknown() {
        try (var empty = new FeedFetcher(name -> new InetAddress[0], proxy -> new Socket(), true, LIMIT)) {
            assertFails(empty, "http://empty.example/", ImportFailure.UNKNOWN_HOST);
        }
    }

    /** Creates a key with a self-signed certificate for names. */
    private static KeyStore keys(Path folder, String names) throws Exception {
        var store = folder.resolve("keys").toString();
        var keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        "a",
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=x",
                        "-ext",
                        "san=" + names,
                        "-keystore",
                        store,
                        "-storepass",
                        "changeit")
                .redirectErrorStream(true)
                .start();
        keytool.getInputStream().readAllBytes();
        assertThat(keytool.waitFor()).isZero();
        return KeyStore.getInstance(Path.of(store).toFile(), "changeit".toCharArray());
    }

    private static SSLContext context(KeyStore keys) throws Exception {
        var managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(keys, "changeit".toCharArray());
        var context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);
        return context;
    }

    /** Performs the TLS handshake with each connection. */
    private static void handshake(SSLServerSocket server) {
        var unused = Thread.ofVirtual().start(() -> {
            while (!server.isClosed()) {
                try (var socket = (SSLSocket) server.accept()) {
                    socket.startHandshake();
                } catch (IOException e) {
                    // rejected, as expected
                }
            }
        });
    }

    @Test
    void aSelfSignedCertificateIsNotTrusted(@TempDir Path folder) throws Exception {
        var context = context(keys(folder, "ip:127.0.0.1,dns:*.blogs.example"));
        var loopback = InetAddress.getLoopbackAddress();
        try (var server = (SSLServerSocket) context.getServerSocketFactory().createServerSocket(0, 50, loopback);
                var strict = new FeedFetcher(
                        name -> new InetAddress[] {loopback}, proxy -> new Socket(), true, Duration.ofSeconds(10))) {
            handshake(server);
            assertFails(strict, "https://127.0.0.1:" + server.getLocalPort() + "/", ImportFailure.UNTRUSTED);
            assertFails(
                    strict, "https://my_blog.blogs.example:" + server.getLocalPort() + "/", ImportFailure.UNTRUSTED);
        }
    }

    @Test
    void hostNamesMayHaveUnderscores() throws Exception {
        server.on("/underscore", "application/json", "{}");
        var port = server.url("").replaceAll(".*:", "");
        try (var fetcher = new FeedFetcher(
                name -> new InetAddress[] {InetAddress.getLoopbackAddress()}, proxy -> new Socket(), true, LIMIT)) {
            assertThat(fetch(fetcher, "http://my_blog.example:" + port + "/underscore"))
                    .isInstanceOf(FetchResult.Document.class);
        }
    }

    /** Reads the bytes of the handshake: the JDK's TLS server rejects such names. */
    @Test
    void tlsSendsHostNamesWithUnderscores() throws Exception {
        var loopback = InetAddress.getLoopbackAddress();
        var hello = new CompletableFuture<String>();
        try (var server = new ServerSocket(0, 50, loopback);
                var fetcher = new FeedFetcher(
                        name -> new InetAddress[] {loopback}, proxy -> new Socket(), true, Duration.ofSeconds(10))) {
            var unused = Thread.ofVirtual().start(() -> {
                try (var socket = server.accept()) {
                    var bytes = new byte[4096];
                    var length = socket.getInputStream().read(bytes);
                    hello.complete(new String(bytes, 0, length, StandardCharsets.ISO_8859_1));
                } catch (IOException e) {
                    hello.completeExceptionally(e);
                }
            });
            assertThatThrownBy(() -> fetch(fetcher, "https://my_blog.example:" + server.getLocalPort() + "/"))
                    .isInstanceOf(FeedException.class);
            assertThat(hello.join()).contains("my_blog.example");
        }
    }

    @Test
    void theCharsetOfTheContentTypeIsKept() throws Exception {
        server.on("/charset", "application/xml; charset=\"x-mac-roman\"", "<rss/>");

        assertThat(((FetchResult.Document) fetch(server.url("/charset"))).charset())
                .isEqualTo("x-mac-roman");
    }

    /** The deadline may pass before, during and after connecting; the client then fails in different ways. */
    @Test
    void aDeadlineAtAnyMomentIsATimeout() throws Exception {
        server.on("/at-once", "application/json", "{}");
        var url = FeedUrl.parse(server.url("/at-once"), true);
        var late = 0;
        for (int i = 0; i < 1_000; i++) {
            try {
                fetcher.fetch(url, Validators.NONE, Deadline.in(Duration.ofNanos(i * 3_000L)));
            } catch (FeedException e) {
                assertThat(e.reason()).isEqualTo(ImportFailure.TIMEOUT);
                late++;
            }
        }
        assertThat(late).isPositive();
    }
}
