package dev.byline.http;

import dev.byline.http.message.Json;
import dev.byline.http.exchange.ConditionalRequests;

import dev.byline.bench.micro.Settings;
import dev.byline.model.Metadata;
import dev.byline.model.Page;
import dev.byline.model.Post;
import dev.byline.model.User;
import java.time.Instant;
import java.util.List;
import java.util.stream.LongStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Setup;

/** Answers written as bytes, and the tag of a page, which is a hash of them. In this package, as nobody else may write answers. */
public class JsonBenchmark extends Settings {
    private static final Instant AT = Instant.parse("2026-11-25T10:00:00.123456Z");

    private final User user = new User(42, null, "User 42", null, true, Metadata.parse("{\"team\": 42}"), 1, AT, AT);
    private final Page<Post> page = new Page<>(posts(), "AXgTtQUABh2fQ1EPcwAAAAAAAAAC");
    private byte[] bytes = {};

    private static List<Post> posts() {
        return LongStream.rangeClosed(1, 20)
                .mapToObj(id -> new Post(
                        id, 42, "Post " + id, "word ".repeat(18), Metadata.parse("{\"series\": 1}"), AT, 1, AT, AT))
                .toList();
    }

    /** What is hashed. */
    @Setup
    public void write() {
        bytes = page();
    }

    /** One user, about 150 bytes. */
    @Benchmark
    public byte[] user() {
        return Json.bytes(json -> Json.user(json, user));
    }

    /** A page of 20 posts, about 6 KB. */
    @Benchmark
    public byte[] page() {
        return Json.bytes(json -> Json.posts(json, page));
    }

    /** The tag of that page. */
    @Benchmark
    public String tag() {
        return ConditionalRequests.tag(bytes);
    }
}
