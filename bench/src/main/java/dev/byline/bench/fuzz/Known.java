package dev.byline.bench.fuzz;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What answers have told: the rows that are there, tokens, tags and cursors. Bounded; says which rows are to be deleted. */
public final class Known {
    private static final int MAX_USERS = 60;
    private static final int MAX_POSTS = 300;
    private static final int MAX_OTHER = 100;
    private static final int MIN_TOKENS = 8;

    /** Posts and users beyond this are deleted at once, so that lists stay small. */
    private static final int MAX_ROW_BYTES = 30_000;

    private final List<Long> users = new ArrayList<>();
    private final List<Long> posts = new ArrayList<>();
    private final List<Long> tokenIds = new ArrayList<>();
    private final List<String> emails = new ArrayList<>();
    private final List<String> tokens = new ArrayList<>();
    private final List<String> cursors = new ArrayList<>();
    private final Map<String, String> tags = new HashMap<>();
    private final Deque<String> surplus = new ArrayDeque<>();

    /** A user that is neither changed nor deleted. */
    public synchronized void keep(long user) {
        users.remove(user);
    }

    /** A token that is no user's to revoke. */
    public synchronized void keep(String token) {
        tokens.remove(token);
        tokenIds.removeLast();
    }

    /** Reads an answer. */
    public synchronized void learn(Request request, Answer answer, JsonNode json) {
        var tag = answer.header("etag");
        if (!tag.isEmpty() && answer.status() < 300) {
            if (tags.size() > MAX_OTHER) {
                tags.clear();
            }
            tags.put(request.path(), tag);
        }
        add(cursors, json.path("next_cursor").asText(""), "", MAX_OTHER);
        var changes = request.method().equals("POST") || request.method().equals("PATCH");
        if (changes && answer.status() / 100 == 2) {
            if (json.has("token")) {
                add(tokens, json.path("token").asText(), "", MAX_OTHER);
                add(tokenIds, json.path("id").asLong(), 0L, MAX_OTHER);
            } else if (json.has("email")) {
                add(emails, json.path("email").asText(), "", MAX_OTHER);
                row(users, "/users/", json, answer.body().length(), MAX_USERS);
            } else if (json.has("title")) {
                row(posts, "/posts/", json, answer.body().length(), MAX_POSTS);
            }
            var batch = json.path("posts");
            batch.forEach(post -> row(posts, "/posts/", post, answer.body().length() / batch.size(), MAX_POSTS));
        }
        if (answer.status() == 401) {
            tokens.remove(request.token());
        }
        if (answer.status() == 404 || (request.method().equals("DELETE") && answer.status() == 204)) {
            users.removeIf(id -> request.path().equals("/users/" + id));
            posts.removeIf(id -> request.path().equals("/posts/" + id));
        }
    }

    private void row(List<Long> rows, String path, JsonNode row, int bytes, int max) {
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

    private static <T> void add(List<T> values, T value, T none, int max) {
        if (!value.equals(none) && !values.contains(value)) {
            values.add(value);
        }
        if (values.size() > max) {
            values.removeFirst();
        }
    }

    /** The path of a row that is to be deleted, if there is one. */
    public synchronized Optional<String> surplus() {
        return Optional.ofNullable(surplus.pollFirst());
    }

    /** A user who should get a token, if there are few. */
    public synchronized Optional<Long> tokenless() {
        return tokens.size() < MIN_TOKENS && !users.isEmpty() ? Optional.of(users.getLast()) : Optional.empty();
    }

    synchronized long user(Dice dice) {
        return pick(users, 1L, dice);
    }

    synchronized long post(Dice dice) {
        return pick(posts, 1L, dice);
    }

    synchronized long tokenId(Dice dice) {
        return pick(tokenIds, 1L, dice);
    }

    synchronized String email(Dice dice) {
        return pick(emails, "nobody@example.com", dice);
    }

    synchronized String token(Dice dice) {
        return pick(tokens, "byl_none", dice);
    }

    synchronized String cursor(Dice dice) {
        return pick(cursors, "none", dice);
    }

    /** Of this path if there is one. */
    synchronized String tag(String path) {
        return tags.getOrDefault(path, "\"1-1\"");
    }

    private static <T> T pick(List<T> values, T none, Dice dice) {
        var number = dice.below(Integer.MAX_VALUE);
        return values.isEmpty() ? none : values.get(number % values.size());
    }
}
