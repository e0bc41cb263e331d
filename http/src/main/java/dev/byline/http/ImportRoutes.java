package dev.byline.http;

import static dev.byline.http.Authentication.principal;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.byline.Imports;
import dev.byline.http.exchange.Exchange;
import dev.byline.http.exchange.Requests;
import dev.byline.http.exchange.Responses;
import dev.byline.model.ImportOutcome;
import io.javalin.http.Context;
import io.javalin.http.HttpStatus;
import java.io.IOException;
import java.util.List;

/** {@code /imports}. */
final class ImportRoutes {
    private final Imports imports;

    ImportRoutes(Imports imports) {
        this.imports = imports;
    }

    void run(Context ctx) {
        var body = Requests.body(ctx);
        var urls = body.texts("urls", 1, Imports.MAX_URLS);
        List<String> wanted = body.build(() -> urls);
        Exchange.of(ctx).worked(); // imports have their own limits: a slow one must not hold an admission permit
        var outcomes = imports.run(principal(ctx), wanted);
        Responses.json(ctx, HttpStatus.OK, json -> write(json, outcomes));
    }

    private static void write(JsonGenerator json, List<ImportOutcome> outcomes) throws IOException {
        json.writeStartObject();
        json.writeArrayFieldStart("imports");
        for (var outcome : outcomes) {
            json.writeStartObject();
            json.writeStringField("url", outcome.url());
            write(json, outcome);
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    private static void write(JsonGenerator json, ImportOutcome outcome) throws IOException {
        switch (outcome) {
            case ImportOutcome.Imported imported -> {
                json.writeStringField("outcome", "imported");
                json.writeNumberField("imported", imported.imported());
                json.writeNumberField("updated", imported.updated());
                json.writeNumberField("left", imported.left());
                json.writeNumberField("duplicates", imported.duplicates());
                json.writeNumberField("failed", imported.failed());
                json.writeArrayFieldStart("failed_items");
                for (var item : imported.failedItems()) {
                    json.writeStartObject();
                    json.writeStringField("item", item.item());
                    json.writeStringField("reason", item.reason());
                    json.writeEndObject();
                }
                json.writeEndArray();
            }
            case ImportOutcome.Unchanged ignored -> json.writeStringField("outcome", "unchanged");
            case ImportOutcome.Failed failed -> {
                json.writeStringField("outcome", "failed");
                json.writeStringField("reason", failed.reason().text());
                json.writeStringField("detail", failed.detail());
            }
        }
    }
}
