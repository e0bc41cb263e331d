package dev.byline.server;

import dev.byline.Byline;
import dev.byline.http.HttpServer;
import dev.byline.http.ManagementServer;
import dev.byline.http.metrics.PrometheusMetrics;
import dev.byline.model.DatabaseUrl;
import dev.byline.model.Principal;
import dev.byline.model.ServerFacts;
import dev.byline.model.User;
import io.javalin.util.JavalinBindException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The life of the server: what is opened here is closed in reverse when a signal comes. */
final class ServeCommand {
    private static final Logger LOG = LoggerFactory.getLogger(ServeCommand.class);

    private final ServerConfig config;
    private final Terminal terminal;
    private final StopSignal stop;

    ServeCommand(ServerConfig config, Terminal terminal, StopSignal stop) {
        this.config = config;
        this.terminal = terminal;
        this.stop = stop;
    }

    /**
     * Serves until a signal comes.
     *
     * @throws UsageException when it can't start as it is set up
     */
    void run() throws InterruptedException {
        if (config.database().url() != null) {
            serve(config.database().url(), "at " + config.database().url());
            return;
        }
        var folder = config.database().dataDir().toAbsolutePath().normalize();
        try (var postgres = EmbeddedPostgres.start(folder)) {
            serve(postgres.url(), "embedded, data in " + folder);
        }
    }

    private void serve(DatabaseUrl url, String database) throws InterruptedException {
        var metrics = new PrometheusMetrics(Command.version());
        try (var byline = Byline.open(config.core(url), metrics);
                var watch = DatabaseWatch.start(byline)) {
            var startup = new Startup(config, byline, Schema.of(config, url), watch, stop);
            try (var management = manage(byline, startup, metrics);
                    var http = listen(byline, startup, metrics)) {
                var facts = startup.untilReady();
                facts.ifPresent(this::checkBudget);
                facts.ifPresent(server ->
                        banner(http.port(), management.port(), "PostgreSQL " + server.version() + " " + database));
                startup.firstAdmin().ifPresent(admin -> showFirstAdmin(byline, admin));
                stop.await();
                startup.stopping();
                LOG.info("stopping");
                TimeUnit.NANOSECONDS.sleep(config.drainDelay().toNanos());
            }
        }
    }

    /** Opened first and closed last: probes are answered all along. */
    private ManagementServer manage(Byline byline, Startup startup, PrometheusMetrics metrics) {
        try {
            return ManagementServer.start(
                    config.management().host(), config.management().port(), byline, startup, metrics, startup::plan);
        } catch (JavalinBindException e) {
            throw taken(config.management().host(), config.management().port(), Settings.MANAGEMENT_PORT, e);
        }
    }

    private HttpServer listen(Byline byline, Startup startup, PrometheusMetrics metrics) {
        try {
            return HttpServer.start(config.http(), byline, byline.tokens()::authenticate, startup, metrics);
        } catch (JavalinBindException e) {
            throw taken(config.http().host(), config.http().port(), Settings.PORT, e);
        }
    }

    private static UsageException taken(String host, int port, Setting<?> setting, JavalinBindException e) {
        LOG.debug("bind", e);
        return new UsageException("can not listen on " + host + ":" + port + ": the port is taken or not allowed; set "
                + setting + " to another");
    }

    /** The connections of all replicas together must fit into the server. */
    private void checkBudget(ServerFacts server) {
        var wanted = config.database().plan().connectionsWanted();
        if (wanted > server.maxConnections()) {
            LOG.warn(
                    "{} replicas with {} connections each want {} connections, but the database gives {}: lower"
                            + " BYLINE_POOL_SIZE or raise max_connections",
                    config.database().plan().replicas(),
                    config.database().plan().poolSize(),
                    wanted,
                    server.maxConnections());
        }
    }

    /** On the terminal only, never in a log that others keep. */
    private void showFirstAdmin(Byline byline, User admin) {
        if (terminal.interactive()) {
            var issued = byline.tokens().issue(new Principal.Operator(), admin.id(), null);
            terminal.out()
                    .println("The first admin is " + admin.email() + ". Their token, shown this once:\n  "
                            + issued.secret() + "\n");
        } else {
            LOG.info("created a first admin: byline token --email {} prints a token", admin.email());
        }
    }

    private void banner(int port, int managementPort, String database) {
        var url = config.api(port).url();
        terminal.out().printf("""
                        Byline %s is ready on %s
                        Database: %s
                        Metrics, capacity, probes: port %d, for operators only

                        Try it:
                          curl -s %s/users -H 'Content-Type: application/json' -d '{"email":"ada@example.com","name":"Ada","password":"correct horse battery"}'
                          curl -s %s/tokens -H 'Content-Type: application/json' -d '{"email":"ada@example.com","password":"correct horse battery"}'
                          curl -s '%s/posts?limit=5'

                        Ctrl-C stops it; the data stays.
                        """, Command.version(), url, database, managementPort, url, url, url);
        terminal.out().flush();
    }
}
