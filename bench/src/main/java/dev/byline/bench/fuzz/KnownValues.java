package dev.byline.bench.fuzz;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Ids, tokens, ETags and cursors learned from responses. Bounded: says which rows to delete. */
public final class KnownValues {
    private static final int MAX_USERS = 60;
    private static final int MAX_POSTS = 300;
    private static final int MAX_OTHERS = 100;
    private static final int MIN_TOKENS = 8;

    /** Larger rows are deleted at once, so that lists stay small. */
    private static final int MAX_ROW_BYTES = 30_000;

    private final List<Long> users = new ArrayList<>();
    private final List<Long> posts = new ArrayList<>();
    private final List<Long> tokenIds = new ArrayList<>();
    private final List<String> emails = new ArrayList<>();
    private final List<String> tokens = new ArrayList<>();
    private final List<String> cursors = new ArrayList<>();
    private final Map<String, String> tags = new HashMap<>();
    private final Deque<String> surplus = new ArrayDeque<>();

    /** Protects a user and their newest token: no request will change, delete or revoke them. */
    public synchronized void protect(long user, String token) {
        users.remove(user);
        tokens.remove(token);
        tokenIds.removeLast();
    }

    /** Learns from a response. */
    public synchronized void learn(FuzzRequest request, TimedResponse response, JsonNode json) {
        var tag = response.header("ETag");
        if (!tag.isEmpty() && response.status() < 300) {
            if (tags.size() > MAX_OTHERS) {
                tags.clear();
            }
            tags.put(request.path(), tag);
        }
        if (json.path("next_cursor").isTextual()) {
            add(cursors, json.path("next_cursor").asText());
        }
        var creates = request.method().equals("POST") || request.method().equals("PATCH");
        if (creates && response.status() / 100 == 2) {
            learnRows(json, response.body().length());
        }
        if (response.status() == 401) {
            tokens.remove(request.token());
        }
        if (response.status() == 404 || (request.method().equals("DELETE") && response.status() == 204)) {
            users.removeIf(id -> request.path().equals("/users/" + id));
            posts.removeIf(id -> request.path().equals("/posts/" + id));
        }
    }

    private void learnRows(JsonNode json, int bytes) {
        if (json.has("token")) {
            add(tokens, json.path("token").asText());
            add(tokenIds, json.path("id").asLong());
        } else if (json.has("email")) {
            add(emails, json.path("email").asText());
            addRow(users, "/users/", json, bytes, MAX_USERS);
        } else if (json.has("title")) {
            addRow(posts, "/posts/", json, bytes, MAX_POSTS);
        }
        var batch = json.path("posts");
        batch.forEach(post -> addRow(posts, "/posts/", post, bytes / batch.size(), MAX_POSTS));
    }

    private void addRow(List<Long> rows, String path, JsonNode row, int bytes, int max) {
        var id = row.path("id").asLong();
        if (bytes > MAX_ROW_BYTES) {
            surplus.addFirst(path + id);
        } else if (!rows.contains(id)) {
            rows.add(id);
        }
        if (rows.size() > max) {
            surplus.addLast(path + rows.removeFirst());
        }
    }

    private static <T> void add(List<T> values, T value) {
        if (!values.contains(value)) {
            values.add(value);
        }
        if (values.size() > MAX_OTHERS) {
            values.removeFirst();
        }
    }

    /** The path of a row to delete. */
    public synchronized Optional<String> pollSurplus() {
        return Optional.ofNullable(surplus.pollFirst());
    }

    /** A user who should get a token, if there are few tokens. */
    public synchronized Optional<Long> userWithoutToken() {
        return tokens.size() < MIN_TOKENS && !users.isEmpty() ? Optional.of(users.getLast()) : Optional.empty();
    }

    synchronized long user(SeededRandom random) {
        return pick(users, 1L, random);
    }

    synchronized long post(SeededRandom random) {
        return pick(posts, 1L, random);
    }

    synchronized long tokenId(SeededRandom random) {
        return pick(tokenIds, 1L, random);
    }

    synchronized String email(SeededRandom random) {
        return pick(emails, "nobody@example.com", random);
    }

    synchronized String token(SeededRandom random) {
        return pick(tokens, "byl_none", random);
    }

    synchronized String cursor(SeededRandom random) {
        return pick(cursors, "none", random);
    }

    /** The ETag of a path, or one that could be. */
    synchronized String tag(String path) {
        return tags.getOrDefault(path, "\"1-1\"");
    }

    private static <T> T pick(List<T> values, T otherwise, SeededRandom random) {
        var number = random.below(Integer.MAX_VALUE);
        return values.isEmpty() ? otherwise : values.get(number % values.size());
    }
}
