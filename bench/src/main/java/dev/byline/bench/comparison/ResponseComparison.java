package dev.byline.bench.comparison;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.byline.bench.harness.HttpConnection.Response;
import java.io.IOException;
import java.time.OffsetDateTime;
import java.util.Map;
import java.util.TreeMap;

/** Compares the responses of Byline and a peer, so that all targets do the same work. */
final class ResponseComparison {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** The size may differ by this factor: times may have fewer digits, cursors another form. */
    private static final double SIZE_FACTOR = 1.25;

    private ResponseComparison() {}

    /**
     * Compares two responses.
     *
     * @throws IllegalStateException if they differ
     */
    static void check(String what, Response byline, Response peer) throws IOException {
        var isNew = byline.status() == 201;
        var expected = normalize(JSON.readTree(byline.text()), isNew);
        var found = normalize(JSON.readTree(peer.text()), isNew);
        var ratio = peer.body().length() / (double) byline.body().length();
        if (byline.status() != peer.status()
                || !expected.equals(found)
                || ratio > SIZE_FACTOR
                || ratio < 1 / SIZE_FACTOR) {
            throw new IllegalStateException("%s: %d, %d bytes: %s%nByline: %d, %d bytes: %s"
                    .formatted(
                            what,
                            peer.status(),
                            peer.body().length(),
                            found,
                            byline.status(),
                            byline.body().length(),
                            expected));
        }
    }

    /** Ignores the form of cursors and times, and the ids and times of new rows. */
    private static Object normalize(JsonNode json, boolean isNew) {
        if (json.isArray()) {
            return json.valueStream().map(item -> normalize(item, isNew)).toList();
        }
        if (!json.isObject()) {
            return json;
        }
        Map<String, Object> fields = new TreeMap<>();
        for (var member : json.properties()) {
            var name = member.getKey();
            var value = member.getValue();
            var isTime = name.endsWith("_at") && value.isTextual();
            if (isNew && (name.equals("id") || isTime)) {
                fields.put(name, "generated");
            } else if (name.equals("next_cursor")) {
                fields.put(name, value.isNull());
            } else {
                fields.put(name, isTime ? OffsetDateTime.parse(value.asText()).toInstant() : normalize(value, isNew));
            }
        }
        return fields;
    }
}
