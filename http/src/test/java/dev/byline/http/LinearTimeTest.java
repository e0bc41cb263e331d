package dev.byline.http;

import static io.javalin.http.HandlerType.GET;
import static org.assertj.core.api.Assertions.assertThat;

import dev.byline.http.admission.ClientAddress;
import dev.byline.http.exchange.ConditionalRequests;
import dev.byline.http.exchange.Requests;
import dev.byline.http.message.HttpProblem;
import dev.byline.http.message.Json;
import dev.byline.http.message.JsonFields;
import dev.byline.http.message.QueryParameters;
import dev.byline.http.message.RequestId;
import dev.byline.http.message.Rfc3339;
import dev.byline.http.message.TraceParent;
import dev.byline.internal.sql.Cursor;
import dev.byline.model.BylineException;
import dev.byline.model.IdempotencyKey;
import dev.byline.model.Metadata;
import dev.byline.model.NewPost;
import dev.byline.model.NewUser;
import dev.byline.model.Password;
import dev.byline.model.PostFilter;
import dev.byline.model.PostStatus;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every parser of client text takes at most three times as long for twice the text, far beyond the accepted sizes. */
class LinearTimeTest {
    private static final int SIZE = 30_000;
    private static final int ATTEMPTS = 10;

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    /** The CPU time to hash a megabyte. Below that, allocation and compilation dominate. */
    private static final long NOISE = noise();

    private static final List<String> BEGINS =
            List.of("", "a/b;", """
                    "a",""", "Bearer ", "00-4bf92f3577b34da6", "[::1%", "a@", "byl_");

    private static final List<String> SHAPES = List.of(
            "a",
            "A",
            "0",
            " ",
            "\t",
            ",",
            ";",
            "\"",
            ":",
            "%",
            "=",
            "-",
            "/",
            ".",
            "@",
            "q=0;",
            "q=0.0;",
            "W/",
            """
                    "a",""",
            "a/b,",
            " ,",
            ", ",
            "charset=;",
            "1.1.1.1,",
            """
                    {"a":""",
            "[",
            "1e1000,",
            "%41",
            "a=1&",
            "\u0085",
            "\u03a3",
            "a\u03a3",
            "\u0130",
            "\ufdfa",
            "\u0301",
            "\u0316\u0315",
            "\u200b",
            "\ud83d\ude00",
            "\ud800",
            "\u0000");

    private static final List<String> ENDS = List.of("", "x", "\u0085");

    private static final Map<String, Consumer<String>> READERS = new TreeMap<>(Map.ofEntries(
            Map.entry("Accept", Requests::accepted),
            Map.entry("Authorization", Authentication::bearer),
            Map.entry("Content-Type", text -> Requests.isUtf8(text, Set.of("application/json"))),
            Map.entry("If-None-Match", text -> ConditionalRequests.tags("If-None-Match", text)),
            Map.entry("Idempotency-Key", text -> new IdempotencyKey(text, "")),
            Map.entry("traceparent", TraceParent::traceId),
            Map.entry("X-Forwarded-For", ClientAddress::parse),
            Map.entry("X-Request-Id", RequestId::choose),
            Map.entry(
                    "path", text -> new Route(GET, "/users/{id}/posts", Route.Access.ANYONE, ctx -> {}).matches(text)),
            Map.entry("id", text -> QueryParameters.id("id", text)),
            Map.entry("query", text -> QueryParameters.parse(text, Set.of("a"))),
            Map.entry(
                    "limit",
                    text -> QueryParameters.parse("limit=" + text, Set.of("limit"))
                            .page()),
            Map.entry(
                    "ids",
                    text -> QueryParameters.parse("ids=" + text, Set.of("ids")).ids()),
            Map.entry("q", text -> new PostFilter(null, text, null)),
            Map.entry("cursor", text -> Cursor.decode(text, "posts")),
            Map.entry("time", Rfc3339::parse),
            Map.entry("json", JsonFields::parse),
            Map.entry("metadata", Metadata::parse),
            Map.entry("metadata of an object", text -> Metadata.parse("""
                    {"a":[%s0]}""".formatted(text))),
            Map.entry("name", text -> new NewUser("a@example.com", text, Metadata.EMPTY)),
            Map.entry("email", text -> new NewUser(text, "A", Metadata.EMPTY)),
            Map.entry("email of a login", NewUser::isPossibleEmail),
            Map.entry("password", text -> new NewUser("a@x", "A", new Password(text), Metadata.EMPTY)),
            Map.entry("title", text -> new NewPost(text, "", Metadata.EMPTY, PostStatus.PUBLISHED, null, null)),
            Map.entry("body", text -> new NewPost("T", text, Metadata.EMPTY, PostStatus.PUBLISHED, null, null)),
            Map.entry("echo", Json::printable)));

    static Set<String> readers() {
        return READERS.keySet();
    }

    @ParameterizedTest
    @MethodSource("readers")
    void twiceTheTextTakesAtMostThreeTimesAsLong(String name) {
        var reader = Objects.requireNonNull(READERS.get(name));
        for (var begin : BEGINS) {
            for (var shape : SHAPES) {
                for (var end : ENDS) {
                    var half = begin + shape.repeat(SIZE / 2 / shape.length()) + end;
                    var whole = begin + shape.repeat(SIZE / shape.length()) + end;
                    assertLinear(reader, half, whole);
                }
            }
        }
    }

    /** Takes the best of some attempts: a thread's CPU time includes work for others, such as compilation. */
    private static void assertLinear(Consumer<String> reader, String half, String whole) {
        var less = Long.MAX_VALUE;
        var more = Long.MAX_VALUE;
        for (int i = 0; i == 0 || (i < ATTEMPTS && more > 3 * (less + NOISE)); i++) {
            less = Math.min(less, cpu(reader, half));
            more = Math.min(more, cpu(reader, whole));
        }
        assertThat(more)
                .as("nanoseconds of %s..., %d for half", whole.substring(0, 20), less)
                .isLessThanOrEqualTo(3 * (less + NOISE));
    }

    private static long noise() {
        var text = "x".repeat(1024 * 1024);
        var least = Long.MAX_VALUE;
        for (int i = 0; i < ATTEMPTS; i++) {
            least = Math.min(least, cpu(Authentication::digest, text));
        }
        return least;
    }

    private static long cpu(Consumer<String> reader, String text) {
        var before = THREADS.getCurrentThreadCpuTime();
        try {
            reader.accept(text);
        } catch (BylineException | HttpProblem e) {
            // refusing hostile text is correct
        }
        return THREADS.getCurrentThreadCpuTime() - before;
    }
}
