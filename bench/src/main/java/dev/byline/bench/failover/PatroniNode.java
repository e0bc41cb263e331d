package dev.byline.bench.failover;

import dev.byline.bench.harness.ChildProcess;
import dev.byline.bench.harness.Sandbox;
import dev.byline.internal.cache.TestRedis;
import dev.byline.migrations.ProcessTrees;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A PostgreSQL server and the Patroni that controls it; both can be killed and frozen. */
public final class PatroniNode {
    private static final HttpClient HTTP =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(1)).build();
    private static final Duration CHECK_TIMEOUT = Duration.ofSeconds(1);
    private static final Duration SWITCHOVER_TIMEOUT = Duration.ofSeconds(60);
    private static final int SHUTDOWN_SECONDS = 5;

    private final Sandbox sandbox;
    private final String name;
    private final Path folder;
    private final int port = TestRedis.freePort();
    private final int restPort = TestRedis.freePort();
    private final Path config;
    private @Nullable ChildProcess patroni;

    PatroniNode(Sandbox sandbox, String name, int etcdPort) throws IOException {
        this.sandbox = sandbox;
        this.name = name;
        this.folder = sandbox.databaseFolder(name);
        this.config = sandbox.file(name + ".yml", config(etcdPort));
        var unused = sandbox.keep(this::end);
    }

    /**
     * Patroni requires ttl >= loop_wait + 2 * retry_timeout. With the etcd3 API, Patroni before 3.0.3 can overwrite the
     * leader key when a frozen leader thaws, which loses acknowledged writes: hence the v2 API (section {@code etcd}).
     * Shared memory is in the data folder, because nothing else removes that of a killed server.
     */
    private String config(int etcdPort) {
        return """
                scope: byline
                name: %1$s
                restapi: {listen: "127.0.0.1:%2$d", connect_address: "127.0.0.1:%2$d"}
                etcd: {host: "127.0.0.1:%3$d"}
                bootstrap:
                  dcs:
                    ttl: 20
                    loop_wait: 5
                    retry_timeout: 5
                    synchronous_mode: true
                    postgresql:
                      use_pg_rewind: true
                      parameters:
                        max_connections: 100
                        wal_log_hints: "on"
                        synchronous_commit: "on"
                  initdb: [{encoding: UTF8}, {locale: C.UTF-8}]
                  pg_hba:
                  - host all all 127.0.0.1/32 scram-sha-256
                  - host replication all 127.0.0.1/32 scram-sha-256
                postgresql:
                  listen: "127.0.0.1:%4$d"
                  connect_address: "127.0.0.1:%4$d"
                  data_dir: %5$s/data
                  bin_dir: %6$s
                  pgpass: %5$s/pgpass
                  authentication:
                    superuser: {username: postgres, password: postgres}
                    replication: {username: replicator, password: replicator}
                  parameters:
                    unix_socket_directories: %5$s
                    dynamic_shared_memory_type: mmap
                """.formatted(name, restPort, etcdPort, port, folder, Programs.POSTGRES);
    }

    /** Starts Patroni, which creates the database, or copies it, or rewinds it. */
    void start() throws IOException {
        patroni = sandbox.start(name, Sandbox.asDatabaseUser("patroni", config.toString()));
    }

    String name() {
        return name;
    }

    int port() {
        return port;
    }

    int restPort() {
        return restPort;
    }

    /** Opens a connection as superuser; statements fail after 2 s. */
    Connection connect(String database) throws SQLException {
        return DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + port + "/" + database
                + "?user=postgres&password=postgres&connectTimeout=2&loginTimeout=2&socketTimeout=2");
    }

    /** Whether Patroni says that this is the primary; HAProxy asks the same. */
    boolean isPrimary() throws InterruptedException {
        try {
            return send(request("/primary").timeout(CHECK_TIMEOUT).build()).statusCode() == 200;
        } catch (IOException e) {
            return false; // not running, or frozen
        }
    }

    /** Has another node promoted, and returns when that is done. */
    void switchOver() throws IOException, InterruptedException {
        var body = HttpRequest.BodyPublishers.ofString("{\"leader\":\"" + name + "\"}");
        var response = send(
                request("/switchover").timeout(SWITCHOVER_TIMEOUT).POST(body).build());
        if (response.statusCode() != 200) {
            throw new IOException("Patroni refuses the switchover: " + response.body());
        }
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + restPort + path));
    }

    private static HttpResponse<String> send(HttpRequest request) throws IOException, InterruptedException {
        return HTTP.send(request, HttpResponse.BodyHandlers.ofString());
    }

    /** Kills Patroni and PostgreSQL at once, as a power failure does. */
    void kill() throws IOException {
        ProcessTrees.kill(roots());
    }

    /** Stops Patroni and PostgreSQL: connections stay open, and nothing responds. */
    void freeze() throws IOException {
        var unused = ProcessTrees.freeze(roots());
    }

    /** Continues Patroni and PostgreSQL. */
    void thaw() throws IOException {
        ProcessTrees.signal("CONT", ProcessTrees.freeze(roots()));
    }

    private List<ProcessHandle> roots() throws IOException {
        var roots = new ArrayList<ProcessHandle>();
        if (patroni != null) {
            roots.add(patroni.process().toHandle());
        }
        postmaster().ifPresent(roots::add);
        return roots;
    }

    /** PostgreSQL's main process, which isn't a child of Patroni. PIDs are reused: checks that it has our data folder. */
    private Optional<ProcessHandle> postmaster() throws IOException {
        var file = folder.resolve("data").resolve("postmaster.pid");
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        var pid = Files.readAllLines(file).stream().limit(1).mapToLong(Long::parseLong);
        return pid.mapToObj(ProcessHandle::of)
                .flatMap(Optional::stream)
                .filter(process -> process.info().commandLine().orElse("").contains(folder.toString()))
                .findFirst();
    }

    /** Ends PostgreSQL, after Patroni: by SIGQUIT, so that it removes its shared memory, or by SIGKILL. */
    private void end() throws IOException, InterruptedException {
        var running = postmaster().stream().toList();
        ProcessTrees.signal("CONT", ProcessTrees.freeze(running));
        ProcessTrees.signal("QUIT", running);
        var end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SHUTDOWN_SECONDS);
        while (running.stream().anyMatch(ProcessTrees::isRunning) && System.nanoTime() < end) {
            TimeUnit.MILLISECONDS.sleep(10);
        }
        ProcessTrees.kill(running.stream().filter(ProcessTrees::isRunning).toList());
    }

    @Override
    public String toString() {
        return name;
    }
}
