package dev.byline.migrations;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Returns connections to the host's pool as they came. Flyway and {@link Migrations} change settings of the session,
 * which pools don't reset.
 */
final class RestoredConnections {
    private static final Logger LOG = LoggerFactory.getLogger(RestoredConnections.class);

    private static final List<String> SETTINGS =
            List.of("lock_timeout", "byline.search_language", "search_path", "role");

    private RestoredConnections() {}

    /** Wraps a DataSource: its connections restore their settings when they are closed. */
    static DataSource of(DataSource dataSource) {
        return (DataSource) Proxy.newProxyInstance(
                RestoredConnections.class.getClassLoader(),
                new Class<?>[] {DataSource.class},
                (proxy, method, arguments) -> {
                    var result = invoke(dataSource, method, arguments);
                    return result instanceof Connection connection ? restoring(connection) : result;
                });
    }

    private static Connection restoring(Connection connection) throws SQLException {
        String[] values;
        try {
            values = read(connection);
        } catch (SQLException | RuntimeException e) {
            try (connection) {
                throw e;
            }
        }
        return (Connection) Proxy.newProxyInstance(
                RestoredConnections.class.getClassLoader(),
                new Class<?>[] {Connection.class},
                (proxy, method, arguments) -> {
                    if (method.getName().equals("close") && !connection.isClosed()) {
                        restore(connection, values);
                    }
                    return invoke(connection, method, arguments);
                });
    }

    private static @Nullable Object invoke(Object target, Method method, @Nullable Object @Nullable [] arguments)
            throws Throwable {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause() == null ? e : e.getCause();
        }
    }

    private static String[] read(Connection connection) throws SQLException {
        var query = SETTINGS.stream()
                .map(name -> "coalesce(current_setting('" + name + "', true), '')")
                .collect(Collectors.joining(", ", "SELECT ", ""));
        try (var statement = connection.createStatement();
                var rows = statement.executeQuery(query)) {
            rows.next();
            var values = new String[SETTINGS.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = rows.getString(i + 1);
            }
            return values;
        }
    }

    /** Restores the settings. A connection on which this fails is broken, and its pool finds that out. */
    private static void restore(Connection connection, String[] values) {
        var query = SETTINGS.stream()
                .map(name -> "set_config('" + name + "', ?, false)")
                .collect(Collectors.joining(", ", "SELECT ", ""));
        try {
            var transaction = !connection.getAutoCommit();
            if (transaction) {
                connection.rollback(); // what Flyway left open
            }
            try (var statement = connection.prepareStatement(query)) {
                for (int i = 0; i < values.length; i++) {
                    statement.setString(i + 1, values[i]);
                }
                boolean ignored = statement.execute();
            }
            if (transaction) {
                connection.commit(); // otherwise the pool rolls the settings back
            }
        } catch (SQLException e) {
            LOG.debug("could not restore the settings of a connection", e);
        }
    }
}
