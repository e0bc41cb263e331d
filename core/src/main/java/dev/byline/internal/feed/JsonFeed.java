package dev.byline.internal.feed;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import dev.byline.internal.feed.FeedEntry.Text;
import dev.byline.internal.feed.FeedParser.Entries;
import dev.byline.model.ImportFailure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.util.List;

/**
 * Parses JSON Feed as a stream; only the members of a post are kept in memory.
 *
 * @see <a href="https://www.jsonfeed.org/version/1.1/">JSON Feed 1.1</a>
 */
final class JsonFeed {
    private static final JsonFactory JSON = JsonFactory.builder()
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES) // untrusted names would fill a table of the process
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(100)
                    .maxNumberLength(1000)
                    .build())
            .build();

    private static final List<String> VERSIONS = List.of(
            "https://jsonfeed.org/version/",
            "https://www.jsonfeed.org/version/",
            "http://jsonfeed.org/version/",
            "http://www.jsonfeed.org/version/");

    /** The maximum length of a valid version. */
    private static final int MAX_VERSION = 200;

    private final JsonParser json;
    private final Deadline deadline;
    private final String base;

    private JsonFeed(JsonParser json, Deadline deadline, String base) {
        this.json = json;
        this.deadline = deadline;
        this.base = base;
    }

    static void read(FetchResult.Document document, Deadline deadline, Entries entries) throws FeedException {
        // JSON is Unicode whatever the Content-Type says (RFC 8259). Jackson's own decoder replaces invalid bytes with
        // U+FFFD.
        var detected = DetectedEncoding.of(document.body(), '{');
        try (var json = JSON.createParser(detected.encoding().reader(document.body(), detected.start()))) {
            new JsonFeed(json, deadline, document.from().toString()).feed(entries);
        } catch (JsonProcessingException e) {
            throw new FeedException(ImportFailure.MALFORMED, "is not well-formed JSON", e);
        } catch (CharacterCodingException e) {
            throw new FeedException(ImportFailure.MALFORMED, "is not valid UTF-8", e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void feed(Entries entries) throws IOException, FeedException {
        if (json.nextToken() != JsonToken.START_OBJECT) {
            throw malformed("is not a JSON object");
        }
        var version = "";
        var items = false;
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            deadline.check();
            var name = json.currentName();
            var value = json.nextToken();
            if (name.equals("version") && value == JsonToken.VALUE_STRING) {
                version = json.getText();
            } else if (name.equals("items") && value == JsonToken.START_ARRAY) {
                items = true;
                items(entries);
            } else {
                json.skipChildren();
            }
        }
        if (json.currentToken() != JsonToken.END_OBJECT || json.nextToken() != null) {
            throw malformed("is not exactly one JSON object");
        }
        if (!items || !isJsonFeed(version)) {
            throw malformed("is JSON, but not a JSON Feed");
        }
    }

    private static boolean isJsonFeed(String version) {
        return version.length() <= MAX_VERSION && VERSIONS.stream().anyMatch(version::startsWith);
    }

    private void items(Entries entries) throws IOException, FeedException {
        for (var token = json.nextToken(); token != JsonToken.END_ARRAY; token = json.nextToken()) {
            deadline.check();
            if (token == JsonToken.START_OBJECT) {
                entries.add(item());
            } else if (token == null) {
                throw malformed("ends within the items");
            } else {
                json.skipChildren();
            }
        }
    }

    private FeedEntry item() throws IOException, FeedException {
        var entry = new FeedEntry.Builder();
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            deadline.check();
            var name = json.currentName();
            if (json.nextToken().isScalarValue()) {
                member(entry, name);
            } else {
                json.skipChildren();
            }
        }
        return entry.build();
    }

    private void member(FeedEntry.Builder entry, String name) throws IOException {
        if (name.equals("id") && json.currentToken().isNumeric()) { // JSON Feed 1.1: coerce to a string
            entry.id(json.getText());
        }
        if (json.currentToken() != JsonToken.VALUE_STRING) {
            return;
        }
        var value = json.getText();
        switch (name) {
            case "id" -> entry.id(value);
            case "url" -> entry.link(value, base);
            case "external_url" -> entry.fallbackLink(value, base);
            case "title" -> entry.title(Text.plain(value));
            case "content_html" -> entry.content(Text.html(value));
            case "content_text" -> entry.content(Text.plain(value));
            case "summary" -> entry.summary(Text.plain(value));
            case "date_published" -> entry.published(value);
            case "date_modified" -> entry.modified(value);
            default -> {} // not used
        }
    }

    private static FeedException malformed(String detail) {
        return new FeedException(ImportFailure.MALFORMED, detail);
    }
}
