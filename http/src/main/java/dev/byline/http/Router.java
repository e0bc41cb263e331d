package dev.byline.http;

import static io.javalin.http.HandlerType.DELETE;
import static io.javalin.http.HandlerType.GET;
import static io.javalin.http.HandlerType.HEAD;
import static io.javalin.http.HandlerType.OPTIONS;
import static io.javalin.http.HandlerType.PATCH;
import static io.javalin.http.HandlerType.POST;
import static io.javalin.http.HandlerType.PUT;

import dev.byline.http.exchange.Exchange;
import dev.byline.http.exchange.Requests;
import dev.byline.http.exchange.Responses;
import dev.byline.http.message.HttpProblem;
import dev.byline.http.message.QueryParameters;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import io.javalin.http.Handler;
import io.javalin.http.HandlerType;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Dispatches requests by the route table. Adds HEAD for each GET, OPTIONS and 405 for each path. Before a handler runs
 * it checks, in this order: Accept, the caller's access, the query parameters.
 */
final class Router {
    private static final List<HandlerType> METHODS = List.of(GET, HEAD, POST, PUT, PATCH, DELETE);

    private final List<Route> routes;

    /** Handlers by path and method, in the order of the table: literal segments come before {@code {id}}. */
    private final Map<String, Map<HandlerType, Handler>> paths = new LinkedHashMap<>();

    Router(List<Route> routes) {
        this.routes = routes;
        for (var route : routes) {
            var handlers = paths.computeIfAbsent(route.path(), path -> new LinkedHashMap<>());
            handlers.put(route.method(), ctx -> handle(route, ctx));
            if (route.method().equals(GET)) {
                handlers.put(HEAD, ctx -> handle(route, ctx));
            }
        }
    }

    private static void handle(Route route, Context ctx) throws Exception {
        var exchange = Exchange.of(ctx);
        exchange.endpoint(route.path());
        if (!route.negotiates() && !route.method().equals(DELETE)) { // DELETE has no response body
            Requests.requireJsonWanted(ctx);
        }
        Authentication.require(ctx, route.access());
        exchange.query(QueryParameters.parse(ctx.req().getQueryString(), route.query()));
        route.handler().handle(ctx);
    }

    List<Route> routes() {
        return routes;
    }

    /**
     * Registers each path with all methods, unsupported ones too (405): otherwise DELETE /posts/batch would match
     * {@code /posts/{id}}.
     */
    void install(RoutesConfig target) {
        paths.forEach((path, handlers) -> {
            var allowed = allowed(handlers.keySet());
            handlers.forEach((method, handler) -> target.addHttpHandler(method, path, handler));
            target.addHttpHandler(OPTIONS, path, ctx -> {
                Exchange.of(ctx).endpoint(path);
                Responses.options(ctx, allowed, handlers.containsKey(PATCH));
            });
            METHODS.stream()
                    .filter(method -> !handlers.containsKey(method))
                    .forEach(method -> target.addHttpHandler(method, path, ctx -> {
                        Exchange.of(ctx).endpoint(path);
                        throw HttpProblem.methodNotAllowed(allowed);
                    }));
        });
    }

    private static String allowed(Collection<HandlerType> methods) {
        return methods.stream().map(HandlerType::name).collect(Collectors.joining(", ")) + ", OPTIONS";
    }

    /** Returns the methods of a request path, for the response to a non-standard method. */
    String allowed(String address) {
        return allowed(paths.getOrDefault(path(address).orElse(""), Map.of()).keySet());
    }

    /** Returns the route path that a request path matches. */
    Optional<String> path(String address) {
        return routes.stream()
                .filter(route -> route.matches(address))
                .map(Route::path)
                .findFirst();
    }
}
