package dev.byline.bench.failover;

import dev.byline.bench.harness.Sandbox;
import dev.byline.internal.cache.TestRedis;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** Three PostgreSQL servers that Patroni and etcd control, one of them synchronous, and HAProxy before the primary. */
public final class PatroniCluster {
    private static final String DATABASE = "byline";
    private static final int NODES = 3;
    private static final int TIMEOUT_SECONDS = 180;

    private final List<PatroniNode> nodes;
    private final int port;

    private PatroniCluster(List<PatroniNode> nodes, int port) {
        this.nodes = nodes;
        this.port = port;
    }

    /** Starts all, and creates an empty database and its owner. */
    public static PatroniCluster start(Sandbox sandbox) throws Exception {
        var etcd = startEtcd(sandbox);
        var nodes = new ArrayList<PatroniNode>();
        for (int i = 1; i <= NODES; i++) {
            nodes.add(new PatroniNode(sandbox, "node" + i, etcd));
        }
        for (var node : nodes) {
            node.start();
        }
        var cluster = new PatroniCluster(List.copyOf(nodes), startHaProxy(sandbox, nodes));
        try (var connection = cluster.awaitHealthy().connect("postgres");
                var statement = connection.createStatement()) {
            statement.execute("CREATE ROLE byline LOGIN PASSWORD 'secret'");
            statement.execute("CREATE DATABASE " + DATABASE + " OWNER byline");
        }
        return cluster;
    }

    private static int startEtcd(Sandbox sandbox) throws IOException, InterruptedException {
        var port = TestRedis.freePort();
        var client = "http://127.0.0.1:" + port;
        var peer = "http://127.0.0.1:" + TestRedis.freePort();
        var command = List.of(
                "etcd",
                "--enable-v2",
                "--data-dir=" + sandbox.folder("etcd"),
                "--listen-client-urls=" + client,
                "--advertise-client-urls=" + client,
                "--listen-peer-urls=" + peer,
                "--initial-advertise-peer-urls=" + peer,
                "--initial-cluster=default=" + peer);
        var unused = sandbox.start("etcd", command).awaitPort(port);
        return port;
    }

    private static int startHaProxy(Sandbox sandbox, List<PatroniNode> nodes) throws IOException, InterruptedException {
        var port = TestRedis.freePort();
        var config = sandbox.file("haproxy.cfg", haProxyConfig(port, nodes));
        var unused = sandbox.start("haproxy", List.of("haproxy", "-db", "-f", config.toString()))
                .awaitPort(port);
        return port;
    }

    /** As docs/high-availability.md recommends. */
    private static String haProxyConfig(int port, List<PatroniNode> nodes) {
        var servers = nodes.stream()
                .map(node -> "    server %s 127.0.0.1:%d check port %d%n"
                        .formatted(node.name(), node.port(), node.restPort()))
                .collect(Collectors.joining());
        return """
                defaults
                    mode tcp
                    timeout connect 2s
                    timeout client 1h
                    timeout server 1h
                listen primary
                    bind 127.0.0.1:%d
                    option httpchk OPTIONS /primary
                    http-check expect status 200
                    default-server inter 1s fall 2 rise 1 on-marked-down shutdown-sessions
                """.formatted(port) + servers;
    }

    /** The URL of the primary, through HAProxy. */
    public String url() {
        return "postgres://byline:secret@127.0.0.1:" + port + "/" + DATABASE;
    }

    /** A URL that names all servers. */
    public String urlOfAll() {
        return nodes.stream()
                .map(node -> "127.0.0.1:" + node.port())
                .collect(Collectors.joining(",", "postgres://byline:secret@", "/" + DATABASE));
    }

    /** Opens a connection to Byline's database on a node. */
    public Connection connect(PatroniNode node) throws SQLException {
        return node.connect(DATABASE);
    }

    /** Blocks until a node other than this one is the primary. */
    public PatroniNode awaitPromotion(PatroniNode old) throws InterruptedException {
        var end = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS);
        while (System.nanoTime() < end) {
            for (var node : nodes) {
                if (node != old && node.isPrimary()) {
                    return node;
                }
            }
            TimeUnit.MILLISECONDS.sleep(50);
        }
        throw new IllegalStateException("no standby was promoted");
    }

    /** Blocks until there is a primary with two streaming standbys, one of them synchronous, and returns it. */
    public PatroniNode awaitHealthy() throws InterruptedException {
        var end = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS);
        while (System.nanoTime() < end) {
            var primary = healthyPrimary();
            if (primary.isPresent()) {
                return primary.get();
            }
            TimeUnit.MILLISECONDS.sleep(200);
        }
        throw new IllegalStateException("the cluster is not healthy after " + TIMEOUT_SECONDS + " s");
    }

    private Optional<PatroniNode> healthyPrimary() throws InterruptedException {
        for (var node : nodes) {
            if (node.isPrimary() && hasStandbys(node)) {
                return Optional.of(node);
            }
        }
        return Optional.empty();
    }

    private static boolean hasStandbys(PatroniNode node) {
        try (var connection = node.connect("postgres");
                var statement = connection.createStatement();
                var rows =
                        statement.executeQuery("SELECT count(*) = 2 AND count(*) FILTER (WHERE sync_state = 'sync') > 0"
                                + " FROM pg_stat_replication WHERE state = 'streaming'")) {
            return rows.next() && rows.getBoolean(1);
        } catch (SQLException e) {
            return false; // it starts or shuts down
        }
    }
}
