package dev.byline.internal.feed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.byline.internal.feed.FetchResult.Validators;
import dev.byline.model.ImportFailure;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Fetches hundreds of URLs of internal addresses. Listeners on this machine show that no connection arrives. */
class HostileUrlTest {
    private static List<String> urls() throws IOException {
        try (var in = HostileUrlTest.class.getResourceAsStream("hostile-urls.txt")) {
            return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .toList();
        }
    }

    /** Resolves literals and localhost by the system, all other names to an internal address. */
    private static InetAddress[] resolve(String name) throws IOException {
        return name.matches("[0-9.:a-fx]+") || name.contains("localhost")
                ? InetAddress.getAllByName(name)
                : new InetAddress[] {InetAddress.getLoopbackAddress()};
    }

    /** Listens on the default ports where permitted; otherwise only the number of sockets is checked. */
    private static void listen(Selector selector) throws IOException {
        for (var address : List.of("127.0.0.1", "::1")) {
            for (var port : List.of(80, 443)) {
                var channel = ServerSocketChannel.open();
                try {
                    channel.bind(new InetSocketAddress(address, port));
                    channel.configureBlocking(false);
                    var unused = channel.register(selector, SelectionKey.OP_ACCEPT);
                } catch (IOException e) {
                    channel.close(); // in use, or not permitted
                }
            }
        }
    }

    @Test
    void internalAddressesAreNeverConnectedTo() throws Exception {
        var opened = new AtomicInteger();
        try (var selector = Selector.open();
                var fetcher = new FeedFetcher(
                        name -> resolveUnchecked(name),
                        proxy -> {
                            opened.incrementAndGet();
                            return new Socket();
                        },
                        false,
                        Duration.ofSeconds(2))) {
            listen(selector);
            var urls = urls();
            assertThat(urls).hasSizeGreaterThan(200).doesNotHaveDuplicates();
            for (var url : urls) {
                assertThatThrownBy(() -> fetcher.fetch(
                                FeedUrl.parse(url, false), Validators.NONE, Deadline.in(Duration.ofSeconds(2))))
                        .as(url)
                        .isInstanceOfSatisfying(
                                FeedException.class,
                                e -> assertThat(e.reason())
                                        .as(url)
                                        .isIn(ImportFailure.BAD_URL, ImportFailure.FORBIDDEN_ADDRESS));
            }
            assertThat(selector.selectNow()).as("accepted connections").isZero();
            assertThat(opened).as("created sockets").hasValue(0);
            selector.keys().forEach(key -> closeQuietly(key));
        }
    }

    private static InetAddress[] resolveUnchecked(String name) throws java.net.UnknownHostException {
        try {
            return resolve(name);
        } catch (java.net.UnknownHostException e) {
            throw e;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static void closeQuietly(SelectionKey key) {
        try {
            key.channel().close();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void redirectsToInternalAddressesAreNotFollowed() throws Exception {
        try (var internal = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                var external = new FeedServer()) {
            internal.setSoTimeout(1);
            var port = external.url("").replaceAll(".*:", "");
            var hosts = new ArrayList<String>();
            for (var to :
                    List.of("http://10.0.0.1/", "http://127.0.0.1:" + internal.getLocalPort() + "/", "//[::1]/")) {
                external.on("/" + hosts.size(), exchange -> {
                    exchange.getResponseHeaders().set("Location", to);
                    exchange.sendResponseHeaders(302, -1);
                });
                hosts.add(to);
            }
            // The fetcher sees a public address, but its sockets connect to the test server.
            try (var fetcher = new FeedFetcher(
                    name -> name.equals("external.example")
                            ? new InetAddress[] {InetAddress.getByName("93.184.216.34")}
                            : InetAddress.getAllByName(name),
                    proxy -> new Socket() {
                        @Override
                        public void connect(java.net.SocketAddress to, int timeout) throws IOException {
                            assertThat(((InetSocketAddress) to).getAddress().getHostAddress())
                                    .isEqualTo("93.184.216.34");
                            super.connect(
                                    new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(port)),
                                    timeout);
                        }
                    },
                    false,
                    Duration.ofSeconds(2))) {
                for (int i = 0; i < hosts.size(); i++) {
                    var url = FeedUrl.parse("http://external.example/" + i, false);
                    assertThatThrownBy(() -> fetcher.fetch(url, Validators.NONE, Deadline.in(Duration.ofSeconds(2))))
                            .isInstanceOfSatisfying(
                                    FeedException.class,
                                    e -> assertThat(e.reason()).isEqualTo(ImportFailure.FORBIDDEN_ADDRESS));
                }
            }
            assertThat(external.requests).hasSize(3); // the redirects were received
            assertThatThrownBy(internal::accept).isInstanceOf(java.net.SocketTimeoutException.class);
        }
    }

    @Test
    void publicUrlsAreAccepted() throws Exception {
        for (var url : List.of(
                "https://example.com",
                "http://xn--bcher-kva.example/a?b=c#d",
                "https://8.8.8.8:443/x",
                "http://[2606:4700::1]:80/",
                "http://9.example/")) {
            assertThat(FeedUrl.parse(url, false).toString()).startsWith("http");
        }
    }

    @Test
    void publicAddressesAreAccepted() throws Exception {
        for (var address : List.of("8.8.8.8", "2606:4700::1", "64:ff9b::8.8.8.8", "100.128.0.1", "172.32.0.1")) {
            assertThat(PublicAddresses.isPublic(InetAddress.getByName(address)))
                    .as(address)
                    .isTrue();
        }
    }

    @Test
    void urlsAreWrittenInCanonicalForm() {
        assertThat(Stream.of("HTTPS://Example.COM:443", "https://example.com/#x")
                        .map(HostileUrlTest::canonical))
                .containsOnly("https://example.com/");
    }

    private static String canonical(String url) {
        try {
            return FeedUrl.parse(url, false).toString();
        } catch (FeedException e) {
            throw new AssertionError(url, e);
        }
    }
}
