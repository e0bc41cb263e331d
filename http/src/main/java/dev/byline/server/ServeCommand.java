package dev.byline.server;

import dev.byline.Byline;
import dev.byline.http.HttpServer;
import dev.byline.http.ManagementServer;
import dev.byline.http.metrics.PrometheusMetrics;
import dev.byline.model.BylineException;
import dev.byline.model.DatabaseUrl;
import dev.byline.model.Principal;
import dev.byline.model.ServerFacts;
import dev.byline.model.User;
import io.javalin.util.JavalinBindException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code byline serve}: opens all parts of the server, waits for a signal and closes the parts in reverse order. */
final class ServeCommand {
    private static final Logger LOG = LoggerFactory.getLogger(ServeCommand.class);

    /** The address in the commands that the banner suggests. */
    private static final String EXAMPLE = "ada@example.com";

    private final ServerConfig config;
    private final Console console;
    private final StopSignal stop;

    ServeCommand(ServerConfig config, Console console, StopSignal stop) {
        this.config = config;
        this.console = console;
        this.stop = stop;
    }

    /**
     * Serves until SIGTERM or SIGINT.
     *
     * @throws UsageException when the server cannot start with these settings
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
            try (var management = openManagement(byline, startup, metrics);
                    var http = openHttp(byline, startup, metrics)) {
                var facts = startup.untilReady();
                facts.ifPresent(this::warnIfTooManyConnections);
                facts.ifPresent(server -> printBanner(
                        byline, http.port(), management.port(), "PostgreSQL " + server.version() + " " + database));
                startup.firstAdmin().ifPresent(admin -> printFirstAdmin(byline, admin));
                stop.await();
                startup.stopping();
                LOG.info("stopping");
                TimeUnit.NANOSECONDS.sleep(config.drainDelay().toNanos());
            }
        }
    }

    /** Opened first and closed last, so that probes are answered during startup and shutdown. */
    private ManagementServer openManagement(Byline byline, Startup startup, PrometheusMetrics metrics) {
        try {
            return ManagementServer.start(
                    config.management().host(),
                    config.management().port(),
                    Command.version(),
                    byline,
                    startup,
                    metrics,
                    startup::plan);
        } catch (JavalinBindException e) {
            throw portInUse(config.management().host(), config.management().port(), Settings.MANAGEMENT_PORT, e);
        }
    }

    private HttpServer openHttp(Byline byline, Startup startup, PrometheusMetrics metrics) {
        try {
            return HttpServer.start(config.http(), byline, byline.tokens()::authenticate, startup, metrics);
        } catch (JavalinBindException e) {
            throw portInUse(config.http().host(), config.http().port(), Settings.PORT, e);
        }
    }

    private static UsageException portInUse(String host, int port, Setting<?> setting, JavalinBindException e) {
        LOG.debug("bind", e);
        return new UsageException("cannot listen on " + host + ":" + port
                + ": the port is in use or not permitted; set " + setting + " to another port");
    }

    /** The pools of all replicas together must not exceed the connection limit of the database server. */
    private void warnIfTooManyConnections(ServerFacts server) {
        var wanted = config.database().plan().connectionsWanted();
        if (wanted > server.maxConnections()) {
            LOG.warn(
                    "{} replicas with {} connections each need {} connections, but the database allows {}: lower"
                            + " BYLINE_POOL_SIZE or raise max_connections",
                    config.database().plan().replicas(),
                    config.database().plan().poolSize(),
                    wanted,
                    server.maxConnections());
        }
    }

    /** Prints the token on a terminal only: without one, standard output may end up in a log. */
    private void printFirstAdmin(Byline byline, User admin) {
        if (console.interactive()) {
            var issued = byline.tokens().issue(new Principal.Operator(), admin.id(), null);
            console.out()
                    .println("The first admin is " + admin.email() + ". Their token, which is shown only once:\n  "
                            + issued.secret() + "\n");
        } else {
            LOG.info("created the first admin; get a token with: byline token --email {}", admin.email());
        }
    }

    private void printBanner(Byline byline, int port, int managementPort, String database) {
        var url = config.api(port).url() + config.http().basePath();
        var out = console.out();
        out.printf("Byline %s is ready on %s%n", Command.version(), url);
        out.println("Database: " + database);
        if (config.http().docs()) {
            out.println("Documentation: " + url + "/docs");
        }
        out.printf(
                "For operators only: status page %s/, /metrics, /capacity%n%n",
                new ServerConfig.Listener(config.management().host(), managementPort).url());
        out.println("Try it:");
        if (config.http().signupOpen() && isExampleFree(byline)) {
            out.printf(
                    "  curl -s %s/users -H 'Content-Type: application/json'"
                            + " -d '{\"email\":\"%s\",\"name\":\"Ada\",\"password\":\"correct horse battery\"}'%n",
                    url, EXAMPLE);
            out.printf(
                    "  curl -s %s/tokens -H 'Content-Type: application/json'"
                            + " -d '{\"email\":\"%s\",\"password\":\"correct horse battery\"}'%n",
                    url, EXAMPLE);
        }
        out.printf("  curl -s '%s/posts?limit=5'%n%nCtrl-C stops the server; the data is kept.%n", url);
        out.flush();
    }

    private static boolean isExampleFree(Byline byline) {
        try {
            return byline.users().findByEmail(new Principal.Operator(), EXAMPLE).isEmpty();
        } catch (BylineException.Unavailable e) {
            return false; // the server goes on; /readyz says more
        }
    }
}
