/**
 * Users and posts on PostgreSQL, as a library: {@link dev.byline.Byline} opens it. All other packages are internal and
 * change with any version.
 */
module dev.byline.core {
    requires com.fasterxml.jackson.core;
    requires transitive java.sql;
    requires java.xml;
    requires org.jooq;
    requires org.postgresql.jdbc;
    requires org.slf4j;
    requires static transitive org.jspecify;

    // For a pool of Byline's own.
    requires static com.zaxxer.hikari;

    // For passwords.
    requires static org.bouncycastle.provider;

    // For a cache, and one that processes share.
    requires static com.github.benmanes.caffeine;
    requires static org.apache.commons.pool2;
    requires static redis.clients.jedis;

    // For imports of feeds.
    requires static org.apache.httpcomponents.client5.httpclient5;
    requires static org.apache.httpcomponents.core5.httpcore5;
    requires static org.jsoup;

    exports dev.byline;
    exports dev.byline.model;

    // The driver creates the socket factory by its name.
    exports dev.byline.internal.pool to
            org.postgresql.jdbc;
}
