package dev.byline.http;

import dev.byline.http.exchange.ConditionalRequests;
import dev.byline.http.message.HttpProblem;
import dev.byline.http.message.Problem;
import io.javalin.http.Context;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/** {@code /openapi.json} and {@code /docs}: the API contract and Swagger UI, served from the jar. */
final class DocsRoutes {
    /** The path of Swagger UI in its webjar. The version must be that of the parent POM. */
    private static final String SWAGGER_UI = "/META-INF/resources/webjars/swagger-ui/5.34.1/";

    /** Content Security Policy: scripts, styles and requests only from and to this origin; no framing. */
    private static final String POLICY =
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
                    + " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static final String CSS = "text/css";
    private static final String SCRIPT = "text/javascript";

    private final File openapi;
    private final File page = File.read("docs.html", "text/html");
    private final Map<String, File> files = new HashMap<>();

    DocsRoutes(HttpConfig config) {
        var document = new String(File.read("openapi.json", "application/json").body(), StandardCharsets.UTF_8);
        this.openapi = new File(
                "application/json",
                document.replace("\"version\": \"unreleased\"", "\"version\": \"" + config.version() + "\"")
                        .replace("\"url\": \"/\"", "\"url\": \"" + config.basePath() + "/\"")
                        .getBytes(StandardCharsets.UTF_8));
        files.put("docs.css", File.read("docs.css", CSS));
        files.put("docs.js", File.read("docs.js", SCRIPT));
        files.put("swagger-ui.css", File.read(SWAGGER_UI + "swagger-ui.css", CSS));
        files.put("swagger-ui-bundle.js", File.read(SWAGGER_UI + "swagger-ui-bundle.js", SCRIPT));
    }

    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record File(String type, byte[] body, String tag) {
        File(String type, byte[] body) {
            this(type, body, ConditionalRequests.tag(body));
        }

        static File read(String name, String type) {
            try (var in = DocsRoutes.class.getResourceAsStream(name)) {
                if (in == null) {
                    throw new IllegalStateException("no " + name + " in the jar");
                }
                return new File(type, in.readAllBytes());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        void send(Context ctx) {
            ConditionalRequests.constant(ctx, type, tag, body);
        }
    }

    void openapi(Context ctx) {
        openapi.send(ctx);
    }

    void page(Context ctx) {
        ctx.header("Content-Security-Policy", POLICY);
        page.send(ctx);
    }

    void file(Context ctx) {
        var file = files.get(ctx.pathParam("name"));
        if (file == null) {
            throw new HttpProblem(Problem.NOT_FOUND, "no resource at this path");
        }
        file.send(ctx);
    }
}
