package dev.byline.http;

import dev.byline.http.exchange.Exchange;
import org.eclipse.jetty.http.HttpURI;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/**
 * Removes the base path from the paths of requests, so that routes, probes and metrics know nothing of it. Probes work
 * without it, too. Other paths outside of it are 404.
 */
final class BasePath extends Handler.Wrapper {
    /** A path that no route matches. */
    private static final String OUTSIDE = "/outside-of-the-base-path/";

    private final String base;

    /** @param base such as {@code /api} */
    BasePath(String base) {
        this.base = base;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
        return super.handle(new Within(request, inside(request.getHttpURI())), response, callback);
    }

    private HttpURI inside(HttpURI uri) {
        var path = uri.getPath();
        if (Exchange.isProbe(path)) {
            return uri;
        }
        if (path == null || !path.startsWith(base)) {
            return HttpURI.build(uri, OUTSIDE).asImmutable();
        }
        var rest = uri.getPathQuery().substring(base.length());
        if (rest.isEmpty() || rest.startsWith("?")) {
            return HttpURI.build(uri, "/" + rest).asImmutable();
        }
        return HttpURI.build(uri, rest.startsWith("/") ? rest : OUTSIDE).asImmutable();
    }

    private static final class Within extends Request.Wrapper {
        private final HttpURI uri;

        Within(Request request, HttpURI uri) {
            super(request);
            this.uri = uri;
        }

        @Override
        public HttpURI getHttpURI() {
            return uri;
        }
    }
}
