package dev.byline.bench.peer;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;

/** A bare Jetty handler that writes constant bytes. Arguments: port, file with a user, file with a page. */
final class JettyBytes {
    private JettyBytes() {}

    public static void main(String[] args) throws Exception {
        var user = Files.readAllBytes(Path.of(args[1]));
        var page = Files.readAllBytes(Path.of(args[2]));
        var server = new Server();
        var connector = new ServerConnector(server);
        connector.setHost("127.0.0.1");
        connector.setPort(Integer.parseInt(args[0]));
        server.addConnector(connector);
        server.setHandler(new Handler.Abstract.NonBlocking() {
            @Override
            public boolean handle(Request request, Response response, Callback callback) {
                var bytes = Request.getPathInContext(request).startsWith("/users") ? user : page;
                response.getHeaders().put(HttpHeader.ETAG, JavalinBytes.TAG);
                if (JavalinBytes.TAG.equals(request.getHeaders().get(HttpHeader.IF_NONE_MATCH))) {
                    response.setStatus(304);
                    callback.succeeded();
                    return true;
                }
                response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/json");
                response.getHeaders().put(HttpHeader.CONTENT_LENGTH, bytes.length);
                response.write(true, ByteBuffer.wrap(bytes), callback);
                return true;
            }
        });
        server.start();
    }
}
