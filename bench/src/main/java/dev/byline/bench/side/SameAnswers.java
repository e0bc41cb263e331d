package dev.byline.bench.side;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.time.OffsetDateTime;
import java.util.Map;
import java.util.TreeMap;

/** Whether a server says what Byline says, in as many bytes. */
final class SameAnswers {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** A time may have fewer digits, a cursor others. */
    private static final double MOST_BYTES = 1.25;

    private SameAnswers() {}

    /**
     * Compares two answers.
     *
     * @throws IllegalStateException when they differ
     */
    static void check(Target target, Workload workload, Server.Answer byline, Server.Answer peer) throws IOException {
        var isNew = byline.status() == 201; // its id and its times are its own
        var expected = normal(JSON.readTree(byline.body()), isNew);
        var found = normal(JSON.readTree(peer.body()), isNew);
        if (byline.status() != peer.status() || !expected.equals(found)) {
            throw new IllegalStateException(target + " answers " + workload + " with " + peer.status() + " " + found
                    + ", Byline with " + byline.status() + " " + expected);
        }
        var ratio = peer.body().length() / (double) byline.body().length();
        if (ratio > MOST_BYTES || ratio < 1 / MOST_BYTES) {
            throw new IllegalStateException(
                    target + " answers " + workload + " with " + peer.body().length() + " bytes, Byline with "
                            + byline.body().length());
        }
    }

    /** Without what only their owner sees, nor how a cursor or a time is written. */
    private static Object normal(JsonNode json, boolean isNew) {
        if (json.isArray()) {
            return json.valueStream().map(item -> normal(item, isNew)).toList();
        }
        if (!json.isObject()) {
            return json;
        }
        Map<String, Object> fields = new TreeMap<>();
        for (var member : json.properties()) {
            var field = member.getKey();
            var value = member.getValue();
            if (isNew && (field.equals("id") || field.endsWith("_at"))) {
                fields.put(field, "its own");
            } else if (field.equals("next_cursor")) {
                fields.put(field, value.isNull() ? "none" : "another page");
            } else if (field.endsWith("_at") && value.isTextual()) {
                fields.put(field, OffsetDateTime.parse(value.asText()).toInstant());
            } else {
                fields.put(field, normal(value, isNew));
            }
        }
        return fields;
    }
}
