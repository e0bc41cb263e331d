package dev.byline.bench;

import dev.byline.bench.harness.LoadGenerator.Request;
import dev.byline.bench.harness.SampleData;
import java.util.LinkedHashMap;
import java.util.Map;

/** Typical requests to a site of 500 users with ten posts each. */
final class TypicalRequests {
    private static final int USERS = 500;
    private static final String TEXT = "word ".repeat(20);

    private TypicalRequests() {}

    /** Creates the rows and returns the requests by name. */
    static Map<String, Request> create(String databaseUrl) {
        try (var data = new SampleData(databaseUrl)) {
            data.users(USERS);
            for (int user = 1; user <= USERS; user++) {
                data.posts(user, 10, TEXT);
            }
            var cursors = data.feedCursors();
            var authorization = "Authorization: Bearer " + data.token(1);
            var post = "{\"title\":\"A title\",\"body\":\"" + TEXT + "\"}";
            var requests = new LinkedHashMap<String, Request>();
            requests.put("a user", (http, n) -> http.get("/users/" + spread(n, USERS)));
            requests.put("first page", (http, n) -> http.get("/posts"));
            requests.put(
                    "any page",
                    (http, n) -> http.get("/posts?cursor=" + cursors.get((int) spread(n, cursors.size()) - 1)));
            requests.put("an author's page", (http, n) -> http.get("/users/" + spread(n, USERS) + "/posts"));
            requests.put("a new post", (http, n) -> http.send("POST", "/posts", post, authorization));
            return requests;
        }
    }

    /** Spreads consecutive numbers over 1 to max. */
    static long spread(long number, int max) {
        return 1 + number * 7919 % max;
    }
}
