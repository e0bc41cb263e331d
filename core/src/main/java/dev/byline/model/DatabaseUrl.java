package dev.byline.model;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Objects;
import java.util.Properties;
import java.util.SequencedMap;
import java.util.StringJoiner;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;

/**
 * The URL of a PostgreSQL database: {@code postgres://user:password@host:port/database?name=value} (also
 * {@code postgresql://}) or {@code jdbc:postgresql:}. In the first form user, password and database are
 * percent-encoded; the port defaults to 5432, the database name to the user name. The query sets properties of the
 * PostgreSQL JDBC driver, such as {@code sslmode=require}; they override Byline's own.
 */
public final class DatabaseUrl {
    private static final Pattern URL = Pattern.compile("postgres(?:ql)?://([^/?#]*)(?:/([^?#]*))?(?:\\?([^#]*))?");

    private static final Pattern PASSWORD = Pattern.compile("([?&][^=&]*(?i:password)[^=&]*=)[^&]*");

    private static final Pattern HOSTS = Pattern.compile("(jdbc:postgresql://)([^/?]+)([/?].*)?");

    /** The most hosts of {@link #hosts}. */
    private static final int MAX_HOSTS = 16;

    private final String jdbcUrl;
    private final @Nullable String user;
    private final @Nullable String password;

    private DatabaseUrl(String jdbcUrl, @Nullable String user, @Nullable String password) {
        this.jdbcUrl = jdbcUrl;
        this.user = user;
        this.password = password;
    }

    /**
     * Parses a URL.
     *
     * @param url in one of the two forms
     * @throws IllegalArgumentException when it has neither form; the message contains nothing of the URL, which may be
     *     secret
     */
    public static DatabaseUrl parse(String url) {
        if (url.matches("jdbc:postgresql://[^/]*@.*")) { // the driver would log this part
            throw new IllegalArgumentException("must name user and password as ?user=...&password=... in a jdbc: URL");
        }
        var parsed = url.startsWith("jdbc:postgresql:") ? fromJdbc(url) : fromUri(url);
        var properties = Driver.parseURL(parsed.jdbcUrl, null);
        if (properties == null) {
            throw new IllegalArgumentException("is rejected by the PostgreSQL driver");
        }
        return parsed;
    }

    private static DatabaseUrl fromUri(String url) {
        var matcher = URL.matcher(url);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "must look like postgres://user:password@host:port/database or jdbc:postgresql://host:port/database;"
                            + " special characters in user and password are percent-encoded");
        }
        var authority = matcher.group(1);
        var at = authority.lastIndexOf('@');
        var userInfo = at < 0 ? "" : authority.substring(0, at);
        var colon = userInfo.indexOf(':');
        var user = decode(colon < 0 ? userInfo : userInfo.substring(0, colon));
        var password = colon < 0 ? null : decode(userInfo.substring(colon + 1));
        var host = authority.substring(at + 1);
        var database = matcher.group(2) == null || matcher.group(2).isEmpty() ? encode(user) : matcher.group(2);
        var query = matcher.group(3) == null ? "" : "?" + matcher.group(3);
        var jdbcUrl = "jdbc:postgresql://" + (host.isEmpty() ? "localhost" : host) + "/" + database;
        return withoutCredentials(jdbcUrl + query, user.isEmpty() ? null : user, password);
    }

    private static DatabaseUrl fromJdbc(String url) {
        return withoutCredentials(url, null, null);
    }

    /** Moves user and password out of the query, so that the URL can be logged. */
    private static DatabaseUrl withoutCredentials(String url, @Nullable String user, @Nullable String password) {
        var question = url.indexOf('?');
        if (question < 0) {
            return new DatabaseUrl(url, user, password);
        }
        var kept = new StringJoiner("&", "?", "").setEmptyValue("");
        for (var pair : url.substring(question + 1).split("&", -1)) {
            if (pair.startsWith("user=")) {
                user = decode(pair.substring("user=".length()));
            } else if (pair.startsWith("password=")) {
                password = decode(pair.substring("password=".length()));
            } else if (!pair.isEmpty()) {
                kept.add(pair);
            }
        }
        return new DatabaseUrl(url.substring(0, question) + kept, user, password);
    }

    private static String decode(String text) {
        // In user, password and database name a plus sign stands for itself, unlike in a form.
        try {
            return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            // The message of the original exception would quote what may be secret.
            throw new IllegalArgumentException("has an invalid percent-encoding");
        }
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /** Returns the URL for the driver, without user and password. */
    public String jdbcUrl() {
        return jdbcUrl;
    }

    /**
     * Returns a URL for each host: {@code db1:5432} to the URL that names only this one.
     *
     * @throws IllegalArgumentException when a host is empty or named twice, or there are more than {@value #MAX_HOSTS}
     */
    public SequencedMap<String, DatabaseUrl> hosts() {
        var matcher = HOSTS.matcher(jdbcUrl);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("must name its hosts");
        }
        var hosts = new LinkedHashMap<String, DatabaseUrl>();
        for (var host : matcher.group(2).split(",", -1)) {
            if (host.isEmpty()) {
                throw new IllegalArgumentException("must not name an empty host");
            }
            var named = host.matches(".*:[0-9]+") ? host : host + ":5432";
            var url = new DatabaseUrl(
                    matcher.group(1) + host + Objects.requireNonNullElse(matcher.group(3), ""), user, password);
            if (hosts.put(named, url) != null) {
                throw new IllegalArgumentException("must name each host once");
            }
        }
        if (hosts.size() > MAX_HOSTS) {
            throw new IllegalArgumentException("must name at most " + MAX_HOSTS + " hosts");
        }
        return hosts;
    }

    /** Returns new properties for the driver: user and password, if the URL has them. */
    public Properties credentials() {
        var properties = new Properties();
        if (user != null) {
            properties.setProperty("user", user);
        }
        if (password != null) {
            properties.setProperty("password", password);
        }
        return properties;
    }

    /** Masks the password. */
    @Override
    public String toString() {
        return PASSWORD.matcher(jdbcUrl).replaceAll("$1****")
                + (user == null ? "" : " as " + user)
                + (password == null ? "" : " (password ****)");
    }
}
