package dev.byline.internal.replica;

import dev.byline.internal.pool.ConnectionCheck;
import dev.byline.internal.pool.ConnectionPool;
import dev.byline.internal.pool.Fence;
import dev.byline.internal.pool.Watchdog;
import dev.byline.model.BylineConfig;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.Map;
import java.util.Objects;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.jooq.exception.DataAccessException;
import org.jspecify.annotations.Nullable;
import org.postgresql.jdbc.PgConnection;

/**
 * An address of standbys, and the pool of connections to it. Behind a proxy, connections lead to several servers, each with
 * a position of its own: each connection is asked once which server it leads to. The first connection to a server is kept to
 * watch it. Safe for use by several threads.
 */
public final class Replica implements ConnectionCheck, AutoCloseable {
    /** The most servers behind one address. */
    private static final int MAX_SERVERS = 32;

    /** Which server this is: also behind a translation of addresses, the start times differ. */
    private static final String IDENTITY = """
            SELECT pg_is_in_recovery(), concat_ws(' ', inet_server_addr(), inet_server_port(), pg_postmaster_start_time())
            """;

    private final String host;
    private final String name;
    private final PrimaryPosition primary;
    private final Fence fence;
    private final ConnectionPool pool;
    private final Map<String, StandbyServer> servers = new ConcurrentHashMap<>();
    private final Map<Connection, StandbyServer> serverOf = Collections.synchronizedMap(new WeakHashMap<>());
    private boolean closed; // guarded by servers

    /**
     * Opens the pool. Doesn't wait for a server.
     *
     * @param host and port
     * @param config of the pool
     */
    Replica(String host, BylineConfig.Database config, PrimaryPosition primary, Fence fence, Watchdog watchdog) {
        this.host = host;
        this.name = "replica " + host;
        this.primary = primary;
        this.fence = fence;
        this.pool = ConnectionPool.ofReplica(name, config, watchdog, this);
    }

    @Override
    public boolean accepts(Connection connection) throws SQLException {
        var system = PrimaryPosition.system(connection);
        if (primary.isOfAnotherCluster(system)) {
            throw new SQLException("it belongs to another cluster than the primary", "08004");
        }
        var identity = identity(connection);
        var known = servers.get(identity);
        if (known == null) {
            if (servers.size() >= MAX_SERVERS) {
                throw new SQLException("more than " + MAX_SERVERS + " servers", "08004");
            }
            var added = new StandbyServer(name, system, connection, primary, fence, server -> remove(identity, server));
            added.poll(); // a server that doesn't tell its position is refused
            known = add(identity, added);
            if (known == null) {
                return false;
            }
        }
        serverOf.put(connection, known);
        return true;
    }

    /** Returns null if the server was added, or the known one. */
    private @Nullable StandbyServer add(String identity, StandbyServer added) throws SQLException {
        synchronized (servers) {
            if (closed) {
                throw new SQLException("closed", "08003");
            }
            var known = servers.putIfAbsent(identity, added);
            if (known == null) {
                added.start();
            }
            return known;
        }
    }

    private static String identity(Connection connection) throws SQLException {
        try (var statement = connection.createStatement();
                var row = statement.executeQuery(IDENTITY)) {
            row.next();
            if (!row.getBoolean(1)) {
                throw new SQLException("it is not a standby at the moment", "08004");
            }
            return row.getString(2);
        }
    }

    /** The other connections to the server are probably broken, too; if not, one of the new ones watches it. */
    private void remove(String identity, StandbyServer server) {
        servers.remove(identity, server);
        if (pool != null) { // while it is opened
            pool.evict();
        }
    }

    /** Returns host and port. */
    String host() {
        return host;
    }

    /** Returns the states of its servers. Doesn't block. */
    Collection<StandbyServer.State> states() {
        return servers.values().stream()
                .map(StandbyServer::state)
                .filter(Objects::nonNull)
                .toList();
    }

    /** Returns whether a server responds. Doesn't block. */
    boolean isLive() {
        var now = System.nanoTime();
        return states().stream().anyMatch(state -> state.isAlive(now));
    }

    /**
     * Returns since when results may be stale, as of {@link System#nanoTime}; null if that is unknown of a server. Doesn't
     * block.
     */
    public @Nullable Long currentAt() {
        var times = new ArrayList<Long>();
        for (var state : states()) {
            if (state.currentAt() == null) {
                return null;
            }
            times.add(state.currentAt());
        }
        return times.stream().min(Comparator.naturalOrder()).orElse(null);
    }

    /**
     * Acquires a connection to a server of any state. Blocks for it.
     *
     * @return null if there is none
     * @throws DataAccessException when none could be acquired in time
     */
    public @Nullable Connection acquire() {
        return acquire(state -> true);
    }

    /**
     * Acquires a connection to a server of a suitable state. Blocks for it.
     *
     * @return null if there is none
     * @throws DataAccessException when none could be acquired in time
     */
    @Nullable
    Connection acquire(Predicate<StandbyServer.State> suitable) {
        if (states().stream().noneMatch(suitable)) {
            return null;
        }
        var connection = pool.acquire();
        try {
            var server = serverOf.get(connection.unwrap(PgConnection.class));
            var state = server == null ? null : server.state();
            if (state != null && suitable.test(state)) {
                return connection;
            }
            if (server == null || server.hasEnded()) {
                pool.evict(connection);
            }
        } catch (SQLException | RuntimeException e) {
            pool.release(connection);
            throw new DataAccessException("no connection to " + name, e);
        }
        pool.release(connection);
        return null;
    }

    /** Releases a connection. */
    public void release(Connection connection) {
        pool.release(connection);
    }

    /** Records that a statement succeeded. */
    public void responded() {
        pool.responded();
    }

    @Override
    public void close() {
        synchronized (servers) {
            closed = true;
        }
        pool.close();
        servers.values().forEach(StandbyServer::close);
    }
}
