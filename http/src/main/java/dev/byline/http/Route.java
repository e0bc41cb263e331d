package dev.byline.http;

import io.javalin.http.Handler;
import io.javalin.http.HandlerType;

/**
 * A line of the route table.
 *
 * @param method GET answers HEAD too
 * @param path with parameters in braces
 * @param access who may call it
 * @param handler parses, calls core once, renders
 */
record Route(HandlerType method, String path, Access access, Handler handler) {
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
