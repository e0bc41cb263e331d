package dev.byline.bench.peer;

import com.fasterxml.jackson.core.JsonEncoding;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonToken;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;

/** Writes Byline's JSON and reads its requests. */
final class PeerJson {
    private static final JsonFactory JSON = new JsonFactory();
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS'Z'", Locale.ROOT);

    record User(
            long id,
            String name,
            boolean active,
            String metadata,
            OffsetDateTime createdAt,
            OffsetDateTime updatedAt) {}

    record Post(
            long id,
            long userId,
            String title,
            String body,
            String metadata,
            OffsetDateTime publishedAt,
            OffsetDateTime createdAt,
            OffsetDateTime updatedAt) {}

    record NewPost(long userId, String title, String body) {}

    /** A position in the feed; as a cursor, microseconds and id separated by an underscore. */
    record CursorPosition(OffsetDateTime time, long id) {
        static CursorPosition of(String cursor) {
            var separator = cursor.indexOf('_');
            var time = Instant.EPOCH.plus(Long.parseLong(cursor.substring(0, separator)), ChronoUnit.MICROS);
            return new CursorPosition(time.atOffset(ZoneOffset.UTC), Long.parseLong(cursor.substring(separator + 1)));
        }
    }

    private interface Writer {
        void write(JsonGenerator json) throws IOException;
    }

    private PeerJson() {}

    static byte[] user(User user) {
        return object(json -> userFields(json, user));
    }

    static byte[] page(List<Post> rows) {
        return object(json -> pageFields(json, rows));
    }

    static byte[] userWithPosts(User user, List<Post> rows) {
        return object(json -> {
            userFields(json, user);
            pageFields(json, rows);
        });
    }

    static byte[] post(Post post) {
        return object(json -> postFields(json, post));
    }

    static NewPost newPost(byte[] body) {
        try (var json = JSON.createParser(body)) {
            long userId = 0;
            var title = "";
            var text = "";
            json.nextToken();
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                var name = json.currentName();
                json.nextToken();
                switch (name) {
                    case "user_id" -> userId = json.getLongValue();
                    case "title" -> title = json.getText();
                    case "body" -> text = json.getText();
                    default -> json.skipChildren();
                }
            }
            return new NewPost(userId, title, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] object(Writer writer) {
        var bytes = new ByteArrayOutputStream(1024);
        try (var json = JSON.createGenerator(bytes, JsonEncoding.UTF8)) {
            json.writeStartObject();
            writer.write(json);
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private static void userFields(JsonGenerator json, User user) throws IOException {
        json.writeNumberField("id", user.id());
        json.writeStringField("name", user.name());
        json.writeBooleanField("is_active", user.active());
        json.writeFieldName("metadata");
        json.writeRawValue(user.metadata());
        json.writeStringField("created_at", TIME.format(user.createdAt()));
        json.writeStringField("updated_at", TIME.format(user.updatedAt()));
    }

    private static void pageFields(JsonGenerator json, List<Post> rows) throws IOException {
        json.writeArrayFieldStart("posts");
        for (var post : rows.subList(0, Math.min(Sql.LIMIT, rows.size()))) {
            json.writeStartObject();
            postFields(json, post);
            json.writeEndObject();
        }
        json.writeEndArray();
        if (rows.size() > Sql.LIMIT) {
            var last = rows.get(Sql.LIMIT - 1);
            var micros =
                    ChronoUnit.MICROS.between(Instant.EPOCH, last.publishedAt().toInstant());
            json.writeStringField("next_cursor", micros + "_" + last.id());
        } else {
            json.writeNullField("next_cursor");
        }
    }

    private static void postFields(JsonGenerator json, Post post) throws IOException {
        json.writeNumberField("id", post.id());
        json.writeNumberField("user_id", post.userId());
        json.writeStringField("title", post.title());
        json.writeStringField("body", post.body());
        json.writeFieldName("metadata");
        json.writeRawValue(post.metadata());
        json.writeStringField("status", "published");
        json.writeStringField("published_at", TIME.format(post.publishedAt()));
        json.writeStringField("created_at", TIME.format(post.createdAt()));
        json.writeStringField("updated_at", TIME.format(post.updatedAt()));
    }
}
