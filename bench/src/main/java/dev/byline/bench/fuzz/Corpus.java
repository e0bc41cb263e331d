package dev.byline.bench.fuzz;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The hostile and odd values of corpus.json, in named lists. A value is a string or an array: its strings are
 * concatenated, and a number repeats the string before it. In "characters", "syntax" and "words" a character is a
 * character; elsewhere it is a byte.
 */
final class Corpus {
    private static final JsonNode FILE = read();

    /** Values for request headers by name, valid or nearly so. */
    static final Map<String, List<String>> HEADERS = headers();

    private Corpus() {}

    static List<String> list(String name) {
        return values(FILE.required(name));
    }

    private static JsonNode read() {
        try (var file = Corpus.class.getResourceAsStream("corpus.json")) {
            return new ObjectMapper().readTree(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Map<String, List<String>> headers() {
        var headers = new TreeMap<String, List<String>>();
        FILE.required("headers").properties().forEach(each -> headers.put(each.getKey(), values(each.getValue())));
        return headers;
    }

    private static List<String> values(JsonNode list) {
        return list.valueStream().map(Corpus::value).toList();
    }

    private static String value(JsonNode node) {
        if (node.isTextual()) {
            return node.textValue();
        }
        var value = new StringBuilder();
        var last = "";
        for (var part : node) {
            value.append(part.isNumber() ? last.repeat(part.asInt() - 1) : part.textValue());
            last = part.asText();
        }
        return value.toString();
    }
}
