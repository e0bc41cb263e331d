package dev.byline.bench.comparison;

import dev.byline.internal.sql.Cursor;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;

/**
 * What differs between the requests to Byline and to its peers: cursors and authentication.
 *
 * @param tokens of users 1, 2 and so on; empty for peers, which need none
 */
record Dialect(List<String> tokens) {
    /** The number of users that create posts: the row of a single one would be a bottleneck of its own. */
    static final int WRITERS = 64;

    static final Dialect PEER = new Dialect(List.of());

    String cursor(Instant publishedAt, long id) {
        return tokens.isEmpty()
                ? ChronoUnit.MICROS.between(Instant.EPOCH, publishedAt) + "_" + id
                : new Cursor(publishedAt, id).encode("posts");
    }

    Request create(int writer, String title, String body) {
        var text = "\"title\":\"" + title + "\",\"body\":\"" + body + "\"}";
        return tokens.isEmpty()
                ? new Request("POST", "/posts", "{\"user_id\":" + (writer + 1) + "," + text, "")
                : new Request("POST", "/posts", "{" + text, tokens.get(writer));
    }

    /** A request; the JSON and the token may be empty. */
    record Request(String method, String path, String json, String token) {
        static Request get(String path) {
            return new Request("GET", path, "", "");
        }

        /** Returns it with one more query parameter. */
        Request with(String parameter) {
            return new Request(method, path + (path.contains("?") ? "&" : "?") + parameter, json, token);
        }
    }
}
