package dev.byline.bench.fuzz;

import com.fasterxml.jackson.databind.JsonNode;
import dev.byline.bench.harness.HttpConnection.Response;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Ids, tokens, ETags and cursors learned from responses. Bounded: says which rows to delete. */
public final class KnownValues {
    private static final int MIN_TOKENS = 8;
    private static final int MAX_TAGS = 100;

    /** Larger rows are deleted at once, so that lists stay small. */
    private static final int MAX_ROW_BYTES = 30_000;

    /** A kind of values, how many are kept, and the value that is used when none is known. */
    enum Kind {
        USER(60, "1"),
        POST(300, "1"),
        TOKEN_ID(100, "1"),
        EMAIL(100, "nobody@example.com"),
        TOKEN(100, "byl_none"),
        CURSOR(100, "none");

        private final int max;
        private final String otherwise;

        Kind(int max, String otherwise) {
            this.max = max;
            this.otherwise = otherwise;
        }
    }

    private final Map<Kind, List<String>> values = new EnumMap<>(Kind.class);
    private final Map<String, String> tags = new HashMap<>();
    private final Deque<String> surplus = new ArrayDeque<>();

    private List<String> all(Kind kind) {
        return values.computeIfAbsent(kind, key -> new ArrayList<>());
    }

    /** Protects a user and their newest token: no request will change, delete or revoke them. */
    public synchronized void protect(long user, String token) {
        all(Kind.USER).remove(Long.toString(user));
        all(Kind.TOKEN).remove(token);
        all(Kind.TOKEN_ID).removeLast();
    }

    /** Learns from a response. */
    public synchronized void learn(FuzzRequest request, Response response, JsonNode json) {
        var tag = response.header("ETag");
        if (!tag.isEmpty() && response.status() < 300) {
            if (tags.size() > MAX_TAGS) {
                tags.clear();
            }
            tags.put(request.path(), tag);
        }
        if (json.path("next_cursor").isTextual()) {
            add(Kind.CURSOR, json.path("next_cursor"));
        }
        var creates = request.method.equals("POST") || request.method.equals("PATCH");
        if (creates && response.status() / 100 == 2) {
            learnRows(json, response.body().length());
        }
        if (response.status() == 401) {
            all(Kind.TOKEN).remove(request.token());
        }
        if (response.status() == 404 || (request.method.equals("DELETE") && response.status() == 204)) {
            all(Kind.USER).removeIf(id -> request.path().equals("/users/" + id));
            all(Kind.POST).removeIf(id -> request.path().equals("/posts/" + id));
        }
    }

    private void learnRows(JsonNode json, int bytes) {
        if (json.has("token")) {
            add(Kind.TOKEN, json.path("token"));
            add(Kind.TOKEN_ID, json.path("id"));
        } else if (json.has("email")) {
            add(Kind.EMAIL, json.path("email"));
            addRow(Kind.USER, "/users/", json, bytes);
        } else if (json.has("title")) {
            addRow(Kind.POST, "/posts/", json, bytes);
        }
        var batch = json.path("posts");
        batch.forEach(post -> addRow(Kind.POST, "/posts/", post, bytes / batch.size()));
    }

    private void addRow(Kind kind, String path, JsonNode row, int bytes) {
        if (bytes > MAX_ROW_BYTES) {
            surplus.addFirst(path + row.path("id").asText());
        } else {
            add(kind, row.path("id")).ifPresent(id -> surplus.addLast(path + id));
        }
    }

    /** Returns the value that was removed for it. */
    private Optional<String> add(Kind kind, JsonNode value) {
        var known = all(kind);
        if (!known.contains(value.asText())) {
            known.add(value.asText());
        }
        return known.size() > kind.max ? Optional.of(known.removeFirst()) : Optional.empty();
    }

    /** The path of a row to delete. */
    public synchronized Optional<String> pollSurplus() {
        return Optional.ofNullable(surplus.pollFirst());
    }

    /** A user who should get a token, if there are few tokens. */
    public synchronized Optional<String> userWithoutToken() {
        var users = all(Kind.USER);
        return all(Kind.TOKEN).size() < MIN_TOKENS && !users.isEmpty()
                ? Optional.of(users.getLast())
                : Optional.empty();
    }

    /** A known value. */
    synchronized String pick(Kind kind, SeededRandom random) {
        var number = random.below(Integer.MAX_VALUE);
        var known = all(kind);
        return known.isEmpty() ? kind.otherwise : known.get(number % known.size());
    }

    /** The ETag of a path, or one that could be. */
    synchronized String tag(String path) {
        return tags.getOrDefault(path, "\"1-1\"");
    }
}
