package dev.byline.http;

import static dev.byline.http.Route.Access.ADMIN;
import static dev.byline.http.Route.Access.ANYONE;
import static dev.byline.http.Route.Access.USER;
import static io.javalin.http.HandlerType.DELETE;
import static io.javalin.http.HandlerType.GET;
import static io.javalin.http.HandlerType.PATCH;
import static io.javalin.http.HandlerType.POST;

import dev.byline.Byline;
import dev.byline.http.admission.AdmissionControl;
import dev.byline.http.admission.Bodies;
import dev.byline.http.admission.ClientAddress;
import dev.byline.http.admission.RequestThreads;
import dev.byline.http.admission.RequestWatchdog;
import dev.byline.http.exchange.Exchange;
import dev.byline.http.exchange.JettyProblems;
import dev.byline.http.exchange.Problems;
import dev.byline.http.exchange.RenderedPageCache;
import dev.byline.http.exchange.RequestMetrics;
import dev.byline.http.exchange.Requests;
import dev.byline.http.exchange.Responses;
import dev.byline.http.message.HttpProblem;
import dev.byline.http.message.ProblemReason;
import dev.byline.http.metrics.PrometheusMetrics;
import dev.byline.model.BylineException;
import io.javalin.Javalin;
import io.javalin.compression.CompressionStrategy;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import io.javalin.http.Handler;
import io.javalin.http.servlet.DefaultTasks;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.eclipse.jetty.ee10.servlet.SessionHandler;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/** The HTTP API: the route table, and the handlers that each request passes, in order. */
public final class HttpServer implements AutoCloseable {
    private static final int MAX_HEADERS = 16 * 1024;
    private static final Duration IDLE_TIMEOUT = Duration.ofSeconds(30);

    /** The maximum number of open connections; further ones wait to be accepted. */
    private static final int MAX_CONNECTIONS = 20_000;

    /** Platform threads for selectors, acceptors and timers; requests run on virtual threads. */
    private static final int MAX_THREADS = 32;

    /** How long close() waits for requests in flight. */
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(10);

    private final Javalin javalin;
    private final List<Route> routes;

    private final RequestThreads threads;
    private final RequestWatchdog watchdog;

    private HttpServer(Javalin javalin, List<Route> routes, RequestThreads threads, RequestWatchdog watchdog) {
        this.javalin = javalin;
        this.routes = routes;
        this.threads = threads;
        this.watchdog = watchdog;
    }

    /** Returns the route table. */
    private static List<Route> routes(
            HttpConfig config,
            UserRoutes users,
            PostRoutes posts,
            TokenRoutes tokens,
            ImportRoutes imports,
            SystemRoutes system,
            DocsRoutes docs) {
        return Stream.of(
                        new Route(POST, "/users", config.signupOpen() ? ANYONE : ADMIN, users::create),
                        new Route(GET, "/users", ANYONE, users::list)
                                .query("limit", "cursor", "active", "metadata", "ids", "email"),
                        new Route(GET, "/users/me", USER, users::get).query("include"),
                        new Route(PATCH, "/users/me", USER, users::change),
                        new Route(DELETE, "/users/me", USER, users::delete),
                        new Route(GET, "/users/me/posts", USER, users::posts).query("limit", "cursor", "status"),
                        new Route(GET, "/users/{id}", ANYONE, users::get).query("include"),
                        new Route(PATCH, "/users/{id}", USER, users::change),
                        new Route(DELETE, "/users/{id}", USER, users::delete),
                        new Route(GET, "/users/{id}/posts", ANYONE, users::posts).query("limit", "cursor", "status"),
                        new Route(POST, "/users/{id}/tokens", ADMIN, tokens::issue),
                        new Route(POST, "/posts", USER, posts::create),
                        new Route(POST, "/posts/batch", USER, posts::createBatch),
                        new Route(GET, "/posts", ANYONE, posts::feed)
                                .query("limit", "cursor", "q", "sort", "author", "metadata", "ids", "include"),
                        new Route(GET, "/posts/{id}", ANYONE, posts::get).query("include"),
                        new Route(PATCH, "/posts/{id}", USER, posts::change),
                        new Route(DELETE, "/posts/{id}", USER, posts::delete),
                        new Route(POST, "/tokens", ANYONE, tokens::login),
                        new Route(GET, "/tokens", USER, tokens::list),
                        new Route(DELETE, "/tokens/current", USER, tokens::revokeCurrent),
                        new Route(DELETE, "/tokens/{id}", USER, tokens::revoke),
                        new Route(POST, "/imports", USER, imports::run).onlyIf(config.imports()),
                        new Route(GET, "/", ANYONE, system::index).negotiating(),
                        new Route(GET, "/openapi.json", ANYONE, docs::openapi),
                        new Route(GET, "/docs", ANYONE, docs::page)
                                .negotiating()
                                .onlyIf(config.docs()),
                        new Route(GET, "/docs/{name}", ANYONE, docs::file)
                                .negotiating()
                                .onlyIf(config.docs()),
                        new Route(GET, "/livez", ANYONE, system::livez),
                        new Route(GET, "/readyz", ANYONE, system::readyz),
                        new Route(GET, "/healthz", ANYONE, system::livez),
                        new Route(GET, "/health", ANYONE, system::readyz))
                .filter(Route::present)
                .toList();
    }

    /**
     * Starts the server.
     *
     * @param config the address, the limits and the features
     * @param byline the core to serve; not closed by this server
     * @param authenticator maps tokens to callers
     * @param readiness the state that {@code /readyz} reports
     * @param metrics counts every request
     * @throws io.javalin.util.JavalinBindException when the port is in use or not permitted
     */
    public static HttpServer start(
            HttpConfig config,
            Byline byline,
            Authenticator authenticator,
            Readiness readiness,
            PrometheusMetrics metrics) {
        return start(config, byline, authenticator, readiness, metrics, RequestWatchdog.MAX_COMPUTING);
    }

    static HttpServer start(
            HttpConfig config,
            Byline byline,
            Authenticator authenticator,
            Readiness readiness,
            PrometheusMetrics metrics,
            Duration maxComputing) {
        var authentication = new Authentication(config, authenticator, byline.sharedLimits(), metrics);
        var address = new ClientAddress(config.trustedProxies());
        var instrumentation = new RequestMetrics(metrics, Runtime.getRuntime().maxMemory() / 8);
        var threads = new RequestThreads();
        var watchdog = new RequestWatchdog(instrumentation.inFlight(), threads, maxComputing);
        var renderings = new RenderedPageCache(Runtime.getRuntime().maxMemory() / 32);
        var router = new Router(routes(
                config,
                new UserRoutes(byline.users(), byline.posts(), authentication, config, renderings),
                new PostRoutes(byline.posts(), authentication, config, renderings),
                new TokenRoutes(byline.tokens(), authentication),
                new ImportRoutes(byline.imports()),
                new SystemRoutes(readiness, config),
                new DocsRoutes(config)));
        router.routes().forEach(route -> metrics.route(route.method().name(), route.path()));
        var cors = new Cors(config.corsOrigins());
        var bodies =
                new Bodies(Math.max(8 * Bodies.MAX_BODY, Runtime.getRuntime().maxMemory() / 8));
        var admission = new AdmissionControl(config.maxRequests(), threads);
        metrics.gauge("http_requests_waiting", "Requests waiting for admission.", admission::waiting);
        metrics.gauge("http_request_body_bytes", "Memory used by request bodies, in bytes.", bodies::memory);
        Function<Duration, Optional<Duration>> staleWithin = byline.replicas().isEmpty() ? null : byline::staleWithin;
        // The stages of every request, in order: these handlers of Jetty's, these filters, then the Router.
        var handlers = List.<org.eclipse.jetty.server.Handler.Wrapper>of(instrumentation, bodies, admission);
        var filters = List.<Handler>of(
                ctx -> Exchange.of(ctx).clientAddress(address.key(ctx)),
                ctx -> Exchange.of(ctx)
                        .basePath(config.basePath())
                        .compression(config.compression())
                        .staleness(staleWithin),
                cors::apply,
                ctx -> requireStarted(ctx, readiness),
                Requests::requireBodyArrived,
                authentication::identify);
        var javalin = Javalin.create(javalinConfig -> {
            configure(javalinConfig, metrics, within(config.basePath(), handlers), threads);
            javalinConfig.routes.before(ctx -> pass(filters, router, ctx));
            router.install(javalinConfig.routes);
            Problems.install(javalinConfig.routes, router::allowed);
        });
        javalin.start(config.host(), config.port());
        watchdog.start();
        return new HttpServer(javalin, router.routes(), threads, watchdog);
    }

    private static List<org.eclipse.jetty.server.Handler.Wrapper> within(
            String basePath, List<org.eclipse.jetty.server.Handler.Wrapper> handlers) {
        return basePath.isEmpty()
                ? handlers
                : Stream.concat(
                                Stream.<org.eclipse.jetty.server.Handler.Wrapper>of(new BasePath(basePath)),
                                handlers.stream())
                        .toList();
    }

    /** A request that is refused counts for its route all the same. */
    private static void pass(List<Handler> filters, Router router, Context ctx) throws Exception {
        try {
            for (var filter : filters) {
                filter.handle(ctx);
            }
        } catch (BylineException | HttpProblem e) {
            router.path(ctx.path()).ifPresent(Exchange.of(ctx)::endpoint);
            throw e;
        }
    }

    private static void configure(
            JavalinConfig config,
            PrometheusMetrics metrics,
            List<org.eclipse.jetty.server.Handler.Wrapper> handlers,
            RequestThreads threads) {
        quiet(config, metrics);
        var pool = new QueuedThreadPool(MAX_THREADS, 8);
        pool.setName("byline-http");
        pool.setVirtualThreadsExecutor(threads::read);
        config.jetty.threadPool = pool;
        config.jetty.modifyServer(server -> configure(server, metrics, handlers));
    }

    /** Sets shared defaults: no banner, problem+json for errors, no sessions, no compression. */
    @SuppressWarnings("unchecked") // an array of task initializers
    static void quiet(JavalinConfig config, PrometheusMetrics metrics) {
        config.startup.showJavalinBanner = false;
        config.startup.showOldJavalinVersionWarning = false;
        config.startup.startupWatcherEnabled = false;
        config.requestLifeCycle(DefaultTasks.INSTANCE.getBEFORE(), DefaultTasks.INSTANCE.getHTTP());
        config.http.prefer405over404 = true;
        config.http.defaultContentType = Responses.JSON;
        config.http.compressionStrategy = CompressionStrategy.NONE;
        config.router.ignoreTrailingSlashes = false;
        config.router.javaLangErrorHandler(Problems::fatal);
        config.jetty.modifyHttpConfiguration(HttpServer::configure);
        config.jetty.modifyServletContextHandler(handler -> {
            handler.setErrorHandler(new JettyProblems(metrics));
            handler.setSessionHandler(new NoSessions());
        });
    }

    private static void configure(
            Server server, PrometheusMetrics metrics, List<org.eclipse.jetty.server.Handler.Wrapper> handlers) {
        server.setHandler(handlers.getFirst()); // replaces Javalin's StatisticsHandler, which is not used
        handlers.stream().skip(1).forEach(handler -> server.getTail().setHandler(handler));
        server.addBean(new NetworkConnectionLimit(MAX_CONNECTIONS, server));
        server.setStopTimeout(STOP_TIMEOUT.toMillis());
        server.setErrorHandler(new JettyProblems(metrics));
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
     * Rejects requests until the schema and the first admin exist: someone else could sign up with the admin's e-mail.
     */
    private static void requireStarted(Context ctx, Readiness readiness) {
        if (!readiness.isStarted() && !Exchange.of(ctx).isProbe()) {
            throw Problems.unavailable("the server is starting", ProblemReason.STARTING);
        }
    }

    /** Returns the route table, for tests that compare other tables with it. */
    List<Route> routes() {
        return routes;
    }

    /** Returns the port that the server listens on. */
    public int port() {
        return javalin.port();
    }

    /** Stops listening, and waits up to 10 seconds for requests in flight. */
    @Override
    public void close() {
        javalin.stop();
        watchdog.close();
        threads.close();
    }

    /** Skips the session lookup in each request: no route uses sessions. */
    private static final class NoSessions extends SessionHandler {
        @Override
        public boolean handle(Request request, Response response, Callback callback) throws Exception {
            return getHandler().handle(request, response, callback);
        }
    }
}
