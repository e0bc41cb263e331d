package dev.byline.feed;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import dev.byline.feed.FeedEntry.Text;
import dev.byline.feed.FeedParser.Entries;
import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * Reads JSON Feed as a stream: nothing of a document is kept but the members that are wanted.
 *
 * @see <a href="https://www.jsonfeed.org/version/1.1/">JSON Feed 1.1</a>
 */
final class JsonFeed {
    private static final JsonFactory JSON = JsonFactory.builder()
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES) // strangers' names would fill a table of the process
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(100)
                    .maxNumberLength(1000)
                    .build())
            .build();

    private JsonFeed() {}

    static void read(byte[] body, Entries entries) throws FeedException {
        try (var json = JSON.createParser(body)) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw malformed("is no JSON object");
            }
            var version = "";
            var items = false;
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                var name = json.currentName();
                var value = json.nextToken();
                if (name.equals("version") && value == JsonToken.VALUE_STRING) {
                    version = json.getText();
                } else if (name.equals("items") && value == JsonToken.START_ARRAY) {
                    items = true;
                    items(json, entries);
                } else {
                    json.skipChildren();
                }
            }
            if (json.currentToken() != JsonToken.END_OBJECT || json.nextToken() != null) {
                throw malformed("is not one JSON object");
            }
            if (!items || !version.matches("https?://(www\\.)?jsonfeed\\.org/version/.*")) {
                throw malformed("is JSON, but no JSON Feed");
            }
        } catch (JsonProcessingException e) {
            throw new FeedException(ImportFailure.MALFORMED, "is not well-formed JSON", e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void items(JsonParser json, Entries entries) throws IOException, FeedException {
        for (var token = json.nextToken(); token != JsonToken.END_ARRAY; token = json.nextToken()) {
            if (token == JsonToken.START_OBJECT) {
                entries.add(item(json));
            } else if (token == null) {
                throw malformed("ends early");
            } else {
                json.skipChildren();
            }
        }
    }

    private static FeedEntry item(JsonParser json) throws IOException {
        var entry = new FeedEntry.Builder();
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            var name = json.currentName();
            if (json.nextToken().isScalarValue()) {
                member(entry, name, json);
            } else {
                json.skipChildren();
            }
        }
        return entry.build();
    }

    private static void member(FeedEntry.Builder entry, String name, JsonParser json) throws IOException {
        if (name.equals("id") && json.currentToken().isNumeric()) { // coerced, as 1.1 says
            entry.id(json.getText());
        }
        if (json.currentToken() != JsonToken.VALUE_STRING) {
            return;
        }
        var value = json.getText();
        switch (name) {
            case "id" -> entry.id(value);
            case "url" -> entry.link(value);
            case "external_url" -> entry.secondLink(value);
            case "title" -> entry.title(Text.plain(value));
            case "content_html" -> entry.content(Text.html(value));
            case "content_text" -> entry.content(Text.plain(value));
            case "summary" -> entry.summary(Text.plain(value));
            case "date_published" -> entry.published(value);
            case "date_modified" -> entry.modified(value);
            default -> {} // nothing that a post has
        }
    }

    private static FeedException malformed(String what) {
        return new FeedException(ImportFailure.MALFORMED, what);
    }
}
