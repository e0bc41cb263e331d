package dev.byline.internal.pool;

import dev.byline.model.BylineConfig;
import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;
import org.slf4j.LoggerFactory;

/**
 * Opens connections for the pool. After a failure it retries four times a second until the database responds:
 * HikariCP's backoff grows to 5 seconds, so the pool would stay empty long after the database is back.
 */
public final class ReconnectingDataSource implements DataSource {
    private static final org.slf4j.Logger LOG = LoggerFactory.getLogger(ReconnectingDataSource.class);

    /** The retry interval while the database is down, whether or not the previous attempt has ended. */
    private static final Duration INTERVAL = Duration.ofMillis(250);

    /** An attempt that takes longer may hang: another one starts beside it. */
    private static final Duration USUAL = Duration.ofSeconds(1);

    /** The longest time until a failure is reported to the pool. */
    private static final Duration TIMEOUT = Duration.ofMinutes(5);

    private final Driver driver = new Driver();
    private final String url;
    private final Properties properties;
    private final String socketsKey;
    private volatile boolean failing;
    private volatile boolean closed;
    private volatile @Nullable String logged;

    public ReconnectingDataSource(BylineConfig.Database config, Watchdog watch) {
        this.url = config.url().jdbcUrl();
        this.properties = properties(config);
        this.socketsKey = ReadTimeoutSocketFactory.key(watch);
        if (!url.contains("socketTimeout=")) { // otherwise the driver's own timeout applies
            properties.setProperty("socketFactory", ReadTimeoutSocketFactory.class.getName());
            properties.setProperty("socketFactoryArg", socketsKey);
        }
    }

    /** Sets timeouts: the driver's defaults wait forever, and a frozen database would hang the whole pool. */
    private static Properties properties(BylineConfig.Database config) {
        var properties = config.url().credentials();
        properties.setProperty("ApplicationName", "byline");
        properties.setProperty("tcpKeepAlive", "true");
        properties.setProperty("logServerErrorDetail", "false");
        properties.setProperty("connectTimeout", "2");
        properties.setProperty("loginTimeout", "2");
        properties.setProperty("cancelSignalTimeout", "1");
        if (config.pgBouncer()) {
            properties.setProperty(
                    "prepareThreshold", "0"); // the next transaction may run on another server connection
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
                var connection = first.get((failing ? INTERVAL : USUAL).toNanos(), TimeUnit.NANOSECONDS);
                if (failing) {
                    LOG.info("the database answers again");
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

    private Connection connect() throws SQLException {
        var connection = driver.connect(url, properties);
        if (connection == null) {
            throw new SQLException("no URL for the PostgreSQL driver", "08001");
        }
        return connection;
    }

    private void log(Exception e) {
        if (!closed && !String.valueOf(e.getMessage()).equals(logged)) {
            logged = String.valueOf(e.getMessage());
            LOG.warn("can not connect to the database: {}", logged);
        }
    }

    /** Stops the attempts in progress. */
    public void close() {
        closed = true;
        ReadTimeoutSocketFactory.forget(socketsKey);
    }

    @Override
    public Connection getConnection(String username, String password) throws SQLException {
        throw new SQLFeatureNotSupportedException("the user is set");
    }

    @Override
    public @Nullable PrintWriter getLogWriter() {
        return null;
    }

    @Override
    public void setLogWriter(PrintWriter out) {
        // there is no log
    }

    /** Has no effect: the timeout is fixed. */
    @Override
    public void setLoginTimeout(int seconds) {
        // HikariCP calls this with its own timeout
    }

    @Override
    public int getLoginTimeout() {
        return 2;
    }

    @Override
    public Logger getParentLogger() throws SQLFeatureNotSupportedException {
        throw new SQLFeatureNotSupportedException();
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        throw new SQLException("wraps nothing");
    }

    @Override
    public boolean isWrapperFor(Class<?> type) {
        return false;
    }
}
