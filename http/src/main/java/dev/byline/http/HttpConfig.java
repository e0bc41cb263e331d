package dev.byline.http;

import java.util.List;
import java.util.Set;

/**
 * How the HTTP server is set up. Start from {@link #local}.
 *
 * @param host the address to listen on
 * @param port the port, 0 for any free one
 * @param version of the program, for the index
 * @param signupOpen whether anyone may sign up; else only admins create users
 * @param limits requests a minute, bytes an hour
 * @param trustedProxies whose {@code X-Forwarded-For} is believed
 * @param corsOrigins web origins, such as {@code https://app.example.com}, whose pages may read answers
 * @param requireIfMatch whether PATCH and DELETE of users and posts must say which version they mean
 * @param docs whether there is a page to read about and try out the interface
 * @param imports whether users may import feeds
 * @param maxRequests worked on at a time; twice as many wait a moment, others are refused
 */
public record HttpConfig(
        String host,
        int port,
        String version,
        boolean signupOpen,
        RateLimits limits,
        List<Cidr> trustedProxies,
        Set<String> corsOrigins,
        boolean requireIfMatch,
        boolean docs,
        boolean imports,
        int maxRequests) {

    /**
     * How many requests may be worked on at a time when nobody says otherwise: enough to keep the processors busy, and not
     * so many more than connections that they couldn't all have one within the time that they wait for it.
     *
     * @param poolSize connections to the database
     */
    public static int maxRequests(int poolSize) {
        return Math.max(16, 8 * poolSize);
    }

    /**
     * Requests a minute, with a burst of one minute's worth, and bytes an hour; 0 for no limit.
     *
     * @param token for each token
     * @param anonymous for each address without a token
     * @param login attempts to log in for each account from each address, and ten times that for each account
     * @param signup for each address
     * @param bytes of request bodies that a user writes an hour: posts, and users with their metadata
     */
    public record RateLimits(int token, int anonymous, int login, int signup, long bytes) {
        /** What holds unless set otherwise. The bytes are a hundred bodies of the largest size. */
        public static final RateLimits DEFAULT = new RateLimits(600, 600, 10, 20, 100L * Bodies.MAX_BODY);

        /** No limits at all, for load tests. */
        public static final RateLimits NONE = new RateLimits(0, 0, 0, 0, 0);
    }

    /**
     * On the loopback interface, with the default limits.
     *
     * @param port as above
     * @param version as above
     */
    public static HttpConfig local(int port, String version) {
        return new HttpConfig(
                "127.0.0.1", port, version, true, RateLimits.DEFAULT, List.of(), Set.of(), false, true, true, 64);
    }

    /**
     * The same with other limits.
     *
     * @param other requests a minute, bytes an hour
     */
    public HttpConfig withLimits(RateLimits other) {
        return new HttpConfig(
                host,
                port,
                version,
                signupOpen,
                other,
                trustedProxies,
                corsOrigins,
                requireIfMatch,
                docs,
                imports,
                maxRequests);
    }

    /**
     * The same with another bound.
     *
     * @param other requests worked on at a time
     */
    public HttpConfig withMaxRequests(int other) {
        return new HttpConfig(
                host,
                port,
                version,
                signupOpen,
                limits,
                trustedProxies,
                corsOrigins,
                requireIfMatch,
                docs,
                imports,
                other);
    }

    /**
     * The same with or without imports.
     *
     * @param other as above
     */
    public HttpConfig withImports(boolean other) {
        return new HttpConfig(
                host,
                port,
                version,
                signupOpen,
                limits,
                trustedProxies,
                corsOrigins,
                requireIfMatch,
                docs,
                other,
                maxRequests);
    }
}
