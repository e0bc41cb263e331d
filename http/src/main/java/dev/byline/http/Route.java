package dev.byline.http;

import io.javalin.http.Handler;
import io.javalin.http.HandlerType;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A line of the route table: method, path, who may call it, what it does; and which query parameters it has, none unless said.
 *
 * @param method GET answers HEAD too
 * @param path with parameters in braces
 * @param access who may call it
 * @param handler parses, calls core once, renders
 * @param query the names of the query parameters
 * @param negotiates whether the handler looks at Accept itself; else a client that takes no JSON is refused
 * @param present whether the route is there at all
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

    /** With these query parameters. */
    Route query(String... names) {
        return new Route(method, path, access, handler, Set.of(names), negotiates, present);
    }

    /** With a handler that looks at Accept itself. */
    Route negotiating() {
        return new Route(method, path, access, handler, query, true, present);
    }

    /** There only if a condition holds. */
    Route onlyIf(boolean condition) {
        return new Route(method, path, access, handler, query, negotiates, condition);
    }

    /** Whether an address is this route's. Compared part by part: a refused request must not cost a pattern for each route. */
    boolean matches(String address) {
        var wanted = path.split("/", -1);
        var given = address.split("/", wanted.length + 1); // any more is no match
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

    /**
     * What asks whether the process lives: never authenticated, never counted, never refused.
     *
     * @param path as it was sent: other spellings of it, such as {@code /%6civez} or {@code /livez;x}, are no probes, and no
     *     addresses of anything else
     */
    static boolean isProbe(@Nullable String path) {
        return "/livez".equals(path) || "/readyz".equals(path);
    }

    /** Who may call a route; what they may do there is core's affair. */
    enum Access {
        /** With a token or without. */
        ANYONE,
        /** Who has a token. */
        USER,
        /** Admins only. */
        ADMIN
    }
}
