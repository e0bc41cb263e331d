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
 * Fetches documents from untrusted URLs and untrusted servers.
 *
 * <p>Each request has its own client and connection. The host name is resolved once, all its addresses are checked, and
 * the client connects only to these; TLS and the header Host use the name. Redirects are followed here, and each target
 * is checked like a new URL. There are no proxies (not even the system's), cookies, credentials or retries, and a timer
 * closes the connection at the deadline, however slowly data arrives.
 */
final class FeedFetcher implements AutoCloseable {
    private static final int MAX_REDIRECTS = 3;
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(2);

    private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);

    /** Limits the memory for headers. */
    private static final Http1Config HTTP = Http1Config.custom()
            .setMaxLineLength(16 * 1024)
            .setMaxHeaderCount(100)
            .build();

    /** Ignores the system's SOCKS proxy. */
    private static final DetachedSocketFactory DIRECT = proxy -> new Socket(Proxy.NO_PROXY);

    private final PublicDnsResolver resolver;
    private final boolean allowPrivate;
    private final Duration limit;
    private final DetachedSocketFactory sockets;
    private final SSLContext trust = SSLContexts.createDefault();
    private final TlsSocketStrategy tls = new DefaultClientTlsStrategy(trust);
    private final ScheduledThreadPoolExecutor timer;

    /**
     * Creates a fetcher with the system's name resolution.
     *
     * @param allowPrivate whether private addresses and other ports are allowed
     * @param limit the timeout of a fetch with all its redirects
     */
    FeedFetcher(boolean allowPrivate, Duration limit) {
        this(InetAddress::getAllByName, DIRECT, allowPrivate, limit);
    }

    FeedFetcher(PublicDnsResolver.Resolver dns, DetachedSocketFactory sockets, boolean allowPrivate, Duration limit) {
        this.resolver = new PublicDnsResolver(dns, allowPrivate);
        this.sockets = sockets;
        this.allowPrivate = allowPrivate;
        this.limit = limit;
        this.timer = new ScheduledThreadPoolExecutor(
                1, Thread.ofPlatform().daemon().name("byline-fetch-timer").factory());
        timer.setRemoveOnCancelPolicy(true);
    }

    /** A response: a result or the target of a redirect. */
    private record Hop(
            @Nullable FetchResult fetched, @Nullable String location) {}

    /**
     * Fetches a document. Blocks until the limit or the deadline, whichever is earlier.
     *
     * @param url the URL of the document
     * @param known the validators of the last fetch, for a conditional request
     * @param deadline the deadline of the import
     * @throws FeedException when the fetch fails
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
        throw new FeedException(ImportFailure.TOO_MANY_REDIRECTS, "more than " + MAX_REDIRECTS + " redirects");
    }

    private Hop get(FeedUrl url, Validators known, Deadline end) throws FeedException, InterruptedException {
        var addresses = resolver.find(url.host(), end);
        var request = request(url, known);
        var client = client(url.host(), addresses);
        var timeout = timer.schedule(request::cancel, end.left(), TimeUnit.NANOSECONDS);
        try {
            // The response is never closed: that would read the rest, which may be endless. The client is closed
            // instead.
            var response = client.executeOpen(
                    new HttpHost(url.scheme(), url.host(), url.port()), request, HttpClientContext.create());
            return hop(response, url);
        } catch (IOException e) {
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            throw failure(e, end);
        } catch (IllegalStateException e) {
            if (request.isCancelled()) { // while connecting
                throw new FeedException(ImportFailure.TIMEOUT, "the server did not respond in time", e);
            }
            throw e;
        } finally {
            timeout.cancel(false);
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

    /** Creates a client that connects only to the checked addresses of one host. */
    private CloseableHttpClient client(String host, List<InetAddress> addresses) {
        var operator = new DefaultHttpClientConnectionOperator(
                sockets,
                null,
                new FixedResolver(host, addresses),
                scheme -> scheme.equalsIgnoreCase("https") ? tls(host) : null);
        var connections = new BasicHttpClientConnectionManager(
                operator,
                ManagedHttpClientConnectionFactory.builder().http1Config(HTTP).build());
        connections.setConnectionConfig(ConnectionConfig.custom()
                .setConnectTimeout(Timeout.of(CONNECT_TIMEOUT))
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
     * Supports host names with an underscore, for which the JDK neither sends SNI nor verifies the name in a
     * certificate. The JDK verifies the issuer, the client verifies the name.
     */
    private static final class UnderscoreTls extends DefaultClientTlsStrategy {
        private final SNIServerName name;

        UnderscoreTls(SSLContext trust, String host) {
            super(trust, HostnameVerificationPolicy.CLIENT, HttpsSupport.getDefaultHostnameVerifier());
            this.name = new HostName(host);
        }

        /** A name that {@link javax.net.ssl.SNIHostName} rejects. */
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

    /** Resolves one name to the checked addresses. */
    private record FixedResolver(String host, List<InetAddress> addresses) implements DnsResolver {
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
                throw new FeedException(ImportFailure.BAD_STATUS, "a redirect without a Location");
            }
            return new Hop(null, location.getValue());
        }
        return switch (status) {
            case 200 -> new Hop(FeedBody.read(response, url), null);
            case 304 -> new Hop(new FetchResult.NotModified(), null);
            default -> throw new FeedException(ImportFailure.BAD_STATUS, "the server responded with status " + status);
        };
    }

    private static FeedException failure(IOException e, Deadline end) {
        if (end.hasPassed() || e instanceof InterruptedIOException) {
            return new FeedException(ImportFailure.TIMEOUT, "the server did not respond in time", e);
        }
        if (e instanceof SSLException) {
            return new FeedException(
                    ImportFailure.UNTRUSTED, "the TLS connection failed, or its certificate is not trusted", e);
        }
        return new FeedException(ImportFailure.UNREACHABLE, "connecting failed, or the connection broke", e);
    }

    @Override
    public void close() {
        timer.shutdownNow();
        resolver.close();
    }
}
