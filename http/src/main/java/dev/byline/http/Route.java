package dev.byline.http;

import io.javalin.http.Handler;
import io.javalin.http.HandlerType;
import java.util.Set;

/**
 * An entry of the route table. By default a route has no query parameters and responds with JSON.
 *
 * @param method the method; GET serves HEAD too
 * @param path the path, with parameters in braces
 * @param access who may call the route
 * @param handler parses the request, calls core once, renders the response
 * @param query the names of the query parameters
 * @param negotiates whether the handler checks Accept itself; otherwise Accept must allow JSON
 * @param present whether the route exists
 */
record Route(
        HandlerType method,
        String path,
        Access access,
        Handler handler,
        Set<String> query,
        boolean negotiates,
        boolean present) {
    Route(HandlerType method, String path, Access access, Handler handler) {
        this(method, path, access, handler, Set.of(), false, true);
    }

    /** Returns a copy with these query parameters. */
    Route query(String... names) {
        return new Route(method, path, access, handler, Set.of(names), negotiates, present);
    }

    /** Returns a copy whose handler checks Accept itself. */
    Route negotiating() {
        return new Route(method, path, access, handler, query, true, present);
    }

    /** Returns a copy that exists only if the condition is true. */
    Route onlyIf(boolean condition) {
        return new Route(method, path, access, handler, query, negotiates, condition);
    }

    /** Returns whether a request path matches. Compares segments: cheaper than a regular expression for each route. */
    boolean matches(String address) {
        var wanted = path.split("/", -1);
        var given = address.split("/", wanted.length + 1); // more segments don't match
        if (wanted.length != given.length) {
            return false;
        }
        for (int i = 0; i < wanted.length; i++) {
            if (wanted[i].startsWith("{") ? given[i].isEmpty() : !wanted[i].equals(given[i])) {
                return false;
            }
        }
        return true;
    }

    /** Who may call a route. Core decides what the caller may do there. */
    enum Access {
        /** Everyone, with or without a token. */
        ANYONE,
        /** Callers with a token. */
        USER,
        /** Admins only. */
        ADMIN
    }
}
