package dev.byline.internal.feed;

import dev.byline.internal.feed.FetchResult.Validators;
import dev.byline.model.ImportFailure;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.Proxy;
import java.net.Socket;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.StandardConstants;
import org.apache.hc.client5.http.DnsResolver;
import org.apache.hc.client5.http.classic.methods.HttpGet;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClientBuilder;
import org.apache.hc.client5.http.impl.io.BasicHttpClientConnectionManager;
import org.apache.hc.client5.http.impl.io.DefaultHttpClientConnectionOperator;
import org.apache.hc.client5.http.impl.io.ManagedHttpClientConnectionFactory;
import org.apache.hc.client5.http.impl.routing.DefaultRoutePlanner;
import org.apache.hc.client5.http.io.DetachedSocketFactory;
import org.apache.hc.client5.http.protocol.HttpClientContext;
import org.apache.hc.client5.http.ssl.DefaultClientTlsStrategy;
import org.apache.hc.client5.http.ssl.HostnameVerificationPolicy;
import org.apache.hc.client5.http.ssl.HttpsSupport;
import org.apache.hc.client5.http.ssl.TlsSocketStrategy;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.http.config.Http1Config;
import org.apache.hc.core5.io.CloseMode;
import org.apache.hc.core5.ssl.SSLContexts;
import org.apache.hc.core5.util.Timeout;
import org.jspecify.annotations.Nullable;

/**
 * Asks a server that somebody named for a document, trusting neither of them.
 *
 * <p>Each request has a client and a connection of its own: the name was looked up once, all its addresses were found public,
 * and the connection knows no others; TLS and the header Host still go by the name. Redirects are followed by hand, as new
 * addresses. There is no proxy (not even the system's), no cookie, no credential, no second try, and a hard end, however
 * slowly things go on.
 */
final class FeedFetcher implements AutoCloseable {
    private static final int MAX_REDIRECTS = 3;
    private static final Duration CONNECT = Duration.ofSeconds(2);

    private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);

    /** Headers without bounds would fill the memory. */
    private static final Http1Config HTTP = Http1Config.custom()
            .setMaxLineLength(16 * 1024)
            .setMaxHeaderCount(100)
            .build();

    /** Past the system's proxies for sockets. */
    private static final DetachedSocketFactory DIRECT = proxy -> new Socket(Proxy.NO_PROXY);

    private final PublicDnsResolver names;
    private final boolean allowPrivate;
    private final Duration limit;
    private final DetachedSocketFactory sockets;
    private final SSLContext trust = SSLContexts.createDefault();
    private final TlsSocketStrategy tls = new DefaultClientTlsStrategy(trust);
    private final ScheduledThreadPoolExecutor timer;

    /**
     * Fetches as the system resolves names.
     *
     * @param allowPrivate whether addresses and ports of private networks are fine
     * @param limit for all of a fetch
     */
    FeedFetcher(boolean allowPrivate, Duration limit) {
        this(InetAddress::getAllByName, DIRECT, allowPrivate, limit);
    }

    FeedFetcher(
            PublicDnsResolver.Resolver resolver, DetachedSocketFactory sockets, boolean allowPrivate, Duration limit) {
        this.names = new PublicDnsResolver(resolver, allowPrivate);
        this.sockets = sockets;
        this.allowPrivate = allowPrivate;
        this.limit = limit;
        this.timer = new ScheduledThreadPoolExecutor(
                1, Thread.ofPlatform().daemon().name("byline-fetch-timer").factory());
        timer.setRemoveOnCancelPolicy(true);
    }

    /** A redirect is no answer yet. */
    private record Hop(
            @Nullable FetchResult fetched, @Nullable String location) {}

    /**
     * Fetches a document. Blocks, at most for the limit or until the deadline.
     *
     * @param url where it is
     * @param known what it was known by the last time
     * @param deadline of who asks
     * @throws FeedException when it can't be had
     */
    FetchResult fetch(FeedUrl url, Validators known, Deadline deadline) throws FeedException, InterruptedException {
        var end = deadline.atMost(limit);
        var at = url;
        for (int redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
            var hop = get(at, known, end);
            if (hop.fetched != null) {
                return hop.fetched;
            }
            at = at.resolve(String.valueOf(hop.location), allowPrivate);
        }
        throw new FeedException(ImportFailure.TOO_MANY_REDIRECTS, "leads on after " + MAX_REDIRECTS + " redirects");
    }

    private Hop get(FeedUrl url, Validators known, Deadline end) throws FeedException, InterruptedException {
        var addresses = names.find(url.host(), end);
        var request = request(url, known);
        var client = client(url.host(), addresses);
        var cut = timer.schedule(request::cancel, end.left(), TimeUnit.NANOSECONDS);
        try {
            // Never closed: closing would read what is left, which may be endless. The connection is cut instead.
            var response = client.executeOpen(
                    new HttpHost(url.scheme(), url.host(), url.port()), request, HttpClientContext.create());
            return hop(response, url);
        } catch (IOException e) {
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            throw failure(e, end);
        } catch (IllegalStateException e) {
            if (request.isCancelled()) { // the client noticed in the middle of connecting
                throw new FeedException(ImportFailure.TIMEOUT, "the server took too long", e);
            }
            throw e;
        } finally {
            cut.cancel(false);
            request.cancel();
            client.close(CloseMode.IMMEDIATE);
        }
    }

    private static HttpGet request(FeedUrl url, Validators known) {
        var request = new HttpGet(url.toString());
        request.setHeader("Accept", FeedType.ACCEPT);
        request.setHeader("Accept-Encoding", "gzip");
        if (known.etag() != null) {
            request.setHeader("If-None-Match", known.etag());
        }
        if (known.lastModified() != null) {
            request.setHeader("If-Modified-Since", known.lastModified());
        }
        request.setConfig(RequestConfig.custom()
                .setRedirectsEnabled(false)
                .setAuthenticationEnabled(false)
                .setProtocolUpgradeEnabled(false)
                .build());
        return request;
    }

    /** A client that can reach one host, at the addresses that were checked. */
    private CloseableHttpClient client(String host, List<InetAddress> addresses) {
        var operator = new DefaultHttpClientConnectionOperator(
                sockets,
                null,
                new Checked(host, addresses),
                scheme -> scheme.equalsIgnoreCase("https") ? tls(host) : null);
        var connections = new BasicHttpClientConnectionManager(
                operator,
                ManagedHttpClientConnectionFactory.builder().http1Config(HTTP).build());
        connections.setConnectionConfig(ConnectionConfig.custom()
                .setConnectTimeout(Timeout.of(CONNECT))
                .setSocketTimeout(Timeout.of(limit))
                .build());
        return HttpClientBuilder.create()
                .setConnectionManager(connections)
                .setRoutePlanner(new DefaultRoutePlanner(null))
                .setUserAgent("Byline")
                .disableRedirectHandling()
                .disableAutomaticRetries()
                .disableContentCompression()
                .disableCookieManagement()
                .disableAuthCaching()
                .build();
    }

    private TlsSocketStrategy tls(String host) {
        return host.indexOf('_') < 0 ? tls : new UnderscoreTls(trust, host);
    }

    /**
     * For hosts with an underscore, which the JDK takes for no DNS name: it neither names them to the server nor finds them in a
     * certificate. The certificate's issuer is checked by the JDK all the same, its names by the client.
     */
    private static final class UnderscoreTls extends DefaultClientTlsStrategy {
        private final SNIServerName name;

        UnderscoreTls(SSLContext trust, String host) {
            super(trust, HostnameVerificationPolicy.CLIENT, HttpsSupport.getDefaultHostnameVerifier());
            this.name = new HostName(host);
        }

        /** {@link javax.net.ssl.SNIHostName} refuses it. */
        private static final class HostName extends SNIServerName {
            HostName(String host) {
                super(StandardConstants.SNI_HOST_NAME, host.getBytes(StandardCharsets.US_ASCII));
            }
        }

        @Override
        protected void initializeSocket(SSLSocket socket) {
            var parameters = socket.getSSLParameters();
            parameters.setServerNames(List.of(name));
            socket.setSSLParameters(parameters);
        }
    }

    /** Knows the addresses that were checked, and nothing else. */
    private record Checked(String host, List<InetAddress> addresses) implements DnsResolver {
        @Override
        public InetAddress[] resolve(String name) throws UnknownHostException {
            if (!name.equals(host)) {
                throw new UnknownHostException(name);
            }
            return addresses.toArray(InetAddress[]::new);
        }

        @Override
        public String resolveCanonicalHostname(String name) {
            return name;
        }
    }

    private static Hop hop(ClassicHttpResponse response, FeedUrl url) throws IOException, FeedException {
        var status = response.getCode();
        if (REDIRECTS.contains(status)) {
            var location = response.getFirstHeader("Location");
            if (location == null) {
                throw new FeedException(ImportFailure.BAD_STATUS, "redirects to nowhere");
            }
            return new Hop(null, location.getValue());
        }
        return switch (status) {
            case 200 -> new Hop(FeedBody.read(response, url), null);
            case 304 -> new Hop(new FetchResult.NotModified(), null);
            default -> throw new FeedException(ImportFailure.BAD_STATUS, "the server answered " + status);
        };
    }

    private static FeedException failure(IOException e, Deadline end) {
        if (end.isOver() || e instanceof InterruptedIOException) {
            return new FeedException(ImportFailure.TIMEOUT, "the server took too long", e);
        }
        if (e instanceof SSLException) {
            return new FeedException(ImportFailure.UNTRUSTED, "no trustworthy connection could be made", e);
        }
        return new FeedException(ImportFailure.UNREACHABLE, "no connection, or it broke", e);
    }

    @Override
    public void close() {
        timer.shutdownNow();
        names.close();
    }
}
