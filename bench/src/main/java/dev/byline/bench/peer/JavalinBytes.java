package dev.byline.bench.peer;

import io.javalin.Javalin;
import io.javalin.compression.CompressionStrategy;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.eclipse.jetty.util.VirtualThreads;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/** A bare Javalin that writes constant bytes. Arguments: port, file with a user, file with a page. */
final class JavalinBytes {
    static final String TAG = "\"1-1\"";

    private JavalinBytes() {}

    public static void main(String[] args) throws Exception {
        var user = Files.readAllBytes(Path.of(args[1]));
        var page = Files.readAllBytes(Path.of(args[2]));
        start(args[0], config -> {
            config.routes.get("/users/{id}", ctx -> respond(ctx, user));
            config.routes.get("/posts", ctx -> respond(ctx, page));
        });
    }

    private static void respond(Context ctx, byte[] bytes) throws IOException {
        ctx.res().setHeader("ETag", TAG);
        if (TAG.equals(ctx.req().getHeader("If-None-Match"))) {
            ctx.status(304);
            ctx.res().flushBuffer();
            return;
        }
        send(ctx, bytes);
    }

    /** Bypasses Javalin's buffers, which copy each response once more. */
    static void send(Context ctx, byte[] bytes) throws IOException {
        ctx.res().setContentType("application/json");
        ctx.res().setContentLength(bytes.length);
        ctx.res().getOutputStream().write(bytes);
    }

    /** Adds routes. */
    interface Routes {
        void add(JavalinConfig config);
    }

    /** Starts Javalin with virtual threads like Byline's, without compression. */
    static void start(String port, Routes routes) {
        var threads = new QueuedThreadPool(32, 8);
        threads.setVirtualThreadsExecutor(VirtualThreads.getDefaultVirtualThreadsExecutor());
        Javalin.create(config -> {
                    config.startup.showJavalinBanner = false;
                    config.http.compressionStrategy = CompressionStrategy.NONE;
                    config.jetty.threadPool = threads;
                    routes.add(config);
                })
                .start("127.0.0.1", Integer.parseInt(port));
    }
}
