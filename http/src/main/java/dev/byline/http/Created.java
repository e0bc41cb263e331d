package dev.byline.http;

import dev.byline.idempotency.Reply;
import dev.byline.post.Post;
import dev.byline.user.User;
import io.javalin.http.Context;
import io.javalin.http.HttpStatus;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * The answer to who created something: kept, as bytes, under an Idempotency-Key.
 *
 * @param location of what was created; empty for several at once
 * @param tag its ETag; empty for several at once
 * @param body the answer's
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Created(String location, String tag, byte[] body) {
    static Created of(Post post) {
        return new Created("/posts/" + post.id(), Conditional.tag(post), Json.bytes(json -> Json.post(json, post)));
    }

    static Created of(List<Post> posts) {
        return new Created("", "", Json.bytes(json -> Json.posts(json, posts)));
    }

    static Created of(User user) {
        return new Created("/users/" + user.id(), Conditional.tag(user), Json.bytes(json -> Json.user(json, user)));
    }

    /** What is kept: the two headers and the body, each behind a line break. Rows of earlier releases must stay readable. */
    byte[] toBytes() {
        var head = (location + "\n" + tag + "\n").getBytes(StandardCharsets.UTF_8);
        var bytes = Arrays.copyOf(head, head.length + body.length);
        System.arraycopy(body, 0, bytes, head.length, body.length);
        return bytes;
    }

    private static Created parse(byte[] bytes) {
        var first = indexOf(bytes, 0);
        var second = indexOf(bytes, first + 1);
        return new Created(
                new String(bytes, 0, first, StandardCharsets.UTF_8),
                new String(bytes, first + 1, second - first - 1, StandardCharsets.UTF_8),
                Arrays.copyOfRange(bytes, second + 1, bytes.length));
    }

    private static int indexOf(byte[] bytes, int from) {
        for (int i = from; i < bytes.length; i++) {
            if (bytes[i] == '\n') {
                return i;
            }
        }
        throw new IllegalStateException("an answer that was not kept by this program");
    }

    void send(Context ctx) {
        if (!location.isEmpty()) {
            ctx.header("Location", location);
            ctx.header("ETag", tag);
        }
        ctx.status(HttpStatus.CREATED);
        Responses.send(ctx, Responses.JSON, body);
    }

    static void send(Context ctx, Reply reply) {
        if (reply.replayed()) {
            ctx.header("Idempotency-Replayed", "true");
        }
        parse(reply.answer()).send(ctx);
    }
}
