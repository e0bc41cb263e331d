package dev.byline.http;

import dev.byline.http.admission.Bodies;
import dev.byline.model.Cidr;
import java.util.List;
import java.util.Set;

/**
 * The configuration of the HTTP server. Start from {@link #local}.
 *
 * @param host the address to listen on
 * @param port the port, 0 for any free one
 * @param basePath what precedes all paths, such as {@code /api}; empty for nothing
 * @param version the program's version, shown by the index and the API contract
 * @param signupOpen whether anyone may sign up; otherwise only admins create users
 * @param limits the rate limits
 * @param trustedProxies the proxies whose {@code X-Forwarded-For} is trusted
 * @param corsOrigins the web origins, such as {@code https://app.example.com}, whose pages may read responses
 * @param requireIfMatch whether PATCH and DELETE of users and posts require If-Match
 * @param docs whether {@code /docs} serves Swagger UI
 * @param imports whether users may import feeds
 * @param compression whether responses to GET are compressed with gzip for clients that accept it
 * @param maxRequests the number of requests processed at a time; twice as many wait up to 100 ms, others are rejected
 */
public record HttpConfig(
        String host,
        int port,
        String basePath,
        String version,
        boolean signupOpen,
        RateLimits limits,
        List<Cidr> trustedProxies,
        Set<String> corsOrigins,
        boolean requireIfMatch,
        boolean docs,
        boolean imports,
        boolean compression,
        int maxRequests) {

    /**
     * Returns the default of {@code maxRequests}: enough to keep the CPUs busy, and few enough that each request
     * acquires a database connection before its timeout.
     *
     * @param poolSize the number of database connections
     */
    public static int maxRequests(int poolSize) {
        return Math.max(16, 8 * poolSize);
    }

    /**
     * Rate limits: requests per minute, with bursts of up to one minute's quota, and bytes per hour; 0 for no limit.
     *
     * @param token requests per minute of each token
     * @param anonymous requests per minute without a token, of each client address
     * @param login logins per minute of each account from each client address; ten times that of each account
     * @param signup sign-ups per minute from each client address
     * @param bytes bytes per hour in the request bodies that a user writes: posts, and users with their metadata
     */
    public record RateLimits(int token, int anonymous, int login, int signup, long bytes) {
        /** The default limits. The bytes are a hundred bodies of the maximum size. */
        public static final RateLimits DEFAULT = new RateLimits(600, 600, 10, 20, 100L * Bodies.MAX_BODY);

        /** No limits, for load tests. */
        public static final RateLimits NONE = new RateLimits(0, 0, 0, 0, 0);
    }

    /**
     * Returns a configuration for the loopback interface, with the default limits.
     *
     * @param port the port, 0 for any free one
     * @param version the program's version
     */
    public static HttpConfig local(int port, String version) {
        return new HttpConfig(
                "127.0.0.1",
                port,
                "",
                version,
                true,
                RateLimits.DEFAULT,
                List.of(),
                Set.of(),
                false,
                true,
                true,
                true,
                64);
    }

    /**
     * Returns a copy with other rate limits.
     *
     * @param other the rate limits
     */
    public HttpConfig withLimits(RateLimits other) {
        return new HttpConfig(
                host,
                port,
                basePath,
                version,
                signupOpen,
                other,
                trustedProxies,
                corsOrigins,
                requireIfMatch,
                docs,
                imports,
                compression,
                maxRequests);
    }

    /**
     * Returns a copy with another {@code maxRequests}.
     *
     * @param other the number of requests processed at a time
     */
    public HttpConfig withMaxRequests(int other) {
        return new HttpConfig(
                host,
                port,
                basePath,
                version,
                signupOpen,
                limits,
                trustedProxies,
                corsOrigins,
                requireIfMatch,
                docs,
                imports,
                compression,
                other);
    }

    /**
     * Returns a copy with another base path.
     *
     * @param other such as {@code /api}; empty for none
     */
    public HttpConfig withBasePath(String other) {
        return new HttpConfig(
                host,
                port,
                other,
                version,
                signupOpen,
                limits,
                trustedProxies,
                corsOrigins,
                requireIfMatch,
                docs,
                imports,
                compression,
                maxRequests);
    }

    /**
     * Returns a copy with imports on or off.
     *
     * @param other whether users may import feeds
     */
    public HttpConfig withImports(boolean other) {
        return new HttpConfig(
                host,
                port,
                basePath,
                version,
                signupOpen,
                limits,
                trustedProxies,
                corsOrigins,
                requireIfMatch,
                docs,
                other,
                compression,
                maxRequests);
    }
}
