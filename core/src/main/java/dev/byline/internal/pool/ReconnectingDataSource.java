package dev.byline.internal.pool;

import dev.byline.model.BylineConfig;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;
import org.postgresql.PGProperty;
import org.postgresql.ds.PGSimpleDataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens connections for the pool. After a failure it retries four times a second until the database responds:
 * HikariCP's backoff grows to 5 seconds, so the pool would stay empty long after the database is back.
 */
final class ReconnectingDataSource extends PGSimpleDataSource {
    private static final long serialVersionUID = 1;
    private static final Logger LOG = LoggerFactory.getLogger(ReconnectingDataSource.class);

    /** The retry interval while the database is down, whether or not the previous attempt has ended. */
    static final Duration INTERVAL = Duration.ofMillis(250);

    /** An attempt that takes longer may hang: another one starts beside it. */
    private static final Duration USUAL = Duration.ofSeconds(1);

    /** The longest time until a failure is reported to the pool. */
    private static final Duration TIMEOUT = Duration.ofMinutes(5);

    /** For a server that doesn't even respond to the cancellation. */
    private static final int PROBE_MARGIN_SECONDS = 5;

    private final String name;
    private final Duration interval;
    private final transient ConnectionCheck check;
    private final Properties properties;
    private final String watchdogKey;
    private volatile boolean failing;
    private volatile boolean closed;
    private volatile @Nullable String logged;

    /**
     * Creates a data source; it doesn't connect.
     *
     * @param name of the server in the log
     * @param config its URL may override the defaults of this class
     * @param interval between two attempts to connect
     * @param watchdog closes connections that don't respond
     * @param check of each new connection
     */
    ReconnectingDataSource(
            String name, BylineConfig.Database config, Duration interval, Watchdog watchdog, ConnectionCheck check) {
        this.name = name;
        this.interval = interval;
        this.check = check;
        this.watchdogKey = ReadTimeoutSocketFactory.key(watchdog);
        var parsed = Driver.parseURL(config.url().jdbcUrl(), defaults(config));
        if (parsed == null) {
            throw new IllegalArgumentException("not a URL of the PostgreSQL driver");
        }
        this.properties = parsed;
        try {
            set(this, properties);
        } catch (SQLException e) {
            throw new IllegalArgumentException("the PostgreSQL driver rejects a parameter of the URL", e);
        }
        if (!config.url().jdbcUrl().contains("socketTimeout=")) { // otherwise the driver's own timeout applies
            setSocketFactory(ReadTimeoutSocketFactory.class.getName());
            setSocketFactoryArg(watchdogKey);
        }
    }

    private static void set(PGSimpleDataSource dataSource, Properties properties) throws SQLException {
        for (var name : properties.stringPropertyNames()) {
            if (PGProperty.forName(name) != null) {
                dataSource.setProperty(name, properties.getProperty(name));
            }
        }
    }

    /** Sets timeouts: the driver's defaults wait forever, and a frozen database would hang the whole pool. */
    private static Properties defaults(BylineConfig.Database config) {
        var properties = config.url().credentials();
        properties.setProperty("ApplicationName", "byline");
        properties.setProperty("tcpKeepAlive", "true");
        properties.setProperty("logServerErrorDetail", "false");
        properties.setProperty("connectTimeout", "2");
        properties.setProperty("loginTimeout", "2");
        properties.setProperty("cancelSignalTimeout", "1");
        if (config.pgBouncer()) {
            // the next transaction may run on another server connection
            properties.setProperty("prepareThreshold", "0");
        } else {
            properties.setProperty(
                    "options",
                    "-c statement_timeout=" + config.statementTimeout().toMillis()
                            + " -c idle_in_transaction_session_timeout=10000");
        }
        return properties;
    }

    @Override
    public Connection getConnection() throws SQLException {
        var first = new CompletableFuture<Connection>();
        var end = System.nanoTime() + TIMEOUT.toNanos();
        while (true) {
            Thread.ofPlatform().daemon().name("byline-connect").start(() -> connect(first));
            try {
                var connection = first.get((failing ? interval : USUAL).toNanos(), TimeUnit.NANOSECONDS);
                if (failing) {
                    LOG.info("{} responds again", name);
                }
                failing = false;
                logged = null;
                return connection;
            } catch (TimeoutException e) {
                if (closed || System.nanoTime() > end) {
                    first.completeExceptionally(new SQLException("no connection", "08001", e));
                }
            } catch (ExecutionException e) {
                failing = true;
                throw e.getCause() instanceof SQLException refused
                        ? refused
                        : new SQLException("no connection", "08001", e.getCause());
            } catch (InterruptedException e) {
                first.completeExceptionally(e);
                Thread.currentThread().interrupt();
                throw new SQLException("interrupted", "08001", e);
            }
        }
    }

    /**
     * Opens a connection for a statement whose commit may take long: the driver waits longer than for others. Blocks for up
     * to two seconds.
     *
     * @param seconds the time that the commit may take
     */
    Connection connectForProbe(int seconds) throws SQLException {
        var probe = new PGSimpleDataSource();
        set(probe, properties);
        probe.setSocketTimeout(seconds + PROBE_MARGIN_SECONDS);
        return probe.getConnection();
    }

    /** Connects. The first successful attempt wins; later ones close their connection. */
    private void connect(CompletableFuture<Connection> first) {
        try {
            var connection = connect();
            if (!first.complete(connection)) {
                connection.close();
            }
        } catch (SQLException | RuntimeException e) {
            log(e);
            if (!failing || closed) {
                first.completeExceptionally(e);
            }
        }
    }

    /**
     * Opens a checked connection beside the pool, with the same timeouts. Blocks for up to two seconds for each attempt; the
     * first failure is thrown.
     */
    Connection connect() throws SQLException {
        while (true) {
            var connection = super.getConnection();
            if (isAccepted(connection)) {
                return connection;
            }
        }
    }

    private boolean isAccepted(Connection connection) throws SQLException {
        try {
            return check.accepts(connection);
        } catch (SQLException | RuntimeException e) {
            connection.close();
            throw e;
        }
    }

    private void log(Exception e) {
        if (!closed && !String.valueOf(e.getMessage()).equals(logged)) {
            logged = String.valueOf(e.getMessage());
            LOG.warn("cannot connect to {}: {}", name, logged);
        }
    }

    /** Stops the attempts in progress. */
    void close() {
        closed = true;
        ReadTimeoutSocketFactory.forget(watchdogKey);
    }

    /** Has no effect: the timeout is a property. */
    @Override
    public void setLoginTimeout(int seconds) {
        // HikariCP calls this with its own timeout
    }
}
