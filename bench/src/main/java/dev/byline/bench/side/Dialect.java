package dev.byline.bench.side;

import dev.byline.bench.side.Workload.Request;
import dev.byline.internal.sql.Cursor;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;

/** How a server wants to be asked. */
sealed interface Dialect {
    /** The place behind a post of the feed. */
    String cursor(Instant publishedAt, long id);

    /** How many users write. */
    int writers();

    /** A new post. */
    Request create(int writer, String title, String body);

    /**
     * As Byline does.
     *
     * @param tokens of user 1, user 2 and so on
     */
    record Byline(List<String> tokens) implements Dialect {
        @Override
        public String cursor(Instant publishedAt, long id) {
            return new Cursor(publishedAt, id).encode("posts");
        }

        @Override
        public int writers() {
            return tokens.size();
        }

        @Override
        public Request create(int writer, String title, String body) {
            return new Request(
                    "POST", "/posts", "{\"title\":\"" + title + "\",\"body\":\"" + body + "\"}", tokens.get(writer));
        }
    }

    /** Who doesn't ask who it is. */
    record Peer(int writers) implements Dialect {
        @Override
        public String cursor(Instant publishedAt, long id) {
            return ChronoUnit.MICROS.between(Instant.EPOCH, publishedAt) + "_" + id;
        }

        @Override
        public Request create(int writer, String title, String body) {
            var json = "{\"user_id\":" + (writer + 1) + ",\"title\":\"" + title + "\",\"body\":\"" + body + "\"}";
            return new Request("POST", "/posts", json, "");
        }
    }
}
