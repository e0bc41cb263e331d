package dev.byline.http.message;

import com.fasterxml.jackson.core.JsonEncoding;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import dev.byline.model.AuthorWithPosts;
import dev.byline.model.FieldError;
import dev.byline.model.IssuedToken;
import dev.byline.model.Page;
import dev.byline.model.Post;
import dev.byline.model.PostWithAuthor;
import dev.byline.model.Selection;
import dev.byline.model.Token;
import dev.byline.model.User;
import dev.byline.model.Validation;
import dev.byline.model.WithAuthors;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Renders responses as JSON. */
public final class Json {
    private static final JsonFactory JSON = JsonFactory.builder()
            .enable(JsonWriteFeature.COMBINE_UNICODE_SURROGATES_IN_UTF8)
            // The default pool is thread-local, useless here: each request has a new virtual thread.
            .recyclerPool(JsonRecyclerPools.newConcurrentDequePool())
            .build();

    private Json() {}

    /** Writes one JSON value. */
    public interface Writer {
        void write(JsonGenerator json) throws IOException;
    }

    public static byte[] bytes(Writer writer) {
        var bytes = new ByteArrayOutputStream(1024);
        write(writer, bytes);
        return bytes.toByteArray();
    }

    public static void write(Writer writer, OutputStream out) {
        try (var json = JSON.createGenerator(out, JsonEncoding.UTF8)) {
            writer.write(json);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static void user(JsonGenerator json, User user) throws IOException {
        json.writeStartObject();
        userFields(json, user);
        json.writeEndObject();
    }

    public static void users(JsonGenerator json, Page<User> page) throws IOException {
        page(json, "users", page, Json::user);
    }

    public static void userWithPosts(JsonGenerator json, AuthorWithPosts author) throws IOException {
        json.writeStartObject();
        userFields(json, author.author());
        pageFields(json, "posts", author.posts(), Json::post);
        json.writeEndObject();
    }

    private static void userFields(JsonGenerator json, User user) throws IOException {
        json.writeNumberField("id", user.id());
        if (user.email() != null) {
            json.writeStringField("email", user.email());
        }
        json.writeStringField("name", user.name());
        if (user.role() != null) {
            json.writeStringField("role", user.role().text());
        }
        json.writeBooleanField("is_active", user.active());
        json.writeFieldName("metadata");
        json.writeRawValue(user.metadata().json());
        json.writeStringField("created_at", Rfc3339.format(user.createdAt()));
        json.writeStringField("updated_at", Rfc3339.format(user.updatedAt()));
    }

    public static void post(JsonGenerator json, Post post) throws IOException {
        json.writeStartObject();
        postFields(json, post);
        json.writeEndObject();
    }

    public static void post(JsonGenerator json, PostWithAuthor post) throws IOException {
        json.writeStartObject();
        postFields(json, post.post());
        json.writeFieldName("author");
        user(json, post.author());
        json.writeEndObject();
    }

    private static void postFields(JsonGenerator json, Post post) throws IOException {
        json.writeNumberField("id", post.id());
        json.writeNumberField("user_id", post.userId());
        json.writeStringField("title", post.title());
        json.writeStringField("body", post.body());
        json.writeFieldName("metadata");
        json.writeRawValue(post.metadata().json());
        json.writeStringField("status", post.status().text());
        if (post.publishedAt() == null) {
            json.writeNullField("published_at");
        } else {
            json.writeStringField("published_at", Rfc3339.format(post.publishedAt()));
        }
        json.writeStringField("created_at", Rfc3339.format(post.createdAt()));
        json.writeStringField("updated_at", Rfc3339.format(post.updatedAt()));
    }

    public static void issuedToken(JsonGenerator json, IssuedToken issued) throws IOException {
        json.writeStartObject();
        json.writeNumberField("id", issued.token().id());
        json.writeNumberField("user_id", issued.token().userId());
        json.writeStringField("token", issued.secret());
        json.writeStringField("expires_at", Rfc3339.format(issued.token().expiresAt()));
        json.writeEndObject();
    }

    public static void tokens(JsonGenerator json, List<Token> tokens) throws IOException {
        json.writeStartObject();
        items(json, "tokens", tokens, Json::token);
        json.writeEndObject();
    }

    private static void token(JsonGenerator json, Token token) throws IOException {
        json.writeStartObject();
        json.writeNumberField("id", token.id());
        json.writeNumberField("user_id", token.userId());
        json.writeStringField("created_at", Rfc3339.format(token.createdAt()));
        json.writeStringField("expires_at", Rfc3339.format(token.expiresAt()));
        if (token.lastUsedAt() == null) {
            json.writeNullField("last_used_at");
        } else {
            json.writeStringField("last_used_at", Rfc3339.format(token.lastUsedAt()));
        }
        json.writeEndObject();
    }

    public static void posts(JsonGenerator json, Page<Post> page) throws IOException {
        page(json, "posts", page, Json::post);
    }

    public static void postsWithAuthors(JsonGenerator json, WithAuthors<Page<Post>> page) throws IOException {
        json.writeStartObject();
        pageFields(json, "posts", page.posts(), Json::post);
        items(json, "authors", page.authors(), Json::user);
        json.writeEndObject();
    }

    public static void selectionWithAuthors(JsonGenerator json, WithAuthors<Selection<Post>> found) throws IOException {
        json.writeStartObject();
        selectionFields(json, found.posts());
        items(json, "authors", found.authors(), Json::user);
        json.writeEndObject();
    }

    /** Writes posts that were requested by ids or sorted by relevance. */
    public static void posts(JsonGenerator json, Selection<Post> selection) throws IOException {
        json.writeStartObject();
        selectionFields(json, selection);
        json.writeEndObject();
    }

    private static void selectionFields(JsonGenerator json, Selection<Post> selection) throws IOException {
        items(json, "posts", selection.items(), Json::post);
        json.writeNullField("next_cursor");
        json.writeArrayFieldStart("remaining_ids");
        for (var id : selection.remainingIds()) {
            json.writeNumber(id);
        }
        json.writeEndArray();
    }

    /** Returns the estimated size of posts in JSON, in bytes. */
    public static long size(List<Post> posts) {
        return posts.stream().mapToLong(Post::jsonBytes).sum();
    }

    public static long size(AuthorWithPosts author) {
        return author.author().jsonBytes() + size(author.posts().items());
    }

    public static long sizeOfUsers(List<User> users) {
        return users.stream().mapToLong(User::jsonBytes).sum();
    }

    /** Writes the posts of a batch: a list without pages. */
    public static void posts(JsonGenerator json, List<Post> posts) throws IOException {
        json.writeStartObject();
        items(json, "posts", posts, Json::post);
        json.writeEndObject();
    }

    public static void problem(JsonGenerator json, HttpProblem e, @Nullable String requestId) throws IOException {
        json.writeStartObject();
        json.writeStringField("type", e.problem.type);
        json.writeStringField("title", e.problem.title);
        json.writeNumberField("status", e.problem.status);
        json.writeStringField("detail", printable(e.detail()));
        if (e.reason != null) {
            json.writeStringField("reason", e.reason.text());
        }
        if (e.problem == Problem.UNAVAILABLE) {
            json.writeBooleanField("may_have_happened", e.mayHaveHappened);
        }
        if (requestId != null) {
            json.writeStringField("request_id", requestId);
        }
        if (!e.errors.isEmpty()) {
            items(json, "errors", e.errors, Json::fieldError);
        }
        json.writeEndObject();
    }

    private static void fieldError(JsonGenerator json, FieldError error) throws IOException {
        json.writeStartObject();
        json.writeStringField("field", printable(error.field()));
        json.writeStringField("message", printable(error.message()));
        json.writeEndObject();
    }

    /** Makes text that a client chose safe to echo: valid in UTF-8, and at most 500 characters. */
    public static String printable(String text) {
        var kept = text.length() > 500 ? text.substring(0, 500) + "..." : text;
        return Validation.isText(kept) ? kept : kept.replaceAll("[\\x00\\p{Cs}]", "?");
    }

    private interface Item<T> {
        void write(JsonGenerator json, T item) throws IOException;
    }

    private static <T> void page(JsonGenerator json, String name, Page<T> page, Item<T> item) throws IOException {
        json.writeStartObject();
        pageFields(json, name, page, item);
        json.writeEndObject();
    }

    private static <T> void pageFields(JsonGenerator json, String name, Page<T> page, Item<T> item) throws IOException {
        items(json, name, page.items(), item);
        if (page.nextCursor() == null) {
            json.writeNullField("next_cursor");
        } else {
            json.writeStringField("next_cursor", page.nextCursor());
        }
    }

    private static <T> void items(JsonGenerator json, String name, List<T> items, Item<T> item) throws IOException {
        json.writeArrayFieldStart(name);
        for (var each : items) {
            item.write(json, each);
        }
        json.writeEndArray();
    }
}
