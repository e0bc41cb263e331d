package dev.byline.http;

import dev.byline.http.message.HttpProblem;
import dev.byline.http.message.Problem;
import io.javalin.http.Context;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/** {@code /openapi.json} and {@code /docs}: the API contract and Swagger UI, served from the jar. */
final class DocsRoutes {
    /** The path of Swagger UI in its webjar. The version must be that of the parent POM. */
    private static final String SWAGGER_UI = "/META-INF/resources/webjars/swagger-ui/5.34.1/";

    private final StaticFile openapi;
    private final StaticFile page = StaticFile.read("docs.html", StaticFile.HTML);
    private final Map<String, StaticFile> files = new HashMap<>();

    DocsRoutes(HttpConfig config) {
        var document =
                new String(StaticFile.read("openapi.json", "application/json").body(), StandardCharsets.UTF_8);
        this.openapi = new StaticFile(
                "application/json",
                document.replace("\"version\": \"unreleased\"", "\"version\": \"" + config.version() + "\"")
                        .replace("\"url\": \"/\"", "\"url\": \"" + config.basePath() + "/\"")
                        .getBytes(StandardCharsets.UTF_8));
        files.put("docs.css", StaticFile.read("docs.css", StaticFile.CSS));
        files.put("docs.js", StaticFile.read("docs.js", StaticFile.SCRIPT));
        files.put("swagger-ui.css", StaticFile.read(SWAGGER_UI + "swagger-ui.css", StaticFile.CSS));
        files.put("swagger-ui-bundle.js", StaticFile.read(SWAGGER_UI + "swagger-ui-bundle.js", StaticFile.SCRIPT));
    }

    void openapi(Context ctx) {
        openapi.send(ctx);
    }

    void page(Context ctx) {
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
