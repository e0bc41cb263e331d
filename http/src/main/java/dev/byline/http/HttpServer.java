package dev.byline.http;

import static dev.byline.http.Route.Access.ANYONE;
import static io.javalin.http.HandlerType.DELETE;
import static io.javalin.http.HandlerType.GET;
import static io.javalin.http.HandlerType.HEAD;
import static io.javalin.http.HandlerType.PATCH;
import static io.javalin.http.HandlerType.POST;

import dev.byline.Byline;
import io.javalin.Javalin;
import io.javalin.compression.CompressionStrategy;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.handler.GracefulHandler;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/** The HTTP interface: every route on one screen, what each request passes through, in order. */
public final class HttpServer implements AutoCloseable {
    private static final int MAX_HEADERS = 16 * 1024;
    private static final int MAX_THREADS = 200;
    private static final Duration IDLE_TIMEOUT = Duration.ofSeconds(30);

    /** How long a request that is under way at the end may take. */
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(10);

    private final Javalin javalin;

    private HttpServer(Javalin javalin) {
        this.javalin = javalin;
    }

    /** The table of contents. */
    private static List<Route> routes(UserRoutes users, PostRoutes posts, SystemRoutes system) {
        return List.of(
                new Route(POST, "/users", ANYONE, users::create),
                new Route(GET, "/users", ANYONE, users::list),
                new Route(GET, "/users/{id}", ANYONE, users::get),
                new Route(PATCH, "/users/{id}", ANYONE, users::change),
                new Route(DELETE, "/users/{id}", ANYONE, users::delete),
                new Route(GET, "/users/{id}/posts", ANYONE, users::posts),
                new Route(POST, "/posts", ANYONE, posts::create),
                new Route(POST, "/posts/batch", ANYONE, posts::createBatch),
                new Route(GET, "/posts", ANYONE, posts::feed),
                new Route(GET, "/posts/{id}", ANYONE, posts::get),
                new Route(PATCH, "/posts/{id}", ANYONE, posts::change),
                new Route(DELETE, "/posts/{id}", ANYONE, posts::delete),
                new Route(GET, "/", ANYONE, system::index),
                new Route(GET, "/livez", ANYONE, system::livez),
                new Route(GET, "/readyz", ANYONE, system::readyz));
    }

    /**
     * Starts to listen.
     *
     * @param host the address to listen on
     * @param port the port, 0 for any free one
     * @param byline what to serve; stays open when this is closed
     * @param readiness what {@code /readyz} answers
     * @param version of this program
     * @throws io.javalin.util.JavalinBindException when the port is taken or not allowed
     */
    public static HttpServer start(String host, int port, Byline byline, Readiness readiness, String version) {
        var routes = routes(
                new UserRoutes(byline.users(), byline.posts()),
                new PostRoutes(byline.posts()),
                new SystemRoutes(readiness, version));
        var javalin = Javalin.create(config -> configure(config, routes));
        return new HttpServer(javalin.start(host, port));
    }

    private static void configure(JavalinConfig config, List<Route> routes) {
        config.startup.showJavalinBanner = false;
        config.startup.showOldJavalinVersionWarning = false;
        config.startup.startupWatcherEnabled = false;
        config.http.prefer405over404 = true;
        config.http.defaultContentType = "application/json";
        config.http.compressionStrategy = CompressionStrategy.NONE;
        config.router.ignoreTrailingSlashes = false;
        config.router.javaLangErrorHandler(Problems::fatal);
        config.jetty.threadPool = new QueuedThreadPool(MAX_THREADS, 8);
        config.jetty.modifyServer(HttpServer::configure);
        config.jetty.modifyHttpConfiguration(HttpServer::configure);
        config.jetty.modifyServletContextHandler(handler -> handler.setErrorHandler(new JettyProblems()));

        config.routes.before(RequestId::assign);
        config.routes.before(HttpServer::requireLocalHost);
        config.routes.before(HttpServer::requireJsonWanted);
        for (var route : routes) {
            config.routes.addHttpHandler(route.method(), route.path(), route.handler());
            if (route.method().equals(GET)) {
                config.routes.addHttpHandler(HEAD, route.path(), route.handler());
            }
        }
        Problems.install(config.routes);
    }

    private static void configure(Server server) {
        server.setStopTimeout(STOP_TIMEOUT.toMillis());
        server.insertHandler(new GracefulHandler());
        server.setErrorHandler(new JettyProblems());
        // JSON is UTF-8 by definition: without this, Jetty would add a charset that the type doesn't have.
        server.getMimeTypes().addAssumed(Problems.CONTENT_TYPE, "utf-8");
    }

    private static void configure(HttpConfiguration http) {
        http.setUriCompliance(UriCompliance.DEFAULT);
        http.setRequestHeaderSize(MAX_HEADERS);
        http.setSendServerVersion(false);
        http.setSendDateHeader(true);
        http.setIdleTimeout(IDLE_TIMEOUT.toMillis());
    }

    /**
     * Everything here is JSON: who takes nothing of the kind is told so before anything happens. The most specific range
     * decides (RFC 9110, 12.5.1).
     */
    private static void requireJsonWanted(Context ctx) {
        var accept = String.join(",", Collections.list(ctx.req().getHeaders("Accept")));
        if (accept.isBlank() || ctx.req().getMethod().equals("OPTIONS")) {
            return;
        }
        var ranges = new HashMap<String, Boolean>();
        for (var range : accept.toLowerCase(Locale.ROOT).replace(" ", "").split(",", -1)) {
            var parts = range.split(";", 2);
            var wanted = parts.length == 1 || !parts[1].matches("(.*;)?q=0(\\.0*)?(;.*)?");
            ranges.merge(parts[0], wanted, Boolean::logicalOr);
        }
        for (var range : List.of("application/json", "application/*", "*/*")) {
            var wanted = ranges.get(range);
            if (wanted != null && wanted) {
                return;
            }
            if (wanted != null) {
                break;
            }
        }
        throw new HttpProblem(Problem.NOT_ACCEPTABLE, "answers are application/json");
    }

    /**
     * While every caller is an admin, a web page must not get in by a name of its own that points to this machine (DNS
     * rebinding).
     */
    private static void requireLocalHost(Context ctx) {
        var host = ctx.req().getServerName().toLowerCase(Locale.ROOT);
        if (!host.matches("localhost|127\\.[0-9.]+|\\[?(0*:)*0*1]?")) {
            throw new HttpProblem(Problem.FORBIDDEN, "the name in Host must be localhost or a loopback address");
        }
    }

    /** Returns the port that this listens on. */
    public int port() {
        return javalin.port();
    }

    /** Stops to listen and waits for the requests that are under way, at most 10 seconds. */
    @Override
    public void close() {
        javalin.stop();
    }
}
