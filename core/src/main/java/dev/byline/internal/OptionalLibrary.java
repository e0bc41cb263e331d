package dev.byline.internal;

/**
 * A library that only some features need, so that programs without these features can leave it out.
 *
 * <p>The check runs before the first class that refers to the library is loaded.
 */
public enum OptionalLibrary {
    /** Byline's own connection pool. */
    HIKARICP("com.zaxxer.hikari.HikariDataSource", "com.zaxxer:HikariCP", "com.zaxxer.hikari"),
    /** The cache in the process, which the cache in Redis needs, too. */
    CAFFEINE(
            "com.github.benmanes.caffeine.cache.Caffeine",
            "com.github.ben-manes.caffeine:caffeine",
            "com.github.benmanes.caffeine"),
    /** Redis. */
    JEDIS("redis.clients.jedis.RedisClient", "redis.clients:jedis", "redis.clients.jedis"),
    /** The hash argon2id. */
    BOUNCY_CASTLE(
            "org.bouncycastle.crypto.generators.Argon2BytesGenerator",
            "org.bouncycastle:bcprov-jdk18on",
            "org.bouncycastle.provider"),
    /** Connections to the addresses of feeds. */
    HTTPCLIENT(
            "org.apache.hc.client5.http.classic.HttpClient",
            "org.apache.httpcomponents.client5:httpclient5",
            "org.apache.httpcomponents.client5.httpclient5"),
    /** Text from the HTML of feeds. */
    JSOUP("org.jsoup.Jsoup", "org.jsoup:jsoup", "org.jsoup");

    private final String className;
    private final String artifact;
    private final String module;

    OptionalLibrary(String className, String artifact, String module) {
        this.className = className;
        this.artifact = artifact;
        this.module = module;
    }

    /**
     * Checks that the library is there.
     *
     * @param feature what needs it, as the subject of a sentence in the plural
     * @throws IllegalStateException when it isn't on the class path, or not among the modules that the program requires
     */
    public void require(String feature) {
        try {
            var unused = Class.forName(className, false, OptionalLibrary.class.getClassLoader());
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(
                    feature + " need the library " + artifact + " on the class path (on the module path: requires "
                            + module + ")",
                    e);
        }
    }
}
